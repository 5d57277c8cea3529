"""When the dump reaches an end with a variant, and where the fill stands on the way."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

import msgspec
import numpy as np

from ingest.figure import Figure, unknown
from ingest.text import Text
from twin import VERSION
from twin.backfill import FORECAST_POINTS
from twin.buckets import Array
from twin.completion import HIGH, LOW, Paths, moment, quantile
from twin.history import DAY
from twin.plan import Plan
from twin.state import CompletionState, FillState
from twin.what_if.results import VolumeCurve, YearAhead

#: Years ahead that are told at most.
MOST_YEARS = 60


def last_moment(deadline: date) -> datetime:
    """Return the moment at which a deadline's day is over."""
    return datetime.combine(deadline, time(), UTC) + DAY


def end_of(fill: FillState, end: str) -> CompletionState:
    """Return what the twin itself says of an end."""
    return next(each for each in fill.completions if each.end == end)


def reached(
    state: CompletionState, paths: Paths | None, deadline: datetime
) -> tuple[Figure, Figure]:
    """Return when an end is reached, and the probability that it is by a deadline [1]."""
    if paths is None or state.expected.quality == "derived":
        return state.expected, state.probability  # not known, or done already
    target = float(state.target.value or 0)
    found = paths.reached(target)
    low, middle, high = (_day(moment(quantile(found, share))) for share in (LOW, 0.5, HIGH))
    chance = msgspec.structs.replace(
        state.probability, value=float(np.mean(found < deadline.timestamp()))
    )
    if middle is None:
        reason = Text("With this variant the volume is not reached in 100 years")
        return unknown("date", reason, time=state.expected.time, source=chance.source), chance
    expected = msgspec.structs.replace(
        chance, value=middle, unit="date", low=low, high=high, confidence=HIGH - LOW
    )
    return expected, chance


def at_deadline(state: CompletionState, paths: Paths | None, deadline: datetime) -> Figure:
    """Return what the dump holds when a deadline is over [thousand m3]."""
    if paths is None:
        return state.expected
    if deadline.timestamp() <= paths.now:
        reason = Text("The deadline is over")
        return unknown("thousand m3", reason, time=state.expected.time)
    low, middle, high = volumes(paths, deadline)
    template = state.expected if state.expected.value is not None else state.probability
    return msgspec.structs.replace(
        template,
        value=middle,
        unit="thousand m3",
        low=low,
        high=high,
        confidence=HIGH - LOW,
        reason=None,
        source=template.source,
        version=VERSION,
        quality="forecast" if template.quality == "unavailable" else template.quality,
    )


def volumes(paths: Paths, when: datetime) -> tuple[float, float, float]:
    """Return low, middle and high of the paths at a moment [thousand m3]."""
    found = np.sort(paths.volumes(np.array([when.timestamp()]))[:, 0])
    return quantile(found, LOW), quantile(found, 0.5), quantile(found, HIGH)


def days_between(before: Array, after: Array) -> tuple[float, float] | None:
    """Return the interval of 80 % of the paths' own differences of two dates [d]."""
    there = np.isfinite(before) & np.isfinite(after)
    if there.mean() < HIGH:
        return None
    differences = np.sort(after[there] - before[there]) / DAY.total_seconds()
    return quantile(differences, LOW), quantile(differences, HIGH)


def curve(paths: Paths | None, total: float, now: datetime) -> VolumeCurve:
    """Return the volume ahead, up to a whole [thousand m3]."""
    if paths is None or paths.done >= total:
        return VolumeCurve()
    moments, curves = paths.fan(total, FORECAST_POINTS)
    return VolumeCurve(
        time=[now + timedelta(seconds=round(each - paths.now)) for each in moments.tolist()],
        middle=curves["middle"].tolist(),
        low=curves["low"].tolist(),
        high=curves["high"].tolist(),
    )


def filled_at(
    plan: Plan, fill: FillState, order: tuple[str, ...], volume: float
) -> dict[str, float]:
    """Return how much lies in each tier when the dump holds a volume [thousand m3].

    What lies there now stays; what comes fills the tiers in the order given.
    """
    held = {
        tier.tier: tier.filled.value if isinstance(tier.filled.value, float) else 0.0
        for tier in fill.tiers
    }
    left = volume - sum(held.values())
    for name in order:
        part = min(max(plan.tiers[name].capacity_thousand_m3 - held[name], 0.0), max(left, 0.0))
        held[name] += part
        left -= part
    return held


def tier_at(plan: Plan, fill: FillState, order: tuple[str, ...], volume: float) -> str:
    """Return the tier that is being filled when the dump holds a volume."""
    held = filled_at(plan, fill, order, volume)
    for name in order:
        if held[name] < plan.tiers[name].capacity_thousand_m3 - 1e-9:
            return name
    return order[-1]


def years_ahead(
    plan: Plan, fill: FillState, paths: Paths | None, order: tuple[str, ...], deadline: datetime
) -> list[YearAhead]:
    """Return where the fill stands at the ends of the years up to the deadline's."""
    if paths is None:
        return []
    template = end_of(fill, "plan").probability
    first = datetime.fromtimestamp(paths.now, UTC).year
    found = []
    for year in range(first, min(max(deadline.year, first + 1), first + MOST_YEARS)):
        low, middle, high = volumes(paths, datetime(year + 1, 1, 1, tzinfo=UTC))
        volume = msgspec.structs.replace(
            template,
            value=middle,
            unit="thousand m3",
            low=low,
            high=high,
            confidence=HIGH - LOW,
        )
        tier = msgspec.structs.replace(
            template, value=tier_at(plan, fill, order, middle), unit="name"
        )
        found.append(YearAhead(year=year, volume=volume, tier=tier))
    return found


def _day(when: datetime | None) -> str | None:
    return None if when is None else when.date().isoformat()
