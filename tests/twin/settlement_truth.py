"""Settlement curves whose end is known: published closed forms with noise.

Terzaghi's series (pinned to its published table), a hyperbola, a logarithm, and sums of them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from scipy.optimize import brentq

from twin.models._base import HORIZON_D
from twin.models.terzaghi_consolidation import average_consolidation

KINDS = ("terzaghi", "hyperbola", "creep", "lifts", "creep_after", "creep_within")

#: Days without movement before the load.
QUIET = 20

#: Days after the load of the curves of a test; of short ones, and of long ones.
DAYS, SHORT, LONG = (60, 400), (45, 120), (400, 1500)

Curve = Callable[[np.ndarray], np.ndarray]


class Truth(NamedTuple):
    means: np.ndarray  # measured, by day [mm]
    placed: np.ndarray | None  # weighed, by day [t]
    ultimate: float  # mm, fifteen years after the last load
    in_a_year: float
    grown_in_a_year: float


def truth(
    kind: str,
    rng: np.random.Generator,
    days: tuple[int, int] = DAYS,
    noise: tuple[float, float] = (0.1, 0.6),
    alike: float = 0.0,
) -> Truth:
    """Return a curve that has been measured for some days after the load.

    Parameters
    ----------
    days
        Fewest and most.
    noise
        Smallest and largest standard deviation of a daily mean [mm].
    alike
        Correlation of the noise from day to day [1].
    """
    count = int(rng.integers(*days))
    spread, size = rng.uniform(*noise), rng.uniform(40, 300)
    placed, last = None, 0
    if kind == "lifts":
        curve, placed, last, count = _lifts(rng, days)
    else:
        curve = _one_load(kind, rng, count, size)
    horizon = np.array(last + HORIZON_D)
    t = np.arange(count) + 0.5
    means = np.concatenate([np.zeros(QUIET), curve(t)])
    return Truth(
        means + _noise(rng, spread, alike, len(means)),
        placed,
        float(curve(horizon)),
        float(curve(np.array(count + 365.25))),
        float(curve(np.array(count + 365.25)) - curve(np.array(count))),
    )


def _one_load(kind: str, rng: np.random.Generator, days: int, size: float) -> Curve:
    if kind == "creep":
        decade, start = rng.uniform(15, 80), rng.uniform(0.5, 4)
        return lambda t: decade * np.log10(1 + t / start)
    if kind == "hyperbola":
        degree = rng.uniform(0.6, 0.95)
        half = days * (1 - degree) / degree
        return lambda t: size * t / (half + t)
    if kind == "terzaghi":
        factor = _time_factor(rng.uniform(0.55, 0.98)) / days
        return lambda t: size * average_consolidation(factor * t)
    # From U = 56 % to long after the end of primary consolidation; creep as Mesri and Godlewski
    # (1977) give it, every size alike on a logarithmic scale.
    factor = np.exp(rng.uniform(np.log(0.25), np.log(4))) / days
    creep, ends = np.exp(rng.uniform(np.log(0.02), np.log(0.3))), 1.129 / factor
    if kind == "creep_after":
        return lambda t: (
            size * (average_consolidation(factor * t) + creep * np.log10(np.maximum(t / ends, 1)))
        )
    return lambda t: size * (average_consolidation(factor * t) + creep * np.log10(1 + t / ends))


def _lifts(rng: np.random.Generator, days: tuple[int, int]) -> tuple[Curve, np.ndarray, int, int]:
    count = int(rng.integers(2, 5))
    at = np.concatenate(([0], np.cumsum(rng.integers(60, 150, count - 1))))
    mass = rng.uniform(0.6, 1.4, count)
    decade, start = rng.uniform(10, 40), rng.uniform(0.5, 4)

    def curve(t: np.ndarray) -> np.ndarray:
        return np.asarray(
            sum(
                m * decade * np.log10(1 + np.maximum(t - a, 0) / start)
                for m, a in zip(mass, at, strict=True)
            )
        )

    last = int(at[-1])
    measured = last + int(rng.integers(min(days[0], 199), 200))
    placed = np.zeros(QUIET + measured)
    placed[QUIET + at] = 1000 * mass * rng.uniform(0.8, 1.2, count)
    return curve, placed, last, measured


def _noise(rng: np.random.Generator, spread: float, alike: float, count: int) -> np.ndarray:
    found = rng.normal(0, spread, count)
    for day in range(1, count if alike else 0):
        found[day] = alike * found[day - 1] + (1 - alike**2) ** 0.5 * found[day]
    return found


def _time_factor(degree: float) -> float:
    return float(brentq(lambda T: average_consolidation(T).item() - degree, 0, 10))
