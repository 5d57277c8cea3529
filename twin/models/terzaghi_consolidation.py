"""One-dimensional consolidation: Terzaghi's average degree against the time factor."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike

from ingest.text import Text
from twin.models._base import HORIZON_YEARS, Array, SettlementModel, line
from twin.models._creep import CREEP_RANGE, PRIMARY_ENDS

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

    def weighted_fit(
        self,
        time: Array,
        settlement: Array,
        weight: Array,
        near: Array | None = None,
    ) -> Array:
        """Return a [mm], S [mm] and c [1/d], by least squares over a grid of c."""
        grid = _TIME_FACTORS / time[-1]
        shapes, squares = _tables(time.tobytes())
        # For each c the best line of s on U is linear least squares (variable projection); what
        # it explains ranks the c: every so many of them first, then all about the best.
        share = weight / weight.sum(axis=1, keepdims=True)
        rest = share * (settlement - (share * settlement).sum(axis=1, keepdims=True))
        spread = np.maximum(share @ squares.T - (share @ shapes.T) ** 2, 1e-12)
        coarse = ((rest @ shapes[::_COARSE].T) ** 2 / spread[:, ::_COARSE]).argmax(axis=1)
        first = np.clip((coarse - 1) * _COARSE, 0, len(grid) - 2 * _COARSE - 1)
        near = first[:, None] + np.arange(2 * _COARSE + 1)
        rows = np.arange(len(settlement))
        own = rows if len(spread) > 1 else np.zeros_like(rows)
        explained = np.einsum("crn,cn->cr", shapes[near], rest) ** 2 / spread[own[:, None], near]
        place = explained.argmax(axis=1)
        best = near[rows, place]
        inner = np.clip(place, 1, near.shape[1] - 2)
        low, mid, high = (explained[rows, inner + side] for side in (-1, 0, 1))
        with np.errstate(divide="ignore", invalid="ignore"):
            shift = np.clip(0.5 * (low - high) / (low - 2 * mid + high), -0.5, 0.5)
        shift = np.where(place == inner, np.nan_to_num(shift), 0.0)
        ratio = grid[1] / grid[0]
        c = grid[best] * ratio**shift
        start, amplitude = line(tabulated(c[:, None] * time), settlement, weight)
        parameters = np.stack([start, amplitude, c], axis=1)
        # A curve without a bend fits the slowest rate best: its end cannot be told.
        parameters[~(amplitude > 0) | (best == 0)] = np.nan
        return parameters

    def predict(self, parameters: Array, time: Array) -> Array:
        """Return `a + S * U(c*t)`."""
        degree = tabulated(parameters[:, 2:] * np.maximum(time, 0))
        return np.asarray(parameters[:, :1] + parameters[:, 1:2] * degree)

    def ultimate(self, parameters: Array) -> Array:
        """Return `a + S`."""
        return np.asarray(parameters[:, 0] + parameters[:, 1])

    def primary_ends(self, parameters: Array) -> Array:
        """Return `T_p / c`, T_p the time factor of U = 95 %."""
        return np.asarray(PRIMARY_ENDS / parameters[:, 2])

    def validity(self) -> Text:
        """Return under what conditions the forecast holds."""
        return Text(
            "One-dimensional primary consolidation of a wet layer under constant load, up to "
            "{years} years after it; the interval holds no creep up to creep of {low} to {high} of "
            "it in a tenfold of time",
            {"years": HORIZON_YEARS, "low": CREEP_RANGE[0], "high": CREEP_RANGE[1]},
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


def tabulated(time_factor: Array) -> Array:
    """Return the average degree of consolidation by the table, to 1e-5 [1]."""
    return np.interp(time_factor, _TABLE_T, _TABLE_U)


def slope(time_factor: Array) -> Array:
    """Return dU/dT by the table, to 1e-2 of it [1]."""
    return np.interp(time_factor, _MIDDLE_T, _SLOPES)


_MIDDLE_T = (_TABLE_T[1:] + _TABLE_T[:-1]) / 2
_SLOPES = np.diff(_TABLE_U) / np.diff(_TABLE_T)


@lru_cache(maxsize=2)
def _tables(times: bytes) -> tuple[Array, Array]:
    """Return U and its square (rates x times) of every rate that is tried at times [d]."""
    time = np.frombuffer(times)
    shapes = tabulated(_TIME_FACTORS[:, None] / time[-1] * time)
    return shapes, shapes**2
