from __future__ import annotations

import sqlite3
import zlib
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from ingest.site import Site
from ingest.store import Derived, kept_series
from ingest.store.embedded import EmbeddedStore

T0 = datetime(2024, 1, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
#: A store of before: every point with its words, every change with its points.
FORMER = """
CREATE TABLE derived (
    series TEXT NOT NULL, subject TEXT NOT NULL, time INTEGER NOT NULL, known_at INTEGER NOT NULL,
    value REAL, low REAL, high REAL, unit TEXT NOT NULL, model TEXT NOT NULL,
    version TEXT NOT NULL, PRIMARY KEY (series, subject, time)
) WITHOUT ROWID;
CREATE TABLE derived_change (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT, points BLOB NOT NULL
);
"""


def made(
    hour: int = 0,
    value: float | None = 1.0,
    *,
    series: str = "settlement.rate",
    subject: str = "sp-1",
    known: int = 0,
    model: str = "settlement_hyperbolic",
) -> Derived:
    return Derived(
        series=series, subject=subject, time=T0 + hour * HOUR, known_at=T0 + (hour + known) * HOUR,
        value=value, low=None, high=value, unit="mm/d", model=model, version="1.0",
    )  # fmt: skip


def opened(path: str | Path) -> sqlite3.Connection:
    db = sqlite3.connect(path, isolation_level=None)
    for statement in kept_series.TABLES.split(";"):
        db.execute(statement)
    return db


def read(db: sqlite3.Connection, series: str = "settlement.rate") -> list[list[object]]:
    frame = kept_series.read(db, series, None, None, None, None)
    return frame.astype(object).where(frame.notna(), None).to_numpy().tolist()


points = st.builds(
    made,
    st.integers(0, 5),
    st.none() | st.floats(-1e6, 1e6),
    series=st.sampled_from(["settlement.rate", "rain.24h"]),
    subject=st.sampled_from(["sp-1", "sp-2"]),
    known=st.integers(0, 3),
    model=st.sampled_from(["settlement_hyperbolic", "settlement_asaoka", ""]),
)


@given(st.lists(st.lists(points, max_size=6), max_size=6))
def test_the_last_word_on_a_time_is_kept_and_every_change_is_told(
    batches: list[list[Derived]],
) -> None:
    db = opened(":memory:")
    newest: dict[tuple[str, str, datetime], Derived] = {}
    for batch in batches:
        kept_series.write(db, batch)
        newest |= {(each.series, each.subject, each.time): each for each in batch}
    for series in ("settlement.rate", "rain.24h"):
        wanted = sorted(
            (each for each in newest.values() if each.series == series),
            key=lambda each: (each.time, each.subject),
        )
        assert read(db, series) == [
            [p.subject, p.time, p.known_at, p.value, p.low, p.high, p.unit, p.model, p.version]
            for p in wanted
        ]
    told = kept_series.changes(db, 0, 1000)
    assert [number for number, _ in told] == list(range(1, len(batches) + 1))
    for (_, found), batch in zip(told, batches, strict=True):
        keys = {(each.series, each.subject, each.time) for each in batch}
        assert len(found) == len(keys)
        assert {(each.series, each.subject, each.time): each for each in found} == {
            key: newest[key] for key in keys
        }
    db.close()


def test_a_store_of_before_goes_on_with_its_points_and_what_waits(
    small_site: Site, tmp_path: Path
) -> None:
    old = [made(0, 1.0), made(1, None, known=2), made(1, 3.0, subject="sp-2", model="")]
    db = sqlite3.connect(tmp_path / "states.sqlite")
    db.executescript(FORMER)
    db.executemany(
        "INSERT INTO derived VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [(point.series, *kept_series.row(point)) for point in old],
    )
    for batch in ([old[0]], old[1:]):
        blob = zlib.compress(msgspec.msgpack.encode(batch), 1)
        db.execute("INSERT INTO derived_change (points) VALUES (?)", (blob,))
    db.commit()
    db.close()
    for _ in range(2):  # the second time there is nothing left to bring over
        store = EmbeddedStore(tmp_path, small_site)
        assert store.derived("settlement.rate")["subject"].tolist() == ["sp-1", "sp-1", "sp-2"]
        store.close()
    store = EmbeddedStore(tmp_path, small_site)
    store.write_derived([made(2, 4.0)])
    assert store.derived_changes(0) == [(1, [old[0]]), (2, old[1:]), (3, [made(2, 4.0)])]
    assert store.derived_changes(2) == [(3, [made(2, 4.0)])]
    frame = store.derived("settlement.rate", "sp-1", known_at=T0 + 2 * HOUR)
    assert frame["value"].tolist() == [1.0, 4.0]
    store.close()


def test_a_point_takes_the_room_of_its_numbers(tmp_path: Path) -> None:
    path = tmp_path / "states.sqlite"
    db = opened(path)
    count = 100
    db.execute("BEGIN")
    for hour in range(200):
        kept_series.write(db, [made(hour, hour / 7, subject=f"sp-{n}") for n in range(count)])
    db.execute("COMMIT")
    db.execute("VACUUM")
    # Time, value and high with 8 bytes each, and what holds them.
    assert 24 < path.stat().st_size / (200 * count) < 45
    db.close()
