"""Where readings are kept: one protocol for every backend.

A row is (instrument, node, time) and holds a value per quantity, in canonical units. It holds what
is believed now; what it replaced stands in an undo log, so that `known_at` is the row with later
changes undone. Times are aware UTC at this border and nanoseconds inside.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Literal, NamedTuple, Protocol

import msgspec
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ingest.text import Text

if TYPE_CHECKING:
    from ingest.store.ground import FlagEntry


class Row(NamedTuple):
    """One measuring point at one moment, on its way into the store.

    Parameters
    ----------
    type
        Instrument type: the table.
    node
        Index of the node, from 0; 0 for an instrument without nodes.
    time, received
        Nanoseconds since 1970.
    sequence
        The sender's number of the message, None if it gave none.
    values
        Value per quantity in canonical units; a quantity that is not here was not reported.
    flags
        Flag per quantity, for values that are not to be trusted.
    """

    type: str
    instrument: str
    node: int
    time: int
    received: int
    sequence: int | None
    values: dict[str, float]
    flags: dict[str, str] = {}  # noqa: RUF012  (never changed: a NamedTuple's default)


#: How much of a dead letter's payload is listed; a longer one is kept compressed beside.
SHOWN_PAYLOAD = 65_536


class DeadLetter(msgspec.Struct, frozen=True, kw_only=True):
    """A message, or a part of one, that could not be understood.

    Parameters
    ----------
    reason, said
        Why, in English; and the same to be translated, empty for letters of before.
    payload
        The message; as it is read from a store, its first `SHOWN_PAYLOAD` bytes.
    size
        Length of the whole payload [bytes].
    kept
        Whether all of it is kept, so that it can be tried again.
    resolved
        When it was understood after all, at a retry; None while it is not.
    resolved_by
        Who asked for that retry.
    """

    topic: str
    payload: bytes
    size: int
    reason: str
    received: datetime
    id: int | None = None
    resolved: datetime | None = None
    resolved_by: str = ""
    kept: bool = True
    said: tuple[Text, ...] = ()


class SenderStatus(msgspec.Struct, frozen=True, kw_only=True):
    """The last word of a gateway or instrument about itself."""

    sender: str
    state: Literal["online", "offline"]
    received: datetime
    document: bytes


class Reading(msgspec.Struct, frozen=True):
    """One stored value."""

    instrument: str
    quantity: str
    node: int
    time: datetime
    received: datetime
    value: float
    flags: tuple[str, ...] = ()


class Change(msgspec.Struct, frozen=True):
    """What one commit changed: the rows that were new or differed from what was stored."""

    sequence: int
    rows: tuple[Row, ...]


class Appended(NamedTuple):
    """What became of a batch."""

    stored: int
    corrected: int
    duplicates: int


class Recalculated(NamedTuple):
    """What became of one instrument's history: moments that were read, rows that changed."""

    instrument: str
    moments: int
    changed: int


class Delivery(msgspec.Struct, frozen=True, kw_only=True):
    """How an instrument delivered in a stretch of time.

    Parameters
    ----------
    rows, moments
        Stored rows, and different times among them.
    mean_delay_s
        From the reading's time to its arrival [s]; None: nothing was stored.
    first
        Time of the first one.
    flagged
        Rows with at least one flag.
    numbers
        The sender's numbers of its messages, in the order in which they came; what was corrected
        or dropped as a duplicate of another number is among them as far as it is known.
    """

    rows: int
    moments: int
    mean_delay_s: float | None
    first: datetime | None
    flagged: int
    numbers: tuple[int, ...] = ()


class Derived(msgspec.Struct, frozen=True, kw_only=True):
    """One point of a computed series.

    Parameters
    ----------
    series
        What it is ("fill.volume", "indicator.schedule_performance").
    subject
        Of what: an instrument, a zone, or the site's name.
    known_at
        When it was computed, on the run's clock.
    value, low, high
        None: not known.
    """

    series: str
    subject: str
    time: datetime
    known_at: datetime
    value: float | None
    unit: str
    model: str
    version: str
    low: float | None = None
    high: float | None = None


class Health(msgspec.Struct, frozen=True, kw_only=True):
    """Whether a store can be used."""

    ok: bool
    backend: str
    detail: str
    rows: int
    last_sequence: int
    forwarded_sequence: int | None = None
    dead_letters: int = 0


class Values(NamedTuple):
    """Values of a quantity as plain arrays, by (time, node): cheaper than a frame.

    Parameters
    ----------
    time
        When each was measured (values,) [ns since 1970].
    node
        Its node (values,).
    value
        (values,) in the quantity's unit.
    """

    time: NDArray[np.int64]
    node: NDArray[np.int64]
    value: NDArray[np.float64]


class BucketValues(NamedTuple):
    """Aggregated buckets as plain arrays: those that are not empty.

    Parameters
    ----------
    node, bucket
        Which node and which bucket (rows,), both from 0.
    mean
        (rows,) in the quantity's unit.
    values
        How many values are in each (rows,).
    """

    node: NDArray[np.int64]
    bucket: NDArray[np.int64]
    mean: NDArray[np.float64]
    values: NDArray[np.int64]


class Store(Protocol):
    """What every backend owes; `tests/contracts/test_store_contract.py` holds it to this."""

    def append(
        self,
        rows: Sequence[Row],
        dead_letters: Sequence[DeadLetter] = (),
        run_time: datetime | None = None,
        statuses: Sequence[SenderStatus] = (),
    ) -> Appended:
        """Make a batch durable in one commit; storing twice changes nothing.

        `run_time` moves the clock of a replay run in the same commit.
        """
        ...

    def latest(
        self, *, at: datetime | None = None, known_at: datetime | None = None
    ) -> list[Reading]:
        """Return the last measured value of each (instrument, node, quantity), up to `at`."""
        ...

    def readings(
        self,
        instrument: str,
        quantity: str,
        *,
        start: datetime | None = None,
        end: datetime | None = None,
        known_at: datetime | None = None,
        node: int | None = None,
        limit: int = 1000,
        after: tuple[int, int] | None = None,
    ) -> list[Reading]:
        """Return values with start <= time < end, by (time, node).

        `after` is the (time in ns, node) of the last value of the page before.
        """
        ...

    def frame(
        self,
        instrument: str,
        quantity: str,
        *,
        start: datetime | None = None,
        end: datetime | None = None,
        known_at: datetime | None = None,
        trusted: bool = True,
    ) -> pd.DataFrame:
        """Return values as a frame (index = time, aware UTC; columns = node index).

        `trusted` leaves out values with a flag of the site's `untrusted_flags`.
        """
        ...

    def buckets(
        self,
        instrument: str,
        quantity: str,
        *,
        start: datetime,
        end: datetime,
        count: int,
        known_at: datetime | None = None,
        trusted: bool = False,
    ) -> pd.DataFrame:
        """Return `count` equal buckets of [start, end): aggregated in the engine.

        Columns: node, start (aware UTC), min, mean, max, count; empty buckets have no row.
        """
        ...

    def values(
        self,
        instrument: str,
        quantity: str,
        *,
        start: datetime | None = None,
        end: datetime | None = None,
        known_at: datetime | None = None,
        trusted: bool = True,
    ) -> Values:
        """Return what `frame` does as plain arrays."""
        ...

    def bucket_values(
        self,
        instrument: str,
        quantity: str,
        *,
        start: datetime,
        end: datetime,
        count: int,
        known_at: datetime | None = None,
        trusted: bool = False,
    ) -> BucketValues:
        """Return count and mean of what `buckets` does as plain arrays."""
        ...

    def recalculate(self, now: datetime, *, again: bool = False) -> Iterator[Recalculated]:
        """Bring the history to the calibrations and rules of today; yield what was done.

        Without `again` only of instruments for which they have changed since the last time.
        What is replaced is kept as superseded; the new values are known from `now` on.
        """
        ...

    def write_flag(self, entry: FlagEntry) -> None:
        """Set or lift a flag on a stretch of readings, by an engineer's word."""
        ...

    def flag_journal(self, *, limit: int = 100, before: int | None = None) -> list[FlagEntry]:
        """Return what engineers said of flags, newest first; `before` is the id of the last."""
        ...

    def flag_changes(
        self, instrument: str, quantity: str, *, after: datetime, until: datetime
    ) -> list[datetime]:
        """Return the times of readings whose flags changed at after < moment <= until."""
        ...

    def calculations(
        self,
        instrument: str,
        quantity: str,
        *,
        start: datetime,
        end: datetime,
        known_at: datetime | None = None,
    ) -> dict[tuple[int, datetime], str]:
        """Return the version of the calibration that made each value: (node, time) -> version."""
        ...

    def calibration(self, version: str) -> bytes | None:
        """Return the block of a calibration's version as JSON, None for an unknown one."""
        ...

    def delivery(self, instrument: str, *, start: datetime, end: datetime) -> Delivery:
        """Return how an instrument delivered for start < time <= end."""
        ...

    def span(self) -> tuple[datetime, datetime] | None:
        """Return the first and the last measured time, None for an empty store."""
        ...

    def readable_until(self, now: datetime) -> datetime:
        """Return up to when the readings that have come can be read.

        It is `now`, or less when the readers' store is behind: a service that computes the state
        at a time waits until this is later.
        """
        ...

    def changes(self, since: int, limit: int = 1000) -> list[Change]:
        """Return the changes after a sequence number, oldest first."""
        ...

    def cursor(self, follower: str) -> int:
        """Return the last change that a follower has dealt with, 0 at first."""
        ...

    def move_cursor(self, follower: str, sequence: int) -> None:
        """Remember durably what a follower has dealt with."""
        ...

    def write_derived(self, points: Iterable[Derived]) -> None:
        """Store points of computed series; the same (series, subject, time) replaces."""
        ...

    def derived(
        self,
        series: str,
        subject: str | None = None,
        *,
        start: datetime | None = None,
        end: datetime | None = None,
        known_at: datetime | None = None,
    ) -> pd.DataFrame:
        """Return a computed series by time.

        Columns: subject, time, known_at, value, low, high, unit, model, version.
        """
        ...

    def write_state(self, service: str, time: datetime, document: bytes) -> None:
        """Store what a service (twin, risk) knew at `time`, as JSON."""
        ...

    def state(self, service: str, *, known_at: datetime | None = None) -> bytes | None:
        """Return the last state of a service, up to `known_at`; None if there is none."""
        ...

    def next_state(self, service: str, after: datetime | None) -> bytes | None:
        """Return a service's first state after a time (None: its very first); None at the end."""
        ...

    def dead_letters(
        self, *, limit: int = 100, before: int | None = None, waiting: bool = False
    ) -> list[DeadLetter]:
        """Return dead letters, newest first; `before` is the id that ended the page before.

        `waiting` leaves out those that were resolved.
        """
        ...

    def dead_payload(self, number: int) -> bytes | None:
        """Return the whole payload of a dead letter, None where not all of it is kept."""
        ...

    def resolve_dead_letters(self, ids: Sequence[int], time: datetime, author: str) -> None:
        """Mark dead letters as understood after all; they are kept."""
        ...

    def statuses(self) -> list[SenderStatus]:
        """Return the last word of each sender, by name."""
        ...

    def run_time(self) -> datetime | None:
        """Return the clock of a replay run, None in a live one."""
        ...

    def counts(self) -> Mapping[str, int]:
        """Return the number of rows per instrument type."""
        ...

    def health(self) -> Health:
        """Return whether the store can be used; never raises."""
        ...

    def close(self) -> None:
        """Release everything."""
        ...
