"""What `water.yaml` says of a site: weather, groundwater, balance, rebound, chemistry, limits."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from pydantic import Field, field_validator, model_validator

from ingest.errors import ConfigurationError
from ingest.sentence import Sentence
from ingest.site import KeyName, Site, Titles
from ingest.yaml_file import Configured, read_yaml
from twin.plan import Plan

Range = tuple[float, float]


class WeatherRules(Configured):
    """How precipitation becomes water at the ground.

    Parameters
    ----------
    degree_day_mm
        Melt a day and degree above freezing [mm/(degC d)].
    rain_from_degC
        Daily mean from which precipitation falls as rain [degC].
    """

    degree_day_mm: float = Field(gt=0, le=10)
    rain_from_degC: float = Field(ge=-3, le=5)
    source: Sentence


class GroundwaterRules(Configured):
    """What the levels of piezometers and wells are set against.

    Parameters
    ----------
    rain_gauge, thermometer
        Instruments whose weather holds for them.
    barometer
        None: the air pressure is left out.
    loading
        Whether the mass over the weighbridge loads the ground that they stand in.
    """

    rain_gauge: str
    thermometer: str
    barometer: str | None = None
    loading: bool = False
    source: Sentence


class Storage(Configured):
    """Water in the pores of the fill, from the piezometers' levels.

    Parameters
    ----------
    piezometers
        Their mean change is that of the water table.
    area_thousand_m2
        Area of the water table.
    drainable_porosity
        Share of the volume that fills or drains [1].
    """

    piezometers: tuple[str, ...] = Field(min_length=1)
    area_thousand_m2: float = Field(gt=0)
    drainable_porosity: float = Field(gt=0, lt=1)
    source: Sentence


class Uncertainty(Configured):
    """Relative standard uncertainty of each part of the balance [1]."""

    precipitation: float = Field(gt=0, lt=1)
    evaporation: float = Field(gt=0, lt=1)
    inflow: float = Field(gt=0, lt=1)
    outflow: float = Field(gt=0, lt=1)
    storage: float = Field(gt=0, lt=1)
    source: Sentence


class Inflow(Configured):
    """Water that comes from outside the catchment [L/s]."""

    flow_L_per_s: float = Field(ge=0)
    source: Sentence


class BalanceRules(Configured):
    """The crater as a store of water.

    Parameters
    ----------
    catchment_thousand_m2
        Ground whose rain and melt reach the crater.
    soil_store_mm
        Water that the surface holds for evaporation before any seeps down.
    outflow_stations
        Water stations whose flows together are the outflow.
    """

    catchment_thousand_m2: float = Field(gt=0)
    soil_store_mm: float = Field(gt=0)
    inflow: Inflow
    outflow_stations: tuple[str, ...] = Field(min_length=1)
    storage: Storage
    uncertainty: Uncertainty
    source: Sentence


class ReboundRules(Configured):
    """A pumping that stopped, and the level that the water may reach.

    Parameters
    ----------
    stopped
        First day without pumping.
    wells
        Observation wells that show the rise.
    """

    stopped: date
    wells: tuple[str, ...] = Field(min_length=1)
    design_level_m: float
    source: Sentence


class StreamChemistry(Configured):
    """Composition of a waste stream, least and most [%]; None: the source does not say.

    Parameters
    ----------
    carbonate_share
        Least and most share of CaO and MgO that neutralises [1].
    """

    sulfur_percent: Range | None = None
    cao_percent: Range | None = None
    mgo_percent: Range | None = None
    loss_on_ignition_percent: Range | None = None
    carbonate_share: Range | None = None
    source: Sentence

    @field_validator("*", mode="after")
    @classmethod
    def _rising(cls, value: object) -> object:
        if isinstance(value, tuple) and not 0 <= value[0] <= value[1] <= 100:
            raise ValueError("least and most, from 0 to 100")
        return value


class LimeRules(Configured):
    """What neutralising takes.

    Parameters
    ----------
    efficiency
        Share of the lime that reacts [1].
    price_per_t, currency
        Of hydrated lime; None: not known.
    """

    efficiency: float = Field(gt=0, le=1)
    price_per_t: float | None = Field(default=None, gt=0)
    currency: str = ""
    source: Sentence


class LoadRules(Configured):
    """Loads of the water stations.

    Parameters
    ----------
    quantities
        Concentrations [mg/L] that are multiplied by the flow.
    concentration_uncertainty, flow_uncertainty
        Relative standard uncertainty of one measurement [1].
    """

    quantities: tuple[str, ...] = Field(min_length=1)
    concentration_uncertainty: float = Field(gt=0, lt=1)
    flow_uncertainty: float = Field(gt=0, lt=1)
    source: Sentence


class UseLimit(Configured):
    """A limit of a use, in force from a day.

    Parameters
    ----------
    compared
        Whether somebody compared the number with the document that the source names.
    """

    quantity: str
    above: float | None = None
    below: float | None = None
    since: date
    source: Sentence
    compared: bool = False

    @model_validator(mode="after")
    def _one(self) -> UseLimit:
        if (self.above is None) == (self.below is None):
            raise ValueError("either above or below")
        return self


class Use(Configured):
    """What water is used for: who may drink it, live in it, or receive it."""

    title: Titles
    stations: tuple[str, ...] = Field(min_length=1)
    limits: tuple[UseLimit, ...] = Field(min_length=1)


class WaterFile(Configured):
    """What `water.yaml` says; each part may be missing."""

    source: Sentence
    weather: WeatherRules | None = None
    groundwater: GroundwaterRules | None = None
    balance: BalanceRules | None = None
    rebound: tuple[ReboundRules, ...] = ()
    streams: dict[KeyName, StreamChemistry] = Field(default_factory=dict)
    lime: LimeRules | None = None
    loads: LoadRules | None = None
    uses: dict[KeyName, Use] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _check(self) -> WaterFile:
        if (self.groundwater or self.balance) and self.weather is None:
            raise ValueError("weather: groundwater and balance need it")
        if self.balance and self.groundwater is None:
            raise ValueError("groundwater: the balance takes its instruments from it")
        return self


def load_water(site: Site, plan: Plan | None) -> WaterFile | None:
    """Return what `water.yaml` in the site's folder says, None for a site without one.

    Raises
    ------
    ConfigurationError
        When it is wrong, or names what the site or its plan does not have.
    """
    path = site.folder / "water.yaml"
    if not path.is_file():
        return None
    file = read_yaml(path, WaterFile)

    def check(key: str, name: str | None, quantity: str) -> None:
        legal = [one.name for one in site.with_quantity(quantity)]
        if name is not None and name not in legal:
            raise ConfigurationError(f"key {key}", value=name, legal=", ".join(legal), file=path)

    if file.groundwater is not None:
        check("groundwater.rain_gauge", file.groundwater.rain_gauge, "rain")
        check("groundwater.thermometer", file.groundwater.thermometer, "air_temperature")
        check("groundwater.barometer", file.groundwater.barometer, "atmospheric_pressure")
    if file.balance is not None:
        for name in file.balance.outflow_stations:
            check("balance.outflow_stations", name, "flow")
        for name in file.balance.storage.piezometers:
            check("balance.storage.piezometers", name, "pore_pressure")
    for rebound in file.rebound:
        for name in rebound.wells:
            check("rebound.wells", name, "head")
    for key, use in file.uses.items():
        for limit in use.limits:
            for name in use.stations:
                check(f"uses.{key}.limits of {name}", name, limit.quantity)
    streams = plan.stream_names if plan else []
    for name in file.streams:
        if name not in streams:
            raise ConfigurationError(
                f"key streams.{name}", value=name, legal=", ".join(streams), file=path
            )
    return file


_READ: dict[Path, WaterFile | None] = {}


def water_of(site: Site, plan: Plan | None) -> WaterFile | None:
    """Return what `load_water` said of the site's folder when it was first asked."""
    if site.folder not in _READ:
        _READ[site.folder] = load_water(site, plan)
    return _READ[site.folder]
