"""What the twin knows of water, as it travels in the state."""

from __future__ import annotations

from datetime import datetime

import msgspec

from ingest.figure import Figure
from ingest.text import Text


class GroundwaterState(msgspec.Struct, kw_only=True):
    """Level of one piezometer or well on the last whole day, and what explains it."""

    instrument: str
    zone: str
    quantity: str  # "pore_pressure" or "head"
    level: Figure  # kPa or m, mean of the day
    explained: Figure  # same unit: rest + by_water + by_pressure + by_load
    rest: Figure  # same unit, level without any cause
    by_water: Figure  # same unit: rain and melt less evaporation
    by_pressure: Figure  # same unit: the air
    by_load: Figure  # same unit: what is placed
    unexplained: Figure  # same unit, with the interval of 95 % of days foretold out of sample
    unexplained_change_7d: Figure  # same unit, change over seven days
    efficiency: Figure  # 1, Nash-Sutcliffe, out of sample
    pore_pressure_ratio: Figure  # 1, u / (gamma z) at the tip
    rise: bool | None = None  # whether it stands above what is explained, beyond the interval
    calibrated_until: datetime | None = None
    refusal: Text | None = None  # why nothing is explained


class WaterMonth(msgspec.Struct, kw_only=True):
    """Water of the crater in one month [thousand m3]."""

    month: datetime
    precipitation: Figure
    evaporation: Figure
    inflow: Figure
    outflow: Figure
    storage: Figure  # change of snow, of the surface's and of the fill's water; positive: more
    residual: Figure  # precipitation + inflow - evaporation - outflow - storage, with interval


class WaterBalance(msgspec.Struct, kw_only=True):
    """Water balance of the crater by whole months, oldest first."""

    months: list[WaterMonth]
    residual: Figure  # thousand m3, of all months that are known
    refusal: Text | None = None


class ReboundState(msgspec.Struct, kw_only=True):
    """Rise of the water in a well after pumping stopped."""

    well: str
    level: Figure  # m
    final: Figure  # m, forecast
    in_a_year: Figure  # m, forecast
    design_level: Figure  # m
    reached: Figure  # date on which the design level is reached, forecast


class AcidBaseAccount(msgspec.Struct, kw_only=True):
    """Acid-base account of a waste stream, or of the blend (stream "")."""

    stream: str
    title: dict[str, str]
    mass: Figure  # t placed since the plan began
    acid_potential: Figure  # kg CaCO3/t
    neutralisation_potential: Figure  # kg CaCO3/t
    net_neutralisation: Figure  # kg CaCO3/t, negative: makes acid
    ratio: Figure  # 1, NP : AP
    maximum_acidity: Figure  # kg H2SO4/t
    net_acid_production: Figure  # kg H2SO4/t, positive: makes acid
    verdict: Text | None = None


class AcidityState(msgspec.Struct, kw_only=True):
    """Acidity of the water at a station, and the lime that would neutralise it."""

    station: str
    acidity: Figure  # mg/L CaCO3
    lime: Figure  # kg/d of hydrated lime
    cost: Figure  # currency a day


class LoadState(msgspec.Struct, kw_only=True):
    """What the water of a station carries away."""

    station: str
    quantity: str
    load: Figure  # kg/d, mean of the last 30 days
    concentration: Figure  # mg/L, weighted by flow


class TrendState(msgspec.Struct, kw_only=True):
    """Trend of a quantity at a station over whole months."""

    station: str
    quantity: str
    slope: Figure  # unit/y, Sen's, with its interval of 95 %
    p: Figure  # 1, two-sided
    method: str  # "seasonal_kendall" or "mann_kendall"
    significant: bool = False
    note: Text | None = None


class LimitState(msgspec.Struct, kw_only=True):
    """A quantity at a station against the limit of a use."""

    use: str
    title: dict[str, str]
    station: str
    quantity: str
    side: str  # "above" or "below": how the limit is crossed
    limit: Figure
    since: str
    value: Figure
    days_beyond: Figure  # d, of the last 30 whole days
    kept: bool | None = None  # None: not known
    compared: bool = False  # whether the limit was compared with the document of its source


class WaterChemistry(msgspec.Struct, kw_only=True):
    """Chemistry of the waste and of the water that leaves it."""

    streams: list[AcidBaseAccount] = []
    blend: AcidBaseAccount | None = None
    acidity: list[AcidityState] = []
    loads: list[LoadState] = []
    trends: list[TrendState] = []
    limits: list[LimitState] = []
