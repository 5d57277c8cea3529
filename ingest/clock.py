"""What time it is: the wall clock of a live site, or the run's own clock of a replay."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """Tells the time of a run."""

    def now(self) -> datetime:
        """Return the time of the run (aware UTC)."""
        ...


class WallClock:
    """The clock of a live site."""

    def now(self) -> datetime:
        """Return the time of the machine (aware UTC)."""
        return datetime.now(UTC)


class ManualClock:
    """A clock that moves only when it is told to: for replays and tests."""

    def __init__(self, now: datetime) -> None:
        self._now = now

    def now(self) -> datetime:
        """Return the time that was last set."""
        return self._now

    def set(self, now: datetime) -> None:
        """Move to `now`; a clock never goes back, so an earlier time is ignored."""
        self._now = max(self._now, now)

    def advance(self, seconds: float) -> None:
        """Move forward by `seconds`."""
        self._now += timedelta(seconds=seconds)


EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def to_ns(time: datetime) -> int:
    """Return nanoseconds since 1970 (exact: a datetime holds microseconds)."""
    delta = time - EPOCH
    return ((delta.days * 86_400 + delta.seconds) * 1_000_000 + delta.microseconds) * 1_000


def from_ns(ns: int) -> datetime:
    """Return the aware UTC time of nanoseconds since 1970, to the microsecond."""
    return EPOCH + timedelta(microseconds=ns // 1_000)


def iso(time: datetime) -> str:
    """Return ISO 8601 in UTC with a trailing Z."""
    return time.astimezone(UTC).isoformat().replace("+00:00", "Z")
