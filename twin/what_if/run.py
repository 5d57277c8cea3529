"""Run a variant forward from a state, and hold it against the twin's own forecast."""

from __future__ import annotations

import math
import pickle
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache, partial
from typing import Any

import msgspec

from ingest.figure import Figure, unknown
from ingest.text import Text
from twin import VERSION
from twin.buckets import Array
from twin.grading_readiness import grading_state
from twin.state import FillState
from twin.what_if.changes import NOTHING, Changes, midnight, over
from twin.what_if.ends import Ends, days_between, last_moment, rests_on
from twin.what_if.masses import cost, masses_until, summed
from twin.what_if.placement import Placement, place
from twin.what_if.results import Measure, VariantResult, VolumeCurve, ZoneAhead
from twin.what_if.settlement_left import settlement_left
from twin.what_if.stability import least, lowered, slopes_ahead
from twin.what_if.start import Start
from twin.what_if.tiers import Tiers, tiers_of
from twin.what_if.water import blended, loads, outflow

MODEL = "what_if"

#: Variants that one task of a map runs: a task carries the start with it.
CHUNK = 25


@dataclass(frozen=True)
class _Computed:
    """A result without differences, and what paired differences are made of."""

    result: VariantResult
    dates: dict[str, Array]


def run(start: Start, changes: Changes = NOTHING, name: str = "") -> VariantResult:
    """Return what a variant comes to, with its differences to the twin's own forecast.

    Raises
    ------
    BadChange
        When the fleet cannot work as changed, or tiers of such heights cannot be built.
    """
    before = _baseline(start)
    if not changes:
        return msgspec.structs.replace(before.result, name=name)
    after = _compute(start, changes)
    measures = [
        msgspec.structs.replace(
            measure,
            difference=_difference(
                before.result.measure(measure.name).figure,
                measure.figure,
                before.dates.get(measure.name),
                after.dates.get(measure.name),
            ),
        )
        for measure in after.result.measures
    ]
    return msgspec.structs.replace(after.result, name=name, measures=measures)


def run_many(
    start: Start,
    variants: Sequence[tuple[str, Changes]],
    map: Callable[[Callable[[Any], Any], Iterable[Any]], Iterable[Any]] = map,
) -> list[VariantResult]:
    """Run many variants, in their order; the results do not depend on who runs them.

    Parameters
    ----------
    variants
        Names and changes.
    map
        Applies a function to each of some lists of variants: the built-in one, that of a process
        pool, or of a Dask client (`lambda work, parts: client.gather(client.map(work, parts))`).
    """
    parts = [variants[first : first + CHUNK] for first in range(0, len(variants), CHUNK)]
    packed = pickle.dumps(start)
    return [each for found in map(partial(_run_part, packed), parts) for each in found]


def _run_part(packed: bytes, variants: Sequence[tuple[str, Changes]]) -> list[VariantResult]:
    start = _unpacked(packed)
    return [run(start, changes, name) for name, changes in variants]


@lru_cache(maxsize=2)
def _unpacked(packed: bytes) -> Start:
    """Return a start that was sent: one for all parts, so that what it keeps serves them all."""
    found = pickle.loads(packed)
    assert isinstance(found, Start)
    return found


@lru_cache(maxsize=4)
def _baseline(start: Start) -> _Computed:
    return _compute(start, NOTHING)


def _compute(start: Start, changes: Changes) -> _Computed:
    dates: dict[str, Array] = {}
    result = VariantResult(
        name="",
        changes=changes.document(),
        basis="measured" if start.measured else "plan",
        measures=[],
        curve=VolumeCurve(),
        years=[],
        slopes=[],
        grading=[],
        notes=over(changes, start.now),
    )
    begun: set[str] = set()
    done: Figure | None = None
    masses: dict[str, float] | None = None
    price = unknown("1", Text("The site has no plan"), time=start.now)
    tiers: Tiers | None = None
    if start.plan is not None and start.state.fill is not None:
        tiers = tiers_of(start, changes)
        deadline = last_moment(_deadline(start, changes))
        most = max(start.calendar.total, start.plan.file.total_capacity_thousand_m3)
        placement = place(start, changes, deadline, most)
        ends = Ends(start, start.state.fill, placement.paths, tiers, deadline)
        result.rests_on = None if placement.paths is None else rests_on(start)
        begun = _fill(start, start.state.fill, placement, ends, result, dates)
        done = result.measure("completion").figure
        parts = []
        if isinstance(done.value, str) and placement.paths is not None:
            left = start.calendar.total - placement.paths.done
            parts = masses_until(start, placement.segments, midnight(done.value), left)
        masses, price = summed(parts), cost(start, changes, parts)
    result.slopes = slopes_ahead(start, changes, begun, tiers)
    _ground(start, changes, result, done, masses)
    _add(result, "cost", Text("Cost of what is left of the plan"), price)
    return _Computed(result, dates)


def _deadline(start: Start, changes: Changes) -> date:
    given = changes.get("dates.deadline")
    assert start.plan is not None
    return date.fromisoformat(given) if isinstance(given, str) else start.plan.file.deadline.date


def _add(result: VariantResult, name: str, title: Text, figure: Figure) -> None:
    result.measures.append(Measure(name=name, title=title, figure=figure))


def _fill(
    start: Start,
    fill: FillState,
    placement: Placement,
    ends: Ends,
    result: VariantResult,
    dates: dict[str, Array],
) -> set[str]:
    """Tell the volume, its ends and its tiers; return the tiers that are begun by the deadline."""
    for end, name, title in (
        ("plan", "completion", Text("Plan's volume reached")),
        ("full", "full", Text("Crater full")),
    ):
        expected, chance, by_path = ends.reached(end)
        _add(result, name, title, expected)
        if by_path is not None:
            dates[name] = by_path
        if end == "plan":
            _add(result, "probability", Text("Reached by the deadline with"), chance)
    held = ends.at_deadline()
    _add(result, "deadline_volume", Text("Volume at the deadline"), held)
    tier = unknown("name", held.reason or Text("No reading yet"), time=start.now)
    if isinstance(held.value, float):
        tier = ends.tier_at(held)
    _add(result, "tier", Text("Tier of the front at the deadline"), tier)
    _machines(start, placement, result)
    result.curve, result.years, result.tiers = ends.curve(), ends.years(), ends.tiers(held)
    lower = ends.lower_by
    if lower > 0:
        result.notes.append(
            Text(
                "The tiers end {lower:.1f} m below the plan's top and take {takes:.0f} thousand m3",
                {"lower": lower, "takes": ends.target("full")},
            )
        )
    done = result.measure("completion").figure
    graded = grading_state(
        None,
        start.fleets,
        start.plan,
        msgspec.structs.replace(
            fill,
            completion=done,
            tiers=[
                msgspec.structs.replace(each, last_load=ends.last_load(each)) for each in fill.tiers
            ],
        ),
        start.state.settlement,
        start.now,
    )
    result.grading = [
        ZoneAhead(zone=each.zone, date=each.date) for each in (graded.zones if graded else [])
    ]
    _add(
        result,
        "grading",
        Text("Grading of the last tier from"),
        _last_grading([each for each in result.grading if each.zone in ends.planned], start.now),
    )
    return ends.begun(held)


def _machines(start: Start, placement: Placement, result: VariantResult) -> None:
    source = "fleet_capacity"
    last = placement.segments[-1]
    if placement.fleet_reason is not None or not last.can:
        reason = placement.fleet_reason or Text("The fleet cannot move the plan's streams")
        share = name = unknown("1", reason, time=start.now, source=source)
    else:
        share = Figure(
            value=last.can * last.part,
            unit="1",
            time=start.now,
            source=source,
            version=VERSION,
            validity=Text("Of what the plan with the changed streams asks, when all changes hold"),
        )
        name = (
            Figure(
                value=last.bottleneck, unit="name", time=start.now, source=source, version=VERSION
            )
            if last.bottleneck
            else unknown("name", Text("The fleet has nothing to move"), time=start.now)
        )
    _add(result, "fleet_share", Text("Capacity of the fleet over the plan"), share)
    _add(result, "bottleneck", Text("Bottleneck of the fleet"), name)
    held_back = Figure(
        value=placement.held_back,
        unit="1",
        time=start.now,
        source=source,
        version=VERSION,
        validity=Text(
            "Of what is planned until the deadline; a month moves at least what months like it"
            " have moved, in the proportion in which the fleet changes"
        ),
        quality="forecast",
    )
    if placement.fleet_reason is not None or placement.paths is None:
        reason = placement.fleet_reason or Text("There is no forecast of the fill")
        held_back = unknown("1", reason, time=start.now, source=source)
    _add(result, "held_back", Text("What the fleet cannot move"), held_back)


def _ground(
    start: Start,
    changes: Changes,
    result: VariantResult,
    done: Figure | None,
    masses: dict[str, float] | None,
) -> None:
    """Tell settlement, grading, slopes and water."""
    _add(
        result,
        "settlement_left",
        Text("Settlement of the present fill left when the plan's volume is reached, at most"),
        settlement_left(start, done),
    )
    if start.plan is None or start.state.fill is None:
        _add(result, "grading", Text("Grading of the last tier from"), _last_grading([], start.now))
    _add(result, "factor_of_safety", Text("Least factor of safety"), least(result.slopes, start))
    measured = [each for each in result.slopes if each.measured]
    _add(
        result,
        "factor_measured",
        Text("Least factor of safety where the water is measured"),
        least(measured, start),
    )
    too_far = start.observed.too_far(changes.number("rain.factor", 1.0))
    if too_far is not None:
        result.notes.append(too_far)
    if any(each.measured and _without_interval(each.factor_of_safety) for each in result.slopes):
        result.notes.append(
            Text(
                "The water would stand higher than in the last {days} days: factors of safety"
                " without an interval; it comes no higher than the ground, where it seeps out",
                {"days": start.observed.days},
            )
        )
    leaves = outflow(start, changes)
    _add(result, "outflow", Text("Water that leaves"), leaves)
    for station, quantity, figure in loads(start, leaves):
        _add(
            result,
            f"load.{station}.{quantity}",
            Text("Load of {quantity} at {station}", {"quantity": quantity, "station": station}),
            figure,
        )
    _add(
        result,
        "acid_ratio",
        Text("NP : AP of all that is placed"),
        blended(start, masses),
    )
    storage = start.water.balance.storage if start.water and start.water.balance else None
    down = lowered(start, changes)
    if down > 0 and storage is not None:
        result.notes.append(
            Text(
                "Lowering the water releases about {volume:.1f} thousand m3 once, not counted in"
                " what leaves in a year",
                {"volume": down * storage.area_thousand_m2 * storage.drainable_porosity},
            )
        )


def _without_interval(figure: Figure) -> bool:
    return figure.value is not None and figure.low is None


def _last_grading(zones: list[ZoneAhead], now: datetime) -> Figure:
    """Return when the last of the tiers to which the plan comes may be graded."""
    if not zones:
        return unknown("date", Text("The site has no plan"), time=now)
    for each in zones:
        if each.date.value is None:
            return each.date
    return max((each.date for each in zones), key=lambda figure: str(figure.value))


def _difference(
    before: Figure, after: Figure, dates_before: Array | None, dates_after: Array | None
) -> Figure:
    """Return what changes, with the interval of the paths' own differences."""
    unit = "d" if after.unit == "date" else after.unit
    if after.value is None or before.value is None:
        reason = after.reason or before.reason or Text("No reading yet")
        return unknown(unit, reason, time=after.time, source=MODEL)
    low = high = None
    value: float | str
    if after.unit == "date":
        value = float((midnight(str(after.value)) - midnight(str(before.value))).days)
        ends = (
            days_between(dates_before, dates_after)
            if dates_before is not None and dates_after is not None
            else None
        )
        if ends is not None:
            low, high = min(ends[0], value), max(ends[1], value)
    elif isinstance(after.value, str) or isinstance(before.value, str):
        value = "" if after.value == before.value else str(after.value)
    else:
        # What differs by the rounding of sums does not differ.
        same = math.isclose(after.value, before.value, rel_tol=1e-12)
        value = 0.0 if same else after.value - before.value
    return Figure(
        value=value,
        unit=unit,
        time=after.time,
        source=MODEL,
        version=VERSION,
        low=low,
        high=high,
        confidence=after.confidence if low is not None else None,
        quality="forecast",
    )
