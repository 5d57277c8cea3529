"""States as the embedded store keeps them: each as what it differs in from its day's base.

The states of a day say nearly the same. The first that is written for a day (UTC) is its base,
which is kept whole; every state is compressed with the base as its dictionary [1]_, and comes to a
fifth of what it would alone. A base that other states of its day rest on never changes.

References
----------
.. [1] RFC 8878 (2021). Zstandard compression and the application/zstd media type, section 5: any
   content may be a dictionary.
"""

from __future__ import annotations

import sqlite3
import zlib

import zstandard

TABLES = """
CREATE TABLE IF NOT EXISTS state (
    service TEXT NOT NULL, time INTEGER NOT NULL, document BLOB NOT NULL,
    PRIMARY KEY (service, time)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS state_base (
    service TEXT NOT NULL, day INTEGER NOT NULL, document BLOB NOT NULL,
    PRIMARY KEY (service, day)
) WITHOUT ROWID;
"""

_DAY_NS = 86_400_000_000_000

#: Beyond this level a state takes twenty times as long, and a tenth less room.
_LEVEL = 9

#: What a state and its base are found by; one statement, so that both are of the same moment.
_SELECT = f"""
    SELECT state.document, state_base.document FROM state LEFT JOIN state_base
    ON state_base.service = state.service AND state_base.day = state.time / {_DAY_NS}
    WHERE state.service = ?
"""


def write(db: sqlite3.Connection, service: str, time: int, document: bytes) -> None:
    """Keep what a service knew at a time [ns], within the caller's transaction."""
    day = time // _DAY_NS
    base = _base(db, service, day) if _has_others(db, service, time) else None
    if base is None:
        base = document
        db.execute(
            "INSERT OR REPLACE INTO state_base VALUES (?, ?, ?)",
            (service, day, zstandard.ZstdCompressor(level=_LEVEL).compress(document)),
        )
    packed = zstandard.ZstdCompressor(
        level=_LEVEL, dict_data=_dictionary(base), write_checksum=True
    ).compress(document)
    db.execute("INSERT OR REPLACE INTO state VALUES (?, ?, ?)", (service, time, packed))


def last(db: sqlite3.Connection, service: str, until: int) -> bytes | None:
    """Return the last state of a service up to a time [ns], None if there is none."""
    row = db.execute(
        f"{_SELECT} AND state.time <= ? ORDER BY state.time DESC LIMIT 1", (service, until)
    ).fetchone()
    return _unpacked(*row) if row else None


def following(db: sqlite3.Connection, service: str, after: int) -> bytes | None:
    """Return the first state of a service after a time [ns], None at the end."""
    row = db.execute(
        f"{_SELECT} AND state.time > ? ORDER BY state.time LIMIT 1", (service, after)
    ).fetchone()
    return _unpacked(*row) if row else None


def _has_others(db: sqlite3.Connection, service: str, time: int) -> bool:
    """Return whether a service has a state of the same day but for that of the time itself."""
    first = time // _DAY_NS * _DAY_NS
    found = db.execute(
        "SELECT 1 FROM state WHERE service = ? AND time >= ? AND time < ? AND time <> ? LIMIT 1",
        (service, first, first + _DAY_NS, time),
    )
    return found.fetchone() is not None


def _base(db: sqlite3.Connection, service: str, day: int) -> bytes | None:
    row = db.execute(
        "SELECT document FROM state_base WHERE service = ? AND day = ?", (service, day)
    ).fetchone()
    return zstandard.decompress(row[0]) if row else None


def _dictionary(base: bytes) -> zstandard.ZstdCompressionDict:
    return zstandard.ZstdCompressionDict(base, dict_type=zstandard.DICT_TYPE_RAWCONTENT)


def _unpacked(document: bytes, base: bytes | None) -> bytes:
    if not document.startswith(zstandard.FRAME_HEADER):  # of a store of before there were bases
        return zlib.decompress(document)
    assert base is not None, "a base is written with its first state"
    dictionary = _dictionary(zstandard.decompress(base))
    return zstandard.ZstdDecompressor(dict_data=dictionary).decompress(document)
