"""Loads over the weighbridge, summed by day and waste stream."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

import numpy as np

from twin.buckets import Array, read_buckets
from twin.current import Current
from twin.history import DAY, History, last_midnight
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
    """

    start: datetime
    end: datetime
    streams: list[str]
    mass: Array
    volume: Array
    loose: Array

    @cached_property
    def cumulative(self) -> Array:
        """Volume in the dump at the end of each day [thousand m3]."""
        return np.cumsum(self.volume.sum(axis=1))


def read_loads(current: Current, history: History, plan: Plan) -> Loads:
    """Return the loads known at a state's moment.

    A load is turned into volume by the factors of its own day: loose volume = mass / bulk density,
    volume in the dump = loose volume * residual bulking / compaction (table 4 of the plan).
    """
    streams = plan.stream_names
    today = max(last_midnight(current.at), plan.start)
    days = (today - plan.start) // DAY
    mass = np.zeros((days + 1, len(streams)))
    if current.at >= plan.start:
        fresh = min(days, FRESH_DAYS)
        for bridge in current.site.with_quantity("load_mass"):
            columns = [streams.index(str(node)) for node in bridge.nodes]
            if days > fresh:
                old = history.daily_totals(bridge.name, "load_mass", plan.start, days - fresh)
                mass[: days - fresh, columns] += old
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
                mass[first : first + count, columns] += found.total
    return Loads(
        start=plan.start,
        end=current.at,
        streams=streams,
        mass=mass,
        volume=mass * _by_day(plan, days + 1, streams, lambda stream: stream.factor) / 1000,
        loose=mass
        * _by_day(plan, days + 1, streams, lambda stream: 1 / stream.bulk_density)
        / 1000,
    )


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
