"""One-dimensional consolidation: Terzaghi's average degree against the time factor."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from ingest.text import Text
from twin.models._base import Array, SettlementModel

#: Below this time factor the parabola `2*sqrt(T/pi)` equals the series to 1e-9.
_PARABOLA_UP_TO = 0.05
#: Terms after which the series changes nothing in double precision above that.
_TERMS = (2 * np.arange(12) + 1) * np.pi / 2

#: Rates c_v/H^2 that are tried, as time factors of the last reading: from a curve that has just
#: begun (U = 5 %) to one that ended long ago.
_TIME_FACTORS = np.geomspace(0.002, 20.0, 150)


class TerzaghiConsolidation(SettlementModel):
    """Curve `s = S * U(c*t)`, c = c_v/H^2, under a uniform initial excess pressure.

    `U(T) = 1 - sum_m 2/M^2 * exp(-M^2*T)`, `M = pi/2*(2m + 1)`.

    References
    ----------
    Terzaghi, K. (1943). Theoretical Soil Mechanics. Wiley, chapter XIII.
    """

    name = "terzaghi_consolidation"
    least_degree = 0.50

    def fit(self, time: Array, settlement: Array) -> Array:
        """Return S [mm] and c [1/d], by least squares over a grid of c refined by a parabola."""
        grid = _TIME_FACTORS / time[-1]
        curves = average_consolidation(grid[:, None] * time)
        # For each c the best S is linear least squares; what is left over ranks the c.
        explained = (settlement @ curves.T) ** 2 / (curves**2).sum(axis=1)
        left = (settlement**2).sum(axis=1, keepdims=True) - explained
        best = left.argmin(axis=1)
        inner = np.clip(best, 1, len(grid) - 2)
        rows = np.arange(len(settlement))
        low, mid, high = left[rows, inner - 1], left[rows, inner], left[rows, inner + 1]
        with np.errstate(divide="ignore", invalid="ignore"):
            shift = np.clip(0.5 * (low - high) / (low - 2 * mid + high), -0.5, 0.5)
        ratio = grid[1] / grid[0]
        c = np.where(best == inner, grid[inner] * ratio ** np.nan_to_num(shift), grid[best])
        fitted = average_consolidation(c[:, None] * time)
        amplitude = (settlement * fitted).sum(axis=1) / (fitted**2).sum(axis=1)
        parameters = np.stack([amplitude, c], axis=1)
        parameters[~(amplitude > 0)] = np.nan
        return parameters

    def predict(self, parameters: Array, time: Array) -> Array:
        """Return `S * U(c*t)`."""
        return parameters[:, :1] * average_consolidation(parameters[:, 1:] * np.maximum(time, 0))

    def ultimate(self, parameters: Array) -> Array:
        """Return S."""
        return parameters[:, 0]

    def validity(self) -> Text:
        """Return under what conditions the forecast holds."""
        return Text("One-dimensional primary consolidation of a wet layer under constant load")


def average_consolidation(time_factor: ArrayLike) -> Array:
    """Return the average degree of consolidation U [1] at time factors T = c_v*t/H^2 [1]."""
    factors = np.asarray(time_factor, dtype=float)
    series = np.ones_like(factors)
    for term in _TERMS:
        series = series - 2 / term**2 * np.exp(-(term**2) * factors)
    return np.where(factors < _PARABOLA_UP_TO, 2 * np.sqrt(np.maximum(factors, 0) / np.pi), series)
