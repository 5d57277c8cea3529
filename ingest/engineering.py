"""From raw to engineering values, and to flags: what one batch of readings brings about.

The store calls this inside the transaction that makes a batch durable, once for each moment of
arrival. Results and flags are functions of what is stored (neighbours in time, the barometer's
last word), so that any order and any repetition of the same messages gives the same store.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterable, Iterator, Sequence
from operator import attrgetter
from typing import NamedTuple

from ingest.calibration import Calibration, Surroundings, in_force
from ingest.clock import from_ns, to_ns
from ingest.in_order import MANY, FlagChange, Judgement, Tail
from ingest.quality import FLAGS, QualityRule, Series
from ingest.quality_rules.out_of_range import OutOfRange
from ingest.site import Site
from ingest.store import Row, SenderStatus
from ingest.store.ground import BATTERY, Ground, Kept, Near, battery_of

BAROMETRIC = "atmospheric_pressure"
#: Readings that are further apart than this many usual intervals are judged apart.
_APART = 100
_DAY_NS = 86_400 * 1_000_000_000

_Touched = dict[tuple[str, str, int], set[int]]
_BY_ARRIVAL = attrgetter("received", "time")


class _Follower(NamedTuple):
    """An instrument whose rows depend on what another one says."""

    instrument: str
    quantity: str
    age_ns: int


class _Step(NamedTuple):
    """Readings that continue a series."""

    tail: Tail
    judgement: Judgement
    rows: list[Row]


class Continued(NamedTuple):
    """Rows that continue their series, and what they add to it."""

    rows: list[Row]
    steps: list[_Step]


class Engineering:
    """Calculates results and judges readings of one site.

    Parameters
    ----------
    site
        Its calibrations and rules.
    """

    def __init__(self, site: Site) -> None:
        self._site = site
        self._calibrations: dict[str, tuple[Calibration, ...]] = {}
        self._inputs: dict[str, set[str]] = {}
        self._rules: dict[str, dict[str, tuple[QualityRule, ...]]] = {}
        self._arrival: dict[str, dict[str, tuple[QualityRule, ...]]] = {}
        #: Barometer -> who takes it off; twin -> who compares with it.
        self._barometers: dict[str, list[_Follower]] = {}
        self._twins: dict[str, list[_Follower]] = {}
        for instrument in site:
            name = instrument.name
            rules = site.rules(name)
            for calibration in instrument.calibrations:
                rules.setdefault(calibration.quantity, ())
                if not any(isinstance(each, OutOfRange) for each in rules[calibration.quantity]):
                    rules[calibration.quantity] += (OutOfRange(),)
                # A result that is sent too is calculated over: the order must not matter.
                inputs = (*calibration.inputs, calibration.quantity)
                self._inputs.setdefault(name, set()).update(inputs)
                if calibration.barometer:
                    age_ns = int(calibration.barometer_max_age_s * 1e9)
                    self._barometers.setdefault(calibration.barometer, []).append(
                        _Follower(name, calibration.quantity, age_ns)
                    )
            if instrument.calibrations:
                self._calibrations[name] = instrument.calibrations
            for quantity, found in rules.items():
                arrival = tuple(rule for rule in found if rule.on_arrival)
                stored = tuple(rule for rule in found if not rule.on_arrival)
                if arrival:
                    self._arrival.setdefault(name, {})[quantity] = arrival
                if stored:
                    self._rules.setdefault(name, {})[quantity] = stored
                for rule in stored:
                    if rule.partner:
                        self._twins.setdefault(rule.partner, []).append(
                            _Follower(name, quantity, int(rule.partner_age_s * 1e9))
                        )
        self._concerned = {
            *self._calibrations,
            *self._rules,
            *self._arrival,
            *self._barometers,
            *self._twins,
        }
        self._in_order = {
            name: judgements
            for name in self._concerned
            if (judgements := self._judgements(name)) is not None
        }

    def _judgements(self, instrument: str) -> tuple[Judgement, ...] | None:
        """Return how an instrument is judged in order; None: it is bound up with other values."""
        bound = (self._calibrations, self._barometers, self._twins)
        if any(instrument in each for each in bound):
            return None
        kind = self._site.type_of(instrument)
        stored = self._rules.get(instrument, {})
        arrival = self._arrival.get(instrument, {})
        found = []
        for quantity in {**stored, **arrival}:
            rules, on_arrival = stored.get(quantity, ()), arrival.get(quantity, ())
            if any(rule.partner or isinstance(rule, OutOfRange) for rule in rules) or any(
                rule.before or rule.after or rule.quantities for rule in on_arrival
            ):
                return None
            found.append(
                Judgement(
                    instrument,
                    quantity,
                    rules,
                    on_arrival,
                    max((rule.before for rule in rules), default=0),
                    max((rule.after for rule in rules), default=0),
                    tuple(sorted({name for rule in rules for name in rule.quantities})),
                    None if kind.interval_s is None else kind.interval_s * 1e9,
                    kind.quantities[quantity].canonical_range,
                )
            )
        return tuple(found)

    def concerns(self, instrument: str) -> bool:
        """Return whether a reading of an instrument brings anything about."""
        return instrument in self._concerned

    @property
    def reach(self) -> tuple[int, int]:
        """How far the consequences of a reading look: values on each side, and time [ns]."""
        values, longest = 1, 0
        for name, by_quantity in self._rules.items():
            interval_s = self._site.type_of(name).interval_s or 0.0
            for rules in by_quantity.values():
                sides = max(rule.before for rule in rules) + max(rule.after for rule in rules)
                values = max(values, 2 * sides + 1)
                age_s = max(rule.partner_age_s for rule in rules)
                longest = max(longest, int((2 * sides * interval_s + age_s) * 1e9))
        for followers in (*self._barometers.values(), *self._twins.values()):
            longest = max(longest, *(2 * follower.age_ns for follower in followers))
        return values, longest

    def related(self, instrument: str) -> set[str]:
        """Return the instruments whose readings bear on one's results and flags, itself too."""
        found, new = {instrument}, {instrument}
        while new:
            near = set()
            for source, followers in (*self._barometers.items(), *self._twins.items()):
                for follower in followers:
                    if source in new:
                        near.add(follower.instrument)
                    if follower.instrument in new:
                        near.add(source)
            new = near - found
            found |= new
        return found

    def instruments(self) -> Iterator[tuple[str, int]]:
        """Yield each instrument with calibrations or rules, and a number for what they say."""
        for instrument in self._site:
            name = instrument.name
            if name not in self._calibrations and name not in self._rules:
                continue
            said = {
                "calibrations": [each.document for each in instrument.calibrations],
                "rules": {
                    quantity: [[rule.name, rule.model_dump(mode="json")] for rule in rules]
                    for quantity, rules in sorted(self._rules.get(name, {}).items())
                },
            }
            digest = hashlib.sha256(json.dumps(said, sort_keys=True).encode()).digest()
            yield name, int.from_bytes(digest[:7], "big")

    def follow(self, changed: Iterable[Row], ground: Ground, moment: int) -> list[Row]:
        """Do what changed rows bring about; return the calculated rows.

        Parameters
        ----------
        changed
            Rows that were new or differed; they arrived at the same moment [ns].
        """
        touched: _Touched = {}
        pending: dict[tuple[str, int], None] = {}
        arrived = list(changed)
        for row in arrived:
            if not self._inputs.get(row.instrument, set()).isdisjoint(row.values):
                pending[row.instrument, row.time] = None
            self._note(row, touched, pending, ground)
            self._apply_words(row, ground)
        self._judge_arrivals(arrived, ground)
        calculated = self._calculate_all(pending, touched, ground, moment)
        self._judge(touched, ground, moment)
        return calculated

    def continue_in_order(self, rows: Iterable[Row], ground: Ground) -> Continued:
        """Return those rows that continue their series; nothing is judged yet.

        Of an instrument either all rows are among them or none: the others have their turn by
        moment of arrival.
        """
        by_instrument: dict[str, list[Row]] = {}
        for row in rows:
            if row.instrument in self._in_order:
                by_instrument.setdefault(row.instrument, []).append(row)
        found = Continued([], [])
        for instrument, mine in by_instrument.items():
            mine.sort(key=_BY_ARRIVAL)
            steps = None
            if self._go_on(mine, ground):
                steps = self._steps(self._in_order[instrument], mine, ground)
            if steps is None:
                ground.forget(instrument)
            else:
                found.rows.extend(mine)
                found.steps.extend(steps)
        return found

    @staticmethod
    def _go_on(rows: Sequence[Row], ground: Ground) -> bool:
        """Return whether each row is later than all before it, and no engineer spoke of them."""
        newest: dict[int, int] = {}
        for row in rows:
            last = newest.get(row.node)
            if last is None:
                last = ground.newest(row.instrument, row.node)
            if row.time <= last:
                return False
            newest[row.node] = row.time
        return not ground.said_since(rows[0].instrument, min(row.time for row in rows))

    def _steps(
        self, judgements: tuple[Judgement, ...], rows: Sequence[Row], ground: Ground
    ) -> list[_Step] | None:
        """Return what rows of one instrument add to its series; None where they do not go on."""
        steps = []
        for judgement in judgements:
            quantity, beside = judgement.quantity, judgement.beside
            by_node: dict[int, list[Row]] = {}
            for row in rows:
                value = row.values.get(quantity)
                if value is not None:
                    if value != value:
                        return None  # the database holds nothing there
                    by_node.setdefault(row.node, []).append(row)
                elif beside and not row.values.keys().isdisjoint(beside):
                    return None
            for node, mine in by_node.items():
                tail = ground.tail(judgement, node)
                if tail is None:
                    return None
                steps.append(_Step(tail, judgement, mine))
        return steps

    def judge_in_order(self, continued: Continued, ground: Ground) -> None:
        """Judge rows that continue their series, and are stored."""
        changes: list[FlagChange] = []
        for tail, judgement, rows in continued.steps:
            beside = {
                name: [
                    ground.last_battery(row.instrument, row.time)
                    if name == BATTERY and row.values.get(name) is None
                    else row.values.get(name)
                    for row in rows
                ]
                for name in judgement.beside
            }
            tail.take(rows, beside, changes)
        for row in continued.rows:
            ground.note_newest(row.instrument, row.node, row.time)
            for quantity, flag in row.flags.items():
                changes.append(
                    FlagChange(
                        True, row.instrument, quantity, row.node, row.time, flag, row.received
                    )
                )
        ground.change_flags(changes)

    def hear(self, statuses: Iterable[SenderStatus], ground: Ground) -> None:
        """Judge readings anew by what senders say of their batteries."""
        for status in statuses:
            said = battery_of(status)
            if said is None or not ground.keep_battery(status.sender, *said):
                continue
            touched: _Touched = {}
            until = ground.battery_until(status.sender, said[0])
            for instrument in self._site.instruments_of(status.sender):
                for quantity, rules in self._rules.get(instrument, {}).items():
                    if any(BATTERY in rule.quantities for rule in rules):
                        for node in range(self._site.instruments[instrument].node_count):
                            times = ground.times(instrument, said[0], until, node)
                            if times:
                                touched[instrument, quantity, node] = set(times)
            self._judge(touched, ground, to_ns(status.received))

    def governs(self, instrument: str, quantity: str) -> bool:
        """Return whether results are calculated from a quantity of an instrument."""
        return quantity in self._inputs.get(instrument, ()) or (
            quantity == BAROMETRIC and instrument in self._barometers
        )

    def revise(
        self, instrument: str, times: Sequence[int], ground: Ground, moment: int
    ) -> list[Row]:
        """Calculate and judge stored rows anew, by the calibrations and rules of today."""
        touched: _Touched = {}
        pending: dict[tuple[str, int], None] = {}
        if instrument in self._calibrations:
            pending = {(instrument, time): None for time in times}
        for quantity in self._rules.get(instrument, {}):
            for node in range(self._site.instruments[instrument].node_count):
                touched[instrument, quantity, node] = set(times)
        calculated = self._calculate_all(pending, touched, ground, moment)
        self._judge(touched, ground, moment, anew=instrument)
        return calculated

    # -- calculating ------------------------------------------------------------------------------

    def _note(
        self,
        row: Row,
        touched: _Touched,
        pending: dict[tuple[str, int], None],
        ground: Ground,
    ) -> None:
        """Note what a changed row makes necessary: of its neighbours and of its followers."""
        for quantity, rules in self._rules.get(row.instrument, {}).items():
            if quantity in row.values or any(
                not row.values.keys().isdisjoint(rule.quantities) for rule in rules
            ):
                key = (row.instrument, quantity, row.node)
                touched.setdefault(key, set()).add(row.time)
        if BAROMETRIC in row.values:
            for follower in self._barometers.get(row.instrument, []):
                for time in self._followed(row, BAROMETRIC, follower, ground):
                    pending[follower.instrument, time] = None
        for follower in self._twins.get(row.instrument, []):
            if follower.quantity in row.values:
                times = self._followed(row, follower.quantity, follower, ground, row.node)
                if times:
                    key = (follower.instrument, follower.quantity, row.node)
                    touched.setdefault(key, set()).update(times)

    @staticmethod
    def _followed(
        row: Row, quantity: str, follower: _Follower, ground: Ground, node: int | None = None
    ) -> list[int]:
        """Return the times of a follower for which a row is the last word."""
        end = row.time + follower.age_ns
        last = min(end, ground.until_next(row.instrument, quantity, row.node, row.time))
        return ground.times(follower.instrument, row.time, last, node)

    def _calculate_all(
        self,
        pending: dict[tuple[str, int], None],
        touched: _Touched,
        ground: Ground,
        moment: int,
    ) -> list[Row]:
        """Calculate what is pending, and what follows from its results."""
        calculated: list[Row] = []
        while pending:
            asked, pending = pending, {}
            for instrument, time in asked:
                for row, lost in self._calculate(instrument, time, ground, moment):
                    calculated.append(row)
                    self._apply_words(row, ground)
                    # For those who look at it, a value that has gone is a change too.
                    spoke = row._replace(values=row.values | dict.fromkeys(lost, math.nan))
                    self._note(spoke, touched, pending, ground)
        return calculated

    def _calculate(
        self, instrument: str, time: int, ground: Ground, moment: int
    ) -> Iterator[tuple[Row, list[str]]]:
        """Calculate the results of one moment; yield a row for each node where one differs.

        With it come the results that are not known any more, since their inputs are of no use.
        """
        here = self._site.instruments[instrument]
        held = in_force(self._calibrations[instrument], from_ns(time))
        stored = ground.profile(instrument, time) if held else {}
        if not stored:
            return
        nodes = range(here.node_count)
        empty = Kept(0, None, {})
        readings = [
            ground.usable(instrument, node, time, stored.get(node, empty)) for node in nodes
        ]
        results: list[dict[str, float]] = [{} for _ in nodes]
        lost: list[list[str]] = [[] for _ in nodes]
        depths = tuple(float(depth) for depth in here.nodes if isinstance(depth, int | float))
        for quantity, calibration in held.items():
            air = None
            if calibration.barometer:
                oldest = time - int(calibration.barometer_max_age_s * 1e9)
                air = ground.last(calibration.barometer, BAROMETRIC, 0, time, oldest)
            values: Sequence[float | None]
            try:
                values = calibration.profile(readings, Surroundings(air, depths))
            except (ArithmeticError, ValueError):  # a resistance of zero: the result is not known
                values = [None for _ in nodes]
            for node, value in enumerate(values):
                if node not in stored:
                    continue
                before = stored[node].values.get(quantity)
                if value is not None and math.isfinite(value):
                    if before != value:
                        results[node][quantity] = value
                    readings[node][quantity] = value
                elif before is not None and ground.is_calculated(instrument, quantity, node, time):
                    lost[node].append(quantity)
                    readings[node].pop(quantity, None)
        versions = {quantity: calibration.version for quantity, calibration in held.items()}
        for quantity in {name for found in results for name in found}:
            ground.keep_calibration(versions[quantity], instrument, held[quantity].document)
        for node, (found, gone) in enumerate(zip(results, lost, strict=True)):
            if not found and not gone:
                continue
            before_row = stored[node]
            ground.write(instrument, node, time, moment, before_row, found, versions, gone)
            received = max(before_row.received, moment)
            flags = {
                name: "out_of_range"
                for name, value in found.items()
                if self._outside(here.type, name, value)
            }
            sequence = before_row.sequence
            yield (
                Row(here.type, instrument, node, time, received, sequence, found, flags),
                gone,
            )

    def _outside(self, kind: str, quantity: str, value: float) -> bool:
        low, high = self._site.instrument_types[kind].quantities[quantity].canonical_range
        return not low <= value <= high

    # -- judging ----------------------------------------------------------------------------------

    def _judge_arrivals(self, rows: Sequence[Row], ground: Ground) -> None:
        """Judge what came by the rules that are about its arrival, each reading alone."""
        together: dict[tuple[str, str, int], list[Near]] = {}
        for row in rows:
            for quantity in self._arrival.get(row.instrument, {}):
                if quantity in row.values:
                    near = Near(row.time, row.values[quantity], row.received, row.sequence, ())
                    key = (row.instrument, quantity, row.node)
                    together.setdefault(key, []).append(near)
        for key, found in together.items():
            instrument, quantity, _ = key
            series = self._series(*key, found, (), ground)
            for rule in self._arrival[instrument][quantity]:
                flagged = [
                    found[index]
                    for index in rule.candidates(series, 0, len(found))
                    if rule.holds(series, index)
                ]
                ground.add_flag(*key, [each.time for each in flagged], rule.name, found[0].received)

    @staticmethod
    def _apply_words(row: Row, ground: Ground) -> None:
        """Set the flags that engineers have set on the stretch to which a row belongs."""
        if ground.said_of(row.instrument):
            for quantity in row.values:
                ground.add_flags(row.instrument, quantity, row.node, row.time, (), row.received)

    def _judge(
        self, touched: _Touched, ground: Ground, moment: int, *, anew: str | None = None
    ) -> None:
        """Judge the touched readings and those whose neighbours they are."""
        for (instrument, quantity, node), times in touched.items():
            rules = self._rules.get(instrument, {}).get(quantity, ())
            judged = {rule.name for rule in rules}
            if instrument == anew:  # of rules that are no more, the flags go
                judged |= set(FLAGS) - {"late", "rejected", "out_of_range"}
            before = max((rule.before for rule in rules), default=0)
            after = max((rule.after for rule in rules), default=0)
            beside = tuple(sorted({name for rule in rules for name in rule.quantities}))
            for first, last in self._stretches(instrument, sorted(times)):
                near, begin, end = ground.near(
                    instrument, quantity, node, first, last, before + after, beside
                )
                series = self._series(instrument, quantity, node, near, rules, ground, beside)
                # A reading is a neighbour of those up to `after` before and `before` behind it.
                reach = range(max(begin - after, 0), min(end + before, len(near)))
                flagged: dict[int, set[str]] = {index: set() for index in reach}
                for rule in rules:
                    looked_at: Iterable[int] = reach
                    if len(reach) >= MANY:
                        looked_at = rule.candidates(series, reach.start, reach.stop)
                    for index in looked_at:
                        if rule.holds(series, index):
                            flagged[index].add(rule.name)
                wanted = {near[index].time: flags for index, flags in flagged.items()}
                ground.set_flags(instrument, quantity, node, wanted, judged, moment)

    def _stretches(self, instrument: str, times: Sequence[int]) -> Iterator[tuple[int, int]]:
        """Cut sorted times where nothing was touched for long."""
        interval = self._site.type_of(instrument).interval_s
        apart = _DAY_NS if interval is None else int(interval * 1e9) * _APART
        first = last = times[0]
        for time in times[1:]:
            if time - last > apart:
                yield first, last
                first = time
            last = time
        yield first, last

    def _series(
        self,
        instrument: str,
        quantity: str,
        node: int,
        near: Sequence[Near],
        rules: Sequence[QualityRule],
        ground: Ground,
        beside: Sequence[str] = (),
    ) -> Series:
        kind = self._site.type_of(instrument)
        partner: list[float | None] = [None] * len(near)
        for rule in rules:
            if rule.partner:
                age_ns = int(rule.partner_age_s * 1e9)
                partner = [
                    ground.last(rule.partner, quantity, node, each.time, each.time - age_ns)
                    for each in near
                ]
        return Series(
            times=[each.time for each in near],
            values=[each.value for each in near],
            received=[each.received for each in near],
            sequences=[each.sequence for each in near],
            beside={
                name: [
                    ground.battery(instrument, each.time)
                    if name == BATTERY and each.beside[index] is None
                    else each.beside[index]
                    for each in near
                ]
                for index, name in enumerate(beside)
            },
            partner=partner,
            interval_ns=None if kind.interval_s is None else kind.interval_s * 1e9,
            valid_range=kind.quantities[quantity].canonical_range,
        )
