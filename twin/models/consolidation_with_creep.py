"""Consolidation and the creep that goes on with it or after it, fitted together."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ingest.text import Text
from twin.models._base import HORIZON_D, HORIZON_YEARS, Array, SettlementModel
from twin.models._creep import CREEP_MEDIAN, CREEP_SPREAD, PRIMARY_ENDS, decades, drawn
from twin.models.terzaghi_consolidation import slope, tabulated

#: Rates c_v/H^2 that are tried, as time factors of the last reading, and creep in a tenfold of
#: time over primary settlement [1]; the best of them is then refined.
_TIME_FACTORS = np.geomspace(0.08, 60.0, 28)
_CREEPS = np.geomspace(0.005, 0.6, 9)

#: Rounds of refinement, and the farthest step of one in the logarithm of each.
_ROUNDS = 1
_FARTHEST = np.array([0.2, 0.5])

#: Neighbouring residuals are alike, so that only this part of them counts against the prior [1]
#: (design assumption: a temperature or a level moves a point for days).
_INDEPENDENT, _FEWEST = 0.3, 4.0


class ConsolidationWithCreep(SettlementModel):
    """Curve `s = a + S * (U(c*t) + r * L(c*t / T_p))`, T_p the time factor of U = 95 %.

    Terzaghi's consolidation, and creep in proportion to it: L is `log10(1 + x)` when creep begins
    with the load, `log10(max(x, 1))` when it begins with the end of primary consolidation; the
    curve decides. The fit knows the literature's range of r as a prior (`twin/models/_creep.py`),
    so that r is the measured one where the curve shows it, and of that range where it does not.

    Assumes one layer under a load that no longer changes.

    References
    ----------
    Mesri, G., Godlewski, P. M. (1977). Time- and stress-compressibility interrelationship. J.
    Geotech. Eng. Div. ASCE 103(5), 417-430.
    """

    name = "consolidation_with_creep"
    creeps = True
    borrows = True
    least_degree = 0.50
    #: A load is placed within days (design assumption).
    first_day = 4.0

    def weighted_fit(
        self, time: Array, settlement: Array, weight: Array, near: Array | None = None
    ) -> Array:
        """Return a [mm], S [mm], c [1/d], r [1] and whether creep is late, the most probable."""
        curves = _Curves.of(time, settlement, weight)
        middle = np.full(len(settlement), np.log(CREEP_MEDIAN))
        if near is not None and np.isfinite(near).all():
            return _refined(curves, middle, np.log(near[:, 2:4]), near[:, 4] > 0, rounds=1)
        left = np.log(_left(curves))
        cost = (
            curves.count[:, None, None] * left + _prior(np.log(_CREEPS), middle[:, None])[:, None]
        )
        at_c, at_r = np.divmod(cost.reshape(len(cost), -1).argmin(axis=1), len(_CREEPS))
        return _started(curves, middle, at_c, at_r)

    def refit(
        self, time: Array, settlement: Array, weight: Array, random: np.random.Generator
    ) -> Array:
        """Return fits of resampled curves, each with a prior about a draw of r of its own.

        Every other one begins creep late. Most probable values of resampled data under a resampled
        prior are a sample of the posterior: exactly so for a linear model (Bardsley, J. M.,
        Solonen, A., Haario, H., Laine, M. (2014), SIAM J. Sci. Comput. 36(4), A1895-A1910).
        """
        count = len(settlement)
        middle = np.log(drawn(random, count))
        # The mean of the resampled curves says where each of them is to be looked for.
        mean = _Curves.of(time, settlement.mean(axis=0, keepdims=True), weight[:1])
        grid = len(_TIME_FACTORS)
        left = np.log(_left(mean)).reshape(2, grid, len(_CREEPS))
        cost = (
            mean.count * left[np.arange(count) % 2]
            + _prior(np.log(_CREEPS), middle[:, None])[:, None]
        )
        at_c, at_r = np.divmod(cost.reshape(count, -1).argmin(axis=1), len(_CREEPS))
        return _started(
            _Curves.of(time, settlement, weight), middle, at_c + grid * (np.arange(count) % 2), at_r
        )

    def predict(self, parameters: Array, time: Array) -> Array:
        """Return `a + S * (U(c*t) + r * L(c*t / T_p))`."""
        start, size, rate, creep, late = (parameters[:, [i]] for i in range(5))
        factor = rate * np.maximum(time, 0)
        crept = creep * decades(factor / PRIMARY_ENDS, late > 0)
        return np.asarray(start + size * (tabulated(factor) + crept))

    def ultimate(self, parameters: Array) -> Array:
        """Return the settlement at the horizon, primary consolidation taken to be over."""
        crept = decades(parameters[:, 2] * HORIZON_D / PRIMARY_ENDS, parameters[:, 4] > 0)
        return np.asarray(parameters[:, 0] + parameters[:, 1] * (1 + parameters[:, 3] * crept))

    def primary(self, parameters: Array) -> Array:
        """Return `a + S`."""
        return np.asarray(parameters[:, 0] + parameters[:, 1])

    def validity(self) -> Text:
        """Return under what conditions the forecast holds."""
        return Text(
            "Primary consolidation of a wet layer under constant load, and its creep as far as the "
            "curve shows it, else as in the literature; creep has no end, so the value is that of "
            "{years} years after the load last changed",
            {"years": HORIZON_YEARS},
        )


@dataclass(frozen=True)
class _Curves:
    """What is fitted.

    Parameters
    ----------
    time, settlement
        (n), (curves x n) [d], [mm].
    share
        Weights that add up to 1 (1 or curves x n).
    count
        Independent values (1 or curves).
    """

    time: Array
    settlement: Array
    share: Array
    count: Array

    @classmethod
    def of(cls, time: Array, settlement: Array, weight: Array) -> _Curves:
        share = weight / weight.sum(axis=1, keepdims=True)
        count = np.maximum((weight > 0).sum(axis=1) * _INDEPENDENT, _FEWEST)
        return cls(time, settlement, share, count)


class _Line(NamedTuple):
    """Least squares of curves on their shape, at given rates and creep."""

    start: Array
    size: Array
    left: Array  # weighted mean of the squared residuals
    shape: Array
    crept: Array  # tenfold times of creep
    residual: Array
    factor: Array  # time factors


def _prior(log_r: Array, middle: Array) -> Array:
    """Return -2 log of the prior of r but for a constant."""
    return np.asarray(((log_r - middle) / CREEP_SPREAD) ** 2)


def _left(curves: _Curves) -> Array:
    """Return the mean squared residual on the grids (curves x 2 rates x creeps) [mm2].

    The rates twice: creep early, creep late. For each pair the best line of s on the shape is
    linear least squares (variable projection: Golub, G. H., Pereyra, V. (1973), SIAM Journal on
    Numerical Analysis 10(2), 413-432); all its sums are polynomials in r.
    """
    shapes, tables = _tables(curves.time.tobytes())
    share, r = curves.share, _CREEPS
    rest = share * (curves.settlement - (share * curves.settlement).sum(axis=1, keepdims=True))
    total = (rest * curves.settlement).sum(axis=1)[:, None, None]
    u, lag, uu, ul, ll = np.split((share @ tables.T)[:, :, None], 5, axis=1)
    uy, ly = np.split((rest @ shapes.T)[:, :, None], 2, axis=1)
    spread = (uu - u**2) + 2 * r * (ul - u * lag) + r**2 * (ll - lag**2)
    explained = np.maximum(uy + r * ly, 0.0) ** 2 / np.maximum(spread, 1e-12)
    return np.asarray(np.maximum(total - explained, 1e-9 * total + 1e-12))


def _started(
    curves: _Curves, middle: Array, at_c: NDArray[np.intp], at_r: NDArray[np.intp]
) -> Array:
    """Return parameters (curves x 5) refined from places in the grids of c (twice) and r."""
    grid = len(_TIME_FACTORS)
    rate = _TIME_FACTORS[at_c % grid] / curves.time[-1]
    logs = np.log(np.stack([rate, _CREEPS[at_r]], axis=1))
    parameters = _refined(curves, middle, logs, at_c >= grid, rounds=_ROUNDS)
    # A curve without a bend fits the slowest rate best: its end cannot be told.
    parameters[at_c % grid == 0] = np.nan
    return parameters


def _refined(
    curves: _Curves, middle: Array, logs: Array, late: NDArray[np.bool_], rounds: int
) -> Array:
    """Return parameters (curves x 5) from the logarithms of c and r (curves x 2)."""
    fit = _line(curves, logs, late)
    for _ in range(rounds):
        step = _step(curves, middle, logs, late, fit)
        tried = logs + np.clip(step, -_FARTHEST, _FARTHEST)
        new = _line(curves, tried, late)
        better = _cost(new, curves, tried, middle) < _cost(fit, curves, logs, middle)
        if not better.all():
            tried = np.where(better[:, None], tried, logs)
            new = _line(curves, tried, late)
        logs, fit = tried, new
    rate, creep = np.exp(logs).T
    parameters = np.stack([fit.start, fit.size, rate, creep, late.astype(float)], axis=1)
    parameters[~(fit.size > 0)] = np.nan
    return parameters


def _line(curves: _Curves, logs: Array, late: NDArray[np.bool_]) -> _Line:
    """Return the least squares of curves on their shapes at the logarithms of c and r."""
    share = curves.share
    rate, creep = np.exp(logs[:, :1]), np.exp(logs[:, 1:])
    factor = rate * curves.time
    crept = decades(factor / PRIMARY_ENDS, late[:, None])
    shape = tabulated(factor) + creep * crept
    from_mean = share * (shape - (share * shape).sum(axis=1, keepdims=True))
    size = (from_mean * curves.settlement).sum(axis=1) / (from_mean * shape).sum(axis=1)
    residual = curves.settlement - size[:, None] * shape
    start = (share * residual).sum(axis=1)
    residual -= start[:, None]
    left = np.maximum((share * residual**2).sum(axis=1), 1e-12)
    return _Line(start, size, left, shape, crept, residual, factor)


def _cost(fit: _Line, curves: _Curves, logs: Array, middle: Array) -> Array:
    """Return -2 log of the posterior but for a constant (curves), infinite for a rise."""
    cost = curves.count * np.log(fit.left) + _prior(logs[:, 1], middle)
    return np.where(fit.size > 0, cost, np.inf)


def _step(
    curves: _Curves, middle: Array, logs: Array, late: NDArray[np.bool_], fit: _Line
) -> Array:
    """Return the step of Gauss and Newton in the logarithms of c and r (curves x 2)."""
    creep = np.exp(logs[:, 1:])
    ratio = fit.factor / PRIMARY_ENDS
    creeping = np.where(late[:, None], ratio > 1, ratio / (1 + ratio)) / np.log(10)
    jacobian = np.stack(
        [
            np.ones_like(fit.shape),
            fit.shape,
            fit.size[:, None] * (fit.factor * slope(fit.factor) + creep * creeping),
            fit.size[:, None] * creep * fit.crept,
        ],
        axis=1,
    )
    weighted = jacobian * (curves.share * (curves.count / fit.left)[:, None])[:, None, :]
    normal = weighted @ jacobian.transpose(0, 2, 1)
    right = (weighted @ fit.residual[:, :, None])[:, :, 0]
    normal[:, 3, 3] += 1 / CREEP_SPREAD**2
    right[:, 3] -= (logs[:, 1] - middle) / CREEP_SPREAD**2
    # A hair of damping, so that a curve that says nothing of a rate does not stop the others.
    place = np.arange(4)
    normal[:, place, place] = normal[:, place, place] * (1 + 1e-6) + 1e-9
    return np.asarray(np.linalg.solve(normal, right[:, :, None])[:, 2:, 0])


@lru_cache(maxsize=2)
def _tables(times: bytes) -> tuple[Array, Array]:
    """Return the shapes U and L, and U, L, U^2, U*L, L^2, of each rate, early and late.

    Rows of (2 rates) each, (2 or 5 * 2 rates x times).
    """
    time = np.frombuffer(times)
    factor = _TIME_FACTORS[:, None] / time[-1] * time
    u = np.tile(tabulated(factor), (2, 1))
    lag = np.concatenate([decades(factor / PRIMARY_ENDS, late) for late in (False, True)])
    return np.concatenate([u, lag]), np.concatenate([u, lag, u**2, u * lag, lag**2])
