"""One-dimensional consolidation: Terzaghi's average degree against the time factor."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike

from ingest.text import Text
from twin.models._base import Array, SettlementModel, line

#: Below this time factor the parabola `2*sqrt(T/pi)` equals the series to 1e-9.
_PARABOLA_UP_TO = 0.05
#: Terms after which the series changes nothing in double precision above that.
_TERMS = (2 * np.arange(12) + 1) * np.pi / 2

#: Rates c_v/H^2 that are tried, as time factors of the last reading: from a curve that has just
#: begun (U = 5 %) to one that ended long ago.
_TIME_FACTORS = np.geomspace(0.002, 20.0, 301)
#: Every so many of them are tried first, then all about the best.
_COARSE = 10


class TerzaghiConsolidation(SettlementModel):
    """Curve `s = a + S * U(c*t)`, c = c_v/H^2, under a uniform initial excess pressure.

    Assumes a saturated layer of constant stiffness and permeability that drains one way or both,
    and a load that is placed at once and stays. Not for dry rock fill, nor for creep after the
    excess pressure is gone.

    `U(T) = 1 - sum_m 2/M^2 * exp(-M^2*T)`, `M = pi/2*(2m + 1)`. What settled at once,
    and in the days that the load took, is a.

    References
    ----------
    Terzaghi, K. (1943). Theoretical Soil Mechanics. Wiley, chapter XIII.
    """

    name = "terzaghi_consolidation"
    least_degree = 0.50
    #: A load is placed within days (design assumption).
    first_day = 4.0

    def weighted_fit(self, time: Array, settlement: Array, weight: Array) -> Array:
        """Return a [mm], S [mm] and c [1/d], by least squares over a grid of c."""
        grid = _TIME_FACTORS / time[-1]
        curves = _curves(time.tobytes())
        # For each c the best line of s on U is linear least squares; what it explains ranks the c.
        share = weight / weight.sum(axis=1, keepdims=True)
        rest = share * (settlement - (share * settlement).sum(axis=1, keepdims=True))
        coarse = _explained(curves[None, ::_COARSE], share, rest).argmax(axis=1) * _COARSE
        first = np.clip(coarse - _COARSE, 0, len(grid) - 2 * _COARSE - 1)
        near = first[:, None] + np.arange(2 * _COARSE + 1)
        explained = _explained(curves[near], share, rest)
        rows = np.arange(len(settlement))
        place = explained.argmax(axis=1)
        best = near[rows, place]
        inner = np.clip(place, 1, near.shape[1] - 2)
        low, mid, high = (explained[rows, inner + side] for side in (-1, 0, 1))
        with np.errstate(divide="ignore", invalid="ignore"):
            shift = np.clip(0.5 * (low - high) / (low - 2 * mid + high), -0.5, 0.5)
        shift = np.where(place == inner, np.nan_to_num(shift), 0.0)
        ratio = grid[1] / grid[0]
        c = grid[best] * ratio**shift
        start, amplitude = line(_tabulated(c[:, None] * time), settlement, weight)
        parameters = np.stack([start, amplitude, c], axis=1)
        # A curve without a bend fits the slowest rate best: its end cannot be told.
        parameters[~(amplitude > 0) | (best == 0)] = np.nan
        return parameters

    def predict(self, parameters: Array, time: Array) -> Array:
        """Return `a + S * U(c*t)`."""
        degree = _tabulated(parameters[:, 2:] * np.maximum(time, 0))
        return np.asarray(parameters[:, :1] + parameters[:, 1:2] * degree)

    def ultimate(self, parameters: Array) -> Array:
        """Return `a + S`."""
        return np.asarray(parameters[:, 0] + parameters[:, 1])

    def validity(self) -> Text:
        """Return under what conditions the forecast holds."""
        return Text(
            "One-dimensional primary consolidation of a wet layer under constant load; creep after"
            " it is not foreseen, and the interval does not hold it"
        )


def average_consolidation(time_factor: ArrayLike) -> Array:
    """Return the average degree of consolidation U [1] at time factors T = c_v*t/H^2 [1]."""
    factors = np.asarray(time_factor, dtype=float)
    series = np.ones_like(factors)
    for term in _TERMS:
        series = series - 2 / term**2 * np.exp(-(term**2) * factors)
    return np.where(factors < _PARABOLA_UP_TO, 2 * np.sqrt(np.maximum(factors, 0) / np.pi), series)


#: The series at time factors that lie close enough for straight lines between them: a fit asks
#: for it ten thousand times.
_TABLE_T = np.concatenate(([0.0], np.geomspace(1e-6, 30.0, 4000)))
_TABLE_U = average_consolidation(_TABLE_T)


def _tabulated(time_factor: Array) -> Array:
    """Return the average degree of consolidation by the table, to 1e-5 [1]."""
    return np.interp(time_factor, _TABLE_T, _TABLE_U)


@lru_cache(maxsize=2)
def _curves(times: bytes) -> Array:
    """Return U (rates x times) of every rate that is tried at times [d]: refits ask for it."""
    time = np.frombuffer(times)
    return _tabulated(_TIME_FACTORS[:, None] / time[-1] * time)


def _explained(curves: Array, share: Array, rest: Array) -> Array:
    """Return what each rate explains of each curve (curves x rates) [mm2].

    Small sums that stay in one thread: a threaded product costs more than it gains here.

    Parameters
    ----------
    curves
        U of the rates (1 or curves x rates x times).
    share
        Weights, sum 1 (1 or curves x times).
    rest
        Weighted settlement less its mean (curves x times).
    """
    same, weight = _same(curves, share)
    mean = np.einsum("crn,cn->cr", same, weight)
    spread = np.einsum("crn,cn->cr", same**2, weight) - mean**2
    product = np.einsum("crn,cn->cr", *_same(curves, rest))
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(spread > 1e-12, product**2 / spread, 0.0)


def _same(curves: Array, table: Array) -> tuple[Array, Array]:
    """Return both with the longer of their first axes."""
    count = max(len(curves), len(table))
    return (
        np.broadcast_to(curves, (count, *curves.shape[1:])),
        np.broadcast_to(table, (count, table.shape[1])),
    )
