"""The one module through which pages and routes read; what it returns must not be changed."""

from __future__ import annotations

import math
import time as stopwatch
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from functools import cached_property, lru_cache
from typing import Any, Literal, TypeVar, get_args

import numpy as np
import pandas as pd

from analytics.alarms import Alarm
from analytics.assessment import Assessment, Indicator, Risk, RiskLevel, decode_assessment
from analytics.frames import computed_series
from analytics.hand_readings import HandReading, HandReadings, ReadingRefused, add_by_hand
from analytics.indicator import Group
from analytics.journal import Journal, UnknownAlarm
from dashboard.answers import (
    DeliverySummary,
    DeviceState,
    InstrumentSummary,
    LatestValue,
    ProcessHealth,
    Profile,
    QuantitySummary,
    ReadingsPage,
    RunHealth,
    ServiceHealth,
    SettlementSeries,
    SiteSummary,
    ThresholdSummary,
    ZoneSummary,
)
from dashboard.devices import device_states
from dashboard.fleet import FleetAnswer, FleetQueries
from dashboard.geometry import Geometry, read_geometry
from dashboard.groundwater_series import GroundwaterSeries, groundwater_series
from dashboard.health import broker_health
from dashboard.land_use import LandUse
from dashboard.questions import (
    LONGEST_PAGE,
    MICROSECOND,
    MOST_BUCKETS,
    SECOND,
    BadQuestion,
    UnknownName,
    check_span,
    make_cursor,
    open_cursor,
    until,
)
from dashboard.settlement_answers import (
    ExpectedBand,
    SettlementMap,
    expected_of,
    settlement_map,
)
from dashboard.verification import Titled, titled
from dashboard.what_if import WhatIf
from ingest.clock import Clock
from ingest.errors import ConfigurationError
from ingest.export import Selection, csv_text
from ingest.flagging import write_flag
from ingest.freshness import freshness
from ingest.heartbeat import read_beats
from ingest.import_map import Column
from ingest.numbering import follow
from ingest.quality_rules.gap import Gap
from ingest.retry import Retried, retry_run
from ingest.settings import Settings
from ingest.site import Instrument, Site
from ingest.store import DeadLetter, Reading, Store
from ingest.store.ground import FlagEntry
from twin.plan import Plan, load_plan
from twin.slopes.configuration import load_slopes
from twin.state import TwinState, decode_state, encode_state

Answer = TypeVar("Answer")

#: Over how long the delivery of an instrument is judged [d].
DELIVERY_DAYS = 7
#: More alarms than anybody can have left open.
MOST_OPEN_ALARMS = 100_000


class Queries:
    """Answers what pages and routes ask of one run.

    Parameters
    ----------
    refresh_s
        For how long one look at the store's sequence serves everybody [s]: ten open pages that
        ask for the same within it cost one reading.
    """

    def __init__(
        self,
        site: Site,
        store: Store,
        journal: Journal | None,
        clock: Clock,
        settings: Settings,
        *,
        refresh_s: float = 0.0,
    ) -> None:
        self.site = site
        self.settings = settings
        self.land_use = LandUse(site)
        self._plan = load_plan(site)
        self._store, self._journal, self._clock = store, journal, clock
        self._refresh_s = refresh_s
        self._seen = (-math.inf, 0)  # when the sequence was looked at (monotonic) and what it was
        self._decode_state = lru_cache(maxsize=8)(decode_state)
        self._decode_assessment = lru_cache(maxsize=8)(decode_assessment)
        self._cached = lru_cache(maxsize=256)(self._compute)

    # What time it is, and what has changed

    def now(self) -> datetime:
        """Return the time of the run."""
        return self._clock.now()

    def sequence(self) -> int:
        """Return the number of the store's last change: a new one means new readings."""
        looked, sequence = self._seen
        now = stopwatch.monotonic()
        if now - looked >= self._refresh_s:
            sequence = self._store.health().last_sequence
            self._seen = (now, sequence)
        return sequence

    def _ask(self, read: Callable[..., Answer], *arguments: Any) -> Answer:
        """Return `read(*arguments)`, once for each sequence of the store."""
        answer: Answer = self._cached(self.sequence(), read, *arguments)
        return answer

    @staticmethod
    def _compute(_sequence: int, read: Callable[..., Answer], *arguments: Any) -> Answer:
        return read(*arguments)

    # What the site is

    def site_summary(self) -> SiteSummary:
        """Return the site, its zones, and what span of time its readings cover."""
        site = self.site
        span = self._ask(self._store.span)
        return SiteSummary(
            name=site.name,
            title=_titles(site.title),
            time_zone=site.time_zone,
            latitude=site.latitude,
            longitude=site.longitude,
            source=site.source,
            assumptions=[_titles(title) for title in site.assumptions],
            zones=[
                ZoneSummary(
                    name=name,
                    title=_titles(zone.title),
                    kind=zone.kind,
                    outline=list(zone.outline),
                    base_m=zone.base_m,
                    crest_m=zone.crest_m,
                )
                for name, zone in site.zones.items()
            ],
            instruments=len(site.instruments),
            replay=self._store.run_time() is not None,
            time=self.now(),
            first_time=span[0] if span else None,
            last_time=span[1] if span else None,
        )

    def instruments(
        self, at: datetime | None = None, known_at: datetime | None = None
    ) -> list[InstrumentSummary]:
        """Return every instrument with its freshness, in the site file's order."""
        last: dict[str, datetime] = {}
        sent = set()
        for reading in self._latest(at, known_at):
            sent.add((reading.instrument, reading.quantity))
            last[reading.instrument] = max(reading.time, last.get(reading.instrument, reading.time))
        moment = at or known_at or self.now()
        return [self._summary(each, last.get(each.name), moment, sent) for each in self.site]

    def deliveries(
        self, at: datetime | None = None, known_at: datetime | None = None
    ) -> dict[str, DeliverySummary]:
        """Return how each instrument delivered in the last days, by its name."""
        end = at or known_at or self.now()
        span = self._ask(self._store.span)
        return {
            each.name: self._ask(self._read_delivery, each.name, end, span[0] if span else end)
            for each in self.site
        }

    def _read_delivery(self, instrument: str, end: datetime, begun: datetime) -> DeliverySummary:
        start = max(end - timedelta(days=DELIVERY_DAYS), begun - MICROSECOND)
        found = self._store.delivery(instrument, start=min(start, end), end=end)
        interval = self.site.type_of(instrument).interval_s
        expected = 0 if interval is None else (end - start).total_seconds() // interval
        counts = follow(found.numbers) if found.numbers and self._counted(instrument) else None
        return DeliverySummary(
            days=DELIVERY_DAYS,
            mean_delay_s=found.mean_delay_s,
            completeness=min(found.moments / expected, 1.0) if expected >= 1 else None,
            flagged=found.flagged / found.rows if found.rows else None,
            missing=None if counts is None else counts.missing,
            restarts=None if counts is None else counts.restarts,
        )

    def _counted(self, instrument: str) -> bool:
        """Return whether the sender counts without holes, as far as the site's rules say."""
        rules = self.site.rules(instrument).values()
        gaps = [rule for each in rules for rule in each if isinstance(rule, Gap)]
        return not gaps or any(rule.sequence for rule in gaps)

    def devices(
        self, at: datetime | None = None, known_at: datetime | None = None
    ) -> dict[str, DeviceState]:
        """Return what each instrument's device last said of itself, by the instrument's name."""
        moments = [each for each in (at, known_at) if each is not None]
        return device_states(
            self.site,
            self._latest(at, known_at),
            self._store.statuses(),
            min(moments, default=self.now()),
        )

    def instrument(
        self, name: str, at: datetime | None = None, known_at: datetime | None = None
    ) -> InstrumentSummary:
        """Return one instrument.

        Raises
        ------
        UnknownName
            When the site has no such instrument.
        """
        self._instrument(name)
        return next(each for each in self.instruments(at, known_at) if each.name == name)

    def _summary(
        self,
        instrument: Instrument,
        last: datetime | None,
        moment: datetime,
        sent: Collection[tuple[str, str]],
    ) -> InstrumentSummary:
        kind = self.site.instrument_types[instrument.type]
        return InstrumentSummary(
            name=instrument.name,
            type=instrument.type,
            type_title=_titles(kind.title),
            zone=instrument.zone,
            zone_title=_titles(self.site.zones[instrument.zone].title),
            x_m=instrument.x_m,
            y_m=instrument.y_m,
            z_m=instrument.z_m,
            node_kind=kind.nodes,
            quantities=[
                QuantitySummary(
                    name=quantity.name,
                    title=_titles(quantity.title),
                    unit=quantity.canonical_unit,
                    wire_unit=quantity.unit,
                    nodes=list(instrument.nodes),
                    thresholds=_in_force(instrument, quantity.name, moment),
                )
                for quantity in kind.quantities.values()
                if not quantity.supporting or (instrument.name, quantity.name) in sent
            ],
            note=instrument.note,
            freshness=freshness(last, kind, moment),
            last_time=last,
            interval_s=kind.interval_s,
            stale_after_s=kind.stale_after_s,
            unavailable_after_s=kind.unavailable_after_s,
        )

    def _instrument(self, name: str) -> Instrument:
        if name not in self.site.instruments:
            raise UnknownName("instrument", name, list(self.site.instruments))
        return self.site.instruments[name]

    def unit(self, instrument: str, quantity: str) -> str:
        """Return the unit of the stored values of an instrument's quantity.

        Raises
        ------
        UnknownName
            When the instrument or the quantity is not known.
        """
        self._instrument(instrument)
        quantities = self.site.type_of(instrument).quantities
        if quantity not in quantities:
            raise UnknownName(f"quantity of {instrument}", quantity, list(quantities))
        return quantities[quantity].canonical_unit

    # Readings

    def _check_node(self, instrument: str, node: int | None) -> None:
        count = self.site.instruments[instrument].node_count
        if node is not None and not 0 <= node < count:
            raise BadQuestion("node", node, f"give 0 to {count - 1}")

    def readings(
        self,
        instrument: str,
        quantity: str,
        *,
        start: datetime | None = None,
        end: datetime | None = None,
        at: datetime | None = None,
        known_at: datetime | None = None,
        node: int | None = None,
        limit: int = 1000,
        cursor: str | None = None,
    ) -> ReadingsPage:
        """Return stored values with start <= time < end and time <= at, by time.

        Raises
        ------
        UnknownName
            When the instrument or the quantity is not known.
        BadQuestion
            When the cursor is not one of this series, or a number is out of its range.
        """
        unit = self.unit(instrument, quantity)
        nodes = list(self.site.instruments[instrument].nodes)
        check_span(start, end)
        if not 1 <= limit <= LONGEST_PAGE:
            raise BadQuestion("limit", limit, f"give 1 to {LONGEST_PAGE}")
        self._check_node(instrument, node)
        series = f"{instrument}/{quantity}"
        found = self._store.readings(
            instrument,
            quantity,
            start=start,
            end=until(end, at),
            known_at=known_at,
            node=node,
            limit=limit + 1,
            after=None if cursor is None else open_cursor(cursor, series),
        )
        page = found[:limit]
        more = make_cursor(page[-1], series) if len(found) > limit else None
        return ReadingsPage(unit=unit, nodes=nodes, readings=page, next=more)

    def csv(
        self,
        instruments: list[str] | None,
        quantities: list[str] | None,
        *,
        start: datetime | None = None,
        end: datetime | None = None,
        at: datetime | None = None,
        known_at: datetime | None = None,
    ) -> Iterator[str]:
        """Return a CSV file of readings, in parts; None stands for all.

        Raises
        ------
        UnknownName
            When an instrument is not known.
        BadQuestion
            When none of them measures a quantity, or the span ends before it begins.
        """
        check_span(start, end)
        for name in instruments or ():
            if name not in self.site.instruments:
                raise UnknownName("instrument", name, list(self.site.instruments))
        try:
            selection = Selection.of(
                self.site,
                instruments=instruments,
                quantities=quantities,
                start=start,
                end=end,
                at=at,
                known_at=known_at,
            )
        except ConfigurationError as error:
            raise BadQuestion(error.thing, error.value, f"give {error.legal}") from error
        return csv_text(self._store, selection)

    # What people read themselves

    def hand_readings(
        self, instrument: str | None = None, *, limit: int = 100
    ) -> list[HandReading]:
        """Return readings by hand, last measured first.

        Raises
        ------
        UnknownName
            When the instrument is not known.
        """
        if instrument is not None and instrument not in self.site.instruments:
            raise UnknownName("instrument", instrument, list(self.site.instruments))
        return self._by_hand.last(self.site.name, instrument, limit=limit)

    def add_by_hand(
        self,
        instrument: str,
        quantity: str,
        value: float,
        *,
        time: datetime,
        author: str,
        note: str = "",
        node: float | str | None = None,
        unit: str | None = None,
    ) -> HandReading:
        """Store a reading that somebody made; doing it again changes nothing.

        Raises
        ------
        UnknownName
            When the instrument or the quantity is not known.
        BadQuestion
            When the node, the unit, the time or the value is refused.
        """
        self.unit(instrument, quantity)
        try:
            return add_by_hand(
                self.site,
                self._store,
                self._by_hand,
                self._clock,
                column=Column(instrument=instrument, quantity=quantity, node=node, unit=unit),
                value=value,
                time=time,
                author=author,
                note=note,
            )
        except ConfigurationError as error:
            raise BadQuestion(error.thing, error.value, f"legal: {error.legal}") from error
        except ReadingRefused as error:
            raise BadQuestion("reading", value, str(error)) from error

    @cached_property
    def _by_hand(self) -> HandReadings:
        return HandReadings(self.settings.journal_url)

    def buckets(
        self,
        instrument: str,
        quantity: str,
        *,
        start: datetime | None = None,
        end: datetime | None = None,
        at: datetime | None = None,
        known_at: datetime | None = None,
        node: int | None = None,
        count: int = 500,
        trusted: bool = False,
    ) -> pd.DataFrame:
        """Return `count` equal buckets; without `start` and `end`, of all that is stored.

        Columns: node, start (aware UTC), min, mean, max, count; empty buckets have no row.

        Raises
        ------
        UnknownName
            When the instrument or the quantity is not known.
        BadQuestion
            When a number is out of its range.
        """
        self.unit(instrument, quantity)
        self._check_node(instrument, node)
        if not 1 <= count <= MOST_BUCKETS:
            raise BadQuestion("buckets", count, f"give 1 to {MOST_BUCKETS}")
        check_span(start, end)
        span = self._ask(self._store.span) or (self.now(), self.now())
        start = start or span[0]
        end = until(end, at)
        if end is None:  # so wide that every bucket begins at a whole second
            end = (
                start
                + count * max(-(-(span[1] + MICROSECOND - start) // (count * SECOND)), 1) * SECOND
            )
        empty = end <= start  # `at` lies before the span
        end = max(end, start + MICROSECOND)
        frame = self._ask(
            self._read_buckets, instrument, quantity, start, end, count, known_at, trusted
        )
        if empty:
            return frame.iloc[:0]
        return frame if node is None else frame[frame["node"] == node]

    def _read_buckets(
        self,
        instrument: str,
        quantity: str,
        start: datetime,
        end: datetime,
        count: int,
        known_at: datetime | None,
        trusted: bool,
    ) -> pd.DataFrame:
        return self._store.buckets(
            instrument,
            quantity,
            start=start,
            end=end,
            count=count,
            known_at=known_at,
            trusted=trusted,
        )

    def latest(
        self, at: datetime | None = None, known_at: datetime | None = None
    ) -> list[LatestValue]:
        """Return the last measured value of every quantity, with its freshness."""
        moment = at or known_at or self.now()
        found = []
        for reading in self._latest(at, known_at):
            instrument = self.site.instruments.get(reading.instrument)
            if instrument is None:  # the site's file no longer has it; its history stays
                continue
            kind = self.site.instrument_types[instrument.type]
            if reading.quantity not in kind.quantities:
                continue
            nodes = instrument.nodes
            found.append(
                LatestValue(
                    instrument=reading.instrument,
                    type=instrument.type,
                    zone=instrument.zone,
                    quantity=reading.quantity,
                    unit=kind.quantities[reading.quantity].canonical_unit,
                    node=reading.node if nodes else None,
                    node_label=nodes[reading.node] if reading.node < len(nodes) else None,
                    time=reading.time,
                    received=reading.received,
                    value=reading.value,
                    flags=list(reading.flags),
                    freshness=freshness(reading.time, kind, moment),
                )
            )
        return found

    def _latest(self, at: datetime | None, known_at: datetime | None) -> list[Reading]:
        return self._ask(self._read_latest, at, known_at)

    def _read_latest(self, at: datetime | None, known_at: datetime | None) -> list[Reading]:
        return self._store.latest(at=at, known_at=known_at)

    def calculations(
        self,
        instrument: str,
        quantity: str,
        readings: Sequence[Reading],
        known_at: datetime | None = None,
    ) -> dict[tuple[int, datetime], str]:
        """Return the version of the calibration that made each calculated value of a page."""
        if not readings or not self.site.instruments[instrument].calibrations:
            return {}
        return self._store.calculations(
            instrument,
            quantity,
            start=readings[0].time,
            end=readings[-1].time + MICROSECOND,
            known_at=known_at,
        )

    # Flags

    def flag_journal(self, *, limit: int = 100, before: int | None = None) -> list[FlagEntry]:
        """Return what engineers said of flags, newest first."""
        return self._store.flag_journal(limit=limit, before=before)

    def write_flag(self, entry: FlagEntry) -> FlagEntry:
        """Set or lift a flag on a stretch of readings, by an engineer's word.

        Raises
        ------
        UnknownName
            When the instrument or the quantity is not known.
        BadQuestion
            When the node or the stretch is refused, or nobody signs.
        """
        self.unit(entry.instrument, entry.quantity)
        try:
            kept = write_flag(self.site, self._store, entry)
        except ConfigurationError as error:
            raise BadQuestion(error.thing, error.value, f"give {error.legal}") from error
        self._cached.cache_clear()  # a flag is no change of a reading
        return kept

    # What the twin and the analysis say

    def plan(self) -> Plan | None:
        """Return the calendar plan, None for a site without one."""
        return self._plan

    def twin(
        self, at: datetime | None = None, known_at: datetime | None = None
    ) -> TwinState | None:
        """Return a state of the ground, None when there is none yet.

        Without arguments the last stored one; with `known_at` what was stored up to then; with
        `at` computed with all we know today (or knew at `known_at`).
        """
        if at is not None:
            return self._ask(self._compute_twin, at, known_at)
        document = self._store.state("twin", known_at=known_at)
        return None if document is None else self._decode_state(document)

    def _compute_twin(self, at: datetime, known_at: datetime | None) -> TwinState:
        from twin.service import compute_state

        known_at = known_at or self.now()
        state = compute_state(self.site, self.plan(), self._store, at=at, known_at=known_at)
        return decode_state(encode_state(state))  # with the digits that a stored one has

    def geometry(self, at: datetime | None = None, known_at: datetime | None = None) -> Geometry:
        """Return crater, fill and front in space, and the newest surveyed surface."""
        return read_geometry(
            self.site,
            self.plan(),
            self.twin(at, known_at),
            self.settings.data_dir,
            known_at=known_at,
        )

    def assessment(self, known_at: datetime | None = None) -> Assessment | None:
        """Return what analytics said last (up to `known_at`), None when there is nothing yet."""
        document = self._store.state("risk", known_at=known_at)
        return None if document is None else self._decode_assessment(document)

    def risks(
        self,
        *,
        zone: str | None = None,
        level: RiskLevel | None = None,
        known_at: datetime | None = None,
    ) -> list[Risk]:
        """Return the risks of the last assessment."""
        if zone:
            self._zone(zone)
        assessment = self.assessment(known_at)
        return [
            risk
            for risk in (assessment.risks if assessment else [])
            if zone in (None, risk.zone) and level in (None, risk.level)
        ]

    def indicators(
        self,
        *,
        group: str | None = None,
        subject: str | None = None,
        known_at: datetime | None = None,
    ) -> list[Indicator]:
        """Return the indicators of the last assessment.

        Raises
        ------
        UnknownName
            When there is no such group, or nothing of that name is judged at this site.
        """
        assessment = self.assessment(known_at)
        found = assessment.indicators if assessment else []
        if group is not None and group not in get_args(Group):
            raise UnknownName("group", group, get_args(Group))
        if subject:
            self._subject(subject, {each.subject for each in found})
        return [
            indicator
            for indicator in found
            if group in (None, indicator.group) and subject in (None, indicator.subject)
        ]

    def _zone(self, name: str) -> None:
        if name not in self.site.zones:
            raise UnknownName("zone", name, list(self.site.zones))

    def _subject(self, name: str, known: Collection[str]) -> None:
        """Refuse a subject that neither the site nor what was computed knows."""
        slopes = load_slopes(self.site)
        legal = [self.site.name, *self.site.zones, *self.site.instruments]
        for section, plan in (slopes.sections if slopes else {}).items():
            legal += [section, *(f"{section}.{slide}" for slide in plan.slides)]
        legal += sorted(each for each in known if each and each not in legal)
        if name not in legal:
            raise UnknownName("subject", name, legal)

    @cached_property
    def fleet(self) -> FleetQueries:
        """What can be asked of the fleet."""
        return FleetQueries(self.site, self._plan)

    def fleet_answer(
        self, at: datetime | None = None, known_at: datetime | None = None
    ) -> FleetAnswer | None:
        """Return the fleet in force, with the edge of the tier in which the front stands."""
        state = self.twin(at, known_at)
        return self.fleet.answer(at or known_at or self.now(), state.edge if state else None)

    @cached_property
    def what_if(self) -> WhatIf:
        """What would happen if."""
        return WhatIf(
            self.site,
            self._plan,
            self._store,
            self._clock,
            self.settings.journal_url,
            self.twin,
            hold_s=10 * self._refresh_s,
        )

    def verification(self) -> tuple[Titled, ...]:
        """Return the published numbers that postmine is held to, beside the computed ones."""
        return titled()

    def derived(
        self,
        series: str,
        subject: str | None = None,
        *,
        start: datetime | None = None,
        end: datetime | None = None,
        known_at: datetime | None = None,
    ) -> pd.DataFrame:
        """Return a computed series by time.

        Columns: subject, time, known_at, value, low, high, unit, model, version.
        """
        check_span(start, end)
        return self._store.derived(series, subject, start=start, end=end, known_at=known_at)

    def check_series(self, series: str, subject: str | None = None) -> None:
        """Refuse a series without points that nothing computes, or a subject without any.

        Raises
        ------
        UnknownName
            When nothing computes such a series, or nothing of that name is at this site.
        """
        written = set(self._store.derived(series)["subject"])
        # What an earlier version has written stays legal under its own name.
        legal = computed_series()
        if series not in legal and not written:
            raise UnknownName("series", series, legal)
        if subject is not None:
            self._subject(subject, written)

    def profile(
        self,
        instrument: str,
        at: datetime | None = None,
        *,
        known_at: datetime | None = None,
        days: int = 30,
    ) -> Profile:
        """Return the mean profile of each of the last `days` days of an in-place inclinometer.

        Raises
        ------
        UnknownName
            When there is no such instrument, or it has no displacement by depth.
        """
        unit = self.unit(instrument, "displacement_a")
        if not 1 <= days <= 366:
            raise BadQuestion("days", days, "give 1 to 366")
        end = at or known_at or self.now()
        start = end - timedelta(days=days)
        measured = self.site.type_of(instrument).quantities
        axes = {
            quantity: self._ask(
                self._read_buckets, instrument, quantity, start, end, days, known_at, True
            ).pivot(index="start", columns="node", values="mean")
            for quantity in ("displacement_a", "displacement_b")
            if quantity in measured
        }
        times = pd.Index(sorted(set().union(*(axis.index for axis in axes.values()))))
        nodes = self.site.instruments[instrument].nodes
        a, b = (
            axes.get(quantity, pd.DataFrame()).reindex(index=times, columns=range(len(nodes)))
            for quantity in ("displacement_a", "displacement_b")
        )
        # An instrument with one axis knows the movement along it alone.
        resultant = np.hypot(a, b) if "displacement_b" in axes else a.abs()
        return Profile(
            instrument=instrument,
            unit=unit,
            depths=[float(depth) for depth in nodes],
            times=[time.to_pydatetime() for time in times],
            a=_rows(a),
            b=_rows(b),
            resultant=_rows(resultant),
        )

    def settlement_series(
        self,
        point: str,
        *,
        start: datetime | None = None,
        end: datetime | None = None,
        at: datetime | None = None,
        known_at: datetime | None = None,
        count: int = 400,
    ) -> SettlementSeries:
        """Return what a settlement point measured, with the twin's forecast for it.

        Raises
        ------
        UnknownName
            When there is no such instrument, or it does not measure settlement.
        """
        frame = self.buckets(
            point,
            "settlement",
            start=start,
            end=end,
            at=at,
            known_at=known_at,
            count=count,
            trusted=True,
        )
        state = self.twin(at, known_at)
        found = [each for each in (state.settlement if state else []) if each.point == point]
        return SettlementSeries(
            point=point,
            unit=self.unit(point, "settlement"),
            times=[time.to_pydatetime() for time in frame["start"]],
            low=frame["min"].tolist(),
            mean=frame["mean"].tolist(),
            high=frame["max"].tolist(),
            state=found[0] if found else None,
            expected=self._expected(point, frame),
        )

    def _expected(self, point: str, frame: pd.DataFrame) -> ExpectedBand | None:
        if frame.empty:
            return None
        first, last = (frame["start"].iloc[end].to_pydatetime() for end in (0, -1))
        return expected_of(self.site, self._plan, point, first, last)

    def settlement_map(
        self,
        quantity: str = "settlement",
        at: datetime | None = None,
        known_at: datetime | None = None,
    ) -> SettlementMap:
        """Return settlement, what is still to come, or the rate between the points.

        Raises
        ------
        BadQuestion
            When the quantity cannot be mapped.
        """
        return settlement_map(self.site, self.twin(at, known_at), quantity)

    def groundwater_series(
        self,
        instrument: str,
        quantity: str,
        *,
        start: datetime | None = None,
        end: datetime | None = None,
        known_at: datetime | None = None,
    ) -> GroundwaterSeries:
        """Return what a piezometer or well measured, and what the twin explained of it."""
        return groundwater_series(
            instrument,
            self.unit(instrument, quantity),
            self.buckets(
                instrument,
                quantity,
                start=start,
                end=end,
                known_at=known_at,
                count=400,
                trusted=True,
            ),
            lambda series, name: self.derived(
                series, name, start=start, end=end, known_at=known_at
            ),
        )

    # What people and machines must look at

    def open_alarms(self, known_at: datetime | None = None) -> list[Alarm]:
        """Return the alarms that somebody must still deal with, oldest first."""
        if self._journal is None:
            return []
        if known_at is not None:
            return self._journal.alarms_known(
                known_at, limit=MOST_OPEN_ALARMS, site=self.site.name, open_only=True
            )[::-1]
        return self._journal.open_alarms(self.site.name)

    def alarms(
        self, *, limit: int = 100, before: int | None = None, known_at: datetime | None = None
    ) -> list[Alarm]:
        """Return alarms, newest first; `before` is the id that ended the page before.

        With `known_at` as the journal stood then.
        """
        if self._journal is None:
            return []
        if known_at is not None:
            return self._journal.alarms_known(known_at, limit, before, self.site.name)
        return self._journal.alarms(limit, before, self.site.name)

    def acknowledge(self, alarm_id: int, author: str, note: str) -> Alarm:
        """Record that somebody has seen an alarm, at the run's time.

        Raises
        ------
        UnknownName
            When this site has no such alarm.
        """
        try:
            if self._journal is None or self._journal.alarm(alarm_id).site != self.site.name:
                raise UnknownAlarm
        except UnknownAlarm as error:
            raise UnknownName("alarm", str(alarm_id), []) from error
        return self._journal.acknowledge(alarm_id, author, note, self.now())

    def dead_letters(self, *, limit: int = 100, before: int | None = None) -> list[DeadLetter]:
        """Return dead letters, newest first; `before` is the id that ended the page before."""
        return self._store.dead_letters(limit=limit, before=before)

    def retry_dead_letters(self, author: str, ids: Sequence[int] = ()) -> Retried:
        """Try dead letters again by the site's files as they are now; no ids: all that wait.

        Raises
        ------
        BadQuestion
            When a number is not that of a letter that waits, or the site's files are wrong.
        """
        try:
            return retry_run(self.settings, self.site.folder, self._clock, author=author, ids=ids)
        except ConfigurationError as error:
            raise BadQuestion("ids", list(ids) or "all", str(error)) from error

    def processes(self) -> list[ProcessHealth]:
        """Return the last sign of life of every process of the run, by name."""
        return [
            ProcessHealth(
                name=beat.service,
                alive=beat.alive,
                detail=beat.detail,
                age_s=beat.age_s,
                numbers=beat.numbers,
            )
            for beat in read_beats(self.settings.data_dir)
        ]

    def health(self) -> RunHealth:
        """Return whether the run can be believed: its store is read, and its processes live."""
        store = self._store.health()
        processes = self.processes()
        if not store.ok:
            return RunHealth(
                ok=False,
                site=self.site.name,
                time=self.now(),
                replay=False,
                store=store,
                services=[],
                instruments={},
                dead_letters=store.dead_letters,
                open_alarms=0,
                processes=processes,
                broker=broker_health(self.settings),
            )
        states = [
            ("twin", getattr(self.twin(), "time", None)),
            ("risk", getattr(self.assessment(), "time", None)),
        ]
        now = self.now()
        counts: dict[str, int] = {"current": 0, "stale": 0, "unavailable": 0}
        for instrument in self.instruments():
            counts[instrument.freshness] += 1
        return RunHealth(
            ok=all(each.alive for each in processes),
            site=self.site.name,
            time=now,
            replay=self._store.run_time() is not None,
            store=store,
            services=[
                ServiceHealth(
                    name=name,
                    state_time=time,
                    behind_s=None if time is None else max((now - time).total_seconds(), 0.0),
                )
                for name, time in states
            ],
            instruments=counts,
            dead_letters=store.dead_letters,
            open_alarms=len(self.open_alarms()),
            processes=processes,
            broker=broker_health(self.settings),
        )


def _titles(titles: Mapping[Literal["en", "ru"], str]) -> dict[str, str]:
    return {str(language): title for language, title in titles.items()}


def _in_force(instrument: Instrument, quantity: str, moment: datetime) -> list[ThresholdSummary]:
    """Return the limits of a quantity at `moment`: of each level and side the newest."""
    newest: dict[tuple[str, bool], Any] = {}
    for threshold in sorted(instrument.thresholds, key=lambda each: each.since):
        if threshold.quantity == quantity and threshold.start <= moment:
            newest[threshold.level, threshold.above is None] = threshold
    return [
        ThresholdSummary(
            level=each.level,
            above=each.above,
            below=each.below,
            since=each.since.isoformat(),
            source=each.source,
        )
        for each in newest.values()
    ]


def _rows(frame: pd.DataFrame) -> list[list[float | None]]:
    return [
        [None if math.isnan(value) else float(value) for value in row]
        for row in frame.to_numpy(dtype=float)
    ]
