"""Computed series as the embedded store keeps them, and in which order they were written.

An hourly state brings a hundred points, whose words (series, subject, unit, model) are the same
every time: they are kept once, and a point is its numbers. What a follower has not seen is kept as
the times and series that were written; it gets their points as they are now.
"""

from __future__ import annotations

import sqlite3
import zlib
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import msgspec
import pandas as pd

from ingest.clock import from_ns, to_ns
from ingest.store import Derived

TABLES = """
CREATE TABLE IF NOT EXISTS series (
    id INTEGER PRIMARY KEY, series TEXT NOT NULL, subject TEXT NOT NULL, UNIQUE (series, subject)
);
CREATE TABLE IF NOT EXISTS series_model (
    id INTEGER PRIMARY KEY, unit TEXT NOT NULL, model TEXT NOT NULL, version TEXT NOT NULL,
    UNIQUE (unit, model, version)
);
CREATE TABLE IF NOT EXISTS point (
    series INTEGER NOT NULL, time INTEGER NOT NULL, known_at INTEGER,
    value REAL, low REAL, high REAL, model INTEGER NOT NULL, PRIMARY KEY (series, time)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS derived_change (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT, points BLOB NOT NULL
);
"""

COLUMNS = (
    "subject",
    "time",
    "known_at",
    "value",
    "low",
    "high",
    "unit",
    "model",
    "version",
)

# `known_at` is empty where it is the time itself, as that of nearly every point is.
_SELECT = """
    SELECT series.series, subject, time, coalesce(known_at, time), value, low, high,
    unit, series_model.model, version FROM point
    JOIN series ON series.id = point.series JOIN series_model ON series_model.id = point.model
"""

#: Time [ns] -> the series of which a point was written.
_written = msgspec.msgpack.Decoder(dict[int, list[int]])
_encoder = msgspec.msgpack.Encoder()

#: What changes held before: the points themselves, compressed; such a blob begins with this.
_FORMER = b"\x78"
_former = msgspec.msgpack.Decoder(tuple[Derived, ...])


def upgrade(db: sqlite3.Connection) -> None:
    """Bring over the points of a store of before, within the caller's transaction."""
    if not db.execute("SELECT 1 FROM sqlite_master WHERE name = 'derived'").fetchone():
        return
    db.execute("INSERT OR IGNORE INTO series (series, subject) SELECT series, subject FROM derived")
    db.execute(
        "INSERT OR IGNORE INTO series_model (unit, model, version)"
        " SELECT unit, model, version FROM derived"
    )
    db.execute(
        "INSERT INTO point SELECT series.id, time, nullif(known_at, time), value, low, high,"
        " series_model.id FROM derived JOIN series USING (series, subject)"
        " JOIN series_model USING (unit, model, version)"
    )
    db.execute("DROP TABLE derived")


def write(db: sqlite3.Connection, points: Sequence[Derived]) -> None:
    """Keep points, within the caller's transaction; the same (series, subject, time) replaces."""
    series = _numbers(
        db, "series", "series, subject", [(each.series, each.subject) for each in points]
    )
    models = _numbers(
        db,
        "series_model",
        "unit, model, version",
        [(each.unit, each.model, each.version) for each in points],
    )
    rows = []
    written: defaultdict[int, list[int]] = defaultdict(list)
    for point, of, model in zip(points, series, models, strict=True):
        time, known_at = to_ns(point.time), to_ns(point.known_at)
        written[time].append(of)
        rows.append(
            (
                of,
                time,
                known_at if known_at != time else None,
                point.value,
                point.low,
                point.high,
                model,
            )
        )
    db.executemany("INSERT OR REPLACE INTO point VALUES (?, ?, ?, ?, ?, ?, ?)", rows)
    db.execute("INSERT INTO derived_change (points) VALUES (?)", (_encoder.encode(written),))


def changes(db: sqlite3.Connection, since: int, limit: int) -> list[tuple[int, list[Derived]]]:
    """Return what was written after a sequence number, oldest first, as it is now."""
    found = db.execute(
        "SELECT sequence, points FROM derived_change WHERE sequence > ? ORDER BY sequence LIMIT ?",
        (since, limit),
    )
    return [(sequence, _points(db, blob)) for sequence, blob in found.fetchall()]


def read(
    db: sqlite3.Connection,
    series: str,
    subject: str | None,
    start: datetime | None,
    end: datetime | None,
    known_at: datetime | None,
) -> pd.DataFrame:
    """Return a series by time, of one subject or of all."""
    query = f"{_SELECT} WHERE series.series = ?"
    parameters: list[Any] = [series]
    for condition, value in (
        ("subject = ?", subject),
        ("time >= ?", start),
        ("time < ?", end),
        ("coalesce(known_at, time) <= ?", known_at),
    ):
        if value is not None:
            query += f" AND {condition}"
            parameters.append(to_ns(value) if isinstance(value, datetime) else value)
    rows = db.execute(f"{query} ORDER BY time, subject", parameters)
    return frame([row[1:] for row in rows])


def row(point: Derived) -> tuple[Any, ...]:
    """Return a point in the order of `COLUMNS`; times in ns."""
    return (
        point.subject,
        to_ns(point.time),
        to_ns(point.known_at),
        point.value,
        point.low,
        point.high,
        point.unit,
        point.model,
        point.version,
    )


def frame(rows: Sequence[tuple[Any, ...]] | pd.DataFrame) -> pd.DataFrame:
    """Return rows in the order of `COLUMNS` (times in ns) as a frame."""
    found = pd.DataFrame(rows, columns=list(COLUMNS))
    for name in ("time", "known_at"):
        found[name] = moments(found[name])
    for name in ("value", "low", "high"):
        found[name] = found[name].astype(float)
    return found


def moments(ns: pd.Series) -> pd.Series:
    """Return ns since 1970 as aware UTC times, of one type for empty columns too."""
    return pd.to_datetime(ns.astype("int64"), unit="ns", utc=True).astype("datetime64[ns, UTC]")


def _points(db: sqlite3.Connection, blob: bytes) -> list[Derived]:
    if blob.startswith(_FORMER):
        return list(_former.decode(zlib.decompress(blob)))
    found = []
    for time, series in _written.decode(blob).items():
        places = ", ".join("?" * len(series))
        found += [
            Derived(
                series=name,
                subject=subject,
                time=from_ns(at),
                known_at=from_ns(known_at),
                value=value,
                low=low,
                high=high,
                unit=unit,
                model=model,
                version=version,
            )
            for name, subject, at, known_at, value, low, high, unit, model, version in db.execute(
                f"{_SELECT} WHERE point.series IN ({places}) AND time = ?", (*series, time)
            )
        ]
    return found


def _numbers(
    db: sqlite3.Connection, table: str, columns: str, keys: Iterable[tuple[str, ...]]
) -> list[int]:
    """Return the number of each key in a table; a new key gets one."""
    # Hundreds in all: reading them costs less than asking for each.
    known = {
        tuple(key): number for number, *key in db.execute(f"SELECT id, {columns} FROM {table}")
    }
    found = []
    for key in keys:
        if key not in known:
            places = ", ".join("?" * len(key))
            inserted = db.execute(f"INSERT INTO {table} ({columns}) VALUES ({places})", key)
            assert inserted.lastrowid is not None
            known[key] = inserted.lastrowid
        found.append(known[key])
    return found
