"""When the plan's volume will be reached, from the spread of the past months."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
from scipy.optimize import brentq
from scipy.stats import t as student

from twin.buckets import Array
from twin.history import DAY
from twin.loads import Loads

CONFIDENCE = 0.90

#: Whole months that a forecast needs (design assumption): fewer give no spread worth the name.
NEEDED_MONTHS = 3

#: A mean month [d].
MONTH = 365.25 / 12

#: Years beyond which a date is no forecast any more (design assumption).
FARTHEST_YEARS = 100.0


@dataclass(frozen=True)
class Pace:
    """Volume a day in the whole months that are over.

    Parameters
    ----------
    months
        How many.
    mean, spread
        Mean and standard deviation of the months' daily volumes [thousand m3/d].
    """

    months: int
    mean: float
    spread: float

    def volume(self, days: Array, side: int) -> Array:
        """Return the volume [thousand m3] that the next `days` bring.

        For `side` -1 or +1 the end of the prediction interval: with n past and N future months of
        mean rate m and standard deviation s, the sum of N future ones lies within
        `N*m -+ t*s*sqrt(N + N^2/n)` (Hahn and Meeker, Statistical Intervals, 1991: interval of
        the mean of future observations, multiplied by N). The months count as independent.
        """
        months = days / MONTH
        quantile = student.ppf(0.5 + CONFIDENCE / 2, self.months - 1)
        margin = quantile * self.spread * MONTH * np.sqrt(months + months**2 / self.months)
        return np.asarray(months * self.mean * MONTH + side * margin)

    def days_until(self, volume: float, side: int) -> float:
        """Return after how many days a volume [thousand m3] is reached; infinite if never.

        `side` is that of the volume: +1 is the early end of the interval.
        """
        if side == 0:
            return volume / self.mean if self.mean > 0 else math.inf

        def missing(days: float) -> float:
            return float(self.volume(np.array(days), side)) - volume

        farthest = FARTHEST_YEARS * 365.25
        if missing(farthest) < 0:
            return math.inf
        # Near zero the early end falls before it rises, but it passes a positive volume once.
        return float(brentq(missing, 0.0, farthest))


def pace(loads: Loads) -> Pace | None:
    """Return the pace of the whole months since the plan's start, None if they are too few."""
    edges = month_starts(loads.start, loads.end)
    if len(edges) - 1 < NEEDED_MONTHS:
        return None
    cumulative = np.concatenate(([0.0], loads.cumulative))
    index = np.array([(edge - loads.start) // DAY for edge in edges])
    rates = np.diff(cumulative[index]) / np.diff(index)
    return Pace(len(rates), float(rates.mean()), float(rates.std(ddof=1)))


def month_starts(start: datetime, end: datetime) -> list[datetime]:
    """Return the starts of the months (UTC) that lie in [start, end]."""
    months = range(start.year * 12 + start.month - 1, end.year * 12 + end.month)
    edges = [datetime(month // 12, month % 12 + 1, 1, tzinfo=UTC) for month in months]
    return [edge for edge in edges if start <= edge <= end]


def after(start: datetime, days: float) -> datetime | None:
    """Return a date that lies ahead, None beyond what counts as a forecast."""
    if not days <= FARTHEST_YEARS * 365.25:
        return None
    return start + timedelta(days=days)
