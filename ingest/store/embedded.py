"""The embedded store: SQLite in the run's folder, the first durable home of every reading."""

from __future__ import annotations

import secrets
import shutil
import sqlite3
import threading
import zlib
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pandas as pd

from ingest.clock import from_ns, to_ns
from ingest.engineering import Engineering
from ingest.errors import ConfigurationError, ServiceError
from ingest.site import Site
from ingest.store import (
    SHOWN_PAYLOAD,
    Appended,
    BucketValues,
    Change,
    DeadLetter,
    Delivery,
    Derived,
    Health,
    Reading,
    Recalculated,
    Row,
    SenderStatus,
    Values,
    kept_series,
    kept_states,
)
from ingest.store.ground import FlagEntry, Ground, journal
from ingest.store.pruning import ROWS_AT_ONCE, Pruning, pruned_until
from ingest.store.schema import (
    STATES,
    column,
    create_readings,
    reading_table,
    seen_until,
    undo_table,
)
from ingest.text import Text

_BUSY_TIMEOUT_MS = 30_000
#: Of all long dead letters together so much is kept, compressed [bytes].
MOST_DEAD_BYTES = 256 << 20
#: Page cache of each connection; the system caches the file as well.
_CACHE_KIB = 8_192
#: Numbers of buckets that each reading connection holds, to walk along.
_BUCKETS = 10_000
_NEVER = -1 << 63
#: Moments of one instrument that are calculated anew in one transaction.
_RECALCULATED_AT_ONCE = 500
_rows_encoder = msgspec.msgpack.Encoder()
_rows_decoder = msgspec.msgpack.Decoder(tuple[Row, ...])
_said_decoder = msgspec.json.Decoder(tuple[Text, ...])


class EmbeddedStore:
    """Store of one run in a folder; several processes and threads may use it at once.

    Parameters
    ----------
    folder
        The run's data folder; it is created.
    site
        The site whose readings are kept.
    min_free_mb
        With less free space [MB] nothing is taken any more: a disk that is full to the last byte
        stops everything else on the machine as well.
    free_mb
        Returns the free space of the folder's disk [MB].

    Raises
    ------
    ServiceError
        When the folder cannot be written.
    """

    def __init__(
        self,
        folder: Path,
        site: Site,
        *,
        min_free_mb: float = 0.0,
        free_mb: Callable[[Path], float] | None = None,
    ) -> None:
        self._site = site
        self._engineering = Engineering(site)
        self._folder = folder
        self._min_free_mb, self._free_mb = min_free_mb, free_mb or _free_mb
        self._local = threading.local()
        self._lock = threading.Lock()
        #: What the table `seen` is known to hold: (instrument, node, quantities) -> ns.
        self._seen: dict[tuple[str, int, tuple[str, ...]], int] = {}
        self._opened: list[sqlite3.Connection] = []
        self._readings_path = folder / "readings.sqlite"
        self._states_path = folder / "states.sqlite"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._writer = self._connect(self._readings_path)
            self._states = self._connect(self._states_path)
            create_readings(self._writer, site.instrument_types.values())
            self._ground = Ground(self._writer, site)
            with _transaction(self._states):
                for statement in (STATES + kept_states.TABLES + kept_series.TABLES).split(";"):
                    self._states.execute(statement)
                kept_series.upgrade(self._states)
        except (OSError, sqlite3.Error) as error:
            raise ServiceError(f"data folder {folder} cannot be used: {error}") from error

    # -- writing --------------------------------------------------------------------------------

    def append(
        self,
        rows: Sequence[Row],
        dead_letters: Sequence[DeadLetter] = (),
        run_time: datetime | None = None,
        statuses: Sequence[SenderStatus] = (),
    ) -> Appended:
        """Make a batch durable in one commit; storing twice changes nothing.

        Raises
        ------
        ServiceError
            When the disk refuses; nothing of the batch is stored then.
        """
        self._need_space()
        changed: list[Row] = []
        inserted: Counter[str] = Counter()
        corrected = 0
        db = self._writer
        with self._writing(in_order=True):
            self._ground.refresh()
            rows, held = self._held_apart(rows)
            corrected = self._take(rows, changed, inserted)
            self._engineering.hear(statuses, self._ground)
            self._keep_letters(dead_letters)
            db.executemany(
                "INSERT OR REPLACE INTO status VALUES (?, ?, ?, ?)",
                [(s.sender, s.state, to_ns(s.received), s.document) for s in statuses],
            )
            if run_time is not None:
                db.execute(
                    "INSERT INTO meta VALUES ('run_time', ?) ON CONFLICT (key)"
                    " DO UPDATE SET value = max(value, excluded.value)",
                    (to_ns(run_time),),
                )
        stored = sum(inserted.values())
        return Appended(stored + held, corrected, len(rows) - stored - corrected)

    def _keep_letters(self, letters: Sequence[DeadLetter]) -> None:
        """Keep dead letters; of all long ones together only so much."""
        long = [len(letter.payload) > SHOWN_PAYLOAD for letter in letters]
        self._writer.executemany(
            "INSERT INTO dead_letter (topic, payload, size, reason, received, whole,"
            " said) VALUES (?, ?, ?, ?, ?, ?, ?)",
            [
                (
                    letter.topic,
                    letter.payload[:SHOWN_PAYLOAD],
                    letter.size,
                    letter.reason,
                    to_ns(letter.received),
                    zlib.compress(letter.payload, 1) if is_long else None,
                    msgspec.json.encode(letter.said),
                )
                for letter, is_long in zip(letters, long, strict=True)
            ],
        )
        if any(long):
            # What was understood goes first, then what is oldest; the beginnings stay.
            self._writer.execute(
                "UPDATE dead_letter SET whole = NULL WHERE id IN (SELECT id FROM (SELECT id,"
                " sum(length(whole)) OVER (ORDER BY resolved IS NULL DESC, id DESC) AS sum"
                " FROM dead_letter WHERE whole IS NOT NULL) WHERE sum > ?)",
                (MOST_DEAD_BYTES,),
            )

    def dead_payload(self, number: int) -> bytes | None:
        """Return the whole payload of a dead letter, None where not all of it is kept."""
        row = (
            self._reader()
            .execute("SELECT payload, size, whole FROM dead_letter WHERE id = ?", (number,))
            .fetchone()
        )
        if row is None or (row[2] is None and len(row[0]) < row[1]):
            return None
        return row[0] if row[2] is None else zlib.decompress(row[2])

    def _take(self, rows: Sequence[Row], changed: list[Row], inserted: Counter[str]) -> int:
        """Store rows with all that they bring about; return how many were corrected."""
        corrected = 0
        continued = self._continue_in_order(rows, inserted)
        for moment, group in self._by_consequence(rows):
            arrived: list[Row] = []
            corrected += self._store(group, arrived, inserted, continued)
            changed += arrived
            if moment is not None:
                others = [row for row in arrived if row.instrument not in continued]
                if others:
                    changed += self._engineering.follow(others, self._ground, moment)
        self._keep_change(changed)
        for kind, count in inserted.items():
            if count:
                self._writer.execute(
                    "INSERT INTO meta VALUES (?, ?) ON CONFLICT (key)"
                    " DO UPDATE SET value = value + excluded.value",
                    (f"rows:{kind}", count),
                )
        return corrected

    def _continue_in_order(self, rows: Sequence[Row], inserted: Counter[str]) -> set[str]:
        """Store and judge the rows that continue their series; return their instruments."""
        continued = self._engineering.continue_in_order(rows, self._ground)
        instruments = {row.instrument for row in continued.rows}
        groups: defaultdict[tuple[str, tuple[str, ...]], list[Row]] = defaultdict(list)
        for row in continued.rows:
            groups[row.type, tuple(row.values)].append(row)
        for (kind, quantities), group in groups.items():
            self._insert_new(kind, quantities, group)
            inserted[kind] += len(group)
        self._engineering.judge_in_order(continued, self._ground)
        return instruments

    def _held_apart(self, rows: Sequence[Row]) -> tuple[Sequence[Row], int]:
        """Hold the rows of a time that was pruned; return the others, and how many are held."""
        _, until = pruned_until(self._writer)
        held = [row for row in rows if row.time <= until]
        if not held:
            return rows, 0
        self._writer.execute(
            "INSERT INTO held (received, rows) VALUES (?, ?)",
            (
                min(row.received for row in held),
                zlib.compress(_rows_encoder.encode(held), 1),
            ),
        )
        return [row for row in rows if row.time > until], len(held)

    def _by_consequence(self, rows: Sequence[Row]) -> Iterator[tuple[int | None, Sequence[Row]]]:
        """Yield the rows that bring nothing about, then the others by moment of arrival.

        Each moment has its turn, so that what was known at it does not depend on how messages
        were put together into batches.
        """
        concerns = self._engineering.concerns
        if not any(concerns(row.instrument) for row in rows):
            yield None, rows
            return
        moments: defaultdict[int, list[Row]] = defaultdict(list)
        plain = []
        for row in rows:
            if concerns(row.instrument):
                moments[row.received].append(row)
            else:
                plain.append(row)
        if plain:
            yield None, plain
        yield from sorted(moments.items())

    @contextmanager
    def _writing(self, *, in_order: bool = False) -> Iterator[None]:
        """Hold the one transaction of this process on the readings.

        `in_order` tells that what is known of the last readings will be true behind it too.
        """
        with self._lock, _service_errors(self._folder):
            try:
                with _transaction(self._writer):
                    if not in_order:
                        self._ground.forget_all()
                    yield
            except BaseException:
                self._seen.clear()  # what was noted may not be there
                self._ground.forget_all()
                raise
            if not in_order:
                self._ground.forget_all()

    def _store(
        self,
        rows: Iterable[Row],
        changed: list[Row],
        inserted: Counter[str],
        continued: Collection[str],
    ) -> int:
        """Store rows; note those that changed anything, and return how many were corrected.

        Those of the instruments `continued` are stored already.
        """
        groups: defaultdict[tuple[str, tuple[str, ...]], list[Row]] = defaultdict(list)
        corrected = 0
        for row in rows:
            groups[row.type, tuple(row.values)].append(row)
        for (kind, quantities), group in groups.items():
            others = group
            if continued:
                others = [row for row in group if row.instrument not in continued]
            if not others or self._insert(kind, quantities, others):
                inserted[kind] += len(others)
                changed += group
            else:
                for row in group:
                    if row.instrument in continued:
                        changed.append(row)
                        continue
                    outcome = self._upsert(kind, quantities, row)
                    if outcome:
                        changed.append(row)
                        inserted[kind] += outcome == "inserted"
                        corrected += outcome == "corrected"
        for row in changed:
            if row.flags and row.instrument in continued:
                continue
            for quantity, flag in row.flags.items():
                self._ground.add_flags(
                    row.instrument, quantity, row.node, row.time, (flag,), row.received
                )
        return corrected

    def _keep_change(self, changed: Sequence[Row]) -> None:
        """Keep changed rows for those who follow the store, and until when values were seen."""
        if changed:
            self._note_seen(changed)
            blob = zlib.compress(_rows_encoder.encode(changed), 1)
            self._writer.execute("INSERT INTO change (rows) VALUES (?)", (blob,))

    def _note_seen(self, changed: Sequence[Row]) -> None:
        """Note until when quantities have been seen, so that a last value is found at once."""
        later: dict[tuple[str, int, tuple[str, ...]], int] = {}
        for row in changed:
            key = (row.instrument, row.node, tuple(row.values))
            if row.time >= self._seen.get(key, _NEVER) and row.time >= later.get(key, _NEVER):
                later[key] = seen_until(row.time)
        if later:
            self._writer.executemany(
                "INSERT INTO seen VALUES (?, ?, ?, ?) ON CONFLICT (instrument, node, quantity)"
                " DO UPDATE SET until = excluded.until WHERE excluded.until > until",
                [(*key[:2], name, until) for key, until in later.items() for name in key[2]],
            )
            self._seen.update(later)

    def recalculate(
        self,
        now: datetime,
        *,
        again: bool = False,
        ready: Callable[[str], bool] = lambda _: True,
    ) -> Iterator[Recalculated]:
        """Bring the history of each instrument to the calibrations and rules of today.

        Only instruments whose calibrations or rules have changed since the last time are read,
        or all with `again`. A crash in between costs nothing: the rest is done the next time.

        Parameters
        ----------
        now
            The run's time: from it on the new values and flags are known.
        ready
            Called before an instrument's history is read; it has to wait when this is False.
        """
        db, moment = self._writer, to_ns(now)
        for instrument, said in list(self._engineering.instruments()):
            key = (f"engineering:{instrument}",)
            row = db.execute("SELECT value FROM meta WHERE key = ?", key).fetchone()
            if (row and row[0] == said and not again) or not ready(instrument):
                continue
            with self._lock:
                times = self._ground.times(instrument)
            revised = 0
            for first in range(0, len(times), _RECALCULATED_AT_ONCE):
                batch = times[first : first + _RECALCULATED_AT_ONCE]
                with self._writing():
                    self._ground.refresh()
                    rows = self._engineering.revise(instrument, batch, self._ground, moment)
                    self._keep_change(rows)
                revised += len(rows)
            with self._writing():
                db.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (*key, said))
            if times:
                yield Recalculated(instrument, len(times), revised)

    # -- pruning --------------------------------------------------------------------------------

    def prune(self, before: datetime, forwarder: str) -> Iterator[int]:
        """Remove what was received before a time and has been forwarded (`store.pruning`).

        Each step is a small transaction, between which others write; it yields the number of
        rows removed.

        Parameters
        ----------
        forwarder
            The follower that brings readings to where they can be read from then on.
        """
        return Pruning(
            self._writer,
            self._writing,
            self._site,
            forwarded=lambda: self.cursor(forwarder),
            followed=self._followed,
            before=to_ns(before),
            reach=self._engineering.reach,
        ).steps()

    def pruned_until(self) -> datetime | None:
        """Return up to when rows were pruned, None if there never was a pruning."""
        until, _ = pruned_until(self._reader())
        return None if until == _NEVER else from_ns(until)

    def held_until(self) -> int:
        """Return up to which time what comes is held [ns]."""
        return pruned_until(self._reader())[1]

    def reach(self) -> tuple[int, int]:
        """Return how far the consequences of a reading look: values, and time [ns]."""
        return self._engineering.reach

    def related(self, instrument: str) -> set[str]:
        """Return the instruments whose readings bear on one's results and flags, itself too."""
        return self._engineering.related(instrument)

    def held(self) -> tuple[int, tuple[Row, ...]] | None:
        """Return the oldest batch of rows that are held, with its number; None if there is none."""
        row = self._reader().execute("SELECT id, rows FROM held ORDER BY id LIMIT 1").fetchone()
        return None if row is None else (row[0], _rows_decoder.decode(zlib.decompress(row[1])))

    def held_since(self) -> datetime | None:
        """Return when the first row was received that is held, None if there is none."""
        (first,) = self._reader().execute("SELECT min(received) FROM held").fetchone()
        return None if first is None else from_ns(first)

    def put_back(self, rows: Sequence[Row]) -> None:
        """Store rows again that were pruned, as they were; what is there already stays."""
        for first in range(0, len(rows), ROWS_AT_ONCE):
            with self._writing():
                self._put_back(rows[first : first + ROWS_AT_ONCE])

    def _put_back(self, rows: Iterable[Row]) -> None:
        for row in rows:
            names = "".join(f", {column(name)}" for name in row.values)
            places = ", ?" * len(row.values)
            self._writer.execute(
                f"INSERT OR IGNORE INTO {reading_table(row.type)}"
                f" (instrument, node, time, received, sequence{names})"
                f" VALUES (?, ?, ?, ?, ?{places})",
                row[1:6] + tuple(row.values.values()),
            )

    @contextmanager
    def pruning_waits(self) -> Iterator[None]:
        """Keep the pruner from removing anything; after a crash, until this was called again."""
        with self._writing():
            self._writer.execute("INSERT OR REPLACE INTO meta VALUES ('pruning_waits', 1)")
        yield
        with self._writing():
            self._writer.execute("DELETE FROM meta WHERE key = 'pruning_waits'")

    def release(self, number: int, rows: Sequence[Row]) -> None:
        """Store rows of a batch that was held, whose time was put back before."""
        with self._writing():
            self._ground.refresh()
            self._take(rows, [], Counter())
            self._writer.execute("DELETE FROM held WHERE id = ?", (number,))

    def keep_refused(self, rows: Iterable[Row]) -> None:
        """Note rows that InfluxDB will never take: they are never pruned."""
        with self._writing():
            self._writer.executemany(
                "INSERT OR IGNORE INTO refused VALUES (?, ?, ?)",
                [(row.instrument, row.node, row.time) for row in rows],
            )

    def _followed(self) -> int:
        """Return the last change with which every follower of readings has dealt."""
        row = self._states_reader().execute(
            "SELECT min(sequence) FROM cursor WHERE follower <> 'influxdb_derived'"
        )
        return row.fetchone()[0] or 0

    def write_flag(self, entry: FlagEntry, former: Iterable[Row] = ()) -> None:
        """Set or lift a flag on a stretch of readings, by an engineer's word.

        `former` are rows of the stretch that were pruned. Results are not calculated from what is
        rejected: those of the stretch are calculated anew.
        """
        with self._writing():
            self._put_back(former)
            self._ground.write_entry(entry)
            if entry.flag == "rejected" and self._engineering.governs(
                entry.instrument, entry.quantity
            ):
                rows = self._ground.stretch(entry)
                moment = to_ns(entry.time)
                self._keep_change(self._engineering.follow(rows, self._ground, moment))

    def flag_journal(self, *, limit: int = 100, before: int | None = None) -> list[FlagEntry]:
        """Return what engineers said of flags, newest first."""
        found = journal(self._reader())[::-1]
        return [each for each in found if before is None or (each.id or 0) < before][:limit]

    def flag_changes(
        self, instrument: str, quantity: str, *, after: datetime, until: datetime
    ) -> list[datetime]:
        """Return the times of readings whose flags changed at after < moment <= until."""
        rows = self._reader().execute(
            "SELECT DISTINCT time FROM flag WHERE type = ?1 AND instrument = ?2 AND quantity = ?3"
            " AND (since > ?4 AND since <= ?5 OR until > ?4 AND until <= ?5) ORDER BY time",
            (
                self._site.instruments[instrument].type,
                instrument,
                quantity,
                to_ns(after),
                to_ns(until),
            ),
        )
        return [from_ns(time) for (time,) in rows]

    def calculations(
        self,
        instrument: str,
        quantity: str,
        *,
        start: datetime,
        end: datetime,
        known_at: datetime | None = None,
    ) -> dict[tuple[int, datetime], str]:
        """Return the version of the calibration that made each value now held: (node, time)."""
        rows = self._reader().execute(
            "SELECT node, time, version FROM calculated WHERE instrument = ? AND quantity = ?"
            " AND time >= ? AND time < ? AND received <= ? ORDER BY received",
            (
                instrument,
                quantity,
                to_ns(start),
                to_ns(end),
                (1 << 63) - 1 if known_at is None else to_ns(known_at),
            ),
        )
        found = {(node, from_ns(time)): version for node, time, version in rows}
        return {key: version for key, version in found.items() if version}

    def calibration(self, version: str) -> bytes | None:
        """Return the block of a calibration's version as JSON, None if it never made a value."""
        row = (
            self._reader()
            .execute("SELECT document FROM calibration WHERE version = ?", (version,))
            .fetchone()
        )
        return None if row is None else str(row[0]).encode()

    def delivery(self, instrument: str, *, start: datetime, end: datetime) -> Delivery:
        """Return how an instrument delivered for start < time <= end."""
        db = self._reader()
        table = reading_table(self._site.instruments[instrument].type)
        span = (instrument, to_ns(start), to_ns(end))
        condition = "instrument = ? AND time > ? AND time <= ?"
        rows, moments, delay, first = db.execute(
            "SELECT count(*), count(DISTINCT time), avg(received - time), min(time)"
            f" FROM {table} WHERE {condition}",
            span,
        ).fetchone()
        (flagged,) = db.execute(
            "SELECT count(*) FROM (SELECT DISTINCT node, time FROM flag"
            f" WHERE type = ? AND {condition} AND until IS NULL)",
            (self._site.instruments[instrument].type, *span),
        ).fetchone()
        return Delivery(
            rows=rows,
            moments=moments,
            mean_delay_s=None if delay is None else delay / 1e9,
            first=None if first is None else from_ns(first),
            flagged=flagged,
            numbers=self.numbers(instrument, span[1], span[2]),
        )

    def numbers(self, instrument: str, after: int, last: int) -> tuple[int, ...]:
        """Return the numbers of the messages with after < time <= last [ns], as they came.

        A message that was corrected counts as well, and each counts once for all its nodes.
        """
        kind = self._site.instruments[instrument].type
        wanted = "instrument = ?1 AND time > ?2 AND time <= ?3 AND sequence IS NOT NULL"
        rows = self._reader().execute(
            "SELECT sequence, min(received) AS came FROM"
            f" (SELECT time, sequence, received FROM {reading_table(kind)} WHERE {wanted}"
            f" UNION ALL SELECT time, sequence, received FROM {undo_table(kind)} WHERE {wanted})"
            " GROUP BY time, sequence ORDER BY came, time",
            (instrument, after, last),
        )
        return tuple(number for number, _ in rows)

    def undone_numbers(self, instrument: str, start: int, end: int) -> list[tuple[int, int, int]]:
        """Return the messages that were corrected: (time, number, received); times in ns."""
        return (
            self._reader()
            .execute(
                "SELECT time, sequence, received FROM"
                f" {undo_table(self._site.instruments[instrument].type)} WHERE instrument = ?"
                " AND time >= ? AND time < ? AND sequence IS NOT NULL",
                (instrument, start, end),
            )
            .fetchall()
        )

    def _insert(self, kind: str, quantities: tuple[str, ...], group: list[Row]) -> bool:
        """Insert rows that are expected to be new; False, with nothing changed, if one is not."""
        db = self._writer
        db.execute("SAVEPOINT fast")
        try:
            self._insert_new(kind, quantities, group)
        except sqlite3.IntegrityError:
            db.execute("ROLLBACK TO fast")
            return False
        finally:
            db.execute("RELEASE fast")
        return True

    def _insert_new(self, kind: str, quantities: tuple[str, ...], group: list[Row]) -> None:
        names = "".join(f", {column(name)}" for name in quantities)
        places = ", ?" * len(quantities)
        self._writer.executemany(
            f"INSERT INTO {reading_table(kind)} (instrument, node, time, received, sequence"
            f"{names}) VALUES (?, ?, ?, ?, ?{places})",
            [row[1:6] + tuple(row.values.values()) for row in group],
        )

    def _upsert(self, kind: str, quantities: tuple[str, ...], row: Row) -> str:
        """Store a row whose key may exist; return "inserted", "corrected" or "" (duplicate)."""
        table = reading_table(kind)
        names = "".join(f", {column(name)}" for name in quantities)
        sets = "".join(f", {column(name)} = excluded.{column(name)}" for name in quantities)
        differs = " OR ".join(
            f"{column(name)} IS NOT excluded.{column(name)}" for name in quantities
        )
        key = (row.instrument, row.node, row.time)
        db = self._writer
        where = "instrument = ? AND node = ? AND time = ?"
        known = db.execute(f"SELECT 1 FROM {table} WHERE {where}", key).fetchone()
        cursor = db.execute(
            f"INSERT INTO {table} (instrument, node, time, received, sequence{names})"
            f" VALUES (?, ?, ?, ?, ?{', ?' * len(quantities)})"
            " ON CONFLICT (instrument, node, time) DO UPDATE SET"
            f" received = excluded.received, sequence = excluded.sequence{sets}"
            f" WHERE {differs or '0'}",
            row[1:6] + tuple(row.values.values()),
        )
        if not known:
            return "inserted"
        if not cursor.rowcount:
            return ""
        # A corrected value is judged anew: flags of the value that it replaced go.
        db.executemany(
            "UPDATE flag SET until = ? WHERE type = ? AND instrument = ? AND quantity = ?"
            " AND node = ? AND time = ? AND until IS NULL",
            [(row.received, kind, *key[:1], name, *key[1:]) for name in quantities],
        )
        self._ground.note_withdrawn(*key, (), known=quantities)
        return "corrected"

    # -- reading --------------------------------------------------------------------------------

    def latest(
        self, *, at: datetime | None = None, known_at: datetime | None = None
    ) -> list[Reading]:
        """Return the last measured value of each (instrument, node, quantity), up to `at`."""
        db = self._reader()
        result = []
        until = (1 << 63) - 1 if at is None else to_ns(at)
        seen: dict[tuple[str, int, str], int] = {
            (instrument, node, quantity): last
            for instrument, node, quantity, last in db.execute("SELECT * FROM seen")
        }
        for instrument in self._site:
            quantities = list(self._site.instrument_types[instrument.type].quantities)
            source, parameters = self._source(instrument.type, instrument.name, known_at)
            conditions = "node = ? AND time <= ?"
            columns = ", ".join(map(column, quantities))
            last = f"SELECT time, received, {columns} FROM {source} WHERE {conditions}"
            for node in range(instrument.node_count):
                given = [*parameters, node]
                row = db.execute(f"{last} ORDER BY time DESC LIMIT 1", [*given, until]).fetchone()
                if row is None:
                    continue
                for index, quantity in enumerate(quantities):
                    time, received, value = row[0], row[1], row[2 + index]
                    if value is None:
                        # Without an end, a quantity that was never sent costs the whole history.
                        end = seen.get((instrument.name, node, quantity))
                        if end is None:
                            continue
                        older = db.execute(
                            f"SELECT time, received, {column(quantity)} FROM {source}"
                            f" WHERE {conditions} AND {column(quantity)} IS NOT NULL"
                            " ORDER BY time DESC LIMIT 1",
                            [*given, min(until, end)],
                        ).fetchone()
                        if older is None:
                            continue
                        time, received, value = older
                    result.append(
                        Reading(
                            instrument.name,
                            quantity,
                            node,
                            from_ns(time),
                            from_ns(received),
                            value,
                            self._flags(
                                instrument.type, instrument.name, quantity, node, time, known_at
                            ),
                        )
                    )
        return result

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
        """Return values with start <= time < end, by (time, node)."""
        query, parameters = self._select(instrument, quantity, start, end, known_at, node)
        if after is not None:
            query += " AND (time, node) > (?, ?)" if after[1] >= 0 else " AND time > ?"
            parameters += list(after) if after[1] >= 0 else [after[0]]
        query += " ORDER BY time, node LIMIT ?"
        rows = self._reader().execute(query, [*parameters, limit]).fetchall()
        flags = (
            self.flagged(
                instrument, quantity, start=rows[0][0], end=rows[-1][0] + 1, known_at=known_at
            )
            if rows
            else {}
        )
        return [
            Reading(
                instrument,
                quantity,
                at_node,
                from_ns(time),
                from_ns(received),
                value,
                flags.get((at_node, time), ()),
            )
            for time, at_node, received, value in rows
        ]

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
        """Return values as a frame (index = time, aware UTC; columns = node index)."""
        rows = self._values(instrument, quantity, start, end, known_at, trusted)
        return pivot([(time, node, value) for time, node, _, value in rows])

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
        """Return what `frame` does as plain arrays, by (time, node)."""
        rows = self._values(instrument, quantity, start, end, known_at, trusted)
        return Values(
            np.array([row[0] for row in rows], dtype=np.int64),
            np.array([row[1] for row in rows], dtype=np.int64),
            np.array([row[3] for row in rows], dtype=float),
        )

    def _values(
        self,
        instrument: str,
        quantity: str,
        start: datetime | None,
        end: datetime | None,
        known_at: datetime | None,
        trusted: bool,
    ) -> list[tuple[int, int, int, float]]:
        """Return (time in ns, node, received in ns, value) of trusted or of all values."""
        query, parameters = self._select(
            instrument, quantity, start, end, known_at, None, trusted=trusted
        )
        return self._reader().execute(f"{query} ORDER BY time, node", parameters).fetchall()

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
        """Return `count` equal buckets of [start, end): node, start, min, mean, max, count."""
        rows = self._bucket_rows(instrument, quantity, start, end, count, known_at, trusted)
        columns = ["node", "bucket", "min", "mean", "max", "count"]
        frame = pd.DataFrame(_columns(rows, columns))
        return bucket_frame(frame, to_ns(start), bucket_width(start, end, count))

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
        rows = self._bucket_rows(instrument, quantity, start, end, count, known_at, trusted)
        return BucketValues(
            np.array([row[0] for row in rows], dtype=np.int64),
            np.array([row[1] for row in rows], dtype=np.int64),
            np.array([row[3] for row in rows], dtype=float),
            np.array([row[5] for row in rows], dtype=np.int64),
        )

    def _bucket_rows(
        self,
        instrument: str,
        quantity: str,
        start: datetime,
        end: datetime,
        count: int,
        known_at: datetime | None,
        trusted: bool,
    ) -> list[tuple[Any, ...]]:
        """Return node, bucket, min, mean, max, count of each bucket that is not empty."""
        first, width = to_ns(start), bucket_width(start, end, count)
        if known_at is None and count <= _BUCKETS:
            return self._walk_buckets(instrument, quantity, first, width, count, trusted, end)
        return self._group_buckets(instrument, quantity, start, end, known_at, width, trusted)

    def _walk_buckets(
        self,
        instrument: str,
        quantity: str,
        first: int,
        width: int,
        count: int,
        trusted: bool,
        end: datetime,
    ) -> list[tuple[Any, ...]]:
        """Aggregate bucket by bucket along the key, which needs no sorting."""
        kind = self._site.instruments[instrument].type
        name = column(quantity)
        untrusted, parameters = self._untrusted(kind, instrument, quantity, trusted)
        query = (
            f"SELECT ?, b.i, min({name}), avg({name}), max({name}), count({name})"
            f" FROM temp.bucket b CROSS JOIN {reading_table(kind)}"
            " ON instrument = ? AND node = ? AND time >= ? + b.i * ? AND time < ? + (b.i + 1) * ?"
            # The plus keeps this condition off the key, where the bucket's own end belongs.
            f" WHERE b.i < ? AND +time < ? AND {name} IS NOT NULL{untrusted} GROUP BY b.i"
        )
        db = self._reader()
        rows: list[tuple[Any, ...]] = []
        for node in range(self._site.instruments[instrument].node_count):
            places = (node, instrument, node, first, width, first, width, count, to_ns(end))
            rows += db.execute(query, (*places, *parameters)).fetchall()
        return rows

    def _group_buckets(
        self,
        instrument: str,
        quantity: str,
        start: datetime,
        end: datetime,
        known_at: datetime | None,
        width: int,
        trusted: bool,
    ) -> list[tuple[Any, ...]]:
        """Aggregate by sorting into buckets: for rows that come from two tables."""
        query, parameters = self._select(
            instrument,
            quantity,
            start,
            end,
            known_at,
            None,
            trusted=trusted,
            columns="{q}, node",
            extra=", (time - ?) / ? AS bucket",
            extra_parameters=[to_ns(start), width],
        )
        return (
            self._reader()
            .execute(
                f"SELECT node, bucket, min(value), avg(value), max(value), count(value)"
                f" FROM ({query}) GROUP BY node, bucket",
                parameters,
            )
            .fetchall()
        )

    def span(self) -> tuple[datetime, datetime] | None:
        """Return the first and the last measured time, None for an empty store."""
        db, ends = self._reader(), []
        for instrument in self._site:
            table = reading_table(instrument.type)
            for node in range(instrument.node_count):
                row = db.execute(
                    f"SELECT (SELECT min(time) FROM {table} WHERE instrument = ?1 AND node = ?2),"
                    f" (SELECT max(time) FROM {table} WHERE instrument = ?1 AND node = ?2)",
                    (instrument.name, node),
                ).fetchone()
                if row[0] is not None:
                    ends.append(row)
        if not ends:
            return None
        return from_ns(min(low for low, _ in ends)), from_ns(max(high for _, high in ends))

    def readable_until(self, now: datetime) -> datetime:
        """Return up to when the readings that have come can be read: here always `now`."""
        return now

    def undone(
        self,
        instrument: str,
        quantity: str,
        known_at: datetime,
        *,
        start: int | None = None,
        end: int | None = None,
    ) -> list[tuple[int, int, int, float | None]]:
        """Return what corrected rows held at `known_at`: (time, node, received, value).

        Times are ns; `start` and `end` bound the time as in `readings`.
        """
        moment = to_ns(known_at)
        rows = self._reader().execute(
            f"SELECT time, node, received, {column(quantity)}"
            f" FROM {undo_table(self._site.instruments[instrument].type)}"
            " WHERE instrument = ? AND received <= ? AND superseded > ?"
            " AND time >= ? AND time < ? ORDER BY time, node",
            (
                instrument,
                moment,
                moment,
                -1 << 63 if start is None else start,
                (1 << 63) - 1 if end is None else end,
            ),
        )
        return rows.fetchall()

    def flagged(
        self,
        instrument: str,
        quantity: str,
        *,
        start: int | None = None,
        end: int | None = None,
        known_at: datetime | None = None,
        untrusted: bool = False,
    ) -> dict[tuple[int, int], tuple[str, ...]]:
        """Return the flags of one quantity: (node, time in ns) -> flags.

        `untrusted` leaves out the flags that keep no value out of the twin.
        """
        found: defaultdict[tuple[int, int], tuple[str, ...]] = defaultdict(tuple)
        wanted = f" AND {self._untrusted_flags()}" if untrusted else ""
        for node, time, flag in self._reader().execute(
            "SELECT node, time, flag FROM flag WHERE type = ? AND instrument = ?"
            f" AND quantity = ? AND time >= ? AND time < ? AND {_held_at(known_at)}{wanted}",
            (
                self._site.instruments[instrument].type,
                instrument,
                quantity,
                -1 << 63 if start is None else start,
                (1 << 63) - 1 if end is None else end,
            ),
        ):
            if flag not in found[node, time]:  # it may have been lifted and set again
                found[node, time] += (flag,)
        return dict(found)

    def withdrawn(
        self, instrument: str, quantity: str, *, start: int | None = None, end: int | None = None
    ) -> set[tuple[int, int]]:
        """Return where a result is not known any more: (node, time in ns)."""
        rows = self._reader().execute(
            "SELECT node, time FROM withdrawn WHERE instrument = ? AND quantity = ?"
            " AND time >= ? AND time < ?",
            (
                instrument,
                quantity,
                -1 << 63 if start is None else start,
                (1 << 63) - 1 if end is None else end,
            ),
        )
        return set(rows.fetchall())

    def run_id(self) -> int:
        """Return the number that tells this run from every other, drawn when it is first asked."""
        with self._writing():
            self._writer.execute(
                "INSERT OR IGNORE INTO meta VALUES ('run_id', ?)", (secrets.randbits(62),)
            )
        query = "SELECT value FROM meta WHERE key = 'run_id'"
        return int(self._reader().execute(query).fetchone()[0])

    # -- following ------------------------------------------------------------------------------

    def changes(self, since: int, limit: int = 1000) -> list[Change]:
        """Return the changes after a sequence number, oldest first."""
        return list(self.each_change(since, limit))

    def each_change(self, since: int, limit: int = -1) -> Iterator[Change]:
        """Yield the changes after a sequence number, oldest first, each decoded when asked for."""
        rows = self._reader().execute(
            "SELECT sequence, rows FROM change WHERE sequence > ? ORDER BY sequence LIMIT ?",
            (since, limit),
        )
        for sequence, blob in rows:
            yield Change(sequence, _rows_decoder.decode(zlib.decompress(blob)))

    def last_sequence(self) -> int:
        """Return the sequence number of the last change, 0 for none."""
        row = self._reader().execute("SELECT max(sequence) FROM change").fetchone()
        return row[0] or 0

    def cursor(self, follower: str) -> int:
        """Return the last change that a follower has dealt with, 0 at first."""
        row = (
            self._states_reader()
            .execute("SELECT sequence FROM cursor WHERE follower = ?", (follower,))
            .fetchone()
        )
        return row[0] if row else 0

    def move_cursor(self, follower: str, sequence: int) -> None:
        """Remember durably what a follower has dealt with."""
        with self._lock, _service_errors(self._folder), _transaction(self._states):
            self._states.execute(
                "INSERT INTO cursor VALUES (?, ?) ON CONFLICT (follower)"
                " DO UPDATE SET sequence = excluded.sequence",
                (follower, sequence),
            )

    # -- what services compute ------------------------------------------------------------------

    def write_derived(self, points: Iterable[Derived]) -> None:
        """Store points of computed series; the same (series, subject, time) replaces."""
        points = list(points)
        if not points:
            return
        self._need_space()
        with self._lock, _service_errors(self._folder), _transaction(self._states):
            kept_series.write(self._states, points)

    def derived_changes(self, since: int, limit: int = 100) -> list[tuple[int, list[Derived]]]:
        """Return what was written by `write_derived` after a sequence number, oldest first."""
        return kept_series.changes(self._states_reader(), since, limit)

    def derived(
        self,
        series: str,
        subject: str | None = None,
        *,
        start: datetime | None = None,
        end: datetime | None = None,
        known_at: datetime | None = None,
    ) -> pd.DataFrame:
        """Return a computed series by time."""
        return kept_series.read(self._states_reader(), series, subject, start, end, known_at)

    def write_state(self, service: str, time: datetime, document: bytes) -> None:
        """Store what a service (twin, risk) knew at `time`, as JSON."""
        self._need_space()
        with self._lock, _service_errors(self._folder), _transaction(self._states):
            kept_states.write(self._states, service, to_ns(time), document)

    def state(self, service: str, *, known_at: datetime | None = None) -> bytes | None:
        """Return the last state of a service, up to `known_at`; None if there is none."""
        until = to_ns(known_at) if known_at else (1 << 63) - 1
        return kept_states.last(self._states_reader(), service, until)

    def next_state(self, service: str, after: datetime | None) -> bytes | None:
        """Return a service's first state after a time (None: its very first); None at the end."""
        return kept_states.following(
            self._states_reader(), service, to_ns(after) if after else -1 << 63
        )

    # -- the rest -------------------------------------------------------------------------------

    def dead_letters(
        self, *, limit: int = 100, before: int | None = None, waiting: bool = False
    ) -> list[DeadLetter]:
        """Return dead letters, newest first; `before` is the id that ended the page before.

        `waiting` leaves out those that were resolved.
        """
        query = (
            "SELECT id, topic, payload, size, reason, received, resolved, resolved_by,"
            " whole IS NOT NULL OR length(payload) >= size, said"
            " FROM dead_letter WHERE id < ?"
        )
        if waiting:
            query += " AND resolved IS NULL"
        rows = self._reader().execute(
            f"{query} ORDER BY id DESC LIMIT ?",
            (before if before is not None else (1 << 63) - 1, limit),
        )
        return [
            DeadLetter(
                id=key,
                topic=topic,
                payload=payload,
                size=size,
                reason=reason,
                received=from_ns(received),
                resolved=None if resolved is None else from_ns(resolved),
                resolved_by=author,
                kept=bool(kept),
                said=_said_decoder.decode(said) if said else (),
            )
            for key, topic, payload, size, reason, received, resolved, author, kept, said in rows
        ]

    def resolve_dead_letters(self, ids: Sequence[int], time: datetime, author: str) -> None:
        """Mark dead letters as understood after all; they are kept."""
        with self._writing():
            self._writer.executemany(
                "UPDATE dead_letter SET resolved = ?, resolved_by = ?"
                " WHERE id = ? AND resolved IS NULL",
                [(to_ns(time), author, key) for key in ids],
            )

    def statuses(self) -> list[SenderStatus]:
        """Return the last word of each sender, by name."""
        rows = self._reader().execute(
            "SELECT sender, state, received, document FROM status ORDER BY sender"
        )
        return [
            SenderStatus(sender=sender, state=state, received=from_ns(received), document=document)
            for sender, state, received, document in rows
        ]

    def run_time(self) -> datetime | None:
        """Return the clock of a replay run, None in a live one."""
        row = self._reader().execute("SELECT value FROM meta WHERE key = 'run_time'").fetchone()
        return from_ns(row[0]) if row else None

    def counts(self) -> Mapping[str, int]:
        """Return the number of rows per instrument type."""
        rows = self._reader().execute("SELECT key, value FROM meta WHERE key LIKE 'rows:%'")
        return {key.removeprefix("rows:"): value for key, value in rows}

    def health(self) -> Health:
        """Return whether the store can be used; never raises."""
        try:
            letters = (
                self._reader()
                .execute("SELECT count(*) FROM dead_letter WHERE resolved IS NULL")
                .fetchone()[0]
            )
            full = self._too_full()
            return Health(
                ok=not full,
                backend="embedded",
                detail=full or f"SQLite in {self._folder}",
                rows=sum(self.counts().values()),
                last_sequence=self.last_sequence(),
                dead_letters=letters,
            )
        except (sqlite3.Error, OSError) as error:
            return Health(ok=False, backend="embedded", detail=str(error), rows=0, last_sequence=0)

    def close(self) -> None:
        """Release every connection of every thread."""
        with self._lock:
            for db in self._opened:
                db.close()
            self._opened.clear()
            self._local = threading.local()

    # -- inside ---------------------------------------------------------------------------------

    def _too_full(self) -> str:
        """Return what is wrong with the free space, "" when there is enough."""
        if not self._min_free_mb:
            return ""
        free = self._free_mb(self._folder)
        if free >= self._min_free_mb:
            return ""
        return (
            f"the disk of data folder {self._folder} has {free:.0f} MB free; legal: at least"
            f" {self._min_free_mb:.0f} MB (POSTMINE_MIN_FREE_MB); nothing is stored and nothing"
            " acknowledged until there is more: free some space"
        )

    def _need_space(self) -> None:
        problem = self._too_full()
        if problem:
            raise ServiceError(problem)

    def _connect(self, path: Path) -> sqlite3.Connection:
        db = sqlite3.connect(
            path,
            isolation_level=None,
            check_same_thread=False,
            timeout=_BUSY_TIMEOUT_MS / 1000,
            cached_statements=512,
        )
        # Of a new file alone: an old one reuses its free pages, and keeps its size; and saying it
        # again would be a write, which a full disk refuses.
        if db.execute("PRAGMA page_count").fetchone()[0] == 0:
            db.execute("PRAGMA auto_vacuum=INCREMENTAL")
        db.execute("PRAGMA journal_mode=WAL")
        db.execute("PRAGMA synchronous=FULL")
        db.execute(f"PRAGMA cache_size=-{_CACHE_KIB}")
        self._opened.append(db)
        return db

    def _reader(self) -> sqlite3.Connection:
        return self._thread_connection("readings", self._readings_path)

    def _states_reader(self) -> sqlite3.Connection:
        return self._thread_connection("states", self._states_path)

    def _thread_connection(self, name: str, path: Path) -> sqlite3.Connection:
        db: sqlite3.Connection | None = getattr(self._local, name, None)
        if db is None:
            db = self._connect(path)
            if path == self._readings_path:
                db.execute("CREATE TEMP TABLE bucket (i INTEGER PRIMARY KEY)")
                db.execute(
                    "WITH RECURSIVE n(i) AS"
                    " (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < ?)"
                    " INSERT INTO temp.bucket SELECT i FROM n",
                    (_BUCKETS,),
                )
            db.execute("PRAGMA query_only=ON")
            setattr(self._local, name, db)
        return db

    def _source(
        self, kind: str, instrument: str, known_at: datetime | None
    ) -> tuple[str, list[Any]]:
        """Return a table expression of one instrument's rows, as they were known at a time."""
        names = ", ".join(map(column, self._site.instrument_types[kind].quantities))
        table = f"SELECT node, time, received, {names} FROM {reading_table(kind)}"
        if known_at is None:
            return f"({table} WHERE instrument = ?)", [instrument]
        undone = f"SELECT node, time, received, {names} FROM {undo_table(kind)}"
        moment = to_ns(known_at)
        return (
            f"({table} WHERE instrument = ? AND received <= ? UNION ALL"
            f" {undone} WHERE instrument = ? AND received <= ? AND superseded > ?)",
            [instrument, moment, instrument, moment, moment],
        )

    def _select(
        self,
        instrument: str,
        quantity: str,
        start: datetime | None,
        end: datetime | None,
        known_at: datetime | None,
        node: int | None,
        *,
        trusted: bool = False,
        columns: str = "time, node, received, {q}",
        extra: str = "",
        extra_parameters: Sequence[int] = (),
    ) -> tuple[str, list[Any]]:
        kind = self._site.instruments[instrument].type
        source, parameters = self._source(kind, instrument, known_at)
        name = column(quantity)
        nodes = range(self._site.instruments[instrument].node_count) if node is None else (node,)
        wanted = ", ".join(map(str, nodes))
        query = (
            f"SELECT {columns.format(q=f'{name} AS value')}{extra} FROM {source}"
            f" WHERE {name} IS NOT NULL AND node IN ({wanted})"
        )
        parameters = [*extra_parameters, *parameters]
        if start is not None:
            query += " AND time >= ?"
            parameters.append(to_ns(start))
        if end is not None:
            query += " AND time < ?"
            parameters.append(to_ns(end))
        untrusted, names = self._untrusted(kind, instrument, quantity, trusted, known_at)
        return query + untrusted, [*parameters, *names]

    def _untrusted(
        self,
        kind: str,
        instrument: str,
        quantity: str,
        trusted: bool,
        known_at: datetime | None = None,
    ) -> tuple[str, list[str]]:
        """Return the condition that leaves out flagged values, where it is asked for and needed."""
        if not trusted or not self._has_flags(kind, instrument, quantity):
            return "", []
        return (
            " AND (node, time) NOT IN (SELECT node, time FROM flag"
            " WHERE type = ? AND instrument = ? AND quantity = ?"
            f" AND {_held_at(known_at)} AND {self._untrusted_flags()})",
            [kind, instrument, quantity],
        )

    def _untrusted_flags(self) -> str:
        """Return the condition for the flags that keep a value out of the twin."""
        names = ", ".join(f"'{flag}'" for flag in self._site.untrusted_flags)
        return f"flag IN ({names})"

    def _has_flags(self, kind: str, instrument: str, quantity: str) -> bool:
        query = "SELECT 1 FROM flag WHERE type = ? AND instrument = ? AND quantity = ? LIMIT 1"
        return self._reader().execute(query, (kind, instrument, quantity)).fetchone() is not None

    def _flags(
        self,
        kind: str,
        instrument: str,
        quantity: str,
        node: int,
        time: int,
        known_at: datetime | None,
    ) -> tuple[str, ...]:
        rows = self._reader().execute(
            "SELECT flag FROM flag WHERE type = ? AND instrument = ? AND quantity = ?"
            f" AND node = ? AND time = ? AND {_held_at(known_at)}",
            (kind, instrument, quantity, node, time),
        )
        return tuple(dict.fromkeys(flag for (flag,) in rows))


def _held_at(known_at: datetime | None) -> str:
    """Return the condition for the flags that hold now, or held at a time."""
    if known_at is None:
        return "until IS NULL"
    moment = to_ns(known_at)
    return f"since <= {moment} AND (until IS NULL OR until > {moment})"


def pivot(rows: Sequence[tuple[int, int, float]] | pd.DataFrame) -> pd.DataFrame:
    """Return (time in ns, node, value) rows as a frame (index = time; columns = node)."""
    frame = pd.DataFrame(rows, columns=["time", "node", "value"])
    frame = frame.astype({"node": "int64", "value": float})
    frame["time"] = kept_series.moments(frame["time"])
    return frame.pivot(index="time", columns="node", values="value")


def bucket_width(start: datetime, end: datetime, count: int) -> int:
    """Return the width of each of `count` buckets of [start, end) [ns].

    Raises
    ------
    ConfigurationError
        When the range is empty or there is no bucket.
    """
    length = to_ns(end) - to_ns(start)
    if length <= 0:
        raise ConfigurationError(
            "range", value=f"{start} to {end}", legal="a start that is before the end"
        )
    if count < 1:
        raise ConfigurationError("buckets", value=count, legal="1 or more")
    return -(-length // count)


def _columns(rows: Sequence[tuple[Any, ...]], names: Sequence[str]) -> dict[str, Any]:
    """Return rows of numbers as columns, without the cost of a frame of rows."""
    return {
        name: np.array([row[index] for row in rows], dtype=float if index > 1 else np.int64)
        for index, name in enumerate(names)
    }


def bucket_frame(frame: pd.DataFrame, first: int, width: int) -> pd.DataFrame:
    """Return columns node, bucket, min, mean, max, count as the frame that `buckets` owes."""
    starts = first + frame["bucket"].to_numpy(dtype=np.int64) * width
    return pd.DataFrame(
        {
            "node": frame["node"].to_numpy(dtype=np.int64),
            "start": pd.DatetimeIndex(starts.view("M8[ns]")).tz_localize("UTC"),
            **{name: frame[name].to_numpy(dtype=float) for name in ("min", "mean", "max")},
            "count": frame["count"].to_numpy(dtype=np.int64),
        }
    )


def _free_mb(folder: Path) -> float:
    return shutil.disk_usage(folder).free / 1e6


@contextmanager
def _transaction(db: sqlite3.Connection) -> Iterator[None]:
    db.execute("BEGIN IMMEDIATE")
    try:
        yield
        db.execute("COMMIT")
    except BaseException:
        if db.in_transaction:
            db.execute("ROLLBACK")
        raise


@contextmanager
def _service_errors(folder: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.OperationalError as error:
        raise ServiceError(
            f"data folder {folder} does not take data: {error}; free some space, or check that"
            " it is writable"
        ) from error
