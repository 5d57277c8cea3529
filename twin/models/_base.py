"""What every settlement model owes."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ingest.text import Text

Array = NDArray[np.float64]

#: Creep has no end: what every method tells as final settlement is that of so many years after
#: the load last changed, the time that the law gives technical reclamation (design assumption).
HORIZON_YEARS = 15
HORIZON_D = HORIZON_YEARS * 365.25

#: Residual in scales up to which it counts in full; beyond, its weight falls with 1/residual
#: (Huber, P. J. (1964), Annals of Mathematical Statistics 35(1), 73-101; 95 % efficiency).
HUBER = 1.345

#: Values before and after one with which it is compared, and the scales at which it stands out
#: (design assumption).
NEIGHBOURS, FAR = 3, 4.0


@dataclass(frozen=True)
class Lifts:
    """Loads that were placed on a point, the last of them at time 0.

    Parameters
    ----------
    age
        Days from each lift to the last one, falling to 0 [d].
    mass
        What was placed [t].
    """

    age: Array
    mass: Array


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
    needs_lifts
        Whether the method must know what was placed on the point, and when.
    least_degree
        Degree of consolidation (settlement / ultimate) below which the method misleads [1].
    most_degree
        The same up to which the method is published [1]; beyond, the forecast says so.
    least_first_degree
        As the least, at the first value that the method uses [1].
    bias
        Factors (low, high) on the ultimate settlement that the method's known bias allows [1].
    creeps
        Whether the method foresees creep after primary consolidation.
    borrows
        Whether the literature tells the method a part of its curve, beside the data.
    early_part, first_day
        Part of the time at the beginning [1], and days at least [d], that the method leaves out.
    """

    name: ClassVar[str]
    needed: ClassVar[int] = 30
    needs_origin: ClassVar[bool] = True
    needs_lifts: ClassVar[bool] = False
    least_degree: ClassVar[float] = 0.0
    most_degree: ClassVar[float] = 1.0
    least_first_degree: ClassVar[float] = 0.0
    bias: ClassVar[tuple[float, float]] = (1.0, 1.0)
    creeps: ClassVar[bool] = False
    borrows: ClassVar[bool] = False
    early_part: ClassVar[float] = 0.0
    first_day: ClassVar[float] = 0.0

    def used(self, time: Array, last: ArrayLike | None = None) -> NDArray[np.bool_]:
        """Return which times [d] the method fits of curves that end at `last` (rows x n)."""
        end = np.atleast_1d(time[-1] if last is None else last)[:, None]
        return (time >= np.maximum(self.first_day, self.early_part * end)) & (time <= end)

    def under(self, lifts: Lifts) -> SettlementModel:  # noqa: ARG002
        """Return the model of a point on which lifts were placed."""
        return self

    def fit(self, time: Array, settlement: Array) -> Array:
        """Return the parameters of each curve by plain least squares of the part that is used."""
        return self.weighted_fit(time, settlement, self.used(time).astype(float))

    @abstractmethod
    def weighted_fit(
        self, time: Array, settlement: Array, weight: Array, near: Array | None = None
    ) -> Array:
        """Return the parameters of each curve, by weighted least squares.

        Parameters
        ----------
        time
            Days since the load last changed, rising, above 0 [d] (n times).
        settlement
            Settlement since then [mm] (curves x n times).
        weight
            Of each value, from 0 (left out) to 1 [1] (1 or curves x n times).
        near
            Parameters of a fit with nearly the same weights, where a search may begin.

        Returns
        -------
        Array
            Parameters (curves x parameters); NaN where a curve cannot be fitted.
        """

    def refit(
        self,
        time: Array,
        settlement: Array,
        weight: Array,
        random: np.random.Generator,  # noqa: ARG002
    ) -> Array:
        """Return the parameters of resampled curves, as `weighted_fit` does."""
        return self.weighted_fit(time, settlement, weight)

    @abstractmethod
    def predict(self, parameters: Array, time: Array) -> Array:
        """Return settlement [mm] (curves x times) at days since the load last changed [d]."""

    @abstractmethod
    def ultimate(self, parameters: Array) -> Array:
        """Return the ultimate settlement of each curve [mm], NaN where there is none."""

    def primary(self, parameters: Array) -> Array:
        """Return the settlement of each curve against which its degree is told [mm]."""
        return self.ultimate(parameters)

    def primary_ends(self, parameters: Array) -> Array:
        """Return when primary consolidation ends, at 95 % of it (curves) [d].

        Asked of methods that do not foresee creep.
        """
        raise NotImplementedError

    def beyond(self, degree: float) -> Text | None:  # noqa: ARG002
        """Return what must be said of a degree of consolidation [1] above `most_degree`."""
        return None

    @abstractmethod
    def validity(self) -> Text:
        """Return under what conditions the forecast holds."""


def robust_fit(
    model: SettlementModel,
    time: Array,
    settlement: Array,
    lasts: ArrayLike | None = None,
    trust: Array | None = None,
) -> tuple[Array, Array]:
    """Return the parameters (rows x parameters) and weights (rows x n) of Huber fits of one curve.

    Least squares are repeated with weights that fall with the residual, which goes to the minimum
    of Huber's loss, as `scipy.optimize.least_squares(loss="huber")` does, in a small part of its
    time. What stands out from its neighbours weighs little from the beginning, so that one round
    is enough. The scale is the median absolute deviation.

    Parameters
    ----------
    time, settlement
        Of one curve (n) [d], [mm].
    lasts
        Times at which the curve is cut, a row each [d]; None: one row, the whole curve.
    trust
        `standing_out(settlement)`, where it is known already.
    """
    used = model.used(time, lasts)
    curves = np.broadcast_to(settlement, used.shape)
    weight = used * (standing_out(settlement) if trust is None else trust)
    parameters = model.weighted_fit(time, curves, weight)
    residual = np.abs(curves - model.predict(parameters, time))
    limit = HUBER / 0.6745 * _medians(residual, used)[:, None]
    outside = (residual > limit) & used & (limit > 0)
    if outside.any():
        weight = np.where(outside, limit / np.maximum(residual, 1e-12), used)
        parameters = model.weighted_fit(time, curves, weight, parameters)
    return parameters, weight


def standing_out(settlement: Array) -> Array:
    """Return weights (n) [1] that fall with how far a value stands out from its neighbours."""
    count, reach = len(settlement), NEIGHBOURS
    if count <= reach:
        return np.ones(count)
    # Means of two values at equal distances before and after lie on a straight curve.
    padded = np.pad(settlement, reach, mode="reflect", reflect_type="odd")
    pairs = [
        padded[reach - step : reach - step + count] + padded[reach + step : reach + step + count]
        for step in range(1, reach + 1)
    ]
    away = np.abs(settlement - np.median(pairs, axis=0) / 2)
    limit = FAR * float(np.median(away)) / 0.6745
    return np.minimum(1.0, limit / np.maximum(away, 1e-12)) if limit > 0 else np.ones(count)


def _medians(values: Array, used: NDArray[np.bool_]) -> Array:
    """Return the medians of the used values of each row (rows)."""
    ordered = np.sort(np.where(used, values, np.inf), axis=1)
    middle = (used.sum(axis=1) - 1) // 2
    return np.asarray(ordered[np.arange(len(values)), np.maximum(middle, 0)])


def line(x: Array, y: Array, weight: Array) -> tuple[Array, Array]:
    """Return intercepts and slopes of least squares lines (curves) of `y` (curves x n) on `x`.

    `x` and `weight` are (n), (1 x n) or (curves x n).
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        share = weight / weight.sum(axis=-1, keepdims=True)
        mean_x, mean_y = ((share * z).sum(axis=-1, keepdims=True) for z in (x, y))
        from_mean = share * (x - mean_x)
        slope = (from_mean * (y - mean_y)).sum(axis=-1) / (from_mean * (x - mean_x)).sum(axis=-1)
    return (mean_y[..., 0] - slope * mean_x[..., 0]), slope
