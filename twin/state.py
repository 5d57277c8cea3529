"""The state of the ground at one moment, as the twin knows it and as it travels in JSON."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

import msgspec

from ingest.figure import Figure
from ingest.text import Text
from twin.lean import lean
from twin.water_state import GroundwaterState, ReboundState, WaterBalance, WaterChemistry


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
    planned: Figure | None = None  # thousand m3, by the calendar plan at this time
    last_load: Figure | None = None  # date, as it was weighed, else forecast, else planned


class YearState(msgspec.Struct, kw_only=True):
    """What one year of the calendar plan was to bring, and what it has brought."""

    year: int
    planned: Figure  # thousand m3
    placed: Figure | None  # thousand m3; None for a year that has not begun
    by_tier: dict[str, float]  # planned, thousand m3


class CompletionState(msgspec.Struct, kw_only=True):
    """When the dump reaches an end, or what it has reached at the deadline, as a distribution."""

    end: str  # "plan", "full" or "deadline"
    title: Text
    target: Figure  # thousand m3; the date of the deadline
    expected: Figure  # date; thousand m3 at the deadline; low and high hold 80 % of the paths
    probability: Figure  # 1, of reaching the end by the deadline
    shares: list[float] = []  # shares of the paths
    values: list[datetime | float] = []  # reached by them; dates, or thousand m3


class FrontState(msgspec.Struct, kw_only=True):
    """Where the front stands in the parametric solid of the crater."""

    tier: str
    edge: Figure  # m from the rim that the fill advances to, crest of the front
    toe: Figure  # m, likewise
    advanced: Figure  # 1, share of its way through this tier


class SurveyState(msgspec.Struct, kw_only=True):
    """A survey of the fill beside what the weighbridge says of the same moment."""

    instrument: str
    time: datetime
    volume: Figure  # thousand m3, surveyed
    weighed: Figure  # thousand m3, by the loads and the factors of the plan
    difference: Figure  # thousand m3, surveyed - weighed
    share: Figure  # 1, difference / weighed
    density: Figure  # t/m3, weighed mass / surveyed volume, since the plan began
    density_since: Figure  # t/m3, likewise since the survey before
    compaction: Figure  # 1, loose volume / surveyed volume
    exceeds: bool  # the difference is beyond the threshold and beyond its interval
    finding: Text


class OutageState(msgspec.Struct, kw_only=True):
    """Days on which a weighbridge was out of order: what was placed then is not known."""

    instrument: str
    since: datetime  # first silent day
    until: datetime  # behind the last
    hidden: Figure  # thousand m3, what may have been placed then: an interval from nothing


class SCurve(msgspec.Struct, kw_only=True):
    """Plan against actual through time, cumulative volume in the dump [thousand m3]."""

    planned_time: list[datetime]
    planned: list[float]
    actual_time: list[datetime]
    actual: list[float]
    actual_most: list[float] = []  # with what may have been placed unweighed; empty: nothing
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
    level: Figure  # m, of an even surface that would hold the volume; the front's face is higher
    completion: Figure  # date on which the plan's volume is reached
    deadline: Figure  # date
    streams: list[StreamState]
    tiers: list[TierState]
    s_curve: SCurve
    schedule_variance: Figure | None = None  # d, ahead of the plan in time; behind is negative
    plan_year: Figure | None = None  # 1, number of the plan's year
    planned_tier: Figure | None = None  # value: the name of the tier that is planned now
    planned_since: Figure | None = None  # date from which the calendar in force holds
    completions: list[CompletionState] = []
    years: list[YearState] = []
    front: FrontState | None = None
    no_front: Text | None = None  # why there is none
    surveys: list[SurveyState] = []  # newest first
    no_surveys: Text | None = None  # why there are none
    outages: list[OutageState] = []  # of the weighbridges, oldest first


class SettlementState(msgspec.Struct, kw_only=True):
    """Settlement of one point, with a forecast or the reason why there is none."""

    point: str
    zone: str
    settlement: Figure  # mm, downward positive
    rate: Figure  # mm/d, last 30 days
    ultimate: Figure  # mm, forecast for fifteen years after the load last changed
    remaining: Figure  # mm, forecast
    consolidation: Figure  # 1, settlement / ultimate
    grading: Figure  # date from which grading may begin
    model: str  # the settlement model that was chosen, "" if none
    forecast_time: list[datetime] = []
    forecast: list[float] = []
    forecast_low: list[float] = []
    forecast_high: list[float] = []
    refusals: dict[str, Text] = {}  # model -> why it was refused
    error: float | None = None  # 1, of the model out of the sample, against what settled there
    collapse: Figure | None = None  # mm, what wetting may add; disputed
    expected: Figure | None = None  # mm, by the plan's loads; an interval


class TiltState(msgspec.Struct, kw_only=True):
    """Differential settlement of two neighbouring points."""

    first: str
    second: str
    distance_m: float
    difference: Figure  # mm, settlement of the second less that of the first
    tilt: Figure  # mm/m, downwards towards the point that settled more
    over: bool | None  # whether the tilt is over the site's limit; None: not known


class PressureState(msgspec.Struct, kw_only=True):
    """Pore pressure (or head) of one piezometer or observation well."""

    instrument: str
    zone: str
    quantity: str  # "pore_pressure" or "head"
    level: Figure  # kPa or m
    change_7d: Figure  # same unit
    change_30d: Figure  # same unit


class MovementChart(msgspec.Struct, kw_only=True):
    """A control chart of the daily velocity, against the days before those that it watches."""

    method: Literal["cusum", "ewma"]
    value: float | None = None  # last value of the chart, mm/d
    limit: float | None = None  # beyond which it signals, mm/d
    signal: datetime | None = None  # day of the first signal
    onset: datetime | None = None  # day from which it gathered
    reason: Text | None = None  # why there is no chart


class MovementState(msgspec.Struct, kw_only=True):
    """Movement seen by one in-place inclinometer."""

    instrument: str
    zone: str
    largest: Figure  # mm, resultant displacement of the node that moved most
    depth: Figure  # m, of the steepest part of the profile (the shear zone)
    rate: Figure  # mm/d, of that node over 7 days
    acceleration: Figure  # mm/d2, rate over 7 days less the rate of the 7 days before, per day
    failure: Figure | None = None  # date of failure by inverse velocity, or why there is none
    onset: datetime | None = None  # since when it accelerates
    r2: float | None = None  # of the fit of the inverse velocity, 1
    velocity_time: list[datetime] = []
    velocity: list[float] = []  # mm/d, smoothed
    fit_time: list[datetime] = []
    fit: list[float] = []  # d/mm, inverse velocity
    charts: list[MovementChart] = []


class SlopeHead(msgspec.Struct, kw_only=True):
    """A piezometer's head in a section."""

    instrument: str
    place_m: float  # from the toe, down the slope positive
    tip_m: float | None  # level of the tip, m above sea
    head: Figure  # m above sea
    used: bool  # whether the water line goes through it


class SlopeLayer(msgspec.Struct, kw_only=True):
    """A material of a section, from a line down."""

    material: str
    title: dict[str, str]
    top: list[tuple[float, float]]  # m from the toe, m above sea; empty: the ground
    unit_weight: float  # kN/m3
    cohesion: float  # kPa
    friction_deg: float
    source: str


class SlopeCircle(msgspec.Struct, kw_only=True):
    """A slip circle: centre, radius, and where it enters and leaves the ground."""

    x: float  # m from the toe
    level: float  # m above sea
    radius: float  # m
    entry: float  # m from the toe
    exit: float  # m from the toe
    depth: float | None = None  # m, the greatest below the ground


class SlopeInfluence(msgspec.Struct, kw_only=True):
    """What one input does to the factor of safety when it alone changes."""

    parameter: str  # "cohesion", "friction_deg", "unit_weight" or "water"
    material: str  # "" for water
    title: dict[str, str]  # of the material
    low: float
    high: float
    unit: str  # of low and high; those of a water level are changes
    factor_low: float | None
    factor_high: float | None


class SlopeState(msgspec.Struct, kw_only=True):
    """Whether one slope stands: one kind of slide in one section."""

    section: str
    slide: str
    zone: str
    title: dict[str, str]  # of the section
    slide_title: dict[str, str]
    stage: Literal["standing", "planned"]
    factor_of_safety: Figure  # 1, Bishop's simplified method; interval from the spread of strength
    spencer: Figure  # 1, Spencer's method on the same circle
    ravelling: Figure  # 1, infinite slope: the steepest face, a metre deep
    required: Figure  # 1
    probability: Figure  # 1, of failure, from sampled strength
    water_level: Figure  # m above sea, highest of the line; or 1, pore-pressure ratio
    source: str
    water_source: str
    heads: list[SlopeHead] = []
    ground: list[tuple[float, float]] = []  # m from the toe, m above sea
    layers: list[SlopeLayer] = []
    rock_m: float | None = None
    rock: list[tuple[float, float]] = []  # m from the toe, m above sea; empty: level at rock_m
    water_line: list[tuple[float, float]] = []
    circle: SlopeCircle | None = None
    influences: list[SlopeInfluence] = []  # largest first
    kind: Literal["local", "overall"] = "local"  # overall: it takes the whole slope with it
    least_depth_m: float | None = None  # asked of the slide; the factor is that of no shallower one
    reaches_m: float | None = None  # level down to which it is asked to go, m above sea
    assumptions: list[Text] = []  # of geometry and water


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


class FleetKindState(msgspec.Struct, kw_only=True):
    """What one kind of machine could move alone, against the plan."""

    role: str  # "loader", "trucks" or "bulldozer"
    count: Figure  # machines on the list
    least: Figure  # machines, least count that meets the plan
    share: Figure  # 1, yearly capacity / plan


class FleetState(msgspec.Struct, kw_only=True):
    """What the fleet can move in a year, of the material in place."""

    since: datetime  # from when this fleet holds
    planned: Figure  # thousand m3/y
    capacity: Figure  # thousand m3/y
    share: Figure  # 1, capacity / planned
    bottleneck: Figure  # value: the role that can move least
    actual: Figure  # thousand m3/y, pace of the last 30 days over the weighbridge
    overload: Figure  # 1, largest load over payload - 1
    kinds: list[FleetKindState]


class EdgeRule(msgspec.Struct, kw_only=True):
    """One rule at the edge of the tier that is being filled, with the number to keep."""

    name: str
    title: Text
    value: Figure
    requirement: Text


class EdgeState(msgspec.Struct, kw_only=True):
    """Safety at the edge of the tier in which the front stands."""

    tier: str  # "" when it is not known: the rules are those of the tallest
    height: Figure  # m, of the tier
    rules: list[EdgeRule]


class GradingZone(msgspec.Struct, kw_only=True):
    """Whether one zone may be graded."""

    zone: str
    verdict: Literal["ready", "not_before", "unknown"]
    date: Figure  # date from which, the earliest that is known
    fastest: Figure  # mm/d, the largest rate of its settlement points
    points: int
    slow: int  # points whose rate is below the limit
    reason: Text | None  # what the verdict rests on, or what is missing for a better one


class GradingState(msgspec.Struct, kw_only=True):
    """When the surface may be graded and covered, and what that takes."""

    zones: list[GradingZone]
    limit: Figure  # mm/d, rate below which settlement counts as ended
    works: dict[str, Figure]  # by name: areas, volumes, trips, hours
    notes: list[Text]


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
    slopes: list[SlopeState] | None = None  # None: the site has no slopes.yaml
    fleet: FleetState | None = None  # None: the site has no fleet.yaml
    edge: EdgeState | None = None  # None: its fleet.yaml says nothing of the edge
    grading: GradingState | None = None  # None: the site has no plan
    groundwater: list[GroundwaterState] = []
    water_balance: WaterBalance | None = None  # None: the site asks for none
    rebound: list[ReboundState] = []
    tilt: list[TiltState] = []  # between neighbouring settlement points, the largest first
    chemistry: WaterChemistry | None = None  # None: no wastes and no water stations


def encode_state(state: TwinState) -> bytes:
    """Return the state as JSON, without digits that nobody means and fields at their defaults."""
    return msgspec.json.encode(lean(state))


def decode_state(document: bytes) -> TwinState:
    """Return the state that `encode_state` made."""
    return msgspec.json.decode(document, type=TwinState)
