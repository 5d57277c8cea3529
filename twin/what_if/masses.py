"""What is placed of each stream until an end is reached, and what that costs."""

from __future__ import annotations

from datetime import datetime

import numpy as np

from ingest.figure import Figure, unknown
from ingest.text import Text
from twin import VERSION
from twin.what_if.changes import Changes
from twin.what_if.placement import Segment
from twin.what_if.start import Start, ahead_of


def masses_until(
    start: Start, segments: tuple[Segment, ...], end: datetime, volume: float
) -> list[tuple[Segment, dict[str, float]]]:
    """Return the mass of each stream in each stretch of time until an end [t].

    Parameters
    ----------
    volume
        What is placed from now until then [thousand m3]; the streams share it as they are planned.
    """
    assert start.plan is not None
    ahead = ahead_of(start)
    if ahead is None or volume <= 0:
        return []
    planned = np.concatenate(([0.0], np.cumsum(ahead.planned)))
    found, whole = [], 0.0
    for segment in segments:
        last = min(segment.end, end.timestamp())
        if last <= segment.begin:
            break
        edges = np.interp([segment.begin, last], ahead.edges, planned)
        amount = float(edges[1] - edges[0])
        by_stream = {name: share * amount for name, share in segment.shares.items()}
        whole += sum(by_stream.values())
        found.append((segment, by_stream))
    if whole <= 0:
        return []
    streams = {name: each for part in start.plan.streams for name, each in part.by_name.items()}
    scale = volume / whole * 1000
    return [
        (segment, {name: part * scale / streams[name].factor for name, part in by_stream.items()})
        for segment, by_stream in found
    ]


def summed(parts: list[tuple[Segment, dict[str, float]]]) -> dict[str, float] | None:
    """Return the masses of all stretches [t], None for nothing."""
    if not parts:
        return None
    found: dict[str, float] = {}
    for _, masses in parts:
        for name, mass in masses.items():
            found[name] = found.get(name, 0.0) + mass
    return found


def cost(start: Start, changes: Changes, parts: list[tuple[Segment, dict[str, float]]]) -> Figure:
    """Return what it costs to place what is left of the plan, where unit costs are configured."""
    said = start.said.costs if start.said else None
    if said is None:
        return unknown("1", Text("Unit costs are not configured for this site (what_if.yaml)"))
    if not parts:
        reason = Text("It is not known when the fill will be complete")
        return unknown(said.currency, reason, time=start.now, source=said.source)
    total = 0.0
    since = changes.moment("fleet.since")
    for segment, masses in parts:
        fleet = (
            start.fleets.at(datetime.fromtimestamp(segment.begin, start.now.tzinfo))
            if (start.fleets)
            else None
        )
        distance = 0.0
        if fleet is not None:
            distance = fleet.hauling.distance_km
            if since is None or segment.begin >= since.timestamp():
                distance = changes.number("fleet.distance_km", distance)
        for name, mass in masses.items():
            if name in said.streams_per_t:
                total += mass * said.streams_per_t[name]
                continue
            hauled = fleet is not None and name in fleet.materials
            total += mass * (said.placing_per_t + said.haul_per_t_km * distance * hauled)
    if changes.get("drainage.drains"):
        if said.drains is None:
            reason = Text("The cost of the drains is not configured (what_if.yaml)")
            return unknown(said.currency, reason, time=start.now, source=said.source)
        total += said.drains
    return Figure(
        value=total,
        unit=said.currency,
        time=start.now,
        source=said.source,
        version=VERSION,
        validity=Text("From now until the plan's volume is reached, at today's unit costs"),
        quality="forecast",
    )
