"""Differential settlement: the tilt between neighbouring points."""

from __future__ import annotations

from itertools import combinations

import numpy as np
from scipy.spatial import Delaunay, QhullError

from ingest.figure import Figure, unknown
from ingest.site import Site
from twin import VERSION
from twin.settlement.configuration import Neighbours, load_rules
from twin.state import SettlementState, TiltState


def tilts(site: Site, states: list[SettlementState]) -> list[TiltState]:
    """Return the tilt between each two neighbours, the largest first, unknown ones last.

    Settlement counts from each point's installation: points that were installed later differ by
    what the others had settled before.
    """
    rules = load_rules(site)
    if rules is None or rules.neighbours is None:
        return []
    by_name = {state.point: state for state in states}
    found = [
        _tilt(by_name[first], by_name[second], distance, rules.neighbours)
        for first, second, distance in neighbours(site, list(by_name), rules.neighbours.within_m)
    ]

    def size(each: TiltState) -> tuple[bool, float, str, str]:
        known = isinstance(each.tilt.value, float)
        return not known, -float(each.tilt.value or 0.0), each.first, each.second

    return sorted(found, key=size)


def neighbours(site: Site, points: list[str], within_m: float) -> list[tuple[str, str, float]]:
    """Return pairs of neighbours with their distance [m].

    Neighbours share an edge of the Delaunay triangulation of all points; where there is none
    (fewer than three points, or all in a line), every pair is one.
    """
    at = np.array([[site.instruments[name].x_m, site.instruments[name].y_m] for name in points])
    try:
        triangles = Delaunay(at).simplices if len(points) > 2 else np.empty((0, 3), int)
    except QhullError:
        triangles = np.empty((0, 3), int)
    edges = {
        (int(min(pair)), int(max(pair)))
        for triangle in triangles
        for pair in combinations(triangle, 2)
    } or set(combinations(range(len(points)), 2))
    found = []
    for first, second in sorted(edges):
        distance = float(np.hypot(*(at[first] - at[second])))
        if 0 < distance <= within_m:
            found.append((points[first], points[second], distance))
    return found


def _tilt(
    first: SettlementState, second: SettlementState, distance: float, rules: Neighbours
) -> TiltState:
    source = f"{first.point}, {second.point}"
    for state in (first, second):
        if not isinstance(state.settlement.value, float) and state.settlement.reason is not None:
            return TiltState(
                first=first.point,
                second=second.point,
                distance_m=round(distance, 1),
                difference=unknown("mm", state.settlement.reason, source=source),
                tilt=unknown("mm/m", state.settlement.reason, source=source),
                over=None,
            )
    a, b = first.settlement, second.settlement
    difference = float(b.value or 0.0) - float(a.value or 0.0)
    tilt = abs(difference) / distance
    stale = "stale" in (a.quality, b.quality)
    times = [each.time for each in (a, b) if each.time is not None]

    def figure(value: float, unit: str) -> Figure:
        return Figure(
            value=value,
            unit=unit,
            time=min(times, default=None),
            source=source,
            version=VERSION,
            quality="stale" if stale else "derived",
        )

    return TiltState(
        first=first.point,
        second=second.point,
        distance_m=round(distance, 1),
        difference=figure(round(difference, 2), "mm"),
        tilt=figure(round(tilt, 3), "mm/m"),
        over=tilt > rules.limit_mm_per_m,
    )
