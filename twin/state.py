"""The state of the ground at one moment, as the twin knows it and as it travels in JSON."""

from __future__ import annotations

from datetime import datetime

import msgspec

from ingest.figure import Figure
from ingest.text import Text


class StreamState(msgspec.Struct, kw_only=True):
    """What one waste stream has brought since the plan began."""

    stream: str
    title: dict[str, str]
    mass: Figure  # t
    volume_in_dump: Figure  # thousand m3
    planned_volume: Figure  # thousand m3
    rate: Figure  # t/d, last 30 days


class TierState(msgspec.Struct, kw_only=True):
    """How full one tier is."""

    tier: str
    title: dict[str, str]
    base_m: float
    crest_m: float
    capacity: Figure  # thousand m3
    filled: Figure  # thousand m3
    fraction: Figure  # 1


class SCurve(msgspec.Struct, kw_only=True):
    """Plan against actual through time, cumulative volume in the dump [thousand m3]."""

    planned_time: list[datetime]
    planned: list[float]
    actual_time: list[datetime]
    actual: list[float]
    forecast_time: list[datetime] = []
    forecast: list[float] = []
    forecast_low: list[float] = []
    forecast_high: list[float] = []


class FillState(msgspec.Struct, kw_only=True):
    """Progress of the backfill against the calendar plan."""

    volume_in_dump: Figure  # thousand m3, since the plan began
    planned_volume: Figure  # thousand m3, by the calendar plan at this time
    variance: Figure  # thousand m3, actual - planned
    performance: Figure  # 1, actual / planned
    rate: Figure  # thousand m3/y
    planned_rate: Figure  # thousand m3/y
    tier: Figure  # value: the name of the tier in which the front stands
    level: Figure  # m, level of the front from the stage-volume curve
    completion: Figure  # date on which the plan's volume is reached
    deadline: Figure  # date
    streams: list[StreamState]
    tiers: list[TierState]
    s_curve: SCurve


class SettlementState(msgspec.Struct, kw_only=True):
    """Settlement of one point, with a forecast or the reason why there is none."""

    point: str
    zone: str
    settlement: Figure  # mm, downward positive
    rate: Figure  # mm/d, last 30 days
    ultimate: Figure  # mm, forecast
    remaining: Figure  # mm, forecast
    consolidation: Figure  # 1, settlement / ultimate
    grading: Figure  # date from which grading may begin
    model: str  # the settlement model that was chosen, "" if none
    forecast_time: list[datetime] = []
    forecast: list[float] = []
    forecast_low: list[float] = []
    forecast_high: list[float] = []
    refusals: dict[str, Text] = {}  # model -> why it was refused


class PressureState(msgspec.Struct, kw_only=True):
    """Pore pressure (or head) of one piezometer or observation well."""

    instrument: str
    zone: str
    quantity: str  # "pore_pressure" or "head"
    level: Figure  # kPa or m
    change_7d: Figure  # same unit
    change_30d: Figure  # same unit


class MovementState(msgspec.Struct, kw_only=True):
    """Movement seen by one in-place inclinometer."""

    instrument: str
    zone: str
    largest: Figure  # mm, resultant displacement of the node that moved most
    depth: Figure  # m, of the steepest part of the profile (the shear zone)
    rate: Figure  # mm/d, of that node over 7 days
    acceleration: Figure  # mm/d2, rate over 7 days less the rate of the 7 days before, per day


class WaterState(msgspec.Struct, kw_only=True):
    """One quantity of one water station."""

    station: str
    zone: str
    quantity: str
    value: Figure
    mean_30d: Figure
    change_30d: Figure  # mean of the last 7 days less the mean of the 7 days 30 days before


class WeatherState(msgspec.Struct, kw_only=True):
    """Rain and air of the site."""

    rain_24h: Figure  # mm
    rain_7d: Figure  # mm
    rain_30d: Figure  # mm
    air_temperature: Figure  # degC
    atmospheric_pressure: Figure  # kPa


class TwinState(msgspec.Struct, kw_only=True):
    """What the twin knows of a site at `time`, from readings received up to `known_at`.

    `fill` is None for a site without a plan.
    """

    site: str
    time: datetime
    known_at: datetime
    version: str
    readings: int  # last readings that this state rests on, one per node and quantity
    fill: FillState | None
    settlement: list[SettlementState]
    pressure: list[PressureState]
    movement: list[MovementState]
    water: list[WaterState]
    weather: WeatherState


def encode_state(state: TwinState) -> bytes:
    """Return the state as JSON."""
    return msgspec.json.encode(state)


def decode_state(document: bytes) -> TwinState:
    """Return the state that `encode_state` made."""
    return msgspec.json.decode(document, type=TwinState)
