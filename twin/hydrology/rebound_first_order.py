"""Rise of the water after pumping has stopped, as a first-order answer.

`level = final - (final - first) exp(-(t - stop) / time)`: the inflow falls in proportion to what
is left to rise, the commonest law of mine-water rebound [1]_.

References
----------
.. [1] Younger, P. L., Banwart, S. A., Hedin, R. S. (2002). Mine Water: Hydrology, Pollution,
   Remediation. Kluwer, section 3.6 (quoted from memory).
.. [2] Marriott, F. H. C., Pope, J. A. (1954). Bias in the estimation of autocorrelations.
   Biometrika 41, 390-402.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy.optimize import least_squares
from scipy.stats import t as student

from ingest.text import Text
from twin.buckets import Array

#: Values that a fit needs, the rise that it needs as a multiple of the scatter about it, and the
#: longest time of the fit as a multiple of what was seen: beyond it, the curve has not bent yet
#: and its end cannot be told (design assumptions).
NEEDED, LEAST_RISE, LONGEST_TIME = 12, 3.0, 1.5

#: Correlation of neighbouring residuals above which the curve is not of this kind.
MOST_LAG_ONE = 0.9


@dataclass(frozen=True)
class Rebound:
    """A fitted rebound.

    Parameters
    ----------
    first, final
        Level when pumping stopped, and level that it tends to [m].
    time_d
        Time of the exponential [d].
    covariance
        Of (first, final, log time) (3 x 3), for the intervals.
    scatter
        Standard deviation of the residuals [m].
    """

    first: float
    final: float
    time_d: float
    covariance: Array
    scatter: float

    def level(self, days: Array | float) -> Array:
        """Return the level so many days after the stop [m]."""
        share = np.exp(-np.asarray(days, dtype=float) / self.time_d)
        return np.asarray(self.final - (self.final - self.first) * share)

    def days_to(self, level: float) -> float:
        """Return the days from the stop to a level; infinite when it is never reached."""
        left = (self.final - level) / (self.final - self.first)
        return -self.time_d * math.log(left) if left > 0 else math.inf

    def days_interval(self, level: float, confidence_z: float = 1.96) -> tuple[float, float]:
        """Return the interval of `days_to`, by drawing parameters from their covariance."""
        draws = self._draws()
        spread = draws[:, 1] - draws[:, 0]
        left = np.where(spread > 0, (draws[:, 1] - level) / spread, np.nan)
        with np.errstate(invalid="ignore", divide="ignore"):
            days = np.where(left > 0, -np.exp(draws[:, 2]) * np.log(left), np.inf)
        tail = float(math.erfc(confidence_z / math.sqrt(2))) / 2
        days = np.sort(days[~np.isnan(left)])
        if not len(days):
            return math.inf, math.inf
        ranks = [min(int(share * len(days)), len(days) - 1) for share in (tail, 1 - tail)]
        return float(days[ranks[0]]), float(days[ranks[1]])

    def level_interval(self, days: float, confidence_z: float = 1.96) -> tuple[float, float]:
        """Return the interval of a level that would be measured so many days after the stop."""
        draws = self._draws()
        share = np.exp(-days / np.exp(draws[:, 2]))
        levels = draws[:, 1] - (draws[:, 1] - draws[:, 0]) * share
        width = confidence_z * math.hypot(float(levels.std()), self.scatter)
        middle = float(self.level(days))
        return middle - width, middle + width

    def _draws(self, count: int = 500) -> Array:
        mean = np.array([self.first, self.final, math.log(self.time_d)])
        drawn = np.random.default_rng(0).multivariate_normal(
            mean, self.covariance, count, method="eigh"
        )
        return np.asarray(drawn)


def fit_rebound(days: Array, level: Array) -> Rebound | Text:
    """Return the rebound that fits, or why there is none.

    Parameters
    ----------
    days
        Days since pumping stopped (values,); those before it are left out.
    level
        (values,) [m]; NaN where there is none.
    """
    there = ~np.isnan(level) & (days >= 0)
    days, level = days[there], level[there]
    if len(level) < NEEDED:
        return Text(
            "Only {count} of {needed} levels since pumping stopped",
            {"count": len(level), "needed": NEEDED},
        )
    span = float(days[-1] - days[0])

    def residual(parameters: Array) -> Array:
        first, final, log_time = parameters
        return np.asarray(final - (final - first) * np.exp(-days / math.exp(log_time)) - level)

    found = least_squares(residual, _start(days, level, span))
    first, final, log_time = found.x.tolist()
    left = residual(found.x)
    scatter = float(np.sqrt((left**2).sum() / (len(left) - 3)))
    risen = (final - first) * (1 - math.exp(-span / math.exp(log_time)))
    if risen <= 0:
        return Text("The level has not risen since pumping stopped")
    if risen < LEAST_RISE * scatter:
        return Text(
            "The rise since pumping stopped ({rise:.2f} m) is lost in the scatter of the levels"
            " ({scatter:.2f} m)",
            {"rise": risen, "scatter": scatter},
        )
    if math.exp(log_time) > LONGEST_TIME * span:
        return Text(
            "The rise has not bent yet: its end cannot be told from {days} days",
            {"days": round(span)},
        )
    lag = float((left[1:] * left[:-1]).sum() / max(float((left**2).sum()), 1e-300))
    if lag > MOST_LAG_ONE and scatter > 0.05 * risen:
        return Text("The levels leave the exponential curve in a pattern, not at random")
    covariance = np.linalg.pinv(found.jac.T @ found.jac) * scatter**2 * _fewer(lag, len(left))
    return Rebound(first, final, math.exp(log_time), covariance, scatter)


def _fewer(lag: float, count: int) -> float:
    """Return by how much variances grow because neighbouring residuals go together [1].

    Values count as fewer by (1 - r) / (1 + r). A correlation r about a mean comes out too small by
    (1 + 3 r) / n [2]_; about a curve it is taken as (2 + 4 r) / n (design assumption). Few values
    make Student's t wider than the normal distribution.
    """
    lag = min(max(lag + (2 + 4 * lag) / count, 0.0), 0.95)
    effective = max(count * (1 - lag) / (1 + lag), 5.0)
    wider = float(student.ppf(0.975, effective - 3)) / 1.96
    return wider**2 * count / effective


def _start(days: Array, level: Array, span: float) -> Array:
    """Return the best of a few times, each with the first and final level that suit it."""
    best: tuple[float, Array] | None = None
    for time in np.geomspace(max(span / 50, 1e-3), span * 4, 12):
        share = np.exp(-days / time)
        design = np.stack([share, 1 - share], axis=1)
        levels, *_ = np.linalg.lstsq(design, level, rcond=None)
        left = float(((design @ levels - level) ** 2).sum())
        if best is None or left < best[0]:
            best = left, np.array([*levels, math.log(time)])
    assert best is not None
    return best[1]
