"""Daily values that a running service keeps, so that a new day costs what is new, not what is old.

They are what the store would answer anew at every midnight: a day is read again when a reading of
it came late, was corrected or recalculated, or when a flag on it was set or lifted.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import numpy as np

from ingest.clock import from_ns, to_ns
from ingest.site import Site
from ingest.store import Store
from twin.buckets import Buckets, read_buckets

_DAY = timedelta(days=1)
_DAY_NS = 86_400_000_000_000

#: Changes are committed nearly in the order in which readings were received; several workers that
#: write at once may differ by less than this [ns].
_DISORDER_NS = 3_600_000_000_000

#: Changes that are read at once.
_CHUNK = 500


@dataclass
class _Series:
    """Whole days [first, end) of one quantity, and which of them have to be read again."""

    first: datetime
    end: datetime
    buckets: Buckets
    known_at: datetime
    stale: set[int] = field(default_factory=set)


class KeptDays:
    """Counts and means of whole UTC days as they were known at the last midnight.

    Parameters
    ----------
    site, store
        Where readings come from.
    midnight
        The first midnight that is asked for; later ones follow by `advance`.
    """

    def __init__(self, site: Site, store: Store, midnight: datetime) -> None:
        self._site, self._store, self._midnight = site, store, midnight
        self._series: dict[tuple[str, str], _Series] = {}
        #: Days (since 1970) of an instrument that changes touched, by the midnight that shows it.
        self._touched: defaultdict[int, set[tuple[str, int]]] = defaultdict(set)
        self._cursor = _last_change_before(store, to_ns(midnight) - _DISORDER_NS)
        self._exhausted_until = 0

    @property
    def midnight(self) -> datetime:
        """The midnight at which the days are known."""
        return self._midnight

    def advance(self, midnight: datetime) -> None:
        """Go on to a later midnight.

        Raises
        ------
        ValueError
            When it is earlier than the last one.
        """
        if midnight < self._midnight:
            raise ValueError(f"midnight {midnight}: before {self._midnight}, which was shown")
        self._read_changes(to_ns(midnight))
        for due in sorted(self._touched):
            if due > to_ns(midnight):
                break
            for instrument, day in self._touched.pop(due):
                for (name, _), kept in self._series.items():
                    if name == instrument:
                        kept.stale.add(day)
        self._midnight = midnight

    def buckets(self, instrument: str, quantity: str, start: datetime, days: int) -> Buckets:
        """Return `days` whole days from `start` on; none may end after the midnight.

        Parameters
        ----------
        start
            A midnight.
        """
        kept = self._series.get((instrument, quantity))
        if kept is None:
            found = self._read(instrument, quantity, start, self._midnight)
            kept = _Series(start, self._midnight, found, self._midnight)
            self._series[instrument, quantity] = kept
        else:
            self._bring_up(kept, instrument, quantity)
        if start < kept.first:
            earlier = self._read(instrument, quantity, start, kept.first)
            kept.buckets, kept.first = _joined(earlier, kept.buckets), start
        first = (start - kept.first) // _DAY
        part = slice(first, first + days)
        return Buckets(kept.buckets.count[part].copy(), kept.buckets.mean[part].copy())

    def _bring_up(self, kept: _Series, instrument: str, quantity: str) -> None:
        """Read what is new, and again what was touched since the series was last asked for."""
        if kept.known_at == self._midnight:
            return
        for time in self._store.flag_changes(
            instrument, quantity, after=kept.known_at, until=self._midnight
        ):
            kept.stale.add(to_ns(time) // _DAY_NS)
        first, end = (to_ns(moment) // _DAY_NS for moment in (kept.first, kept.end))
        for begin, stop in _runs(day for day in kept.stale if first <= day < end):
            found = self._read(
                instrument, quantity, from_ns(begin * _DAY_NS), from_ns(stop * _DAY_NS)
            )
            part = slice(begin - first, stop - first)
            kept.buckets.count[part], kept.buckets.mean[part] = found.count, found.mean
        kept.stale.clear()
        if self._midnight > kept.end:
            new = self._read(instrument, quantity, kept.end, self._midnight)
            kept.buckets, kept.end = _joined(kept.buckets, new), self._midnight
        kept.known_at = self._midnight

    def _read(self, instrument: str, quantity: str, start: datetime, end: datetime) -> Buckets:
        days = (end - start) // _DAY
        if days <= 0:
            nothing = np.empty((0, self._site.instruments[instrument].node_count))
            return Buckets(nothing, nothing.copy())
        return read_buckets(
            self._site,
            self._store,
            instrument,
            quantity,
            start=start,
            end=end,
            count=days,
            known_at=self._midnight,
        )

    def _read_changes(self, until: int) -> None:
        """Note which days were touched, at least by what was received up to a moment [ns]."""
        while self._exhausted_until < until + _DISORDER_NS:
            changes = self._store.changes(self._cursor, _CHUNK)
            if not changes:
                return
            for change in changes:
                self._exhausted_until = min(row.received for row in change.rows)
                touched = {
                    (-(-row.received // _DAY_NS), row.instrument, row.time // _DAY_NS)
                    for row in change.rows
                }
                for due, instrument, day in touched:
                    self._touched[due * _DAY_NS].add((instrument, day))
            self._cursor = changes[-1].sequence


def _last_change_before(store: Store, moment: int) -> int:
    """Return the last change before all that were received from a moment [ns] on, 0 for none."""
    low, high = 0, store.health().last_sequence
    while low < high:
        middle = (low + high) // 2
        following = store.changes(middle, 1)
        if following and min(row.received for row in following[0].rows) < moment:
            low = following[0].sequence
        else:
            high = middle
    return low


def _joined(first: Buckets, second: Buckets) -> Buckets:
    return Buckets(
        np.concatenate([first.count, second.count]), np.concatenate([first.mean, second.mean])
    )


def _runs(days: Iterable[int]) -> list[tuple[int, int]]:
    """Return days as (first, behind the last) of each unbroken run."""
    ordered = sorted(days)
    starts = [
        day for index, day in enumerate(ordered) if not index or ordered[index - 1] != day - 1
    ]
    ends = [
        day + 1
        for index, day in enumerate(ordered)
        if index + 1 == len(ordered) or ordered[index + 1] != day + 1
    ]
    return list(zip(starts, ends, strict=True))
