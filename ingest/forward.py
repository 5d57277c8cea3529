"""The forwarder: brings what the spool has made durable to InfluxDB, in order, losing nothing.

The cursor moves when InfluxDB has answered, so that a crash sends a block once more at most, and
sending twice changes nothing. There is one forwarder per run, by a lock in its folder, and one run
per bucket, by a marker in the bucket.
"""

from __future__ import annotations

import fcntl
import gc
import math
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from time import monotonic
from typing import NamedTuple

import structlog

from ingest.clock import Clock, WallClock, from_ns, iso
from ingest.errors import ConfigurationError
from ingest.run import Run
from ingest.store import DeadLetter, Row
from ingest.store.embedded import EmbeddedStore
from ingest.store.followers import followers
from ingest.store.influxdb import Unwritable
from ingest.store.influxdb_store import DERIVED_FOLLOWER, FOLLOWER, InfluxStore
from ingest.store.line_protocol import derived_lines, row_lines
from ingest.text import Text

log = structlog.get_logger()

#: Larger blocks are not faster, smaller ones are.
BLOCK_ROWS = 20_000
#: How much more must have become old before a pass of pruning begins.
_PRUNED_EVERY = timedelta(hours=1)
#: For how long a step prunes before it forwards again [s].
_PRUNING_S = 0.2


class Behind(NamedTuple):
    """How far InfluxDB is behind the spool."""

    changes: int
    seconds: float


class _Block(NamedTuple):
    """The rows of the changes after `since` up to `reached`, and their lines."""

    since: int
    reached: int
    rows: list[Row]
    lines: list[str]


class Forwarder:
    """Follows the changes of one run's spool into InfluxDB.

    Parameters
    ----------
    spool
        The embedded store of the run.
    influx
        The store that is read from InfluxDB.
    clock
        What `behind` measures against; the wall clock by default, a replay's own in a replay.
    spool_days
        For how long the spool keeps what has been forwarded [d]; None: for ever.
    followers
        Returns the last change that each other follower has dealt with.
    """

    def __init__(
        self,
        spool: EmbeddedStore,
        influx: InfluxStore,
        clock: Clock | None = None,
        *,
        spool_days: float | None = None,
        followers: Callable[[], dict[str, int]] = dict,
    ) -> None:
        self._spool, self._influx, self._server = spool, influx, influx.server
        self._spool_days, self._followers = spool_days, followers
        self._pruning: Iterator[int] | None = None
        self._pruned_before: datetime | None = None
        self.pruned = 0
        self._claimed = False
        self._reader = ThreadPoolExecutor(1, "forward-reader")
        self._ahead: Future[_Block] | None = None
        self._clock = clock or WallClock()
        self.forwarded = 0
        self.refused = 0
        self.too_old = 0

    def step(self) -> int:
        """Forward one block of rows and one of computed points; return how many there were.

        Raises
        ------
        ServiceError
            When InfluxDB cannot take them now; the cursor has not moved beyond what it has.
        ConfigurationError
            When another run writes to this bucket.
        """
        if not self._claimed:
            self._server.claim(self._spool.run_id())
            self._claimed = True
        done = self._forward_rows() + self._forward_derived() + self._influx.release_held()
        if self._spool_days is not None:
            self._prune(timedelta(days=self._spool_days))
        return done

    def prune_all(self) -> int:
        """Prune all that is due now; return how many rows were removed."""
        before, self._pruned_before = self.pruned, None
        if self._spool_days is not None:
            self._prune(timedelta(days=self._spool_days), longest_s=math.inf)
        return self.pruned - before

    def _prune(self, kept: timedelta, *, longest_s: float = _PRUNING_S) -> None:
        """Go on removing what is too old; a pass begins when some more has become so."""
        before = self._prunes_before(kept)
        if self._pruning is None:
            if self._pruned_before and before < self._pruned_before + _PRUNED_EVERY:
                return
            self._pruned_before = before
            self._pruning = self._spool.prune(before, FOLLOWER)
        end = monotonic() + longest_s
        for removed in self._pruning:
            self.pruned += removed
            if monotonic() >= end:
                return
        self._pruning = None

    def _prunes_before(self, kept: timedelta) -> datetime:
        # As far as a reading's consequences reach behind it, readings are needed here.
        return self._now() - max(kept, timedelta(microseconds=self._spool.reach()[1] / 500))

    def holding_up(self) -> dict[str, datetime]:
        """Return the followers for which pruning waits, and since when each has dealt with nothing.

        That is when the oldest change was received which it has not dealt with, where nothing else
        keeps that change from being removed.
        """
        if self._spool_days is None:
            return {}
        forwarded = self._spool.cursor(FOLLOWER)
        before = self._prunes_before(timedelta(days=self._spool_days))
        found = {}
        for follower, sequence in self._followers().items():
            waiting = self._spool.changes(sequence, limit=1) if sequence < forwarded else []
            if not waiting or waiting[0].sequence > forwarded:
                continue
            last = from_ns(max(row.received for row in waiting[0].rows))
            if last < before:
                found[follower] = last
        return found

    def detail(self) -> str:
        """Return what has been done and what waits, in words."""
        behind = self.behind()
        waits = f", {behind.changes} changes wait since {behind.seconds:.0f} s" * bool(
            behind.changes
        )
        refused = f", {self.refused} refused" * bool(self.refused)
        too_old = f", {self.too_old} older than the bucket keeps" * bool(self.too_old)
        pruned = f", {self.pruned} pruned from the spool" * bool(self.pruned)
        held = "".join(
            f"; pruning waits for {follower} since {iso(since)}: start it, or, when it is gone for"
            f" ever, `postmine forward --forget {follower}`"
            for follower, since in self.holding_up().items()
        )
        return f"{self.forwarded} rows forwarded{refused}{too_old}{pruned}{waits}{held}"

    def numbers(self) -> dict[str, float]:
        """Return what has been done and what waits, for `/metrics`."""
        behind = self.behind()
        return {
            "rows_total": self.forwarded,
            "refused_rows_total": self.refused,
            "pruned_rows_total": self.pruned,
            "changes_behind": behind.changes,
            "seconds_behind": behind.seconds,
        }

    def behind(self) -> Behind:
        """Return how many changes wait, and for how long the oldest has [s]."""
        cursor = self._spool.cursor(FOLLOWER)
        waiting = self._spool.changes(cursor, limit=1)
        if not waiting:
            return Behind(0, 0.0)
        oldest = from_ns(min(row.received for row in waiting[0].rows))
        seconds = (self._now() - oldest).total_seconds()
        return Behind(self._spool.last_sequence() - cursor, max(seconds, 0.0))

    def _now(self) -> datetime:
        return self._spool.run_time() or self._clock.now()

    def _forward_rows(self) -> int:
        cursor = self._spool.cursor(FOLLOWER)
        ahead, self._ahead = self._ahead, None
        block = ahead.result() if ahead else self._block(cursor)
        if block.since != cursor:
            block = self._block(cursor)
        if len(block.rows) >= BLOCK_ROWS:
            # More waits: it is read and encoded while InfluxDB takes this block.
            self._ahead = self._reader.submit(self._block, block.reached)
        # One change may hold more than a block: the rows of a long import.
        for first in range(0, len(block.rows), BLOCK_ROWS):
            end = first + BLOCK_ROWS
            self._write_rows(block.rows[first:end], block.lines[first:end])
        if block.reached > cursor:
            self._spool.move_cursor(FOLLOWER, block.reached)
        self.forwarded += len(block.rows)
        return len(block.rows)

    def _block(self, since: int) -> _Block:
        """Read and encode what comes after a change."""
        rows: list[Row] = []
        reached = since
        # Rows hold no cycles: the search for some, which ten thousands of new objects start again
        # and again, takes longer than making the objects.
        gc.disable()
        try:
            for change in self._spool.each_change(since):
                rows += change.rows
                reached = change.sequence
                if len(rows) >= BLOCK_ROWS:
                    break
            return _Block(since, reached, rows, row_lines(rows))
        finally:
            gc.enable()

    def _forward_derived(self) -> int:
        changes = self._spool.derived_changes(self._spool.cursor(DERIVED_FOLLOWER))
        if not changes:
            return 0
        points = [point for _, written in changes for point in written]
        self._write(
            derived_lines(points),
            lambda index: (f"influxdb/derived/{points[index].series}", points[index].known_at),
        )
        self._spool.move_cursor(DERIVED_FOLLOWER, changes[-1][0])
        return len(points)

    def _write_rows(self, rows: Sequence[Row], lines: Sequence[str]) -> None:
        refused = self._write(
            lines,
            lambda index: (
                f"influxdb/{rows[index].type}/{rows[index].instrument}",
                from_ns(rows[index].received),
            ),
        )
        if refused:
            self._spool.keep_refused(rows[index] for index in refused)

    def _write(
        self, lines: Sequence[str], origin: Callable[[int], tuple[str, datetime]]
    ) -> dict[int, str]:
        """Write lines; those that InfluxDB will never take become dead letters, and are returned.

        `origin` returns the topic and the time of a line's dead letter.
        """
        refused = self._refused(lines)
        if not refused:
            return refused
        letters = []
        for index, reason in sorted(refused.items()):
            topic, received = origin(index)
            payload = lines[index].encode()
            why = Text("InfluxDB does not take this line: {said}", {"said": reason})
            letters.append(
                DeadLetter(
                    topic=topic,
                    payload=payload,
                    size=len(payload),
                    reason=str(why),
                    received=received,
                    said=(why,),
                )
            )
        self._spool.append([], letters)
        self.refused += len(letters)
        log.error("refused_by_influxdb", lines=len(letters), first=letters[0].reason)
        return refused

    def _refused(self, lines: Sequence[str]) -> dict[int, str]:
        """Write lines; return the reason for each one that InfluxDB will never take.

        It refuses a whole block for one bad line: halves find the line.
        """
        refused: dict[int, str] = {}
        blocks = [(0, len(lines))]
        while blocks:
            first, end = blocks.pop()
            try:
                too_old = self._server.write("\n".join(lines[first:end]).encode())
            except Unwritable as error:
                if end - first == 1:
                    refused[first] = str(error)
                    continue
                middle = (first + end) // 2
                # The first half goes first: of two values of one row the later one must win.
                blocks += [(middle, end), (first, middle)]
            else:
                self.too_old += too_old
        return refused


@contextmanager
def only_forwarder(folder: Path) -> Iterator[None]:
    """Hold the right to forward the run of a folder; a process that dies lets go of it.

    Raises
    ------
    ConfigurationError
        When another process holds it.
    """
    path = folder / "forward.lock"
    with path.open("a+", encoding="utf-8") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            lock.seek(0)
            raise ConfigurationError(
                f"the forwarder of {folder}",
                legal="one forwarder a run",
                cure=f"process {lock.read().strip() or 'of another user'} forwards it already:"
                " stop that one first",
            ) from error
        lock.truncate(0)
        lock.write(f"{os.getpid()}\n")
        lock.flush()
        yield


def open_forwarder(run: Run) -> Forwarder:
    """Return the forwarder of a run.

    Raises
    ------
    ConfigurationError
        When the run has no InfluxDB.
    """
    if not isinstance(run.store, InfluxStore):
        raise ConfigurationError(
            "setting POSTMINE_INFLUXDB_URL", value="", legal="the address of an InfluxDB 2"
        )
    return Forwarder(
        run.store.spool,
        run.store,
        run.clock,
        spool_days=run.settings.spool_days,
        followers=partial(followers, run.settings.data_dir),
    )
