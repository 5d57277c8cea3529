"""A water line that is raised comes out of the ground: it stands no higher than the face."""

from __future__ import annotations

from itertools import combinations

import numpy as np

from twin.buckets import Array
from twin.slopes.section import Point, at

Line = tuple[Point, ...]


def under_ground(raised: Line, today: Line, surface: Line) -> Line:
    """Return a raised water line where it is under the ground; above, at the ground.

    Water in ground that drains freely seeps out of the face and runs off. Where today's line
    stands above the ground (artesian) it may do so still.

    Parameters
    ----------
    raised, today
        Water lines (x, level), level beyond their ends.
    surface
        The ground (x, level).
    """
    xs = np.unique([x for line in (raised, today, surface) for x, _ in line])
    lines = [at(line, xs) for line in (raised, today, surface)]
    # Between neighbours all lines are straight: where two of them cross, the bound has a corner.
    corners = [_crossings(xs, one - other) for one, other in combinations(lines, 2)]
    xs = np.unique(np.concatenate([xs, *corners]))
    line, before, ground = (at(each, xs) for each in (raised, today, surface))
    bounded = np.minimum(line, np.maximum(ground, before))
    return tuple(zip(xs.tolist(), bounded.tolist(), strict=True))


def _crossings(xs: Array, above: Array) -> Array:
    """Return where a broken line (n) through xs (n) crosses zero between its corners."""
    left, right = above[:-1], above[1:]
    cross = left * right < 0
    share = left[cross] / (left[cross] - right[cross])
    return np.asarray(xs[:-1][cross] + share * np.diff(xs)[cross])
