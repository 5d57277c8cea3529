"""Time of failure by the inverse-velocity method, or the reason why there is none."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.stats import t as student

from ingest.text import Text
from twin.buckets import Array

#: Velocities that a fit needs (design assumption).
NEEDED = 7

#: Least coefficient of determination of the fit [1] (0.8 in the case of Qubuga, J. Eng. Geol.
#: 2022, doi 10.13544/j.cnki.jeg.2022-0743).
LEAST_R2 = 0.8

#: Velocity below which the inverse says more of the instrument than of the slope [mm/d] (design
#: assumption: some times the noise of the daily mean of an in-place inclinometer).
LEAST_VELOCITY = 0.2

#: Velocity that stands for rest where its logarithm is taken [mm/d].
FLOOR = 0.02

#: Days ahead beyond which no date is given [d] (design assumption).
HORIZON_D = 180.0

#: Days of the short and of the long moving average whose crossing is the onset [d].
SHORT_D, LONG_D = 3, 7

#: Probability of the window of dates [1].
CONFIDENCE = 0.9


@dataclass(frozen=True)
class InverseVelocity:
    """Velocities, their fit, and when it reaches zero (days on the scale of the input).

    Parameters
    ----------
    time, velocity
        Middle of each step [d] and its smoothed velocity [mm/d].
    onset
        When acceleration began [d]; None: it has not.
    failure, earliest, latest
        When the fit reaches zero, and its window [d]; None: see `reason`.
    r2
        Coefficient of determination of the fit [1]; None without a fit.
    fit
        Intercept and slope of `1/v = a + b t` [d/mm], [1/mm].
    """

    time: Array
    velocity: Array
    onset: float | None = None
    failure: float | None = None
    earliest: float | None = None
    latest: float | None = None
    r2: float | None = None
    fit: tuple[float, float] | None = None
    reason: Text | None = None


def inverse_velocity(
    days: Array,
    displacement: Array,
    *,
    smoothing: int = 3,
    horizon_d: float = HORIZON_D,
    now: float | None = None,
) -> InverseVelocity:
    """Return when a slope fails if it accelerates as it does.

    The inverse of the velocity falls in a straight line to zero at failure [1]_. Velocities are
    differences of displacement, smoothed by a moving mean. A slope accelerates while a short
    moving average of the velocity stands above a long one [2]_; the line is fitted from the onset
    of acceleration on. The window of dates is where the line's zero lies with 90 % probability
    (Fieller's theorem).

    Parameters
    ----------
    days
        Times, growing [d]. Of displacements of one time the median counts: two readings of one
        moment have no velocity between them (design assumption).
    displacement
        At these times, NaN where it is not known [mm].
    smoothing
        Steps of the moving mean; 1: none. It decides much of the result.
    horizon_d
        Days from now on beyond which no date is given.
    now
        When the date is told, before which none can lie [d]; None: at the last time.

    References
    ----------
    .. [1] Fukuzono, T. (1985); Rose, N.D. and Hungr, O. (2007). Forecasting potential rock slope
       failure in open pit mines using the inverse-velocity method. Int. J. Rock Mech. Min. Sci.
       44(2), 308-320.
    .. [2] Carla, T. et al. (2017). Guidelines on the use of inverse velocity method as a tool for
       setting alarm thresholds and forecasting landslides and structure collapses. Landslides 14,
       517-534.
    """
    known = np.isfinite(displacement)
    times, moved = one_each(days[known], displacement[known])
    if len(times) < NEEDED + smoothing:
        return InverseVelocity(
            np.empty(0), np.empty(0), reason=_few(max(len(times) - smoothing, 0))
        )
    steps = np.diff(moved) / np.diff(times)
    middles = (times[1:] + times[:-1]) / 2
    if smoothing > 1:
        kernel = np.full(smoothing, 1 / smoothing)
        steps = np.convolve(steps, kernel, mode="valid")
        middles = np.convolve(middles, kernel, mode="valid")
    found = InverseVelocity(middles, steps)
    if not _accelerates(steps):
        return _refused(found, Text("The movement does not accelerate"))
    if steps[-SHORT_D:].mean() < LEAST_VELOCITY:
        reason = Text(
            "The movement is slower than {limit} mm/d: its inverse says nothing",
            {"limit": LEAST_VELOCITY},
        )
        return _refused(found, reason)
    begin = _onset(steps)
    times, velocity = middles[begin:], steps[begin:]
    onset = float(times[0]) if len(times) else None
    if len(velocity) < NEEDED:
        return _refused(found, _few(len(velocity)), onset)
    told = float(days[-1]) if now is None else now
    return _fitted(found, times, 1 / velocity, told, horizon_d, smoothing)


def one_each(times: Array, values: Array) -> tuple[Array, Array]:
    """Return every time once, in order, with the median of its values (n,)."""
    every, place = np.unique(times, return_inverse=True)
    if len(every) == len(times):
        return every, np.asarray(values[np.argsort(times, kind="stable")])
    return every, np.array([np.median(values[place == index]) for index in range(len(every))])


def line_to_zero(times: Array, inverse: Array) -> tuple[float, float, float]:
    """Return intercept and slope of inverse velocities by least squares, and where it is zero.

    Parameters
    ----------
    times, inverse
        Times [d] and inverse velocities [d/mm]; the zero is infinite for a level line.
    """
    mean_t, mean_y = float(times.mean()), float(inverse.mean())
    slope = float(((times - mean_t) * inverse).sum() / ((times - mean_t) ** 2).sum())
    zero = mean_t - mean_y / slope if slope else float("inf")
    return mean_y - slope * mean_t, slope, zero


def _fitted(
    found: InverseVelocity,
    times: Array,
    inverse: Array,
    now: float,
    horizon_d: float,
    smoothing: int,
) -> InverseVelocity:
    count, onset = len(times), float(times[0])
    intercept, slope, failure = line_to_zero(times, inverse)
    mean_t = float(times.mean())
    spread = float(((times - mean_t) ** 2).sum())
    residual = inverse - intercept - slope * times
    total = float(((inverse - inverse.mean()) ** 2).sum())
    r2 = 1 - float((residual**2).sum()) / total if total > 0 else 0.0
    fit = (intercept, slope)
    if slope >= 0:
        return _refused(found, Text("The movement slows down"), onset, r2, fit)
    if r2 < LEAST_R2:
        reason = Text(
            "The inverse of the velocity is not a straight line: R2 is {r2}, below {limit}",
            {"r2": round(r2, 2), "limit": LEAST_R2},
        )
        return _refused(found, reason, onset, r2, fit)
    # A moving mean makes neighbours alike: so many velocities are worth that many fewer.
    free = max(count / smoothing - 2, 1.0)
    variance = float((residual**2).sum()) / (count - 2) * smoothing
    quantile = float(student.ppf((1 + CONFIDENCE) / 2, free))
    g = quantile**2 * variance / spread / slope**2
    if g >= 1:
        return _refused(
            found, Text("The fit leaves the date open: its window has no end"), onset, r2, fit
        )
    middle = mean_t + (failure - mean_t) / (1 - g)
    root = max((failure - mean_t) ** 2 / spread + (1 - g) / count, 0.0)
    half = quantile * (variance * root) ** 0.5 / abs(slope) / (1 - g)
    if failure > now + horizon_d:
        reason = Text(
            "The date lies more than {days} days ahead: too far to be named", {"days": horizon_d}
        )
        return _refused(found, reason, onset, r2, fit)
    if middle + half < now:
        return _refused(found, Text("The date that the fit gives has passed"), onset, r2, fit)
    return InverseVelocity(
        found.time,
        found.velocity,
        onset,
        max(failure, now),
        max(float(middle - half), now),
        float(middle + half),
        r2,
        fit,
    )


def _accelerates(velocity: Array) -> bool:
    """Return whether a short moving average of the velocity stands above a long one."""
    long = float(velocity[-LONG_D:].mean())
    return bool(velocity[-SHORT_D:].mean() > long + 0.01 * abs(long))


def _onset(velocity: Array) -> int:
    """Return from which velocity on the slope accelerates.

    Where a constant velocity before and a straight inverse velocity after explain the logarithms
    of the velocities best (least squares); the earliest of equals.
    """
    logs = np.log(np.maximum(velocity, FLOOR))
    steps = np.arange(len(velocity), dtype=float)
    moving = int(np.flatnonzero(velocity <= 0)[-1]) + 1 if (velocity <= 0).any() else 0
    errors: dict[int, float] = {}
    for begin in range(moving, len(velocity) - NEEDED + 1):
        before, inverse, x = logs[:begin], 1 / velocity[begin:], steps[begin:]
        start, slope, _ = line_to_zero(x, inverse)
        fitted = start + slope * x
        if slope >= 0 or fitted.min() <= 0:
            continue
        error = float(((logs[begin:] + np.log(fitted)) ** 2).sum())
        if begin:
            error += float(((before - before.mean()) ** 2).sum())
        errors[begin] = error
    if not errors:
        return moving
    # Of equals the earliest. No more than equals: days of creep before the onset flatten the line
    # and shift its end by days to the unsafe side.
    enough = min(errors.values()) + len(velocity) * 0.001**2
    return next(begin for begin, error in errors.items() if error <= enough)


def _refused(
    found: InverseVelocity,
    reason: Text,
    onset: float | None = None,
    r2: float | None = None,
    fit: tuple[float, float] | None = None,
) -> InverseVelocity:
    return InverseVelocity(found.time, found.velocity, onset, r2=r2, fit=fit, reason=reason)


def _few(count: int) -> Text:
    return Text("Only {count} of {needed} velocities", {"count": count, "needed": NEEDED})
