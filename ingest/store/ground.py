"""What calibrations and rules of quality read and write, inside the transaction of a batch."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from itertools import groupby
from operator import attrgetter
from typing import Any, Literal, NamedTuple

import msgspec

from ingest.clock import from_ns, to_ns
from ingest.in_order import FlagChange, Judgement, Tail
from ingest.message import decode_status
from ingest.quality import Series
from ingest.site import Site
from ingest.store import Row, SenderStatus
from ingest.store.schema import column, reading_table, undo_table

_FIRST, _LAST = -1 << 63, (1 << 63) - 1
#: Where a message tells the voltage; without it what the sender's status said last holds.
BATTERY = "battery"


class FlagEntry(msgspec.Struct, frozen=True, kw_only=True):
    """What an engineer said of a stretch of readings, and why.

    Parameters
    ----------
    node
        Index of the node; None: all nodes.
    start, end
        Times of the readings: start <= time < end; None: without bound.
    action
        "lift" takes the flag away and keeps the rules from setting it there again.
    time
        When it was said, on the run's clock.
    """

    instrument: str
    quantity: str
    flag: str
    action: Literal["set", "lift"]
    author: str
    reason: str
    time: datetime
    node: int | None = None
    start: datetime | None = None
    end: datetime | None = None
    id: int | None = None

    def covers(self, quantity: str, node: int, time: int) -> bool:
        """Return whether it speaks of a reading; `time` in ns."""
        return (
            self.quantity == quantity
            and self.node in (None, node)
            and (self.start is None or to_ns(self.start) <= time)
            and (self.end is None or time < to_ns(self.end))
        )


class Kept(NamedTuple):
    """One stored row: its arrival [ns], the sender's number, and the values that it has."""

    received: int
    sequence: int | None
    values: dict[str, float]


class Near(NamedTuple):
    """One stored value among its neighbours; times in ns."""

    time: int
    value: float
    received: int
    sequence: int | None
    beside: tuple[float | None, ...]


class Ground:
    """The stored readings, as calibrations and rules see and change them.

    Parameters
    ----------
    db
        The writing connection; whoever calls has begun the transaction.
    site
        The site whose readings are stored.
    """

    def __init__(self, db: sqlite3.Connection, site: Site) -> None:
        self._db, self._site = db, site
        self._types = {instrument.name: instrument.type for instrument in site}
        self._senders = {name: site.senders_of(name) for name in self._types}
        self._said: dict[str, list[FlagEntry]] = {}
        self._seen_version = -1
        #: instrument -> (quantity, node) -> its last readings; None: an engineer spoke of them.
        self._tails: dict[str, dict[tuple[str, int], Tail | None]] = {}
        self._newest: dict[tuple[str, int], int] = {}
        self._batteries: dict[str, tuple[int, float | None]] = {}

    # -- what comes in order --------------------------------------------------------------------

    def forget(self, instrument: str) -> None:
        """Drop what is known in memory of an instrument's last readings."""
        self._tails.pop(instrument, None)
        for node in range(self._site.instruments[instrument].node_count):
            self._newest.pop((instrument, node), None)

    def forget_all(self) -> None:
        """Drop what is known in memory: it may not be what is stored."""
        self._tails.clear()
        self._newest.clear()
        self._batteries.clear()

    def newest(self, instrument: str, node: int) -> int:
        """Return the time of a measuring point's last row [ns]."""
        found = self._newest.get((instrument, node))
        if found is None:
            (last,) = self._db.execute(
                f"SELECT max(time) FROM {reading_table(self._types[instrument])}"
                " WHERE instrument = ? AND node = ?",
                (instrument, node),
            ).fetchone()
            found = self._newest[instrument, node] = _FIRST if last is None else last
        return found

    def note_newest(self, instrument: str, node: int, time: int) -> None:
        """Note that a measuring point has a later row now."""
        self._newest[instrument, node] = time

    def said_since(self, instrument: str, time: int) -> bool:
        """Return whether an engineer spoke of readings of a time or later."""
        return any(
            entry.end is None or to_ns(entry.end) > time for entry in self._said.get(instrument, ())
        )

    def tail(self, judgement: Judgement, node: int) -> Tail | None:
        """Return the last readings of a series; None where an engineer has spoken of them."""
        tails = self._tails.setdefault(judgement.instrument, {})
        key = (judgement.quantity, node)
        if key not in tails:
            tails[key] = self._read_tail(judgement, node)
        return tails[key]

    def _read_tail(self, judgement: Judgement, node: int) -> Tail | None:
        instrument, quantity, beside = judgement.instrument, judgement.quantity, judgement.beside
        name, kind = column(quantity), self._types[instrument]
        extra = "".join(f", {column(each)}" for each in beside)
        count = max(judgement.before + judgement.after, 1)
        seen = self._db.execute(
            "SELECT until FROM seen WHERE instrument = ? AND node = ? AND quantity = ?",
            (instrument, node, quantity),
        ).fetchone()
        rows = []
        if seen is not None:  # without it, a quantity never sent would cost the whole history
            rows = self._db.execute(
                f"SELECT time, {name}, received, sequence{extra} FROM {reading_table(kind)}"
                f" WHERE instrument = ? AND node = ? AND time <= ? AND {name} IS NOT NULL"
                " ORDER BY time DESC LIMIT ?",
                (instrument, node, seen[0], count),
            ).fetchall()[::-1]
        oldest = rows[0][0] if rows else _FIRST
        if self.said_since(instrument, oldest):
            return None
        held: dict[int, set[str]] = {}
        rules = {rule.name for rule in judgement.rules}
        for time, flag in self._db.execute(
            "SELECT time, flag FROM flag WHERE type = ? AND instrument = ? AND quantity = ?"
            " AND node = ? AND time >= ? AND until IS NULL",
            (kind, instrument, quantity, node, oldest),
        ):
            if flag in rules:
                held.setdefault(time, set()).add(flag)
        series = Series(
            times=[row[0] for row in rows],
            values=[row[1] for row in rows],
            received=[row[2] for row in rows],
            sequences=[row[3] for row in rows],
            beside={
                each: [
                    self.last_battery(instrument, row[0])
                    if each == BATTERY and row[index] is None
                    else row[index]
                    for row in rows
                ]
                for index, each in enumerate(beside, start=4)
            },
            partner=[None] * len(rows),
            interval_ns=judgement.interval_ns,
            valid_range=judgement.valid_range,
        )
        return Tail(judgement, node, series, [held.get(row[0]) for row in rows])

    def last_battery(self, instrument: str, time: int) -> float | None:
        """Return what `battery` does; of the last word of all, without asking each time."""
        if instrument not in self._batteries:
            senders = self._senders[instrument]
            row = self._db.execute(
                "SELECT max(time) FROM status_battery"
                f" WHERE sender IN ({', '.join('?' * len(senders))})",
                senders,
            ).fetchone()
            last = _FIRST if row[0] is None else row[0]
            self._batteries[instrument] = (last, self.battery(instrument, last))
        last, volts = self._batteries[instrument]
        return volts if time >= last else self.battery(instrument, time)

    def change_flags(self, changes: Sequence[FlagChange]) -> None:
        """Set and take away flags of readings, in this order."""
        for comes, group in groupby(changes, key=attrgetter("set")):
            if comes:
                self._db.executemany(
                    "INSERT OR REPLACE INTO flag VALUES (?, ?, ?, ?, ?, ?, ?, NULL)",
                    [(self._types[each.instrument], *each[1:]) for each in group],
                )
            else:
                self._db.executemany(
                    "UPDATE flag SET until = ? WHERE type = ? AND instrument = ? AND quantity = ?"
                    " AND node = ? AND time = ? AND flag = ? AND until IS NULL",
                    [(each.moment, self._types[each.instrument], *each[1:6]) for each in group],
                )

    # -- readings -------------------------------------------------------------------------------

    def profile(self, instrument: str, time: int) -> dict[int, Kept]:
        """Return the rows of an instrument at a time, by node."""
        kind = self._types[instrument]
        names = list(self._site.instrument_types[kind].quantities)
        count = self._site.instruments[instrument].node_count
        found = {}
        for node, received, sequence, *values in self._db.execute(
            f"SELECT node, received, sequence, {', '.join(map(column, names))}"
            f" FROM {reading_table(kind)} WHERE instrument = ? AND node BETWEEN 0 AND ?"
            " AND time = ?",
            (instrument, count - 1, time),
        ):
            held = {
                name: value for name, value in zip(names, values, strict=True) if value is not None
            }
            found[node] = Kept(received, sequence, held)
        return found

    def usable(self, instrument: str, node: int, time: int, kept: Kept) -> dict[str, float]:
        """Return the values of a row that may be calculated with: what people rejected may not."""
        if instrument not in self._said:
            return dict(kept.values)
        return {
            name: value
            for name, value in kept.values.items()
            if not self._rejected(instrument, name, node, time)
        }

    def _rejected(self, instrument: str, quantity: str, node: int, time: int) -> bool:
        return "rejected" in self._overruled(instrument, quantity, node, time, set())

    def is_calculated(self, instrument: str, quantity: str, node: int, time: int) -> bool:
        """Return whether the stored value is the result of a calibration."""
        row = self._db.execute(
            "SELECT version FROM calculated WHERE instrument = ? AND quantity = ? AND node = ?"
            " AND time = ? ORDER BY received DESC LIMIT 1",
            (instrument, quantity, node, time),
        ).fetchone()
        return row is not None and row[0] != ""

    def near(
        self,
        instrument: str,
        quantity: str,
        node: int,
        first: int,
        last: int,
        more: int,
        beside: Sequence[str] = (),
    ) -> tuple[list[Near], int, int]:
        """Return the values from `first` to `last` with `more` on each side, by time.

        The two numbers are the places of the first value of the stretch and behind its last.
        """
        name = column(quantity)
        extra = "".join(f", {column(each)}" for each in beside)
        query = (
            f"SELECT time, {name}, received, sequence{extra}"
            f" FROM {reading_table(self._types[instrument])}"
            f" WHERE instrument = ? AND node = ? AND {name} IS NOT NULL AND time"
        )
        key = (instrument, node)
        inside = self._db.execute(
            f"{query} BETWEEN ? AND ? ORDER BY time", (*key, first, last)
        ).fetchall()
        older: list[Any] = []
        newer: list[Any] = []
        if more:
            older = self._db.execute(
                f"{query} < ? ORDER BY time DESC LIMIT ?", (*key, first, more)
            ).fetchall()[::-1]
            newer = self._db.execute(
                f"{query} > ? ORDER BY time LIMIT ?", (*key, last, more)
            ).fetchall()
        rows = [
            Near(row[0], row[1], row[2], row[3], tuple(row[4:]))
            for row in (*older, *inside, *newer)
        ]
        return rows, len(older), len(older) + len(inside)

    def last(
        self, instrument: str, quantity: str, node: int, time: int, oldest: int
    ) -> float | None:
        """Return the last value from `oldest` to `time` that nobody rejected; None: none."""
        name = column(quantity)
        rows = self._db.execute(
            f"SELECT time, {name} FROM {reading_table(self._types[instrument])}"
            f" WHERE instrument = ? AND node = ? AND time BETWEEN ? AND ? AND {name} IS NOT NULL"
            " ORDER BY time DESC",
            (instrument, node, oldest, time),
        )
        spoken_of = instrument in self._said
        for measured, value in rows:
            if not spoken_of or not self._rejected(instrument, quantity, node, measured):
                return float(value)
        return None

    def until_next(self, instrument: str, quantity: str, node: int, time: int) -> int:
        """Return the last ns before the instrument's next value of a quantity."""
        name = column(quantity)
        row = self._db.execute(
            f"SELECT time FROM {reading_table(self._types[instrument])}"
            f" WHERE instrument = ? AND node = ? AND time > ? AND {name} IS NOT NULL"
            " ORDER BY time LIMIT 1",
            (instrument, node, time),
        ).fetchone()
        return _LAST if row is None else row[0] - 1

    def times(
        self, instrument: str, first: int = _FIRST, last: int = _LAST, node: int | None = None
    ) -> list[int]:
        """Return the times of an instrument's rows from `first` to `last`, each once, sorted."""
        rows = self._db.execute(
            f"SELECT DISTINCT time FROM {reading_table(self._types[instrument])}"
            " WHERE instrument = ? AND node BETWEEN ? AND ? AND time BETWEEN ? AND ? ORDER BY time",
            (instrument, node or 0, (1 << 31) if node is None else node, first, last),
        )
        return [time for (time,) in rows]

    def write(
        self,
        instrument: str,
        node: int,
        time: int,
        moment: int,
        before: Kept,
        values: Mapping[str, float],
        versions: Mapping[str, str],
        lost: Sequence[str] = (),
    ) -> None:
        """Put calculated values into a row; what they replace goes to the undo log.

        `lost` are results that are not known any more. A value that is replaced at the moment at
        which it came was never to be read, and leaves no trace there.
        """
        kind = self._types[instrument]
        sets = "".join(f", {column(name)} = ?" for name in values)
        sets += "".join(f", {column(name)} = NULL" for name in lost)
        key = (instrument, node, time)
        self._db.execute(
            f"UPDATE {reading_table(kind)} SET received = max(received, ?){sets}"
            " WHERE instrument = ? AND node = ? AND time = ?",
            (moment, *values.values(), *key),
        )
        if before.received >= moment:
            undo = undo_table(kind)
            self._db.execute(
                f"DELETE FROM {undo} WHERE rowid = (SELECT max(rowid) FROM {undo}"
                " WHERE instrument = ? AND node = ? AND time = ?)",
                key,
            )
        self._db.executemany(
            "INSERT OR REPLACE INTO calculated VALUES (?, ?, ?, ?, ?, ?)",
            [(instrument, name, node, time, moment, versions[name]) for name in values]
            + [(instrument, name, node, time, moment, "") for name in lost],
        )
        self.note_withdrawn(instrument, node, time, lost, known=values)
        self._db.executemany(
            "UPDATE flag SET until = ? WHERE type = ? AND instrument = ? AND quantity = ?"
            " AND node = ? AND time = ? AND until IS NULL",
            [(moment, kind, instrument, name, node, time) for name in lost],
        )

    def note_withdrawn(
        self, instrument: str, node: int, time: int, lost: Iterable[str], known: Iterable[str]
    ) -> None:
        """Note which values of a row are not known any more, and which are known again.

        InfluxDB keeps a value until it is written again: readers have to leave it out.
        """
        self._db.executemany(
            "INSERT OR IGNORE INTO withdrawn VALUES (?, ?, ?, ?)",
            [(instrument, name, node, time) for name in lost],
        )
        self._db.executemany(
            "DELETE FROM withdrawn WHERE instrument = ? AND quantity = ? AND node = ? AND time = ?",
            [(instrument, name, node, time) for name in known],
        )

    def keep_calibration(self, version: str, instrument: str, document: str) -> None:
        """Remember what a calibration's version says."""
        self._db.execute(
            "INSERT OR IGNORE INTO calibration VALUES (?, ?, ?)", (version, instrument, document)
        )

    # -- batteries ------------------------------------------------------------------------------

    def keep_battery(self, sender: str, time: int, volts: float) -> bool:
        """Note what a sender said of its battery at a time; whether that is new."""
        last = self._db.execute(
            "SELECT volts FROM status_battery WHERE sender = ? AND time <= ?"
            " ORDER BY time DESC LIMIT 1",
            (sender, time),
        ).fetchone()
        if last is not None and last[0] == volts:
            return False
        self._db.execute(
            "INSERT OR REPLACE INTO status_battery VALUES (?, ?, ?)", (sender, time, volts)
        )
        for instrument, senders in self._senders.items():
            if sender in senders:
                self.forget(instrument)
                self._batteries.pop(instrument, None)
        return True

    def battery_until(self, sender: str, time: int) -> int:
        """Return the last ns before the sender's next word on its battery."""
        (after,) = self._db.execute(
            "SELECT min(time) FROM status_battery WHERE sender = ? AND time > ?", (sender, time)
        ).fetchone()
        return _LAST if after is None else after - 1

    def battery(self, instrument: str, time: int) -> float | None:
        """Return the last voltage that an instrument's senders told up to a time [V]."""
        senders = self._senders[instrument]
        row = self._db.execute(
            f"SELECT volts FROM status_battery WHERE sender IN ({', '.join('?' * len(senders))})"
            " AND time <= ? ORDER BY time DESC LIMIT 1",
            (*senders, time),
        ).fetchone()
        return None if row is None else float(row[0])

    # -- flags ----------------------------------------------------------------------------------

    def set_flags(
        self,
        instrument: str,
        quantity: str,
        node: int,
        wanted: Mapping[int, set[str]],
        judged: Iterable[str],
        moment: int,
    ) -> None:
        """Bring the flags of readings to what is wanted; other flags than `judged` stay.

        Parameters
        ----------
        wanted
            Flags by time [ns].
        moment
            From when they are known [ns].
        """
        if not wanted:
            return
        key = (self._types[instrument], instrument, quantity, node)
        where = "type = ? AND instrument = ? AND quantity = ? AND node = ?"
        rules = set(judged)
        held: dict[int, set[str]] = {}
        for time, flag in self._db.execute(
            f"SELECT time, flag FROM flag WHERE {where} AND time BETWEEN ? AND ? AND until IS NULL",
            (*key, min(wanted), max(wanted)),
        ):
            if flag in rules:
                held.setdefault(time, set()).add(flag)
        added, ended = [], []
        for time, flags in wanted.items():
            now = held.get(time, set())
            if not flags and not now:
                continue
            flags = self._overruled(instrument, quantity, node, time, flags)
            added += [(*key, time, flag, moment, None) for flag in flags - now]
            kept = self._overruled(instrument, quantity, node, time, set())
            ended += [(moment, *key, time, flag) for flag in now - flags - kept]
        if added:
            self._db.executemany(
                "INSERT OR REPLACE INTO flag VALUES (?, ?, ?, ?, ?, ?, ?, ?)", added
            )
        if ended:
            self._db.executemany(
                f"UPDATE flag SET until = ? WHERE {where} AND time = ? AND flag = ?"
                " AND until IS NULL",
                ended,
            )

    def add_flags(
        self,
        instrument: str,
        quantity: str,
        node: int,
        time: int,
        flags: Iterable[str],
        moment: int,
    ) -> None:
        """Set flags on one reading, as far as no engineer has lifted them."""
        for flag in self._overruled(instrument, quantity, node, time, set(flags)):
            self._hold(instrument, quantity, node, [time], flag, moment)

    def add_flag(
        self,
        instrument: str,
        quantity: str,
        node: int,
        times: Sequence[int],
        flag: str,
        moment: int,
    ) -> None:
        """Set a flag on readings, as far as no engineer has lifted it there."""
        if instrument in self._said:
            for time in times:
                self.add_flags(instrument, quantity, node, time, (flag,), moment)
        else:
            self._hold(instrument, quantity, node, times, flag, moment)

    def _hold(
        self,
        instrument: str,
        quantity: str,
        node: int,
        times: Sequence[int],
        flag: str,
        moment: int,
    ) -> None:
        """Set a flag where it does not stand."""
        key = (self._types[instrument], instrument, quantity, node)
        self._db.executemany(
            "INSERT OR REPLACE INTO flag SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, NULL WHERE NOT EXISTS"
            " (SELECT 1 FROM flag WHERE type = ?1 AND instrument = ?2 AND quantity = ?3"
            " AND node = ?4 AND time = ?5 AND flag = ?6 AND until IS NULL)",
            [(*key, time, flag, moment) for time in times],
        )

    def refresh(self) -> None:
        """Look whether another process has written to the journal of flags."""
        version = self._db.execute("PRAGMA data_version").fetchone()[0]
        if version != self._seen_version:
            self._said, self._seen_version = {}, version
            self.forget_all()
            for entry in journal(self._db):
                self._said.setdefault(entry.instrument, []).append(entry)

    def said_of(self, instrument: str) -> bool:
        """Return whether an engineer has set or lifted flags of an instrument."""
        return instrument in self._said

    def _overruled(
        self, instrument: str, quantity: str, node: int, time: int, flags: set[str]
    ) -> set[str]:
        """Return flags as engineers want them: the last word on each holds."""
        entries = self._said.get(instrument)
        if not entries:
            return flags
        flags = set(flags)
        for entry in entries:
            if entry.covers(quantity, node, time):
                (flags.add if entry.action == "set" else flags.discard)(entry.flag)
        return flags

    def write_entry(self, entry: FlagEntry) -> None:
        """Keep what an engineer said, and apply it to what is stored."""
        moment = to_ns(entry.time)
        first = _FIRST if entry.start is None else to_ns(entry.start)
        last = _LAST if entry.end is None else to_ns(entry.end) - 1
        self._db.execute(
            "INSERT INTO flag_journal (instrument, quantity, node, start, stop, flag, action,"
            " author, reason, time) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                entry.instrument,
                entry.quantity,
                entry.node,
                first,
                last,
                entry.flag,
                entry.action,
                entry.author,
                entry.reason,
                moment,
            ),
        )
        kind, name = self._types[entry.instrument], column(entry.quantity)
        count = self._site.instruments[entry.instrument].node_count
        nodes = range(count) if entry.node is None else (entry.node,)
        for node in nodes:
            key = (kind, entry.instrument, entry.quantity, node)
            if entry.action == "lift":
                self._db.execute(
                    "UPDATE flag SET until = ? WHERE type = ? AND instrument = ? AND quantity = ?"
                    " AND node = ? AND flag = ? AND time BETWEEN ? AND ? AND until IS NULL",
                    (moment, *key, entry.flag, first, last),
                )
            else:
                self._db.execute(
                    "INSERT OR REPLACE INTO flag"
                    " SELECT ?1, ?2, ?3, ?4, r.time, ?5, ?6, NULL"
                    f" FROM {reading_table(kind)} r WHERE r.instrument = ?2 AND r.node = ?4"
                    f" AND r.time BETWEEN ?7 AND ?8 AND r.{name} IS NOT NULL AND NOT EXISTS"
                    " (SELECT 1 FROM flag f WHERE f.type = ?1 AND f.instrument = ?2"
                    " AND f.quantity = ?3 AND f.node = ?4 AND f.time = r.time AND f.flag = ?5"
                    " AND f.until IS NULL)",
                    (*key, entry.flag, moment, first, last),
                )
        self._seen_version = -1
        self.refresh()

    def stretch(self, entry: FlagEntry) -> list[Row]:
        """Return the stored rows of which an engineer speaks, each with that one value."""
        kind, name = self._types[entry.instrument], column(entry.quantity)
        rows = self._db.execute(
            f"SELECT node, time, received, sequence, {name} FROM {reading_table(kind)}"
            f" WHERE instrument = ? AND {name} IS NOT NULL AND time >= ? AND time < ?"
            " AND node BETWEEN ? AND ?",
            (
                entry.instrument,
                _FIRST if entry.start is None else to_ns(entry.start),
                _LAST if entry.end is None else to_ns(entry.end),
                entry.node or 0,
                (1 << 31) if entry.node is None else entry.node,
            ),
        )
        return [
            Row(kind, entry.instrument, node, time, received, sequence, {entry.quantity: value})
            for node, time, received, sequence, value in rows
        ]


def battery_of(status: SenderStatus) -> tuple[int, float] | None:
    """Return when a sender spoke [ns] and its battery's voltage, None where it told none."""
    try:
        said = decode_status(status.document)
    except ValueError:
        return None
    if said.battery_v is None:
        return None
    time = said.time if said.time is not None and said.time.tzinfo else status.received
    return to_ns(time), said.battery_v


def journal(db: sqlite3.Connection) -> list[FlagEntry]:
    """Return what engineers said of flags, oldest first."""
    rows = db.execute(
        "SELECT id, instrument, quantity, node, start, stop, flag, action, author, reason, time"
        " FROM flag_journal ORDER BY id"
    )
    return [
        FlagEntry(
            id=key,
            instrument=instrument,
            quantity=quantity,
            node=node,
            start=None if start == _FIRST else from_ns(start),
            end=None if stop == _LAST else from_ns(stop + 1),
            flag=flag,
            action=action,
            author=author,
            reason=reason,
            time=from_ns(time),
        )
        for key, instrument, quantity, node, start, stop, flag, action, author, reason, time in rows
    ]
