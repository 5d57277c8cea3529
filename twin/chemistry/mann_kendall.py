"""Mann-Kendall's test for a trend, by season where there are seasons, and Sen's slope.

The test asks how much oftener a later value lies above an earlier one than below; it needs no
normal distribution and no straight line. Seasons are compared with themselves alone [2]_. It
takes values as independent: `lag_one` says whether they are, for with positive autocorrelation
the significance is overstated.

Values of one time have no order: such a pair counts neither as a rise nor as a fall, has no slope,
and the variance is that of ties in both rankings [3]_. (The other usual choice, one median for each
time, throws away how many values it stands for.)

References
----------
.. [1] Gilbert, R. O. (1987). Statistical Methods for Environmental Pollution Monitoring. Van
   Nostrand Reinhold, sections 16.4-16.5 (test with ties, Sen's slope and its interval), and
   chapter 17 (several values at one time).
.. [2] Hirsch, R. M., Slack, J. R., Smith, R. A. (1982). Techniques of trend analysis for monthly
   water quality data. Water Resources Research 18, 107-121. doi:10.1029/WR018i001p00107
.. [3] Kendall, M. G. (1975). Rank Correlation Methods. 4th edition, Griffin, chapter 4 (variance of
   S with ties in both rankings).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import norm

from twin.buckets import Array


@dataclass(frozen=True)
class Trend:
    """A trend and how sure it is.

    Parameters
    ----------
    score
        S: later values above earlier ones, less those below [1].
    variance
        Of S without a trend, ties of values and of times taken into account [1].
    z, p
        Normal score with the correction for continuity, and two-sided probability [1].
    slope
        Sen's slope: the median of the slopes between pairs, per unit of time.
    low, high
        Interval of the slope.
    lag_one
        Correlation of neighbouring values once the trend is taken off [1]; NaN when unknown.
    count
        Values that took part.
    """

    score: int
    variance: float
    z: float
    p: float
    slope: float
    low: float
    high: float
    lag_one: float
    count: int


def mann_kendall(
    time: ArrayLike,
    value: ArrayLike,
    season: ArrayLike | None = None,
    *,
    confidence: float = 0.95,
) -> Trend:
    """Return the trend of a series; blanks (NaN) are left out.

    Parameters
    ----------
    time, value
        (values,) each.
    season
        Season of each value (values,), such as its month; None: one season.
    confidence
        Of the slope's interval [1].
    """
    times, values = np.asarray(time, dtype=float), np.asarray(value, dtype=float)
    seasons = np.zeros(len(values)) if season is None else np.asarray(season)
    there = ~np.isnan(values)
    times, values, seasons = times[there], values[there], seasons[there]
    order = np.argsort(times, kind="stable")
    times, values, seasons = times[order], values[order], seasons[order]
    score, variance = 0, 0.0
    slopes: list[Array] = []
    for one in np.unique(seasons):
        chosen = seasons == one
        of_it, when = values[chosen], times[chosen]
        earlier, later = np.triu_indices(len(of_it), 1)
        span = when[later] - when[earlier]
        rise, span = (of_it[later] - of_it[earlier])[span > 0], span[span > 0]
        score += int(np.sign(rise).sum())
        variance += _variance(of_it, when)
        slopes.append(rise / span)
    every = np.sort(np.concatenate(slopes)) if slopes else np.empty(0)
    z = 0.0 if variance == 0 else (score - np.sign(score)) / math.sqrt(variance)
    slope = float(np.median(every)) if len(every) else math.nan
    low, high = _interval(every, variance, confidence)
    return Trend(
        score=score,
        variance=variance,
        z=float(z),
        p=float(2 * norm.sf(abs(z))),
        slope=slope,
        low=low,
        high=high,
        lag_one=_lag_one(times, values - slope * times, seasons),
        count=len(values),
    )


def _variance(values: Array, times: Array) -> float:
    """Return the variance of S with groups of t equal values and u equal times [3]_.

    `(n (n - 1)(2 n + 5) - sum t (t - 1)(2 t + 5) - sum u (u - 1)(2 u + 5)) / 18
    + sum t (t - 1)(t - 2) sum u (u - 1)(u - 2) / (9 n (n - 1)(n - 2))
    + sum t (t - 1) sum u (u - 1) / (2 n (n - 1))`
    """
    count = float(len(values))
    if count < 2:
        return 0.0
    t, u = (np.unique(each, return_counts=True)[1].astype(float) for each in (values, times))

    def term(n: Array | float) -> Array | float:
        return n * (n - 1) * (2 * n + 5)

    variance = float(term(count) - np.sum(term(t)) - np.sum(term(u))) / 18
    pairs = float((t * (t - 1)).sum() * (u * (u - 1)).sum())
    variance += pairs / (2 * count * (count - 1))
    triples = float((t * (t - 1) * (t - 2)).sum() * (u * (u - 1) * (u - 2)).sum())
    if triples:
        variance += triples / (9 * count * (count - 1) * (count - 2))
    # When all are equal it is 0, which the sum misses by its last digits.
    return max(variance, 0.0)


def _interval(slopes: Array, variance: float, confidence: float) -> tuple[float, float]:
    """Return the slopes at ranks (N -+ z sqrt(Var S)) / 2 and the following one [1]_."""
    if not len(slopes):
        return math.nan, math.nan
    width = float(norm.ppf((1 + confidence) / 2)) * math.sqrt(variance)
    ranks = (len(slopes) - width) / 2 - 1, (len(slopes) + width) / 2
    low, high = np.interp(np.clip(ranks, 0, len(slopes) - 1), np.arange(len(slopes)), slopes)
    return float(low), float(high)


def _lag_one(times: Array, left: Array, seasons: NDArray[np.generic]) -> float:
    """Return the correlation of neighbours, medians of the seasons taken off.

    Values of one time are no neighbours: their median stands for them.
    """
    for one in np.unique(seasons):
        left = np.where(seasons == one, left - np.median(left[seasons == one]), left)
    every, place = np.unique(times, return_inverse=True)
    if len(every) < len(times):
        left = np.array([np.median(left[place == index]) for index in range(len(every))])
    if len(left) < 4:
        return math.nan
    spread = float((left**2).sum())
    return float((left[1:] * left[:-1]).sum() / spread) if spread > 0 else math.nan
