"""Find the circle with the least factor of safety.

A circle is named by where it enters the ground, where it leaves it, and how deep it bulges
between the two: a grid over these three, all circles at once, then from the best distinct ones
a descent by halved steps.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from ingest.text import Text
from twin.buckets import Array
from twin.slopes.bishop_simplified import bishop_simplified
from twin.slopes.section import Section
from twin.slopes.slices import (
    OUT_OF_SPAN,
    REFUSALS,
    TOO_SHALLOW,
    Factors,
    Slices,
    cut,
    first_reason,
)


class Method(Protocol):
    """What gives the factors of safety of circles."""

    def __call__(self, slices: Slices, *, refuse_lifted: bool = True) -> Factors:
        """Return the factors of safety."""


#: Slices of a circle while searching, and of the circle that is found.
SEARCHED, FINAL = 24, 100

#: Points along the ground where a circle of the grid may enter or leave, and steps of its bulge.
PLACES, BULGES = 24, 10

#: Circles of the grid from which a descent begins, and halvings of its step.
STARTS, HALVINGS = 4, 9

#: Where a circle may enter or leave the ground: least and largest x.
Span = tuple[float, float]
ANYWHERE: Span = (-np.inf, np.inf)


@dataclass(frozen=True)
class Sought:
    """What kind of slide a search looks for: the arguments of `search` of the same names."""

    least_depth: float = 0.0
    reaches: float = np.inf
    enters: Span = ANYWHERE
    leaves: Span = ANYWHERE


@dataclass(frozen=True)
class Circle:
    """A slip circle: centre, radius, and where it enters above and leaves below."""

    x: float
    level: float
    radius: float
    entry: float
    exit: float


@dataclass(frozen=True)
class Found:
    """What a search found.

    Parameters
    ----------
    circle
        The critical circle; None when no circle has a factor of safety.
    others
        Critical circles of the other places where a descent ended, by growing factor.
    tried
        Circles that were computed.
    reason
        Why there is none.
    """

    circle: Circle | None
    factor: float
    others: tuple[Circle, ...]
    tried: int
    reason: Text | None = None


def search(
    section: Section,
    *,
    method: Method = bishop_simplified,
    least_depth: float = 0.0,
    reaches: float = np.inf,
    enters: Span = ANYWHERE,
    leaves: Span = ANYWHERE,
) -> Found:
    """Return the circle of least factor of safety.

    A base that water lifts counts as having no strength: a slide must not be left out because
    water carries a part of it.

    Parameters
    ----------
    method
        Gives factors of safety.
    least_depth
        Depth that a slide must have somewhere: shallower ones are left out.
    reaches
        Level down to which a slide must go.
    enters, leaves
        Between which x it enters the ground above and leaves it below: so a slide of the whole
        slope is told from one of a part of it.
    """
    hunt = _Hunt(section, method, least_depth, reaches)
    grid = _grid(section, enters, leaves)
    if not len(grid):
        return Found(None, np.nan, (), 0, REFUSALS[OUT_OF_SPAN])
    values = hunt.values(grid)
    if not np.isfinite(values).any():
        return Found(None, np.nan, (), hunt.tried, hunt.reason())
    starts = _distinct(grid, values, hunt.scale)
    ends, ended = _descend(hunt, starts, enters, leaves)
    order = np.argsort(ended, kind="stable")
    circles = [_circle(section, ends[place]) for place in order if np.isfinite(ended[place])]
    # More slices may tell two that are close apart; the order is theirs.
    finals = [factor_of(section, each, method).value[0] for each in circles]
    ranked = sorted(
        pair for pair in zip(finals, range(len(circles)), strict=True) if np.isfinite(pair[0])
    )
    if not ranked:
        return Found(None, np.nan, (), hunt.tried, hunt.reason())
    return Found(
        circle=circles[ranked[0][1]],
        factor=float(ranked[0][0]),
        others=tuple(circles[place] for _, place in ranked[1:]),
        tried=hunt.tried,
    )


def search_for(section: Section, asked: Sought, method: Method = bishop_simplified) -> Found:
    """Return the circle of least factor of safety of a kind of slide."""
    return search(
        section,
        method=method,
        least_depth=asked.least_depth,
        reaches=asked.reaches,
        enters=asked.enters,
        leaves=asked.leaves,
    )


def factor_of(section: Section, circle: Circle, method: Method = bishop_simplified) -> Factors:
    """Return the factor of safety of one circle, with many slices."""
    return method(slices_of(section, [circle]), refuse_lifted=False)


def slices_of(section: Section, circles: Sequence[Circle], count: int = FINAL) -> Slices:
    """Return the slices of circles whose ends are known."""
    ends = np.sort([(circle.entry, circle.exit) for circle in circles], axis=1)
    named = np.array([(circle.x, circle.level, circle.radius) for circle in circles])
    return cut(section, named, ends[:, 0], ends[:, 1], count)


class _Hunt:
    """Factors of safety of circles named by entry, exit and bulge (circles x 3)."""

    def __init__(
        self, section: Section, method: Method, least_depth: float, reaches: float
    ) -> None:
        self.section, self.method = section, method
        self.least_depth, self.reaches = least_depth, reaches
        span = section.surface[-1][0] - section.surface[0][0]
        self.scale = np.array([span, span, 1.0])
        self.tried = 0
        self._refused = np.zeros(max(REFUSALS) + 1, dtype=int)

    def values(self, named: Array) -> Array:
        """Return factors of safety, infinite where there is none."""
        entry, leave = named[:, 0], named[:, 1]
        slices = cut(
            self.section,
            circles_of(self.section, named),
            np.minimum(entry, leave),
            np.maximum(entry, leave),
            SEARCHED,
        )
        shallow = slices.height.max(axis=1) < self.least_depth
        shallow |= slices.base.min(axis=1) > self.reaches
        slices.refused[:] = first_reason(slices.refused, (shallow, TOO_SHALLOW))
        found = self.method(slices, refuse_lifted=False)
        self.tried += len(named)
        self._refused += np.bincount(found.refused, minlength=len(self._refused))
        return np.where(np.isfinite(found.value), found.value, np.inf)

    def reason(self) -> Text:
        """Return why no circle has a factor of safety: what refused most of them."""
        return REFUSALS[int(self._refused[1:].argmax()) + 1]


def circles_of(section: Section, named: Array) -> Array:
    """Return centre x, centre level and radius of circles named by entry, exit and bulge.

    The bulge [1], from 0 to 1, is the angle between chord and tangent as a part of the angle at
    which the circle would be vertical where it enters.
    """
    entry, leave, bulge = named.T
    rise = section.ground(entry) - section.ground(leave)
    run = np.maximum(section.direction * (leave - entry), 1e-9)
    dip = np.arctan2(rise, run)
    half = bulge * (np.pi / 2 - dip)
    chord = np.hypot(rise, run)
    radius = chord / 2 / np.sin(half)
    # The centre stands over the middle of the chord, square to it.
    stand = radius * np.cos(half)
    x = (entry + leave) / 2 + section.direction * stand * rise / chord
    level = (section.ground(entry) + section.ground(leave)) / 2 + stand * run / chord
    return np.column_stack([x, level, radius])


def _grid(section: Section, enters: Span, leaves: Span) -> Array:
    points = np.asarray(section.surface, dtype=float)
    breaks = np.flatnonzero(np.diff(points[:, 1]))
    left, right = points[breaks[0], 0], points[breaks[-1] + 1, 0]
    # A slide begins and ends within about the slope's height of the slope.
    left = max(left - section.height, points[0, 0])
    right = min(right + section.height, points[-1, 0])

    def places(span: Span) -> Array:
        low, high = max(left, span[0]), min(right, span[1])
        if low > high:
            return np.empty(0)
        edges = [edge for edge in span if np.isfinite(edge) and low <= edge <= high]
        corners = points[1:-1, 0]
        corners = corners[(corners >= span[0]) & (corners <= span[1])]
        inner = np.linspace(low, high, PLACES + 2)[1:-1]
        return np.unique(np.concatenate([inner, corners, edges]))[:: section.direction]

    entry, leave = (
        each.ravel() for each in np.meshgrid(places(enters), places(leaves), indexing="ij")
    )
    down = section.ground(entry) - section.ground(leave) > 0.02 * section.height
    down &= section.direction * (leave - entry) > 0
    entry, leave = entry[down], leave[down]
    bulges = (np.arange(BULGES) + 0.5) / BULGES
    return np.column_stack(
        [np.repeat(entry, BULGES), np.repeat(leave, BULGES), np.tile(bulges, len(entry))]
    )


def _distinct(grid: Array, values: Array, scale: Array) -> Array:
    """Return the best circles of the grid that do not lie next to each other."""
    chosen: list[Array] = []
    for place in np.argsort(values, kind="stable"):
        if not np.isfinite(values[place]) or len(chosen) == STARTS:
            break
        named = grid[place]
        if all(np.abs((named - other) / scale).max() > 0.15 for other in chosen):
            chosen.append(named)
    return np.array(chosen)


_AROUND = np.array([(a, b, c) for a in (0, -1, 1) for b in (0, -1, 1) for c in (0, -1, 1)])


def _descend(hunt: _Hunt, starts: Array, enters: Span, leaves: Span) -> tuple[Array, Array]:
    """Return where descents from some circles end, and their factors of safety."""
    first, last = hunt.section.surface[0][0], hunt.section.surface[-1][0]
    low = np.array([max(first, enters[0]), max(first, leaves[0]), 0.01])
    high = np.array([min(last, enters[1]), min(last, leaves[1]), 1.0])
    places, values = starts.copy(), np.full(len(starts), np.inf)
    step = np.array([1 / PLACES, 1 / PLACES, 1 / BULGES])[None, :] * hunt.scale / 2
    steps = np.repeat(step, len(starts), axis=0)
    halved = np.zeros(len(starts), dtype=int)
    for _ in range(6 * HALVINGS):
        around = np.clip(places[:, None, :] + steps[:, None, :] * _AROUND, low, high)
        found = hunt.values(around.reshape(-1, 3)).reshape(len(places), -1)
        best = found.argmin(axis=1)
        rows = np.arange(len(places))
        places, values = around[rows, best], found[rows, best]
        stays = best == 0
        steps[stays] /= 2
        halved += stays
        if (halved >= HALVINGS).all():
            break
    return places, values


def _circle(section: Section, named: Array) -> Circle:
    x, level, radius = (float(value) for value in circles_of(section, named[None, :])[0])
    return Circle(x, level, radius, float(named[0]), float(named[1]))
