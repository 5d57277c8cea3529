"""Interval of a forecast: resampled curves of every method that was not refused."""

from __future__ import annotations

import numpy as np

from twin.buckets import Array
from twin.settlement.methods import Fitted

CONFIDENCE = 0.90

#: Resampled curves of each method, and the seed that makes them the same every time.
RESAMPLED = 60
SEED = 20220101

#: Error below which methods are equally good, so that luck on a smooth curve does not choose [1].
LEAST_ERROR = 0.03


def spread(
    fits: list[Fitted], time: Array, settled: Array, ahead: Array
) -> tuple[Array, Array, Array, Array]:
    """Return what still settles: of the first method, low, high; of the ultimate and ahead.

    Three sources of doubt are sampled. Noise: each method is fitted again to curves that are
    resampled by a moving block bootstrap of its residuals (Kuensch, H. R. (1989), Annals of
    Statistics 17(3), 1217-1241). Error of the method: its growth is stretched by a factor with the
    spread of its error out of the sample, and either end of its known bias is as likely as the
    other. Choice of the method: samples of all methods are taken together, each weighted by
    1/error^4.

    Parameters
    ----------
    fits
        The chosen method first.
    ahead
        Times after the end of the curve (k) [d].

    Returns
    -------
    tuple
        Growth of the ultimate settlement (3: value, low, high), and growth ahead of the value,
        its low and high end (k each) [mm].
    """
    random = np.random.default_rng(SEED)
    end = time[-1:]
    growth: list[Array] = []
    weights: list[Array] = []
    for fitted in fits:
        sampled = _resampled(fitted, time, settled, random)
        now = fitted.model.predict(sampled, end)
        last = fitted.model.ultimate(sampled)[:, None]
        curve = fitted.model.predict(sampled, end + ahead) - now
        low, high = fitted.model.bias
        factor = random.choice((low, high), (len(sampled), 1))
        # What is biased is the ultimate value, not the present one: the bias opens with growth.
        share = (last * factor - now) / np.maximum(last - now, 1e-9)
        stretch = np.exp(fitted.error * random.standard_normal((len(sampled), 1)))
        noise = _noise(fitted, time, settled) * random.standard_normal((len(sampled), 1))
        all_growth = np.concatenate([last - now, curve], axis=1)
        growth.append(all_growth * np.maximum(share, 0.0) * stretch + noise)
        weights.append(np.full(len(sampled), max(fitted.error, LEAST_ERROR) ** -4 / len(sampled)))
    ends = _weighted_quantiles(
        np.concatenate(growth),
        np.concatenate(weights),
        ((1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2),
    )
    best = fits[0]
    now = best.model.predict(best.parameters, end)
    value = np.concatenate(
        [
            best.model.ultimate(best.parameters) - now[0],
            (best.model.predict(best.parameters, end + ahead) - now)[0],
        ]
    )
    # The ground does not rise again, and the interval holds its value.
    value = np.maximum(value, 0.0)
    low_end = np.clip(ends[0], 0.0, value)
    high_end = np.maximum(ends[1], value)
    return (
        np.array([value[0], low_end[0], high_end[0]]),
        value[1:],
        low_end[1:],
        high_end[1:],
    )


def _resampled(fitted: Fitted, time: Array, settled: Array, random: np.random.Generator) -> Array:
    """Return the parameters of resampled curves that can be fitted (curves x parameters)."""
    model = fitted.model
    curve = model.predict(fitted.parameters, time)
    residuals = _residuals(fitted, time, settled)
    count = len(time)
    length = min(max(round(len(residuals) ** (1 / 3)), 1), len(residuals))
    starts = random.integers(0, len(residuals) - length + 1, size=(RESAMPLED, -(-count // length)))
    index = (starts[:, :, None] + np.arange(length)).reshape(RESAMPLED, -1)[:, :count]
    parameters = model.weighted_fit(time, curve + residuals[index], fitted.weight)
    sound = np.isfinite(parameters).all(axis=1) & np.isfinite(model.ultimate(parameters))
    return parameters[sound] if sound.any() else fitted.parameters


def _residuals(fitted: Fitted, time: Array, settled: Array) -> Array:
    """Return the residuals of the part that the method fits, outliers drawn in [mm]."""
    used = fitted.model.used(time)[0]
    residuals = (settled - fitted.model.predict(fitted.parameters, time)[0]) * fitted.weight[0]
    return np.asarray(residuals[used] - residuals[used].mean())


def _noise(fitted: Fitted, time: Array, settled: Array) -> float:
    """Return the standard deviation of a value of the curve [mm]."""
    return float(_residuals(fitted, time, settled).std())


def _weighted_quantiles(values: Array, weights: Array, ends: tuple[float, float]) -> Array:
    """Return quantiles (ends x columns) of the columns of values (samples x columns)."""
    order = np.argsort(values, axis=0)
    ordered = np.take_along_axis(values, order, axis=0)
    passed = np.cumsum(weights[order], axis=0) / weights.sum()
    rows = [np.minimum((passed < end).sum(axis=0), len(values) - 1) for end in ends]
    return np.stack([np.take_along_axis(ordered, row[None, :], axis=0)[0] for row in rows])
