"""Pruning: the embedded store gives up old readings that InfluxDB has.

What is removed are rows received before a time and measured before it, and the changes that every
follower has dealt with. What stays: corrections (the undo log), flags, versions of calibrations,
and of every quantity the last values before the time, since those that come are judged beside
them. A reading that comes for a time up to which was pruned cannot be compared with what is
stored: it is held, durable, until the forwarder has put back what it belongs to.
"""

from __future__ import annotations

import sqlite3
import zlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager

import msgspec

from ingest.site import Site
from ingest.store import Row
from ingest.store.schema import column, reading_table

#: Rows removed, changes removed and pages given back in one transaction: some milliseconds each.
ROWS_AT_ONCE, _CHANGES_AT_ONCE, _PAGES_AT_ONCE = 500, 10, 200
#: Free pages that stay in the file for what comes.
_PAGES_KEPT = 256
#: With more changes that wait for the forwarder nothing is pruned now.
_MOST_WAITING = 1000
_FIRST, _LAST = -1 << 63, (1 << 63) - 1
_rows = msgspec.msgpack.Decoder(tuple[Row, ...])


class NotNow(Exception):
    """What has not been forwarded stands in the way."""


class Pruning:
    """One pass over a store; each step is one small transaction.

    Parameters
    ----------
    db
        The writing connection.
    writing
        Holds the one transaction of the process on it.
    forwarded
        Returns the last change that InfluxDB has.
    followed
        Returns the last change that every follower has dealt with.
    before
        Rows received before it are removed [ns].
    reach
        How far a reading's consequences look back: a number of values, and a time [ns].
    """

    def __init__(
        self,
        db: sqlite3.Connection,
        writing: Callable[[], AbstractContextManager[None]],
        site: Site,
        *,
        forwarded: Callable[[], int],
        followed: Callable[[], int],
        before: int,
        reach: tuple[int, int],
    ) -> None:
        self._db, self._writing, self._site = db, writing, site
        self._forwarded, self._followed = forwarded, followed
        self._before = before
        self._values, self._reach_ns = reach
        self._looked_at = 0  # last change of those that wait which was looked at
        self._oldest_waiting = _LAST
        #: The least `received` in each change that waits.
        self._waiting: dict[int, int] = {}

    def steps(self) -> Iterator[int]:
        """Yield the number of rows that each step has removed.

        It ends early while too much waits to be forwarded; the next pass goes on.
        """
        self._begin()
        held_until = pruned_until(self._db)[1]
        try:
            for instrument in self._site:
                table = reading_table(instrument.type)
                quantities = list(self._site.instrument_types[instrument.type].quantities)
                for node in range(instrument.node_count):
                    kept = self._neighbours(table, quantities, instrument.name, node, held_until)
                    yield from self._rows_of(table, instrument.name, node, kept)
            yield from self._changes()
        except NotNow:
            return
        yield from self._pages()

    def _begin(self) -> None:
        """From now on what comes for the pruned time is held."""
        with self._writing():
            for key, time in (
                ("pruned_until", self._before),
                ("held_until", self._before + self._reach_ns),
            ):
                self._db.execute(
                    "INSERT INTO meta VALUES (?, ?) ON CONFLICT (key)"
                    " DO UPDATE SET value = max(value, excluded.value)",
                    (key, time),
                )

    def _neighbours(
        self, table: str, quantities: list[str], instrument: str, node: int, until: int
    ) -> list[int]:
        """Return the times of the last values of each quantity up to a time."""
        seen = dict(
            self._db.execute(
                "SELECT quantity, until FROM seen WHERE instrument = ? AND node = ?",
                (instrument, node),
            ).fetchall()
        )
        times: set[int] = set()
        for quantity in quantities:
            if quantity not in seen:
                continue
            times.update(
                time
                for (time,) in self._db.execute(
                    f"SELECT time FROM {table} WHERE instrument = ? AND node = ? AND time <= ?"
                    f" AND {column(quantity)} IS NOT NULL ORDER BY time DESC LIMIT ?",
                    (instrument, node, min(until, seen[quantity]), self._values),
                )
            )
        return sorted(times)

    def _rows_of(self, table: str, instrument: str, node: int, kept: list[int]) -> Iterator[int]:
        """Remove the old rows of one measuring point."""
        stay = "".join(f" AND time <> {time:d}" for time in kept)
        after, last = _FIRST, self._before - 1
        while True:
            found = self._db.execute(
                f"SELECT time FROM {table} WHERE instrument = ? AND node = ? AND time > ?"
                f" AND time <= ? AND received < ?{stay} ORDER BY time LIMIT ?",
                (instrument, node, after, last, self._before, ROWS_AT_ONCE),
            ).fetchall()
            if not found:
                return
            with self._writing():
                limit = min(self._before, self._oldest())
                removed = self._db.execute(
                    f"DELETE FROM {table} WHERE instrument = ?1 AND node = ?2"
                    f" AND time BETWEEN ?3 AND ?4 AND received < ?5{stay}"
                    " AND time NOT IN"
                    " (SELECT time FROM refused WHERE instrument = ?1 AND node = ?2)",
                    (instrument, node, found[0][0], found[-1][0], limit),
                ).rowcount
            after = found[-1][0]
            yield removed

    def _oldest(self) -> int:
        """Return when the oldest row was received that InfluxDB has not [ns].

        Raises
        ------
        NotNow
            When too much waits, or the history is being recalculated.
        """
        if self._db.execute("SELECT 1 FROM meta WHERE key = 'pruning_waits'").fetchone():
            raise NotNow
        forwarded = self._forwarded()
        for sequence in [each for each in self._waiting if each <= forwarded]:
            del self._waiting[sequence]
        (count,) = self._db.execute(
            "SELECT count(*) FROM change WHERE sequence > ?", (forwarded,)
        ).fetchone()
        if count > _MOST_WAITING:
            raise NotNow
        for sequence, blob in self._db.execute(
            "SELECT sequence, rows FROM change WHERE sequence > ?",
            (max(forwarded, self._looked_at),),
        ):
            rows = _rows.decode(zlib.decompress(blob))
            self._waiting[sequence] = min(row.received for row in rows)
            self._looked_at = sequence
        return min(self._waiting.values(), default=_LAST)

    def _changes(self) -> Iterator[int]:
        """Remove the changes that are old and that nobody will ask for."""
        while True:
            done = min(self._followed(), self._forwarded())
            # A change never changes: it is looked at before others have to wait.
            found = self._db.execute(
                "SELECT sequence, rows FROM change WHERE sequence <= ?"
                # The last one tells how far the numbers have come.
                " AND sequence < (SELECT max(sequence) FROM change)"
                " ORDER BY sequence LIMIT ?",
                (done, _CHANGES_AT_ONCE),
            ).fetchall()
            old = 0
            for _, blob in found:
                rows = _rows.decode(zlib.decompress(blob))
                if max(row.received for row in rows) >= self._before:
                    break
                old += 1
            if old:
                with self._writing():
                    self._db.execute("DELETE FROM change WHERE sequence <= ?", (found[old - 1][0],))
            yield 0
            if old < _CHANGES_AT_ONCE:
                return

    def _pages(self) -> Iterator[int]:
        """Give free pages of the file back to the disk, as far as the file allows it."""
        if self._db.execute("PRAGMA auto_vacuum").fetchone()[0] != 2:
            return
        while True:
            (free,) = self._db.execute("PRAGMA freelist_count").fetchone()
            if free <= _PAGES_KEPT:
                return
            with self._writing():
                # Each row of the answer is a page: they are given back as they are read.
                self._db.execute(
                    f"PRAGMA incremental_vacuum({min(_PAGES_AT_ONCE, free - _PAGES_KEPT):d})"
                ).fetchall()
            yield 0


def pruned_until(db: sqlite3.Connection) -> tuple[int, int]:
    """Return the times [ns] up to which was pruned, and up to which what comes is held."""
    found = dict(
        db.execute(
            "SELECT key, value FROM meta WHERE key IN ('pruned_until', 'held_until')"
        ).fetchall()
    )
    return found.get("pruned_until", _FIRST), found.get("held_until", _FIRST)
