"""Loads over the weighbridge, summed by day and waste stream."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta

import numpy as np

from twin.current import Current
from twin.history import Array
from twin.plan import Plan

DAY = timedelta(days=1)


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
    """

    start: datetime
    end: datetime
    streams: list[str]
    mass: Array
    volume: Array

    @property
    def cumulative(self) -> Array:
        """Volume in the dump at the end of each day [thousand m3]."""
        return np.cumsum(self.volume.sum(axis=1))

    def since(self, start: datetime) -> slice:
        """Return which days begin at or after a moment."""
        return slice(max(-((self.start - start) // DAY), 0), None)


def read_loads(current: Current, plan: Plan) -> Loads:
    """Return the loads known at a state's moment.

    A load is turned into volume by the factors of its own day: loose volume = mass / bulk density,
    volume in the dump = loose volume * residual bulking / compaction (table 4 of the plan).
    """
    streams = plan.stream_names
    midnight = datetime.combine(current.at.astimezone(UTC).date(), time(), UTC)
    days = max((midnight - plan.start) // DAY, 0)
    mass = np.zeros((days + 1, len(streams)))
    for instrument in current.site.with_quantity("load_mass"):
        columns = [streams.index(str(node)) for node in instrument.nodes]
        parts = [(plan.start, midnight, days)] if days else []
        parts.append((max(midnight, plan.start), current.end, 1))
        for start, end, count in parts:
            if start >= end:
                continue
            frame = current.store.buckets(
                instrument.name,
                "load_mass",
                start=start,
                end=end,
                count=count,
                known_at=current.known_at,
                trusted=True,
            )
            if len(frame):
                row = ((frame["start"] - plan.start) // DAY).to_numpy(dtype=int)
                column = np.array(columns)[frame["node"].to_numpy(dtype=int)]
                np.add.at(mass, (row, column), (frame["mean"] * frame["count"]).to_numpy())
    return Loads(
        start=plan.start,
        end=current.at,
        streams=streams,
        mass=mass,
        volume=mass * _factors(plan, days + 1, streams) / 1000,
    )


def _factors(plan: Plan, days: int, streams: list[str]) -> Array:
    """Return the volume in the dump of a tonne (days x streams) [m3/t]."""
    factors = np.zeros((days, len(streams)))
    for revision in plan.streams:
        # Revisions rise by date, so a later one overwrites the rest of its predecessor.
        first = max((revision.since - plan.start) // DAY, 0)
        factors[first:] = [
            revision.by_name[name].factor if name in revision.by_name else np.nan
            for name in streams
        ]
    return factors
