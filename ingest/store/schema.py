"""The tables of the embedded store: one per instrument type, a column per quantity.

Quantities may be added to a type at any time; a column is never taken away.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable

from ingest.site import InstrumentType

READINGS = """
CREATE TABLE IF NOT EXISTS flag (
    type TEXT NOT NULL, instrument TEXT NOT NULL, quantity TEXT NOT NULL,
    node INTEGER NOT NULL, time INTEGER NOT NULL, flag TEXT NOT NULL,
    since INTEGER NOT NULL, until INTEGER,
    PRIMARY KEY (type, instrument, quantity, node, time, flag, since)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS flag_journal (
    id INTEGER PRIMARY KEY AUTOINCREMENT, instrument TEXT NOT NULL, quantity TEXT NOT NULL,
    node INTEGER, start INTEGER NOT NULL, stop INTEGER NOT NULL, flag TEXT NOT NULL,
    action TEXT NOT NULL, author TEXT NOT NULL, reason TEXT NOT NULL, time INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS calculated (
    instrument TEXT NOT NULL, quantity TEXT NOT NULL, node INTEGER NOT NULL,
    time INTEGER NOT NULL, received INTEGER NOT NULL, version TEXT NOT NULL,
    PRIMARY KEY (instrument, quantity, node, time, received)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS calibration (
    version TEXT NOT NULL, instrument TEXT NOT NULL, document TEXT NOT NULL,
    PRIMARY KEY (version, instrument)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS change (sequence INTEGER PRIMARY KEY AUTOINCREMENT, rows BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS dead_letter (
    id INTEGER PRIMARY KEY AUTOINCREMENT, topic TEXT NOT NULL, payload BLOB NOT NULL,
    size INTEGER NOT NULL, reason TEXT NOT NULL, received INTEGER NOT NULL, resolved INTEGER,
    resolved_by TEXT NOT NULL DEFAULT ''
);
CREATE TABLE IF NOT EXISTS status (
    sender TEXT PRIMARY KEY, state TEXT NOT NULL, received INTEGER NOT NULL,
    document BLOB NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS status_battery (
    sender TEXT NOT NULL, time INTEGER NOT NULL, volts REAL NOT NULL, PRIMARY KEY (sender, time)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS seen (
    instrument TEXT NOT NULL, node INTEGER NOT NULL, quantity TEXT NOT NULL,
    until INTEGER NOT NULL, PRIMARY KEY (instrument, node, quantity)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS held (
    id INTEGER PRIMARY KEY AUTOINCREMENT, received INTEGER NOT NULL, rows BLOB NOT NULL
);
CREATE TABLE IF NOT EXISTS withdrawn (
    instrument TEXT NOT NULL, quantity TEXT NOT NULL, node INTEGER NOT NULL,
    time INTEGER NOT NULL, PRIMARY KEY (instrument, quantity, node, time)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS refused (
    instrument TEXT NOT NULL, node INTEGER NOT NULL, time INTEGER NOT NULL,
    PRIMARY KEY (instrument, node, time)
) WITHOUT ROWID;
"""

#: Width of what `seen` is rounded up to [ns], 26 days: a value is found from it by few rows, and
#: it is written once in that time.
SEEN_STEP = 1 << 51
_LAST = (1 << 63) - 1

#: What services compute lives in a database of its own, so that it never holds up a reading.
STATES = """
CREATE TABLE IF NOT EXISTS cursor (
    follower TEXT PRIMARY KEY, sequence INTEGER NOT NULL
) WITHOUT ROWID;
"""


def reading_table(kind: str) -> str:
    """Return the quoted name of the table of an instrument type."""
    return f'"reading_{kind}"'


def undo_table(kind: str) -> str:
    """Return the quoted name of the table that holds what rows of a type used to be."""
    return f'"undo_{kind}"'


def column(quantity: str) -> str:
    """Return the quoted name of a quantity's column."""
    return f'"q_{quantity}"'


def create_readings(db: sqlite3.Connection, types: Iterable[InstrumentType]) -> None:
    """Create what is missing for the types; safe to call from several processes at once."""
    db.execute("BEGIN IMMEDIATE")
    try:
        columns = {row[1] for row in db.execute("PRAGMA table_info(flag)")}
        undated = bool(columns) and "since" not in columns
        if undated:  # flags of before they had a time from which they are known
            db.execute("ALTER TABLE flag RENAME TO flag_undated")
        for statement in READINGS.split(";"):
            db.execute(statement)
        if undated:
            db.execute("INSERT INTO flag SELECT *, 0, NULL FROM flag_undated")
            db.execute("DROP TABLE flag_undated")
        # A store of version 0.1.0 does not know it.
        if "resolved" not in {row[1] for row in db.execute("PRAGMA table_info(dead_letter)")}:
            db.execute("ALTER TABLE dead_letter ADD COLUMN resolved INTEGER")
            db.execute("ALTER TABLE dead_letter ADD COLUMN resolved_by TEXT NOT NULL DEFAULT ''")
        if "whole" not in {row[1] for row in db.execute("PRAGMA table_info(dead_letter)")}:
            db.execute("ALTER TABLE dead_letter ADD COLUMN whole BLOB")
        if "said" not in {row[1] for row in db.execute("PRAGMA table_info(dead_letter)")}:
            db.execute("ALTER TABLE dead_letter ADD COLUMN said BLOB")
        db.execute(
            "CREATE INDEX IF NOT EXISTS dead_letter_whole ON dead_letter (id)"
            " WHERE whole IS NOT NULL"
        )
        kinds = list(types)
        for kind in kinds:
            _create_type(db, kind)
        _note_seen(db, kinds)
        db.execute("COMMIT")
    except BaseException:
        db.execute("ROLLBACK")
        raise


def _create_type(db: sqlite3.Connection, kind: InstrumentType) -> None:
    table, undo = reading_table(kind.name), undo_table(kind.name)
    key = "instrument TEXT NOT NULL, node INTEGER NOT NULL, time INTEGER NOT NULL"
    db.execute(
        f"CREATE TABLE IF NOT EXISTS {table} ({key}, received INTEGER NOT NULL, sequence INTEGER,"
        " PRIMARY KEY (instrument, node, time)) WITHOUT ROWID"
    )
    db.execute(
        f"CREATE TABLE IF NOT EXISTS {undo} ({key}, received INTEGER NOT NULL, sequence INTEGER,"
        " superseded INTEGER NOT NULL)"
    )
    db.execute(
        f'CREATE INDEX IF NOT EXISTS "undo_{kind.name}_key" ON {undo} (instrument, node, time)'
    )
    present = {row[1] for row in db.execute(f"PRAGMA table_info({table})")}
    missing = [name for name in kind.quantities if f"q_{name}" not in present]
    for name in missing:
        db.execute(f"ALTER TABLE {table} ADD COLUMN {column(name)} REAL")
        db.execute(f"ALTER TABLE {undo} ADD COLUMN {column(name)} REAL")
    if missing:
        quantities = sorted(name[2:] for name in present if name.startswith("q_")) + missing
        names = ", ".join(map(column, quantities))
        old = ", ".join(f"OLD.{column(name)}" for name in quantities)
        comma = ", " if quantities else ""
        db.execute(f'DROP TRIGGER IF EXISTS "undo_{kind.name}_trigger"')
        db.execute(
            f'CREATE TRIGGER "undo_{kind.name}_trigger" AFTER UPDATE ON {table} BEGIN'
            f" INSERT INTO {undo} (instrument, node, time, received, sequence, superseded"
            f"{comma}{names}) VALUES (OLD.instrument, OLD.node, OLD.time, OLD.received,"
            f" OLD.sequence, NEW.received{comma}{old}); END"
        )


def seen_until(time: int) -> int:
    """Return what `seen` holds for a last value at a time: the end of its step [ns]."""
    return min((time // SEEN_STEP + 1) * SEEN_STEP, _LAST)


def _note_seen(db: sqlite3.Connection, types: Iterable[InstrumentType]) -> None:
    """Fill `seen` once from the rows of a store of before it had that table."""
    if db.execute("SELECT 1 FROM meta WHERE key = 'seen'").fetchone():
        return
    for kind in types:
        names = list(kind.quantities)
        lasts = "".join(
            f", max(CASE WHEN {column(name)} IS NOT NULL THEN time END)" for name in names
        )
        for instrument, node, *times in db.execute(
            f"SELECT instrument, node{lasts} FROM {reading_table(kind.name)}"
            " GROUP BY instrument, node"
        ).fetchall():
            db.executemany(
                "INSERT OR REPLACE INTO seen VALUES (?, ?, ?, ?)",
                [
                    (instrument, node, name, seen_until(time))
                    for name, time in zip(names, times, strict=True)
                    if time is not None
                ],
            )
    db.execute("INSERT INTO meta VALUES ('seen', 1)")
