"""The search for the critical circle, against plain Python on the same circles.

A tier of the dump (55 m at 37 degrees on 43 m of older fill, water in it). The reference computes
every circle of the grid, and every circle of the descents, slice by slice in plain Python, by the
same formulas; both must find the same least factor of safety to 1e-9.

Usage: python benchmarks/circle_search.py [--repeats N] [--json]
"""

from __future__ import annotations

import math
from bisect import bisect_right

import numpy as np
from _measure import arguments, interleaved, median_of, seconds, show

from twin.slopes import circular_search
from twin.slopes.bishop_simplified import bishop_simplified
from twin.slopes.circular_search import SEARCHED, circles_of, search
from twin.slopes.section import Layer, Section, Soil, Water
from twin.slopes.slices import Factors, Slices

LEAST_DEPTH = 10.0


def main() -> None:
    options = arguments(__doc__, repeats=5).parse_args()
    section = tier()
    tried = _named_by_the_search(section)
    plain_least = [0.0]

    def ours() -> None:
        search(section, least_depth=LEAST_DEPTH)

    def plain() -> None:
        plain_least[0] = min(plain_factor(section, named) for named in tried)

    runs = interleaved(
        {"ours": lambda: seconds(ours), "plain": lambda: seconds(plain)}, options.repeats
    )
    least = _least(section, np.array(tried))
    assert abs(least - plain_least[0]) <= 1e-9 * least, (least, plain_least[0])
    show(
        [
            median_of(
                f"search of {len(tried):,} circles of {SEARCHED} slices",
                [1000 * each for each in runs["ours"]],
                "ms",
                against=[1000 * each for each in runs["plain"]],
                target="below 100 ms; ratio at most 0.1",
            ),
            median_of("the same circles in plain Python", [1000 * x for x in runs["plain"]], "ms"),
        ],
        as_json=options.json,
    )


def tier() -> Section:
    """Return the lowest tier with water that reaches 3 m above its toe inside."""
    run = 55 / math.tan(math.radians(37))
    left, right = -run - 82.5, 82.5
    return Section(
        ((left, 55.0), (-run, 55.0), (0.0, 0.0), (right, 0.0)),
        (
            Layer(Soil("placed waste", 22.6, 10.0, 37.0)),
            Layer(Soil("fill below", 22.0, 10.0, 30.0), ((left, 0.0), (right, 0.0))),
        ),
        Water(line=((left, 3.0), (-20.0, 0.0), (right, -1.0))),
        rock=((left, -43.0), (right, -43.0)),
    )


def _named_by_the_search(section: Section) -> list[tuple[float, float, float]]:
    """Return every circle that the search computes, by its entry, exit and bulge."""
    found: list[tuple[float, float, float]] = []
    original = circular_search.circles_of

    def noted(one: Section, named: np.ndarray) -> np.ndarray:
        found.extend(map(tuple, named.tolist()))
        return original(one, named)

    circular_search.circles_of = noted
    try:
        search(section, least_depth=LEAST_DEPTH)
    finally:
        circular_search.circles_of = original
    return found


def _least(section: Section, named: np.ndarray) -> float:
    """Return the least factor of safety of circles, computed at once."""
    ends = np.sort(named[:, :2], axis=1)
    slices: Slices = circular_search.cut(
        section, circles_of(section, named), ends[:, 0], ends[:, 1], SEARCHED
    )
    shallow = slices.height.max(axis=1) < LEAST_DEPTH
    slices.refused[(slices.refused == 0) & shallow] = circular_search.TOO_SHALLOW
    found: Factors = bishop_simplified(slices, refuse_lifted=False)
    return float(np.nanmin(found.value))


def level(line: tuple[tuple[float, float], ...], x: float) -> float:
    """Return the level of a polyline at x; level beyond its ends."""
    place = bisect_right([point[0] for point in line], x)
    if place == 0:
        return line[0][1]
    if place == len(line):
        return line[-1][1]
    (x1, y1), (x2, y2) = line[place - 1], line[place]
    return y1 + (y2 - y1) * (x - x1) / (x2 - x1)


def plain_factor(section: Section, named: tuple[float, float, float]) -> float:
    """Return Bishop's factor of safety of one circle, infinite where there is none."""
    entry, leave, bulge = named
    rise = level(section.surface, entry) - level(section.surface, leave)
    run = max(leave - entry, 1e-9)
    dip = math.atan2(rise, run)
    half = bulge * (math.pi / 2 - dip)
    chord = math.hypot(rise, run)
    radius = chord / 2 / math.sin(half)
    stand = radius * math.cos(half)
    x = (entry + leave) / 2 + stand * rise / chord
    middle = (level(section.surface, entry) + level(section.surface, leave)) / 2
    centre = middle + stand * run / chord
    start, end = min(entry, leave), max(entry, leave)
    if (
        end <= start
        or max(level(section.surface, start), level(section.surface, end))
        > centre + 1e-9 * section.height
    ):
        return math.inf
    for at, ground in section.surface[1:-1]:
        if start < at < end and ground < centre - math.sqrt(radius**2 - (at - x) ** 2):
            return math.inf
    width = (end - start) / SEARCHED
    slices = []
    deepest = drive = 0.0
    for number in range(SEARCHED):
        at = start + width * (number + 0.5)
        sine = (x - at) / radius
        cosine = math.sqrt(max(1 - sine * sine, 1e-12))
        base = centre - radius * cosine
        ground = level(section.surface, at)
        if ground - base < -1e-9 * section.height:
            return math.inf
        if base < level(section.rock, at) - 1e-9 * section.height:
            return math.inf
        deepest = max(deepest, ground - base)
        tops = [ground, *(min(level(layer.top, at), ground) for layer in section.layers[1:])]
        stress, soil = 0.0, section.layers[0].soil
        for index, layer in enumerate(section.layers):
            below = tops[index + 1] if index + 1 < len(tops) else base
            stress += layer.soil.unit_weight * max(tops[index] - max(below, base), 0.0)
            if tops[index] >= base:
                soil = layer.soil
        pressure = section.water_unit_weight * max(level(section.water.line, at) - base, 0.0)
        tangent = math.tan(math.radians(soil.friction_deg))
        held = soil.cohesion * width + (stress * width - pressure * width) * tangent
        if held < 0:
            held = tangent = 0.0
        drive += stress * width * sine
        slices.append((held, cosine, sine * tangent))
    if deepest < LEAST_DEPTH or drive <= 0:
        return math.inf
    factor = sum(held / max(cosine + lean, 0.05) for held, cosine, lean in slices) / drive
    factor = min(max(factor, 0.1), 100.0)
    for _ in range(30):
        held_sum = slope_sum = 0.0
        for held, cosine, lean in slices:
            steep = max(cosine + lean / factor, 0.05)
            held_sum += held / steep
            slope_sum += held / steep / steep * lean
        slope = 1 - slope_sum / drive / factor**2
        step = (factor - held_sum / drive) / (slope if abs(slope) > 0.05 else 1.0)
        following = min(max(factor - step, factor / 3), factor * 3)
        done = abs(following - factor) <= 1e-10 * factor
        factor = following
        if done:
            break
    else:
        return math.inf
    if min(cosine + lean / factor for _, cosine, lean in slices) < 0.2:
        return math.inf
    return factor if 0.01 <= factor <= 100.0 else math.inf


if __name__ == "__main__":
    main()
