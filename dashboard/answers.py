"""What the queries answer with: plain structs, each number in the unit that stands beside it."""

from __future__ import annotations

from datetime import datetime

import msgspec

from dashboard.settlement_answers import ExpectedBand
from ingest.freshness import Freshness
from ingest.store import Health, Reading
from ingest.text import Text
from twin.state import SettlementState


class ThresholdSummary(msgspec.Struct, kw_only=True, frozen=True):
    """A limit that is in force at the time asked for, in the quantity's unit."""

    level: str
    above: float | None
    below: float | None
    since: str
    source: str


class QuantitySummary(msgspec.Struct, kw_only=True, frozen=True):
    """One quantity that an instrument measures.

    `unit` is that of every value we answer with, `wire_unit` that of the instrument's messages;
    `nodes` are depths [m] or names, empty for an instrument without nodes.
    """

    name: str
    title: dict[str, str]
    unit: str
    wire_unit: str
    nodes: list[float | str]
    thresholds: list[ThresholdSummary]


class DeliverySummary(msgspec.Struct, kw_only=True, frozen=True):
    """How an instrument delivered in the last `days` days; null: not known.

    `completeness` is the share of the expected readings that are stored, `flagged` the share of
    those that carry a flag, `mean_delay_s` the time from measuring to arrival [s], `missing` how
    many numbers of the sender's messages never came, `restarts` how often it began to count anew
    (null: it does not count, or the site says that it leaves numbers out).
    """

    days: int
    mean_delay_s: float | None
    completeness: float | None
    flagged: float | None
    missing: int | None = None
    restarts: int | None = None


class DeviceState(msgspec.Struct, kw_only=True, frozen=True):
    """What an instrument's device last said of itself; null: nothing.

    `battery_low`: below the limit of the site's rule `low_battery`; null: there is no such rule.
    """

    battery_v: float | None = None
    battery_low: bool | None = None
    firmware: str | None = None
    online: bool | None = None


class InstrumentSummary(msgspec.Struct, kw_only=True, frozen=True):
    """One instrument: what it is, where it stands, and whether it may be believed."""

    name: str
    type: str
    type_title: dict[str, str]
    zone: str
    zone_title: dict[str, str]
    x_m: float
    y_m: float
    z_m: float | None
    node_kind: str | None
    quantities: list[QuantitySummary]
    note: str
    freshness: Freshness
    last_time: datetime | None
    interval_s: float | None
    stale_after_s: float
    unavailable_after_s: float
    delivery: DeliverySummary | None = None
    device: DeviceState | None = None


class LatestValue(msgspec.Struct, kw_only=True, frozen=True):
    """The last measured value of one quantity of one node."""

    instrument: str
    type: str
    zone: str
    quantity: str
    unit: str
    node: int | None
    node_label: float | str | None
    time: datetime
    received: datetime
    value: float | None
    flags: list[str]
    freshness: Freshness


class ReadingsPage(msgspec.Struct, kw_only=True, frozen=True):
    """One page of readings, by time; `next` asks for the page after it."""

    unit: str
    nodes: list[float | str]
    readings: list[Reading]
    next: str | None


class ZoneSummary(msgspec.Struct, kw_only=True, frozen=True):
    """A part of the site; `outline` in the local grid, x east and y north [m]."""

    name: str
    title: dict[str, str]
    kind: str
    outline: list[tuple[float, float]]
    base_m: float | None
    crest_m: float | None


class SiteSummary(msgspec.Struct, kw_only=True, frozen=True):
    """A site and the time of its run."""

    name: str
    title: dict[str, str]
    time_zone: str
    latitude: float
    longitude: float
    source: str
    assumptions: list[dict[str, str]]
    zones: list[ZoneSummary]
    instruments: int
    replay: bool
    time: datetime
    first_time: datetime | None
    last_time: datetime | None


class ServiceHealth(msgspec.Struct, kw_only=True, frozen=True):
    """How far a service has come: the time of its last state, and how long ago that is."""

    name: str
    state_time: datetime | None
    behind_s: float | None


class ProcessHealth(msgspec.Struct, kw_only=True, frozen=True):
    """The last sign of life of a process of the run, `age_s` seconds ago, and what it counts."""

    name: str
    alive: bool
    detail: str
    age_s: float
    numbers: dict[str, float]


class BrokerHealth(msgspec.Struct, kw_only=True, frozen=True):
    """The broker that the run has started, and what a kill of it can cost (empty: nothing).

    `said` is the same as sentences with named places.
    """

    kind: str
    weakness: str
    said: list[Text]


class RunHealth(msgspec.Struct, kw_only=True, frozen=True):
    """Whether this run can be believed, in one answer.

    `ok` is false when the store cannot be used, or when a process that has worked on this run
    gives no sign of life: `store` and `processes` say which.
    """

    ok: bool
    site: str
    time: datetime
    replay: bool
    store: Health
    services: list[ServiceHealth]
    instruments: dict[str, int]
    dead_letters: int
    open_alarms: int
    processes: list[ProcessHealth] = []
    broker: BrokerHealth | None = None


class Profile(msgspec.Struct, kw_only=True, frozen=True):
    """Displacement of an in-place inclinometer by depth, one mean profile a day [mm].

    `a`, `b` and `resultant` hold, for each of `times`, a value per depth; None: no reading.
    """

    instrument: str
    unit: str
    depths: list[float]
    times: list[datetime]
    a: list[list[float | None]]
    b: list[list[float | None]]
    resultant: list[list[float | None]]


class SettlementSeries(msgspec.Struct, kw_only=True, frozen=True):
    """What one settlement point measured, in equal buckets, and what the twin says of it [mm]."""

    point: str
    unit: str
    times: list[datetime]
    low: list[float]
    mean: list[float]
    high: list[float]
    state: SettlementState | None
    expected: ExpectedBand | None = None
