"""What was settling already before the load last changed, and goes on below its settlement."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from scipy.stats import theilslopes

from twin.buckets import Array
from twin.settlement import curve

# What follows without a source is a design assumption.

#: Days with a value that a rate needs, and days before the load that it is taken from [d].
NEEDED, WINDOW_D = 21, 90

#: Days after a change of load in which the point still responds to it, and before the next one
#: that are left out [d]: that is found to two weeks only.
RESPONDS_D, COMES_D = 21, 14

#: Youngest age of a fill whose load is not known [d], and how many times older than the youngest
#: what creeps may be: by ages alike on a logarithmic scale.
YOUNGEST_D, OLDER = 365.25, 10.0

#: Share of a normal distribution within one standard deviation [1].
ONE_SIGMA = 0.6827


@dataclass(frozen=True)
class Background:
    """Creep of the ground under what lay on it before the load last changed.

    It grows with the logarithm of the age, `rate*age*ln(1 + t/age)` (Sowers, G. F., Williams,
    R. C., Wallace, T. S. (1965), Proc. 6th ICSMFE, Montreal, vol. 2, 561-565). How old what creeps
    is, a curve does not tell: the youngest is the time since the load before, or a year, and the
    older it is, the more of it follows.

    Parameters
    ----------
    rate, error
        When the load last changed, and its standard error [mm/d].
    youngest
        Age then, at least [d].
    known
        Whether there were days enough to see it; else the rate is 0.
    """

    rate: float = 0.0
    error: float = 0.0
    youngest: float = YOUNGEST_D
    known: bool = False

    def settled(self, time: Array) -> Array:
        """Return the least that it settles from the change of load to times after it [mm]."""
        return crept(self.rate, self.youngest, time)

    def drawn(self, random: np.random.Generator, count: int) -> tuple[Array, Array]:
        """Return rates [mm/d] and ages [d] that are as likely as one another (count x 1)."""
        rate = self.rate + self.error * random.standard_normal((count, 1))
        age = self.youngest * OLDER ** random.uniform(0.0, 1.0, (count, 1))
        return np.maximum(rate, 0.0), age


def crept(rate: Array | float, age: Array | float, time: Array) -> Array:
    """Return the creep from an age on [mm] at times after it [d], `rate` [mm/d] at that age."""
    return np.asarray(rate * age * np.log1p(time / age))


def background(means: Array, changed: list[int]) -> Background:
    """Return what was settling before the last change of load.

    From the last span between two changes that is long enough, by the median of the slopes between
    all pairs of days on the logarithm of the youngest age (Sen, P. K. (1968), Journal of the
    American Statistical Association 63(324), 1379-1389).

    Parameters
    ----------
    means
        Settlement by day [mm]; NaN where there is none.
    changed
        Days on which the load changed, rising, the first day with a value first.
    """
    for begin, end in reversed(list(pairwise(changed))):
        days = begin + curve.present(means[begin : max(end - COMES_D, begin)])
        first = begin == changed[0]
        # A curve that bends from its first day on was loaded then.
        loaded = not first or curve.slows_down((days - begin).astype(float), means[days])
        days = days[days >= max(end - COMES_D - WINDOW_D, begin if first else begin + RESPONDS_D)]
        if len(days) >= NEEDED:
            before = changed[-1] - begin
            youngest = float(before if loaded else before + YOUNGEST_D)
            age = np.log(days + 0.5 - changed[-1] + youngest)
            slope, _, low, high = theilslopes(means[days], age, ONE_SIGMA)
            rate, error = max(float(slope), 0.0) / youngest, float(high - low) / 2 / youngest
            return Background(rate, error, youngest, known=True)
    return Background()
