"""Control charts: CUSUM and EWMA on values that should stay about a target."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from twin.buckets import Array


@dataclass(frozen=True)
class Cusum:
    """A tabular CUSUM (values).

    Parameters
    ----------
    high, low
        What has gathered above and below the target, in the unit of the values.
    signal
        Index of the first value at which one exceeds the limit; None: none does.
    onset
        Index of the value from which it gathered: where the change is likely to have begun.
    """

    high: Array
    low: Array
    limit: float
    signal: int | None
    onset: int | None


def cusum(
    values: ArrayLike, *, target: float, allowance: float, limit: float, one_sided: bool = False
) -> Cusum:
    """Return the tabular CUSUM of values [1]_.

    `C+ = max(0, x - (target + K) + C+ before)`, and `C-` the same downwards; a signal is a value
    at which one exceeds H. A value that is not known (NaN) leaves both as they are.

    Parameters
    ----------
    values
        One after the other.
    allowance
        K, in the unit of the values: half the shift that is to be found.
    limit
        H, in the unit of the values; usual is five standard deviations.
    one_sided
        Whether only a rise signals.

    References
    ----------
    .. [1] Montgomery, D.C. (2013). Introduction to Statistical Quality Control, 7th ed., section
       9.1, equations 9.2 and 9.3.
    """
    x = np.asarray(values, dtype=float)
    high, low = np.zeros(len(x)), np.zeros(len(x))
    up = down = 0.0
    for index, value in enumerate(x):
        if np.isfinite(value):
            up = max(0.0, value - (target + allowance) + up)
            down = max(0.0, (target - allowance) - value + down)
        high[index], low[index] = up, down
    beyond = high > limit
    if not one_sided:
        beyond |= low > limit
    if not beyond.any():
        return Cusum(high, low, limit, None, None)
    signal = int(beyond.argmax())
    side = high if high[signal] > limit else low
    rests = np.flatnonzero(side[: signal + 1] == 0)
    return Cusum(high, low, limit, signal, int(rests[-1]) + 1 if len(rests) else 0)


@dataclass(frozen=True)
class Ewma:
    """An exponentially weighted moving average with its limits (values).

    Parameters
    ----------
    signal
        Index of the first average beyond a limit; None: none is.
    """

    average: Array
    low: Array
    high: Array
    signal: int | None


def ewma(
    values: ArrayLike,
    *,
    target: float,
    deviation: float,
    weight: float = 0.1,
    width: float = 2.7,
    steady: bool = False,
) -> Ewma:
    """Return the EWMA chart of values [1]_ [2]_.

    `z = w x + (1 - w) z before`, from the target on; limits
    `target +- L s sqrt(w / (2 - w) (1 - (1 - w)^2i))`. A value that is not known (NaN) leaves the
    average as it is.

    Parameters
    ----------
    deviation
        Standard deviation s of the values.
    weight
        w of the newest value, above 0 and at most 1 [1].
    width
        L, half the width of the limits [standard deviations].
    steady
        Whether the limits are those after many values from the first one on.

    References
    ----------
    .. [1] Montgomery, D.C. (2013). Introduction to Statistical Quality Control, 7th ed., section
       9.2, equations 9.22, 9.25 and 9.26.
    .. [2] NIST/SEMATECH e-Handbook of Statistical Methods, section 6.3.2.4.
    """
    if not 0 < weight <= 1:
        raise ValueError(f"weight is {weight}: give more than 0 and at most 1")
    x = np.asarray(values, dtype=float)
    average = np.empty(len(x))
    before = target
    for index, value in enumerate(x):
        if np.isfinite(value):
            before = weight * value + (1 - weight) * before
        average[index] = before
    grown = 1.0 if steady else 1 - (1 - weight) ** (2 * np.arange(1, len(x) + 1))
    half = width * deviation * np.sqrt(weight / (2 - weight) * grown) * np.ones(len(x))
    beyond = np.abs(average - target) > half
    return Ewma(
        average, target - half, target + half, int(beyond.argmax()) if beyond.any() else None
    )
