"""Which method may be believed on a curve: refusals, and the error out of the sample."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from ingest.registry import load_family
from ingest.text import Text
from twin.buckets import Array
from twin.models._base import SettlementModel, robust_fit

# What follows without a source is a design assumption.

#: Parts of the curve's time from which a method must continue it to its end (rolling origin:
#: Tashman, L. J. (2000), International Journal of Forecasting 16(4), 437-450).
ORIGINS = (0.5, 0.6, 0.7, 0.8)

#: Values that a fit needs before an origin, and origins that must give an error.
NEEDED_BEFORE, NEEDED_ORIGINS = 6, 3

#: Values whose mean is where a curve stands when a method continues it.
ANCHOR = 3

#: Error (against what settled after the origin) above which a method is refused [1].
LARGEST_ERROR = 0.5

#: Settlement since the load last changed that a forecast needs [mm]: less drowns in the noise.
LEAST_SETTLED = 5.0

#: Ultimate settlement over measured settlement above which a forecast is absurd [1].
ABSURD = 5.0

#: The residuals of a fit follow a pattern when they change sign too seldom, by so many standard
#: deviations (Wald, A., Wolfowitz, J. (1940), Annals of Mathematical Statistics 11(2), 147-162),
#: and are larger than this part of what settled within the fit [1].
PATTERN_Z, PATTERN_PART = -3.0, 0.03

#: A method is refused when its rate at the end of the curve differs from the measured one by more
#: than this part of it and this rate [mm/d].
RATE_PART, RATE_LEAST, RATE_END = 0.4, 0.08, 0.3


@dataclass(frozen=True)
class Fitted:
    """A method that was not refused.

    Parameters
    ----------
    model
        The method, knowing the lifts of the point.
    parameters
        Of its curve (1 x parameters).
    weight
        Of each value of the curve (1 x n) [1].
    error
        On what was held back, against what settled there [1].
    degree
        Settlement since the load last changed over the end that the method finds for its primary
        consolidation, or for creep over that of the horizon [1].
    """

    model: SettlementModel
    parameters: Array
    weight: Array
    error: float
    degree: float


@dataclass(frozen=True)
class TooEarly:
    """A method that fits, but at a degree of consolidation at which it misleads.

    Parameters
    ----------
    reason
        Why it was refused.
    degree
        The degree that it finds [1].
    error
        On what was held back, against what settled there [1]; NaN when not known.
    """

    reason: Text
    degree: float
    error: float


@lru_cache(maxsize=1)
def models() -> dict[str, SettlementModel]:
    """Return every settlement model by name."""
    family = load_family("twin.models", SettlementModel)  # type: ignore[type-abstract]
    return {name: member() for name, member in family.items()}


def judged(
    model: SettlementModel, time: Array, settled: Array, trust: Array, offset: float
) -> Fitted | TooEarly | Text:
    """Return the fit of a method, or why it may not be believed.

    Parameters
    ----------
    time, settled
        The curve since the load last changed (n) [d], [mm].
    trust
        Weight of each value before any fit (n) [1].
    offset
        Settlement when the load last changed [mm].
    """
    splits = _splits(time)
    every, weights = robust_fit(model, time, settled, [*time[splits - 1], time[-1]], trust)
    parameters, weight = every[-1:], weights[-1:]
    now, ultimate = float(settled[-1]), float(model.ultimate(parameters)[0])
    if not np.isfinite(ultimate) or now <= 0:
        return Text("The curve does not have the shape that the method assumes")
    if ultimate < 0.98 * now:
        return Text(
            "The ultimate settlement would be {ultimate} mm, below the {settled} mm of today",
            {"ultimate": round(ultimate + offset), "settled": round(now + offset)},
        )
    primary = float(model.primary(parameters)[0])
    degree = now / primary
    error = rolling_error(model, every[:-1], splits, time, settled)
    if degree < model.least_degree:
        reason = Text(
            "The degree of consolidation is {degree} %, below the {limit} % that the method needs",
            {"degree": round(100 * degree), "limit": round(100 * model.least_degree)},
        )
        return TooEarly(reason, degree, error)
    if ultimate + offset > ABSURD * (now + offset):
        return Text(
            "The ultimate settlement would be {ultimate} mm, which is absurd after {settled} mm",
            {"ultimate": round(ultimate + offset), "settled": round(now + offset)},
        )
    used = model.used(time)[0]
    first = float(settled[used][0]) / primary
    if first < model.least_first_degree:
        reason = Text(
            "The curve begins at a degree of consolidation of {degree} %, below the {limit} % that "
            "the method needs",
            {"degree": round(100 * first), "limit": round(100 * model.least_first_degree)},
        )
        return TooEarly(reason, degree, error)
    curve = model.predict(parameters, time)[0]
    residual = (settled - curve)[used]
    runs, z = sign_runs(residual)
    spread = float(np.sqrt(np.mean(residual**2)))
    if z < PATTERN_Z and spread > PATTERN_PART * float(np.ptp(settled[used])):
        return Text(
            "The residuals follow a pattern: they change sign {changes} times, chance gives "
            "{expected}; the curve is not of this kind",
            {"changes": runs - 1, "expected": round(len(residual) / 2)},
        )
    if np.isnan(error):
        return Text("The curve is too short to see how well the method continues it")
    if error > LARGEST_ERROR:
        return Text(
            "Continued from {count} earlier days, the method was {error} % wrong",
            {"count": len(ORIGINS), "error": round(100 * error)},
        )
    measured, fitted = (end_rate(time, curve) for curve in (settled, curve))
    if abs(fitted - measured) > max(RATE_PART * measured, RATE_LEAST):
        return Text(
            "At the end of the curve the method settles by {fitted} mm a day, the point by "
            "{measured}",
            {"fitted": round(fitted, 2), "measured": round(measured, 2)},
        )
    return Fitted(model, parameters, weight, error, degree)


def rolling_error(
    model: SettlementModel, parameters: Array, splits: NDArray[np.intp], time: Array, settled: Array
) -> float:
    """Return the error of continuing the curve from earlier origins, against what settled [1].

    The root of the mean square over the origins; NaN when too few of them can be continued.

    Parameters
    ----------
    parameters
        Of the fits up to each origin (origins x parameters).
    splits
        First value after each origin (origins).
    """
    curves = model.predict(parameters, time)
    known = (splits >= NEEDED_BEFORE) & (splits < len(time)) & np.isfinite(curves).all(axis=1)
    if known.sum() < NEEDED_ORIGINS:
        return float("nan")
    curves, splits = curves[known], splits[known]
    rows = np.arange(len(splits))[:, None]
    before = splits[:, None] - 1 - np.arange(ANCHOR)
    # A method continues from where the curve stood, as the forecast does.
    stood = settled[before].sum(axis=1, keepdims=True) / ANCHOR
    missed = settled - stood - (curves - curves[rows, before].sum(axis=1, keepdims=True) / ANCHOR)
    after = np.arange(len(time)) >= splits[:, None]
    count = len(time) - splits
    wrong, grown = (
        (np.where(after, each, 0.0) ** 2).sum(axis=1) / count for each in (missed, settled - stood)
    )
    # A curve that has all but ended grows less than a millimetre, which nothing resolves.
    return float(np.sqrt((wrong / np.maximum(grown, 1.0)).mean()))


def _splits(time: Array) -> NDArray[np.intp]:
    """Return the first value after each origin, at least the second (origins)."""
    after = np.searchsorted(time, time[0] + (time[-1] - time[0]) * np.array(ORIGINS))
    return np.asarray(np.clip(after, 1, len(time)), dtype=np.intp)


def sign_runs(residual: Array) -> tuple[int, float]:
    """Return the number of runs of equal sign, and its z against chance (Wald and Wolfowitz)."""
    signs = residual > 0
    count = len(signs)
    runs = 1 + int((signs[1:] != signs[:-1]).sum())
    above = int(signs.sum())
    pairs = 2.0 * above * (count - above)
    if count < 2 or pairs == 0:
        return runs, float("-inf") if count > 10 else 0.0
    variance = pairs * (pairs - count) / (count**2 * (count - 1))
    return runs, float((runs - 1 - pairs / count) / np.sqrt(variance)) if variance > 0 else 0.0


def end_rate(time: Array, settled: Array) -> float:
    """Return the slope of the last part of a curve [mm/d]."""
    end = time >= time[-1] - RATE_END * (time[-1] - time[0])
    x = time[end]
    x = x - x.sum() / len(x)
    return float(x @ settled[end] / (x @ x))
