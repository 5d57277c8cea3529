"""Settlement curves whose end is known: published closed forms with noise."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.optimize import brentq

from twin.models._base import HORIZON_D
from twin.models.terzaghi_consolidation import average_consolidation

KINDS = ("terzaghi", "hyperbola", "creep", "lifts")

#: Days without movement before the load.
QUIET = 20


class Truth(NamedTuple):
    means: np.ndarray  # measured, by day [mm]
    placed: np.ndarray | None  # weighed, by day [t]
    ultimate: float
    in_a_year: float


def truth(kind: str, rng: np.random.Generator) -> Truth:
    """Return a curve of 60 to 400 days after the load."""
    days = int(rng.integers(60, 400))
    noise, size = rng.uniform(0.1, 0.6), rng.uniform(40, 300)
    placed = None
    if kind == "terzaghi":
        degree = rng.uniform(0.55, 0.95)
        factor = brentq(lambda T: average_consolidation(T).item() - degree, 0, 10) / days

        def curve(t):
            return size * average_consolidation(factor * t)

        ultimate = size
    elif kind == "hyperbola":
        degree = rng.uniform(0.6, 0.95)
        half = days * (1 - degree) / degree

        def curve(t):
            return size * t / (half + t)

        ultimate = size
    elif kind == "creep":
        decade, start = rng.uniform(15, 80), rng.uniform(0.5, 4)

        def curve(t):
            return decade * np.log10(1 + t / start)

        ultimate = curve(HORIZON_D)
    else:
        count = int(rng.integers(2, 5))
        at = np.concatenate(([0], np.cumsum(rng.integers(60, 150, count - 1))))
        mass = rng.uniform(0.6, 1.4, count)
        decade, start = rng.uniform(10, 40), rng.uniform(0.5, 4)

        def curve(t):
            return sum(
                m * decade * np.log10(1 + np.maximum(t - a, 0) / start)
                for m, a in zip(mass, at, strict=True)
            )

        ultimate = curve(at[-1] + HORIZON_D)
        days = int(at[-1] + rng.integers(60, 200))
        placed = np.zeros(QUIET + days)
        placed[QUIET + at] = 1000 * mass * rng.uniform(0.8, 1.2, count)
    t = np.arange(days) + 0.5
    means = np.concatenate([np.zeros(QUIET), curve(t)]) + rng.normal(0, noise, QUIET + days)
    return Truth(means, placed, float(ultimate), float(curve(days + 365.25)))
