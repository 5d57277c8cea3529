"""What is placed in the months ahead, with other streams, dates and machines.

A path's month brings its ratio times what is planned then. How much of it the fleet moves follows
from the past: a month shows at least what it moved, and the tables of the fleet say what it can
move. Machines that can do a part `q` of what they could before do that part of the larger of the
two. A fleet that can do more brings no more: there is no more waste than there is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from itertools import pairwise

import numpy as np

from ingest.text import Text
from twin.buckets import Array
from twin.completion import MonthsAhead, Paths, paths
from twin.fleet.capacity import ImpossibleFleet, limit
from twin.fleet.inputs import Fleet, yearly_volumes
from twin.fleet.what_if import FleetChanges, changed, changed_volumes
from twin.history import DAY
from twin.plan import Calendar, Plan, Stream
from twin.what_if.changes import BadChange, Changes
from twin.what_if.start import Start, ahead_of, ratios_of

#: Months of all paths that are reckoned at once: so many fit into a processor's cache.
MONTHS_AT_ONCE = 24


@dataclass(frozen=True)
class Segment:
    """A stretch of time in which plan, streams and fleet stay what they are.

    Parameters
    ----------
    begin, end
        [s since 1970].
    shares
        By stream, volume in the dump over the whole volume that is planned without changes [1].
    multiple
        Volume with the changes over the volume without them [1].
    hauled
        Of the shares, what the fleet hauls [1].
    can
        Share of the plan that the fleet can move as it is [1].
    part
        What it can move with the changes, over that [1].
    bottleneck
        The kind of machine that moves least with the changes, "" when not known.
    """

    begin: float
    end: float
    shares: dict[str, float]
    multiple: float
    hauled: float
    can: float
    part: float
    bottleneck: str


@dataclass(frozen=True)
class Placement:
    """Paths of the volume, and what they rest on.

    Parameters
    ----------
    paths
        None when too few months are over.
    held_back
        Share of the planned volume that the fleet cannot move, mean of the paths until the
        deadline [1].
    fleet_reason
        Why the fleet limits nothing; None: it does.
    """

    paths: Paths | None
    segments: tuple[Segment, ...]
    held_back: float
    fleet_reason: Text | None


def place(start: Start, changes: Changes, deadline: datetime, most: float) -> Placement:
    """Return what is placed from a state on.

    Parameters
    ----------
    most
        Volume in the dump beyond which nobody asks when it is reached [thousand m3].

    Raises
    ------
    BadChange
        When the fleet cannot work as changed.
    """
    assert start.plan is not None
    assert start.past is not None
    calendar, fill = start.calendar, start.state.fill
    segments = _segments(start, changes, calendar)
    reason = Text("The site has no fleet.yaml") if start.fleets is None else None
    done = fill.volume_in_dump.value if fill else None
    ahead = ahead_of(start)
    if ahead is None or not isinstance(done, float):
        return Placement(None, segments, 0.0, reason)
    same = all(each.part == 1.0 and each.multiple == 1.0 for each in segments)
    if same and start.measured:
        return Placement(paths(start.past, calendar, start.now, done), segments, 0.0, reason)
    found, held_back = _paths(start, ahead, segments, deadline, done, most)
    return Placement(found, segments, held_back, reason)


def _paths(
    start: Start,
    ahead: MonthsAhead,
    segments: tuple[Segment, ...],
    deadline: datetime,
    done: float,
    most: float,
) -> tuple[Paths, float]:
    """Return the paths, and the share of the planned volume that the fleet cannot move.

    They end where every one of them has reached `most`: nothing is asked of what comes after.
    """
    now = start.now.timestamp()
    begin, end = np.maximum(ahead.edges[:-1], now), ahead.edges[1:]

    def mean(of: Callable[[Segment], float]) -> Array:
        return _mean(segments, of, begin, end)[:, None]

    planned = ahead.planned[:, None] * mean(lambda each: each.multiple)
    # Rounding must not make more of what is hauled than there is: no month takes anything away.
    hauled = np.minimum(ahead.planned[:, None] * mean(lambda each: each.hauled), planned)
    can, part = mean(lambda each: each.can), mean(lambda each: each.part)
    ratios = ratios_of(start)
    last = max(deadline.timestamp(), now + 2 * 366 * DAY.total_seconds())
    added = np.empty((len(end) + 1, ratios.shape[1]))
    added[0] = 0.0
    stop = 0
    for first in range(0, len(end), MONTHS_AT_ONCE):
        stop = min(first + MONTHS_AT_ONCE, len(end))
        months = slice(first, stop)
        volumes = added[first + 1 : stop + 1]
        np.multiply(ratios[months], planned[months], out=volumes)
        if (part[months] < 1).any():
            # What is moved at least, as without the changes: a month's own, or the tables'.
            short = np.maximum(ratios[months], can[months])
            short *= part[months]
            short -= ratios[months]
            np.minimum(short, 0.0, out=short)
            short *= hauled[months]
            volumes += short
        for month in range(first, stop):
            added[month + 1] += added[month]
        if ahead.edges[stop] > last and (added[stop] - added[1]).min() > most - done:
            break
    found = Paths(ahead.edges[: stop + 1], added[: stop + 1].T, now, done)
    if (part >= 1).all():
        return found, 0.0
    until = int((end <= max(deadline.timestamp(), end[0])).sum())
    wanted = float(ratios[:until].mean(axis=1) @ planned[:until, 0])
    held_back = 1 - float(added[until].mean()) / wanted if wanted > 0 else 0.0
    return found, held_back if held_back > 1e-12 else 0.0  # rounding holds nothing back


def _mean(
    segments: tuple[Segment, ...], of: Callable[[Segment], float], begin: Array, end: Array
) -> Array:
    """Return the mean over stretches of time; exactly 1 where it is 1 throughout."""
    cuts = np.array([segments[0].begin, *(each.end for each in segments)])
    off = np.array([of(each) - 1.0 for each in segments])
    area = np.concatenate(([0.0], np.cumsum(off * np.diff(cuts))))
    gained = np.interp(end, cuts, area) - np.interp(begin, cuts, area)
    # Rounding of long sums must not stand for a change in a month that has none.
    first = np.searchsorted(cuts, begin, side="right") - 1
    within = end <= cuts[np.minimum(first + 1, len(cuts) - 1)]
    exact = off[np.minimum(first, len(off) - 1)]
    return np.asarray(1.0 + np.where(within, exact, gained / (end - begin)))


def _segments(start: Start, changes: Changes, calendar: Calendar) -> tuple[Segment, ...]:
    plan = start.plan
    assert plan is not None
    now = start.now
    last = datetime(now.year + 101, 1, 1, tzinfo=UTC)
    cuts = {now, last}
    cuts |= {each.since for each in plan.streams}
    cuts |= {each.since for each in (start.fleets.revisions if start.fleets else ())}
    cuts |= {datetime(year + 1, 1, 1, tzinfo=UTC) for year in calendar.streams}
    cuts |= {calendar.knots[-1]}
    for key in ("dates.start", "fleet.since", *(f"streams.{s}.since" for s in plan.stream_names)):
        moment = changes.moment(key)
        cuts |= {moment} if moment is not None else set()
    cuts |= {edge for pause in changes.pauses for edge in pause}
    edges = sorted(cut for cut in cuts if now <= cut <= last)
    return tuple(
        _segment(start, plan, changes, calendar, begin, end) for begin, end in pairwise(edges)
    )


def _segment(
    start: Start,
    plan: Plan,
    changes: Changes,
    calendar: Calendar,
    begin: datetime,
    end: datetime,
) -> Segment:
    streams = plan.streams_at(begin).by_name
    moment = begin
    if calendar.streams and begin >= calendar.knots[-1]:  # the last year is repeated
        moment = datetime(max(calendar.years), 12, 31, tzinfo=UTC)
    shares = plan.shares_at(calendar, moment)
    factors = {name: _factor(changes, name, streams, begin) for name in shares}
    first = changes.moment("dates.start")
    closed = (first is not None and begin < first) or any(
        since <= begin < until for since, until in changes.pauses
    )
    fleet = None if start.fleets is None else start.fleets.at(begin)
    can, part, bottleneck = 0.0, 1.0, ""
    if fleet is not None:
        masses = {
            name: streams[name].mass_per_year * factor
            for name, factor in factors.items()
            if factor != 1.0 and name in fleet.materials and name in streams
        }
        can, part, bottleneck = _part(fleet, plan, begin, _fleet_changes(changes, begin), masses)
    given = {name: 0.0 if closed else share * factors[name] for name, share in shares.items()}
    materials = fleet.materials if fleet is not None else {}
    return Segment(
        begin=begin.timestamp(),
        end=end.timestamp(),
        shares=given,
        # Exactly 1 without a change, though the shares add up to it but for rounding.
        multiple=0.0
        if closed
        else 1.0 + sum(share * (factors[name] - 1.0) for name, share in shares.items()),
        hauled=sum(share for name, share in given.items() if name in materials),
        can=can,
        part=part,
        bottleneck=bottleneck,
    )


def _factor(changes: Changes, name: str, streams: Mapping[str, Stream], begin: datetime) -> float:
    """Return the mass of a stream over its planned mass [1]."""
    since = changes.moment(f"streams.{name}.since")
    if since is not None and begin < since:
        return 1.0
    mass = changes.get(f"streams.{name}.mass")
    if isinstance(mass, int | float) and name in streams:
        return float(mass) / streams[name].mass_per_year
    return changes.number(f"streams.{name}.factor", 1.0)


def _fleet_changes(changes: Changes, begin: datetime) -> FleetChanges:
    since = changes.moment("fleet.since")
    if since is not None and begin < since:
        return FleetChanges()
    given = {
        key.removeprefix("fleet."): value
        for key, value in changes.values
        if key.startswith("fleet.") and key != "fleet.since"
    }
    trucks = {
        key.removeprefix("trucks."): value
        for key, value in given.items()
        if key.startswith("trucks.")
    }
    others = {key: value for key, value in given.items() if not key.startswith("trucks.")}
    return FleetChanges.model_validate({**others, "trucks": trucks})


def _part(
    fleet: Fleet, plan: Plan, begin: datetime, given: FleetChanges, masses: dict[str, float]
) -> tuple[float, float, str]:
    """Return what a fleet can move of the plan, how the changes multiply it, and its bottleneck."""
    volumes = yearly_volumes(fleet, plan, begin)
    try:
        can, bottleneck = _limit(fleet, tuple(volumes.items()), "")
    except ImpossibleFleet:
        return 0.0, 1.0, ""  # the state says why
    asked = given.model_copy(update={"masses": masses})
    if asked == FleetChanges():
        return can, 1.0, bottleneck
    wanted = changed_volumes(fleet, plan, begin, asked)
    if not any(wanted.values()):
        return can, 1.0, ""
    try:
        able, bottleneck = _limit(fleet, tuple(wanted.items()), asked.model_dump_json())
    except ImpossibleFleet as error:
        named = given.model_dump(exclude_defaults=True)
        raise BadChange("fleet", named or "", error.reason, refusal=True) from error
    return can, able / can if can > 0 else 1.0, bottleneck


@lru_cache(maxsize=512)
def _limit(fleet: Fleet, volumes: tuple[tuple[str, float], ...], given: str) -> tuple[float, str]:
    if given:
        fleet = changed(fleet, FleetChanges.model_validate_json(given))
    return limit(fleet, dict(volumes))
