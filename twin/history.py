"""Days that are over: means by UTC day up to the last midnight, which only a new day changes."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta

import numpy as np
from numpy.typing import NDArray

from ingest.site import Site
from ingest.store import Store

Array = NDArray[np.float64]
DAY = timedelta(days=1)


class History:
    """What was known of the days before a state's own day.

    Everything here depends on the last midnight alone, not on the moment within the day, so a
    service may keep it for the whole day and finds what it would have found anew.

    Parameters
    ----------
    at, known_at
        Moment of the state, and what may have been received for it. When both lie in the same
        day, the history is that of readings received before midnight.
    """

    def __init__(self, site: Site, store: Store, *, at: datetime, known_at: datetime) -> None:
        self.midnight, self.known_at = _day(at, known_at)
        self._site, self._store = site, store
        self._means: dict[tuple[str, str, int], Array] = {}
        self._first: datetime | None = None
        self._readings: int | None = None
        self.kept: dict[str, object] = {}

    def is_of(self, at: datetime, known_at: datetime) -> bool:
        """Return whether this is the history that a state at `at` needs."""
        return (self.midnight, self.known_at) == _day(at, known_at)

    def daily_means(self, instrument: str, quantity: str, days: int) -> Array:
        """Return the means of the last `days` whole days, oldest first; NaN where there is none.

        For the first node, flagged values left out.
        """
        key = (instrument, quantity, days)
        if key not in self._means:
            start = self.midnight - days * DAY
            means = np.full(days, np.nan)
            frame = self._store.buckets(
                instrument,
                quantity,
                start=start,
                end=self.midnight,
                count=days,
                known_at=self.known_at,
                trusted=True,
            )
            if len(frame):
                first = frame[frame["node"] == 0]
                index = ((first["start"] - start) // DAY).to_numpy(dtype=int)
                means[index] = first["mean"].to_numpy(dtype=float)
            self._means[key] = means
        return self._means[key]

    def readings(self) -> int:
        """Return how many values were stored up to the last midnight.

        One quantity of each instrument is counted: a row holds all quantities of a moment.
        """
        if self._readings is None:
            span = self._store.span()
            self._readings = 0
            if span is not None and span[0] < self.midnight:
                for instrument in self._site:
                    quantity = next(iter(self._site.type_of(instrument.name).quantities))
                    frame = self._store.buckets(
                        instrument.name,
                        quantity,
                        start=span[0],
                        end=self.midnight,
                        count=1,
                        known_at=self.known_at,
                    )
                    self._readings += int(frame["count"].sum())
        return self._readings

    def days_since_first(self, limit: int) -> int:
        """Return the whole days from the first measured time of the run on, at most `limit`."""
        if self._first is None:
            span = self._store.span()
            self._first = span[0] if span else self.midnight
        begun = (self.midnight - self._first) // DAY + 1
        return int(min(max(begun, 1), limit))


def _day(at: datetime, known_at: datetime) -> tuple[datetime, datetime]:
    midnight = datetime.combine(at.astimezone(UTC).date(), time(), UTC)
    same_day = midnight <= known_at <= at
    return midnight, midnight if same_day else known_at
