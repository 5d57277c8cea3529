"""What a curve of daily means says before any method is asked: lifts, noise, rebound, season."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from twin.buckets import Array

# What follows without a source is a design assumption.

#: Length of the windows in which a rise of the rate is looked for [d].
WINDOW_D = 7

#: A rise of the rate counts as a change of load when it is above this part of the rate before,
#: above this rate [mm/d], and above this multiple of the noise of a rate.
RISE_PART, RISE_LEAST, RISE_NOISE = 0.25, 0.05, 4.0

#: Days looked back on for movement upwards [d], the weekly movement that counts [mm], a slow one
#: that counts [mm], and the part of the settlement above which a curve turns back [1].
REBOUND_D, REBOUND_LEAST, FALLEN_LEAST, REBOUND_PART = 730, 0.2, 1.0, 0.1

#: A curve is seasonal when in the last so many years its rate swings with the year by more than
#: this part of its mean, at the same time of the year (within this angle [rad]), and by amounts
#: that differ by no more than this factor. Creep and consolidation swing less after a year.
SEASONS, SWING, SAME_TIME, SAME_SWING = 2, 0.3, np.pi / 3, 3.0

#: How long ago two such years may have ended [d].
SEEN_D = 3 * 364

#: Windows of a rate in a year; each needs two thirds of its days.
SEASON_WINDOWS, SEASON_WINDOW_D = 13, 28

#: Values that a fit gets at most; longer curves are averaged by blocks of days.
FITTED_POINTS = 60

#: First rate over last rate of a curve above which its beginning must lie within it [1].
SLOWS_DOWN = 3.0


def present(means: Array) -> NDArray[np.intp]:
    """Return the days that have a value."""
    return np.flatnonzero(~np.isnan(means))


def noise_of(values: Array) -> float:
    """Return the standard deviation of a daily value about its neighbours [mm].

    From second differences, whose variance is six times that of a value; by their median, so that
    steps do not count.
    """
    return float(np.median(np.abs(np.diff(values, n=2)))) / 0.6745 / float(np.sqrt(6))


def changes(means: Array) -> list[int]:
    """Return the days on which the rate of settlement rose: a new load, or water.

    Under a constant load a settlement curve only slows down. The first day with a value stands
    first: what was before it is not known.
    """
    there = present(means)
    if not len(there):
        return [0]
    first = int(there[0])
    filled = np.interp(np.arange(first, there[-1] + 1), there, means[there])
    windows = len(filled) // WINDOW_D
    if windows < 2:
        return [first]
    # Windows are counted from the first day, so that the answer of one day stands on the next.
    blocks = filled[: windows * WINDOW_D].reshape(windows, WINDOW_D)
    x = np.arange(WINDOW_D) - (WINDOW_D - 1) / 2
    rates = blocks @ x / (x**2).sum()
    noise_of_rate = noise_of(filled) / np.sqrt((x**2).sum())
    limit = np.maximum(RISE_LEAST, RISE_NOISE * np.sqrt(2) * noise_of_rate)
    rises = np.flatnonzero(np.diff(rates) > np.maximum(limit, RISE_PART * np.abs(rates[:-1])))
    # The window before a rise may hold its beginning; the new curve starts where it is steepest.
    found = [first + max(int(rise + 1) * WINDOW_D - 1, 0) for rise in rises]
    return [first, *found]


def lifts(changed: list[int]) -> list[int]:
    """Return the days of changes, those of weeks in a row as one: the last of them."""
    return [
        day
        for index, day in enumerate(changed)
        if index == len(changed) - 1 or changed[index + 1] - day > 2 * WINDOW_D
    ]


def turned_back(means: Array) -> tuple[float, float] | None:
    """Return how far a curve rose and how far it settled [mm] when it turns back, else None."""
    weeks = _weekly_means(means[-REBOUND_D:])
    if len(weeks) < 4:
        return None
    there = present(means)
    filled = np.interp(np.arange(there[0], there[-1] + 1), there, means[there])
    steps = np.diff(weeks)
    counts = max(REBOUND_LEAST, 3 * np.sqrt(2 / WINDOW_D) * noise_of(filled))
    # What rose in steps, or slowly since the curve was deepest.
    fallen = float(weeks.max() - weeks[-1])
    up = max(float(-steps[steps < -counts].sum()), fallen if fallen > FALLEN_LEAST else 0.0)
    down = max(float(steps[steps > counts].sum()), float(weeks.max() - weeks[0]))
    return (up, down) if up > REBOUND_PART * down and up > counts else None


def seasonal(means: Array) -> bool:
    """Return whether the rate has risen and fallen with the year in the last years.

    The rates of four weeks of each of two years are freed of their straight line; the annual wave
    that is left must be alike in both. One such pair of years is enough, for a season does not end.
    """
    return any(_alike(means[: len(means) - back]) for back in range(0, SEEN_D, SEEN_D // 12))


def _alike(means: Array) -> bool:
    """Return whether the annual waves of the rates of the last years are alike."""
    days = SEASON_WINDOWS * SEASON_WINDOW_D
    if len(means) < SEASONS * days:
        return False
    table = means[-SEASONS * days :].reshape(SEASONS, SEASON_WINDOWS, SEASON_WINDOW_D)
    known = ~np.isnan(table)
    if (known.sum(axis=2) < SEASON_WINDOW_D * 2 / 3).any():
        return False
    x = np.where(known, np.arange(SEASON_WINDOW_D, dtype=float), np.nan)
    x = x - np.nanmean(x, axis=2, keepdims=True)
    rates = np.nansum(x * table, axis=2) / np.nansum(x**2, axis=2)
    window = np.arange(SEASON_WINDOWS) - (SEASON_WINDOWS - 1) / 2
    slope = rates @ window / (window**2).sum()
    waves = rates - rates.mean(axis=1, keepdims=True) - slope[:, None] * window
    swing = waves @ np.exp(2j * np.pi * window / SEASON_WINDOWS) * 2 / SEASON_WINDOWS
    size = np.abs(swing)
    turned = np.abs(np.angle(swing / swing[-1])).max() if size.min() > 0 else np.pi
    return bool(
        (size > SWING * np.abs(rates.mean(axis=1))).all()
        and turned < SAME_TIME
        and size.max() < SAME_SWING * size.min()
        and size.min() > 3 * noise_of(table[known]) * _NOISE_OF_SWING
    )


#: Standard deviation of the annual wave of rates [1/d] for a daily noise of 1.
_NOISE_OF_SWING = np.sqrt(2 / SEASON_WINDOWS) * np.sqrt(12 / SEASON_WINDOW_D**3)


def blocks(time: Array, settled: Array) -> tuple[Array, Array]:
    """Return the curve averaged by equal numbers of values, at most `FITTED_POINTS`."""
    size = -(-len(time) // FITTED_POINTS) if len(time) else 1
    if size == 1:
        return time, settled
    edges = np.arange(0, len(time), size)
    counts = np.diff(np.append(edges, len(time)))
    return np.add.reduceat(time, edges) / counts, np.add.reduceat(settled, edges) / counts


def slows_down(time: Array, settled: Array) -> bool:
    """Return whether a curve bends so much that its beginning must lie within it."""
    part = len(time) // 10
    if part < 2:
        return False
    first, last = (
        float(np.polyfit(time[piece], settled[piece], 1)[0])
        for piece in (slice(0, part), slice(-part, None))
    )
    return first > SLOWS_DOWN * max(last, 0.0)


def _weekly_means(means: Array) -> Array:
    """Return the means of the whole weeks up to the last day that have a value [mm]."""
    weeks = len(means) // WINDOW_D
    table = means[len(means) - weeks * WINDOW_D :].reshape(weeks, WINDOW_D)
    counts = (~np.isnan(table)).sum(axis=1)
    sums = np.nansum(table, axis=1)
    return np.asarray(sums[counts > 0] / counts[counts > 0])
