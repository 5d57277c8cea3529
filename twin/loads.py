"""Loads over the weighbridge, summed by day and waste stream."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ingest.site import Instrument
from twin.buckets import Array, read_buckets
from twin.current import Current
from twin.history import DAY, History, last_midnight
from twin.outages import Outage, busy_day, rest, silent_runs
from twin.plan import Plan, Stream

#: Days that are read anew for every state; older ones with the day's history. A load that is
#: reported later than this enters at the next midnight.
FRESH_DAYS = 7


@dataclass(frozen=True)
class Loads:
    """What has been weighed from the plan's start up to a moment.

    Parameters
    ----------
    start
        First day.
    end
        The moment.
    streams
        Names of the waste streams.
    mass
        Weighed mass (days x streams) [t]; the last day ends at the moment.
    volume
        Volume of it in the dump (days x streams) [thousand m3].
    loose
        Loose volume of it, before residual bulking and compaction (days x streams) [thousand m3].
    outages
        Silences of weighbridges that were too long (`twin/outages.py`).
    hidden
        What may have been placed on each day without being weighed, at most (days)
        [thousand m3]; empty: nothing.
    """

    start: datetime
    end: datetime
    streams: list[str]
    mass: Array
    volume: Array
    loose: Array
    outages: tuple[Outage, ...] = ()
    hidden: Array = field(default_factory=lambda: np.zeros(0))

    @cached_property
    def cumulative(self) -> Array:
        """Volume in the dump at the end of each day [thousand m3]."""
        return np.cumsum(self.volume.sum(axis=1))

    @cached_property
    def silent(self) -> NDArray[np.bool_]:
        """Whether a weighbridge was out of order on a day (days)."""
        found = np.zeros(len(self.volume), dtype=bool)
        for outage in self.outages:
            found[outage.first : outage.first + outage.days] = True
        return found

    @property
    def unweighed(self) -> float:
        """What may lie in the dump without having been weighed, at most [thousand m3]."""
        return float(self.hidden.sum())


def read_loads(current: Current, history: History, plan: Plan) -> Loads:
    """Return the loads known at a state's moment.

    A load is turned into volume by the factors of its own day: loose volume = mass / bulk density,
    volume in the dump = loose volume * residual bulking / compaction (table 4 of the plan).
    """
    streams = plan.stream_names
    today = max(last_midnight(current.at), plan.start)
    days = (today - plan.start) // DAY
    mass = np.zeros((days + 1, len(streams)))
    factors = _by_day(plan, days + 1, streams, lambda stream: stream.factor) / 1000
    outages: list[Outage] = []
    hidden = np.zeros(days + 1)
    if current.at >= plan.start:
        fresh = min(days, FRESH_DAYS)
        for bridge in current.site.with_quantity("load_mass"):
            columns = [streams.index(str(node)) for node in bridge.nodes]
            own = np.zeros((days + 1, len(columns)))
            if days > fresh:
                old = history.daily_totals(bridge.name, "load_mass", plan.start, days - fresh)
                own[: days - fresh] += old
            parts = [(today - fresh * DAY, today, fresh)] if fresh else []
            for start, end, count in [*parts, (today, current.end, 1)]:
                found = read_buckets(
                    current.site,
                    current.store,
                    bridge.name,
                    "load_mass",
                    start=start,
                    end=end,
                    count=count,
                    known_at=current.known_at,
                )
                first = (start - plan.start) // DAY
                own[first : first + count] += found.total
            mass[:, columns] += own
            brought = (own * factors[:, columns]).sum(axis=1)
            runs, working = _silences(current, plan, bridge, brought)
            for first, long in runs:
                outages.append(Outage(bridge.name, first, long))
                part = slice(first, first + long)
                hidden[part] += np.where(working[part], busy_day(brought, first, long), 0.0)
    return Loads(
        start=plan.start,
        end=current.at,
        streams=streams,
        mass=mass,
        volume=mass * factors,
        loose=mass
        * _by_day(plan, days + 1, streams, lambda stream: 1 / stream.bulk_density)
        / 1000,
        outages=tuple(outages),
        hidden=hidden,
    )


def _silences(
    current: Current, plan: Plan, bridge: Instrument, brought: Array
) -> tuple[list[tuple[int, int]], NDArray[np.bool_]]:
    """Return the silences of a weighbridge and the days on which people haul.

    Parameters
    ----------
    brought
        What it weighed by day (days); the last day is not over.
    """
    days = len(brought) - 1
    calendar = plan.calendar_at(current.at, current.known_at)
    edges = plan.start.timestamp() + DAY.total_seconds() * np.arange(days + 1.0)
    working = (np.diff(calendar.volumes_at(edges)) > 0) & ~rest(plan.start, days, plan.rest_days)
    limit_d = current.site.type_of(bridge.name).stale_after_s / DAY.total_seconds()
    return silent_runs(brought[:days], working, limit_d), working


def _by_day(plan: Plan, days: int, streams: list[str], factor: Callable[[Stream], float]) -> Array:
    """Return the volume of a tonne by the factor in force (days x streams) [m3/t].

    A stream that a revision leaves out keeps the factor of the revision before: what is weighed
    of it all the same is the same waste. Before its first revision it has that one's factor.
    """
    factors = np.zeros((days, len(streams)))
    for column, name in enumerate(streams):
        known = [each for each in plan.streams if name in each.by_name]
        for index, revision in enumerate(known):
            # Revisions rise by date, so a later one overwrites the rest of its predecessor.
            first = max((revision.since - plan.start) // DAY, 0) if index else 0
            factors[first:, column] = factor(revision.by_name[name])
    return factors
