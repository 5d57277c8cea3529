"""What every settlement model owes."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from ingest.text import Text

Array = NDArray[np.float64]

#: Creep has no end: the ultimate settlement is that of so many years after the load last changed,
#: the time that the law gives technical reclamation (design assumption).
HORIZON_YEARS = 15
HORIZON_D = HORIZON_YEARS * 365.25


class SettlementModel(ABC):
    """A published method that continues a settlement curve under a load that no longer changes.

    Time counts from the last change of the load [d], settlement from its value then [mm]. A model
    fits many curves of the same times at once, because the interval of a forecast comes from
    refitting resampled curves.

    Parameters
    ----------
    name
        The file's name.
    needed
        Fewest daily values that the method is given here.
    needs_origin
        Whether time must count from the change of the load, not from any moment after it.
    least_degree
        Degree of consolidation (settlement / ultimate) below which the method misleads [1].
    bias
        Factors (low, high) on the ultimate settlement that the method's known bias allows [1].
    """

    name: ClassVar[str]
    needed: ClassVar[int] = 30
    needs_origin: ClassVar[bool] = True
    least_degree: ClassVar[float] = 0.0
    bias: ClassVar[tuple[float, float]] = (1.0, 1.0)

    @abstractmethod
    def fit(self, time: Array, settlement: Array) -> Array:
        """Return the parameters of each curve.

        Parameters
        ----------
        time
            Days since the load last changed, rising, above 0 [d] (n times).
        settlement
            Settlement since then [mm] (curves x n times).

        Returns
        -------
        Array
            Parameters (curves x parameters); NaN where a curve cannot be fitted.
        """

    @abstractmethod
    def predict(self, parameters: Array, time: Array) -> Array:
        """Return settlement [mm] (curves x times) at days since the load last changed [d]."""

    @abstractmethod
    def ultimate(self, parameters: Array) -> Array:
        """Return the ultimate settlement of each curve [mm], NaN where there is none."""

    @abstractmethod
    def validity(self) -> Text:
        """Return under what conditions the forecast holds."""


def line(x: Array, y: Array) -> tuple[Array, Array]:
    """Return intercepts and slopes of least squares lines (curves) of `y` (curves x n) on `x`.

    `x` is either n values for all curves or (curves x n).
    """
    x = np.broadcast_to(x, y.shape)
    mean_x, mean_y = x.mean(axis=1, keepdims=True), y.mean(axis=1, keepdims=True)
    spread = ((x - mean_x) ** 2).sum(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        slope = ((x - mean_x) * (y - mean_y)).sum(axis=1) / spread
    return mean_y[:, 0] - slope * mean_x[:, 0], slope
