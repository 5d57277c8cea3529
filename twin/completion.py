"""When the dump reaches a volume, as a distribution: block bootstrap of the past months.

The past whole months are divided by what the calendar planned for them; blocks of these ratios,
drawn at random, times what the calendar plans ahead give paths of the future. The ratios hold the
breakdowns and the weather of the past; what the plan knows of the seasons is in the plan.

References
----------
.. [1] Künsch, H. R. (1989). The jackknife and the bootstrap for general stationary observations.
   Annals of Statistics 17(3), 1217-1241. Blocks keep what one month has to do with the next.
.. [2] Politis, D. N., Romano, J. P. (1992). A circular block-resampling procedure for stationary
   data. Blocks go on from the last month to the first, so that every month counts alike.
.. [3] Hesterberg, T. C. (2015). What teachers should know about the bootstrap. The American
   Statistician 69(4), 371-386, section 5.3: deviations widened by sqrt(n / (n - 1)) and by the
   ratio of the quantiles of Student's t and of the normal distribution, because few months show
   too little spread.
.. [4] Lipke, W. (2003). Schedule is different. The Measurable News: earned schedule.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm
from scipy.stats import t as student

from twin.buckets import Array
from twin.history import DAY
from twin.loads import Loads
from twin.plan import Calendar

#: Shares of the paths at which the ends of an interval stand.
LOW, HIGH = 0.10, 0.90

#: Whole months that a forecast needs: two blocks (design assumption).
NEEDED_MONTHS = 6

#: Months of a block (design assumption): a breakdown or a season's weather lasts so long.
BLOCK = 3

#: Months from which on a block is drawn from the same months of the year (design assumption: two
#: winters are the fewest that can differ).
SEASONS_FROM = 24

PATHS = 1000

#: The same readings give the same bytes.
SEED = 2022

#: Years beyond which a date is no forecast any more (design assumption).
FARTHEST_YEARS = 100

#: Shares at which a distribution is shown.
SHARES = tuple(round(0.05 * step, 2) for step in range(1, 20))


@dataclass(frozen=True)
class PastMonths:
    """The whole months that are over.

    Parameters
    ----------
    ratios
        Volume placed over volume planned, month by month (n,) [1].
    first
        Month of the year of the first of them, 1 to 12.
    """

    ratios: Array
    first: int

    @property
    def count(self) -> int:
        """How many there are."""
        return len(self.ratios)


def past_months(loads: Loads, calendar: Calendar) -> PastMonths:
    """Return the months since the plan began, from the first to the last with a planned volume.

    What was planned for days on which a weighbridge was out of order is left out, as what came
    then is not known; a month that was unknown for longer than half of its plan says nothing.
    """
    edges = month_starts(loads.start, loads.end)
    if len(edges) < 2:
        return PastMonths(np.empty(0), 1)
    days = np.array([(edge - loads.start) // DAY for edge in edges])
    cumulative = np.concatenate(([0.0], loads.cumulative))
    placed = np.diff(cumulative[days])
    planned = np.diff(calendar.volumes_at(np.array([edge.timestamp() for edge in edges])))
    known = planned
    if loads.outages:
        silent = loads.silent
        midnights = loads.start.timestamp() + DAY.total_seconds() * np.arange(len(silent) + 1.0)
        by_day = np.diff(calendar.volumes_at(midnights))
        placed -= _by_month(np.where(silent, loads.volume.sum(axis=1), 0.0), days)
        known = planned - _by_month(np.where(silent, by_day, 0.0), days)
    kept = np.flatnonzero((planned > 0) & (known > planned / 2))
    if not len(kept):
        return PastMonths(np.empty(0), 1)
    # A month between them of which nothing was planned, or too little is known, says nothing, but
    # keeps its place in the year: a season is found by it.
    ratios = np.full(len(planned), (placed[kept] / known[kept]).mean())
    ratios[kept] = placed[kept] / known[kept]
    return PastMonths(ratios[kept[0] : kept[-1] + 1], edges[kept[0]].month)


def _by_month(daily: Array, days: NDArray[np.int64]) -> Array:
    """Return sums of a daily series between days."""
    return np.diff(np.concatenate(([0.0], np.cumsum(daily)))[days])


@dataclass(frozen=True)
class Paths:
    """Paths of the volume from a month's start on.

    Parameters
    ----------
    edges
        Starts of the months ahead (months + 1,) [s since 1970].
    added
        Volume added up to each of them (paths x months + 1) [thousand m3].
    now
        The moment from which on they count [s since 1970], and `done`, what lies there already.
    """

    edges: Array
    added: Array
    now: float
    done: float

    def volumes(self, moments: Array) -> Array:
        """Return the volume of every path at moments from now on (paths x moments)."""
        return self.done + self._added(moments) - self._added(np.array([self.now]))

    def _added(self, moments: Array) -> Array:
        places = np.interp(moments, self.edges, np.arange(len(self.edges)))
        index = np.minimum(places.astype(int), len(self.edges) - 2)
        share = places - index
        low, high = self.added[:, index], self.added[:, index + 1]
        return np.asarray(low + (high - low) * share)

    def reached(self, volume: float) -> Array:
        """Return when the paths reach a volume [s since 1970], infinite if never, sorted."""
        return np.sort(self.reached_by_path(volume))

    def reached_by_path(self, volume: float) -> Array:
        """Return when each path reaches a volume [s since 1970], infinite if never."""
        needed = volume - self.done + self._added(np.array([self.now]))[:, 0]
        rows = np.arange(len(self.added))
        # How many of its points stay below, by halving: no path ever falls.
        after = np.zeros(len(self.added), dtype=int)
        for step in 2 ** np.arange(len(self.edges).bit_length())[::-1]:
            further = after + step
            within = np.minimum(further, len(self.edges)) - 1
            below = (further <= len(self.edges)) & (self.added[rows, within] < needed)
            after = np.where(below, further, after)
        index = np.clip(after, 1, len(self.edges) - 1)
        low, high = self.added[rows, index - 1], self.added[rows, index]
        with np.errstate(invalid="ignore", divide="ignore"):
            share = np.clip(np.where(high > low, (needed - low) / (high - low), 1.0), 0, 1)
        when = self.edges[index - 1] + share * (self.edges[index] - self.edges[index - 1])
        return np.asarray(
            np.where(after >= len(self.edges), np.inf, np.maximum(when, self.now)), dtype=np.float64
        )

    def fan(self, total: float, points: int) -> tuple[Array, dict[str, Array]]:
        """Return moments up to a late end, and what three shares of the paths do not exceed there.

        Parameters
        ----------
        total
            The curves end at this volume [thousand m3], and when `HIGH` of the paths reach it.
        points
            How many moments.

        Returns
        -------
        moments
            [s since 1970], (points,).
        curves
            For the shares `LOW`, 0.5 and `HIGH`, by "low", "middle", "high" (points,).
        """
        last = min(quantile(self.reached(total), HIGH), self.edges[-1])
        moments = np.linspace(self.now, last, points)
        found = ranked(self.volumes(moments))
        curves = {
            name: np.minimum(row, total)
            for name, row in zip(("low", "middle", "high"), found, strict=True)
        }
        return moments, curves


def paths(past: PastMonths, calendar: Calendar, now: datetime, done: float) -> Paths | None:
    """Return paths of the volume, None when too few months are over.

    Parameters
    ----------
    done
        Volume in the dump now [thousand m3].
    """
    ahead = months_ahead(past, calendar, now)
    if ahead is None:
        return None
    month = now.astimezone(UTC).month
    as_planned = _as_planned(
        tuple(past.ratios.tolist()), past.first, month, tuple(ahead.planned.tolist())
    )
    return Paths(ahead.edges, as_planned, now.timestamp(), done)


@dataclass(frozen=True)
class MonthsAhead:
    """What the paths are made of.

    Parameters
    ----------
    edges
        Starts of the months (months + 1,) [s since 1970].
    ratios
        Volume placed over volume planned of every path (paths x months) [1]; read only.
    planned
        Volume that the calendar plans (months,) [thousand m3].
    """

    edges: Array
    ratios: Array
    planned: Array


def months_ahead(past: PastMonths, calendar: Calendar, now: datetime) -> MonthsAhead | None:
    """Return the months from now's own on, None when too few months are over."""
    if past.count < NEEDED_MONTHS:
        return None
    edges, seconds = _edges_ahead(_month_of(now))
    ratios = _bootstrap(tuple(past.ratios.tolist()), past.first, edges[0].month, len(edges) - 1)
    return MonthsAhead(seconds, ratios, _planned(calendar, edges, seconds))


def months_as_planned(calendar: Calendar, now: datetime) -> MonthsAhead:
    """Return the months from now's own on as one path that keeps to the plan's rates."""
    edges, seconds = _edges_ahead(_month_of(now))
    return MonthsAhead(seconds, np.ones((1, len(edges) - 1)), _planned(calendar, edges, seconds))


def _month_of(now: datetime) -> datetime:
    return now.astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)


@lru_cache(maxsize=4)
def _edges_ahead(start: datetime) -> tuple[list[datetime], Array]:
    """Return the starts of the months from one on, as times and as seconds since 1970."""
    edges = month_starts(start, start.replace(year=start.year + FARTHEST_YEARS))
    seconds = np.array([edge.timestamp() for edge in edges])
    seconds.setflags(write=False)
    return edges, seconds


def added(volumes: Array) -> Array:
    """Return what is added up to the months' starts (paths x months + 1), of the months' volumes.

    Parameters
    ----------
    volumes
        (paths x months) [thousand m3].
    """
    found = np.zeros((volumes.shape[0], volumes.shape[1] + 1))
    np.cumsum(volumes, axis=1, out=found[:, 1:])
    found.setflags(write=False)
    return found


def _planned(calendar: Calendar, edges: list[datetime], seconds: Array) -> Array:
    """Return the planned volume of the months between edges; after its end the last year's."""
    volumes = np.diff(calendar.volumes_at(seconds))
    end = calendar.knots[-1]
    last = month_starts(end.replace(year=end.year - 1), end)
    year = np.diff([calendar.volume(edge) for edge in last])
    over = seconds[:-1] >= end.timestamp()
    months = np.arange(len(volumes)) + edges[0].month - last[0].month
    return np.where(over, year[months % len(year)], volumes)


@lru_cache(maxsize=4)
def _as_planned(
    ratios: tuple[float, ...], first: int, month: int, planned: tuple[float, ...]
) -> Array:
    """Return what is added up to the months' starts; the states of a month ask for the same."""
    return added(_bootstrap(ratios, first, month, len(planned)) * np.array(planned))


@lru_cache(maxsize=4)
def _bootstrap(ratios: tuple[float, ...], first: int, month: int, ahead: int) -> Array:
    """Return the ratio of every path in so many months ahead (paths x months) [1]."""
    rng = np.random.default_rng(SEED)
    past = np.array(ratios)
    count = len(past)
    mean = past.mean()
    # [3], for the two quantiles that are shown.
    widened = (past - mean) * student.ppf(HIGH, count - 1) / norm.ppf(HIGH)
    # The mean itself is known from few months only: each path has a mean of its own. No month is
    # twice in a block, which takes (n - block) / (n - 1) of the variance of blocks' means.
    own = widened[_blocks(rng, count, count, first, None)].mean(axis=1)
    own *= math.sqrt(count / (count - BLOCK))
    seasonal = month if count >= SEASONS_FROM else None
    widened *= math.sqrt(count / (count - 1))
    future = widened[_blocks(rng, count, ahead, first, seasonal)]
    future += (mean + own)[:, None]
    # What lies in the dump stays there: no month takes anything away.
    np.maximum(future, 0.0, out=future)
    future.setflags(write=False)
    return np.asarray(future)


def _blocks(
    rng: np.random.Generator, count: int, length: int, first: int, month: int | None
) -> NDArray[np.int64]:
    """Return indices of past months, in blocks (paths x length).

    `month` is the month of the year that comes first; None: seasons are not told apart.
    """
    blocks = -(-length // BLOCK)
    if month is None:
        starts = rng.integers(0, count, (PATHS, blocks))
    else:
        starts = np.empty((PATHS, blocks), int)
        for block in range(blocks):
            same = np.arange((month + block * BLOCK - first) % 12, count, 12)
            starts[:, block] = same[rng.integers(0, len(same), PATHS)]
    found = starts[:, :, None] + np.arange(BLOCK)
    found[found >= count] -= count
    return found.reshape(PATHS, -1)[:, :length]


def ranked(found: Array) -> Array:
    """Return what the shares `LOW`, 0.5 and `HIGH` of values do not exceed (3 x columns).

    Parameters
    ----------
    found
        (paths x columns), in any order.
    """
    ranks = [max(math.ceil(share * len(found) - 1e-9) - 1, 0) for share in (LOW, 0.5, HIGH)]
    return np.sort(found, axis=0)[ranks]


def quantile(found: Array, share: float) -> float:
    """Return the value that a share of sorted values does not exceed; it may be infinite."""
    return float(found[max(math.ceil(share * len(found) - 1e-9) - 1, 0)])


def month_starts(start: datetime, end: datetime) -> list[datetime]:
    """Return the starts of the months (UTC) that lie in [start, end]."""
    months = range(start.year * 12 + start.month - 1, end.year * 12 + end.month)
    edges = [datetime(month // 12, month % 12 + 1, 1, tzinfo=UTC) for month in months]
    return [edge for edge in edges if start <= edge <= end]


def moment(seconds: float) -> datetime | None:
    """Return seconds since 1970 as a time, None for what is never reached."""
    if not math.isfinite(seconds):
        return None
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=round(seconds))


def earned_schedule(calendar: Calendar, at: datetime, volume: float) -> timedelta | None:
    """Return how far the volume placed runs ahead of the plan in time; behind is negative.

    `SV(t) = ES - AT` [4]_, ES the moment at which the plan reaches the volume. None before the
    plan begins, after its end, and when more is placed than it holds.
    """
    if not calendar.knots[0] < at <= calendar.knots[-1]:
        return None
    earned = calendar.reached(volume)
    return None if earned is None else earned - at
