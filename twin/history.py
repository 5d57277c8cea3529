"""Days that are over: what they brought up to the last midnight, which only a new day changes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta
from typing import TypeVar

from ingest.site import Site
from ingest.store import Store, Values
from twin.buckets import Array, Buckets, read_buckets
from twin.kept_days import KeptDays

DAY = timedelta(days=1)

Kept = TypeVar("Kept")


class History:
    """What was known of the days before a state's own day.

    Everything here depends on the last midnight alone, not on the moment within the day, so a
    service may keep it for the whole day and finds what it would have found anew.

    Parameters
    ----------
    at, known_at
        Moment of the state, and what may have been received for it. When both lie in the same
        day, the history is that of readings received before midnight.
    days
        Daily values that a service has kept of the history before; they change nothing but the
        time that this takes.
    """

    def __init__(
        self,
        site: Site,
        store: Store,
        *,
        at: datetime,
        known_at: datetime,
        days: KeptDays | None = None,
    ) -> None:
        self.midnight, self.known_at = _day(at, known_at)
        self.site, self._store = site, store
        if days is not None and self.midnight == self.known_at:
            days.advance(self.midnight)
            self._days = days.buckets
        else:
            self._days = self._read_days
        self._kept: dict[object, object] = {}

    def is_of(self, at: datetime, known_at: datetime) -> bool:
        """Return whether this is the history that a state at `at` needs."""
        return (self.midnight, self.known_at) == _day(at, known_at)

    def keep(self, key: object, compute: Callable[[], Kept]) -> Kept:
        """Return what `compute` gave for the key when it was first asked."""
        if key not in self._kept:
            self._kept[key] = compute()
        return self._kept[key]  # type: ignore[return-value]

    def daily_means(self, instrument: str, quantity: str, days: int) -> Array:
        """Return the means of the last `days` whole days, oldest first; NaN where there is none.

        For the first node, flagged values left out.
        """
        return self.keep(
            (instrument, quantity, days),
            lambda: self._days(instrument, quantity, self.midnight - days * DAY, days).mean[:, 0],
        )

    def daily_node_means(self, instrument: str, quantity: str, days: int) -> Array:
        """Return the means of the last `days` whole days (days x nodes), as `daily_means` does."""
        return self.keep(
            (instrument, quantity, days, "nodes"),
            lambda: self._days(instrument, quantity, self.midnight - days * DAY, days).mean,
        )

    def daily_totals(self, instrument: str, quantity: str, start: datetime, days: int) -> Array:
        """Return the sums of `days` whole days from `start` on (days x nodes)."""
        return self.keep(
            (instrument, quantity, start, days),
            lambda: self._days(instrument, quantity, start, days).total,
        )

    def _read_days(self, instrument: str, quantity: str, start: datetime, days: int) -> Buckets:
        return read_buckets(
            self.site,
            self._store,
            instrument,
            quantity,
            start=start,
            end=start + days * DAY,
            count=days,
            known_at=self.known_at,
        )

    def values(self, instrument: str, quantity: str, days: int) -> Values:
        """Return trusted values of the last whole days as plain arrays."""
        return self.keep(
            (instrument, quantity, days, "values"),
            lambda: self._store.values(
                instrument,
                quantity,
                start=self.midnight - days * DAY,
                end=self.midnight,
                known_at=self.known_at,
                trusted=True,
            ),
        )

    def days_since_first(self, limit: int) -> int:
        """Return the whole days from the first measured time of the run on, at most `limit`."""
        span = self.keep("span", self._store.span)
        begun = (self.midnight - span[0]) // DAY + 1 if span else 1
        return int(min(max(begun, 1), limit))


def _day(at: datetime, known_at: datetime) -> tuple[datetime, datetime]:
    midnight = last_midnight(at)
    same_day = midnight <= known_at <= at
    return midnight, midnight if same_day else known_at


def last_midnight(at: datetime) -> datetime:
    """Return the start of the UTC day of a moment."""
    return datetime.combine(at.astimezone(UTC).date(), time(), UTC)
