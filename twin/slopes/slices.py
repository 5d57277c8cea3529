"""Cut the ground above circles into vertical slices, many circles at once.

All arrays are (circles x slices), one slice after the other by growing x. The inclination of a
slice's base is positive where its weight drives the slide.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ingest.text import Text
from twin.buckets import Array
from twin.slopes.section import Section, at

Codes = NDArray[np.int_]

#: Why a circle has no factor of safety, by code; 0: it has one.
REFUSALS = {
    1: Text("The circle does not cut the ground of the section"),
    2: Text("The circle leaves the section at its end"),
    3: Text("The circle rises past the vertical"),
    4: Text("The circle cuts into the rock"),
    5: Text("Nothing drives the slide: the weights balance each other or hold it"),
    6: Text("The base of a slice is so steep that the method does not hold (m_alpha below 0.2)"),
    7: Text("Water lifts a slice: its base is in tension beyond its cohesion"),
    8: Text("The method did not converge"),
    9: Text("No factor of safety from 0.01 to 100 balances the slide"),
    10: Text("The slide is shallower than asked for"),
    11: Text("No slide of this section can begin and end where it is asked for"),
}
(
    NO_CUT,
    BEYOND_END,
    PAST_VERTICAL,
    IN_ROCK,
    NOT_DRIVEN,
    TOO_STEEP,
    TENSION,
    NO_CONVERGENCE,
    NOT_BRACKETED,
    TOO_SHALLOW,
    OUT_OF_SPAN,
) = REFUSALS


@dataclass(frozen=True)
class Slices:
    """Slices of circles (circles x slices), per metre of thickness.

    Parameters
    ----------
    circles
        Centre x, centre level and radius (circles x 3).
    x, base
        Middle of the slice's base.
    width
        Width of the slices (circles x 1).
    sine, cosine
        Of the inclination of the base.
    height, weight, pressure
        Height, weight [kN] and pore pressure on the base [kPa].
    cohesion, friction
        Cohesion [kPa] and tangent of the friction angle on the base.
    soil
        Index of the base's material in the section's layers.
    refused
        Code of `REFUSALS` for each circle, 0 where there is none (circles).
    """

    circles: Array
    x: Array
    base: Array
    width: Array
    sine: Array
    cosine: Array
    height: Array
    weight: Array
    pressure: Array
    cohesion: Array
    friction: Array
    soil: NDArray[np.int_]
    refused: Codes

    @property
    def length(self) -> Array:
        """Length of the bases."""
        return self.width / self.cosine

    @property
    def lifted(self) -> NDArray[np.bool_]:
        """Whether water carries a slice: its base cannot hold anything (circles x slices).

        The sign of `c b + (W - u b) tan(phi)`, the strength in Bishop's simplified method.
        """
        rests = self.weight - self.pressure * self.width
        return np.asarray(self.cohesion * self.width + rests * self.friction < 0)

    @property
    def drive(self) -> Array:
        """Sum of the weights along the bases (circles)."""
        return np.asarray((self.weight * self.sine).sum(axis=-1))


@dataclass(frozen=True)
class Factors:
    """Factors of safety (circles): NaN where refused, and why.

    Parameters
    ----------
    normal
        Effective normal force on the bases [kN] (circles x slices).
    inclination
        Inclination of the forces between slices [rad] (circles); 0 where the method has none.
    """

    value: Array
    refused: Codes
    normal: Array
    inclination: Array

    def reason(self, index: int = 0) -> Text | None:
        """Return why a circle has no factor of safety, None when it has one."""
        code = int(self.refused[index])
        return REFUSALS[code] if code else None


def settle(value: Array, refused: Codes, normal: Array, inclination: Any = 0.0) -> Factors:
    """Return factors that are NaN wherever they are refused."""
    return Factors(
        value=np.where(refused > 0, np.nan, value),
        refused=refused,
        normal=normal,
        inclination=np.broadcast_to(np.asarray(inclination, dtype=float), value.shape),
    )


def first_reason(refused: Codes, *checks: tuple[Any, int]) -> Codes:
    """Return the codes with those of checks added where there was none yet."""
    for failed, code in checks:
        refused = np.where((refused == 0) & failed, code, refused)
    return refused


def cut(section: Section, circles: Array, start: Array, end: Array, count: int) -> Slices:
    """Return the slices of circles that leave the ground at known places.

    Parameters
    ----------
    circles
        Centre x, centre level and radius (circles x 3).
    start, end
        Where each circle enters and leaves the ground by growing x (circles).
    count
        Slices of each circle, of equal width.
    """
    centre, level, radius = (circles[:, place, None] for place in range(3))
    width = ((end - start) / count)[:, None]
    x = start[:, None] + width * (np.arange(count) + 0.5)
    sine = section.direction * (centre - x) / radius
    cosine = np.sqrt(np.maximum(1 - sine**2, 1e-12))
    base = level - radius * cosine
    ground = section.ground(x)
    height = ground - base
    soil = np.zeros(x.shape, dtype=int)
    stress = np.zeros(x.shape)
    tops = [ground] + [np.minimum(at(layer.top, x), ground) for layer in section.layers[1:]]
    for index, layer in enumerate(section.layers):
        below = tops[index + 1] if index + 1 < len(tops) else base
        thickness = tops[index] - np.maximum(below, base)
        stress += layer.soil.unit_weight * np.maximum(thickness, 0)
        soil[tops[index] >= base] = index
    pressure = _pressure(section, x, base, stress)
    cohesion = np.array([each.cohesion for each in section.soils])[soil]
    friction = np.tan(np.radians([each.friction_deg for each in section.soils]))[soil]
    scale = section.height
    refused = np.zeros(len(circles), dtype=int)
    past = np.maximum(section.ground(start), section.ground(end)) > level[:, 0] + 1e-9 * scale
    daylight = _above_a_corner(section, circles, start, end)
    daylight |= (height < -1e-9 * scale).any(axis=1)
    checks: list[tuple[Any, int]] = [
        (daylight | (end <= start), NO_CUT),
        (past, PAST_VERTICAL),
    ]
    if section.rock:
        checks.append(((base < at(section.rock, x) - 1e-9 * scale).any(axis=1), IN_ROCK))
    return Slices(
        circles=circles,
        x=x,
        base=base,
        width=width,
        sine=sine,
        cosine=cosine,
        height=height,
        weight=stress * width,
        pressure=pressure,
        cohesion=cohesion,
        friction=friction,
        soil=soil,
        refused=first_reason(refused, *checks),
    )


def _above_a_corner(
    section: Section, circles: Array, start: Array, end: Array
) -> NDArray[np.bool_]:
    """Return whether a circle comes out of the ground at one of its corners (circles).

    Between two corners the ground is straight and the arc hangs: its height is least at an end. So
    the toe of a bench between two slices is not overlooked, however wide they are.
    """
    corners = np.asarray(section.surface[1:-1], dtype=float).reshape(-1, 2)
    x, ground = corners[:, 0], corners[:, 1]
    centre, level, radius = (circles[:, place, None] for place in range(3))
    edge = 1e-9 * section.height
    within = (x > start[:, None] + edge) & (x < end[:, None] - edge)
    arc = level - np.sqrt(np.maximum(radius**2 - (x - centre) ** 2, 0))
    return np.asarray((within & (ground < arc - edge)).any(axis=1))


def _pressure(section: Section, x: Array, base: Array, stress: Array) -> Array:
    if section.water.line:
        head = at(section.water.line, x) - base
        return np.asarray(section.water_unit_weight * np.maximum(head, 0))
    return section.water.ratio * stress


def with_water(slices: Slices, section: Section) -> Slices:
    """Return slices with the water of a section that is the same but for its water."""
    stress = slices.weight / slices.width
    return replace(slices, pressure=_pressure(section, slices.x, slices.base, stress))


def cut_circle(section: Section, x: float, level: float, radius: float, count: int) -> Slices:
    """Return the slices of one circle, which enters and leaves where it meets the ground.

    Where it meets the ground more than twice, the widest part below the ground counts.
    """
    circle = np.array([[x, level, radius]], dtype=float)
    start, end, code = _meets(section, x, level, radius)
    slices = cut(section, circle, np.array([start]), np.array([end]), count)
    if code:
        slices.refused[:] = code
    return slices


def _meets(section: Section, x: float, level: float, radius: float) -> tuple[float, float, int]:
    """Return between which x a circle runs below the ground, and a code when it does not."""
    found: list[float] = []
    points = np.asarray(section.surface, dtype=float)
    for (x1, y1), (x2, y2) in pairwise(points):
        # |p1 + t (p2 - p1) - centre| = radius
        dx, dy, ex, ey = x2 - x1, y2 - y1, x1 - x, y1 - level
        a, b, c = dx * dx + dy * dy, ex * dx + ey * dy, ex * ex + ey * ey - radius**2
        root = b * b - a * c
        if root <= 0:
            continue
        for t in ((-b - root**0.5) / a, (-b + root**0.5) / a):
            if -1e-12 <= t <= 1 + 1e-12:
                found.append(float(x1 + t * dx))
    left, right = float(points[0, 0]), float(points[-1, 0])
    places = sorted({left, right, *found})
    best = (0.0, 0.0, NO_CUT)
    for start, end in pairwise(places):
        middle = (start + end) / 2
        if abs(middle - x) >= radius:
            continue
        arc = level - (radius**2 - (middle - x) ** 2) ** 0.5
        if float(section.ground(np.array(middle))) <= arc or end - start <= best[1] - best[0]:
            continue
        outside = start not in found or end not in found
        best = (start, end, BEYOND_END if outside else 0)
    if best[2] == NO_CUT:
        return left, right, NO_CUT
    return best
