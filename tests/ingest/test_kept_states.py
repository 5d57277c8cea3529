from __future__ import annotations

import json
import sqlite3
import zlib
from datetime import UTC, datetime, timedelta
from itertools import zip_longest
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.clock import to_ns
from ingest.site import Site
from ingest.store import kept_states
from ingest.store.embedded import EmbeddedStore

START = datetime(2024, 1, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
DAY_NS = 86_400_000_000_000


def document(hour: int, points: int = 2000) -> bytes:
    """Return a state that changes in a few places from hour to hour, and more from day to day."""
    day = hour // 24
    values = [round((7919 * n % 977) / 7 + day * (n % 13), 4) for n in range(points)]
    values[hour % points] += hour / 8
    return json.dumps({"hour": hour, "title": "Ярус +650", "values": values}).encode()


@pytest.fixture
def db(tmp_path: Path) -> sqlite3.Connection:
    found = sqlite3.connect(tmp_path / "states.sqlite", isolation_level=None)
    for statement in kept_states.TABLES.split(";"):
        found.execute(statement)
    return found


def stored(db: sqlite3.Connection) -> int:
    """Return what states and bases take [bytes]."""
    return sum(
        db.execute(f"SELECT coalesce(sum(length(document)), 0) FROM {table}").fetchone()[0]
        for table in ("state", "state_base")
    )


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["twin", "risk"]),
            st.integers(0, 24).map(lambda eighth: eighth * DAY_NS // 8),
            st.binary(max_size=300) | st.integers(0, 60).map(document),
        ),
        max_size=30,
    )
)
def test_what_was_written_last_is_read(states: list[tuple[str, int, bytes]]) -> None:
    """In any order, twice at the same time, and with nothing in common."""
    db = sqlite3.connect(":memory:", isolation_level=None)
    for statement in kept_states.TABLES.split(";"):
        db.execute(statement)
    written: dict[tuple[str, int], bytes] = {}
    for service, time, content in states:
        kept_states.write(db, service, time, content)
        written[service, time] = content
    for service in ("twin", "risk"):
        times = sorted(time for name, time in written if name == service)
        for time, after in zip_longest(times, times[1:]):
            assert kept_states.last(db, service, time) == written[service, time]
            following = kept_states.following(db, service, time)
            assert following == (None if after is None else written[service, after])
        first = times[0] if times else 0
        assert kept_states.last(db, service, first - 1) is None
    db.close()


def test_a_day_of_states_takes_little_more_than_one(db: sqlite3.Connection) -> None:
    for hour in range(48):
        kept_states.write(db, "twin", hour * DAY_NS // 24, document(hour))
    alone = sum(len(zlib.compress(document(hour), 6)) for hour in range(48))
    assert alone / 40 < stored(db) < alone / 5
    assert db.execute("SELECT count(*) FROM state_base").fetchone() == (2,)


def test_a_state_written_again_and_again_takes_the_room_of_one(db: sqlite3.Connection) -> None:
    """As the watches of the risk service are, all of them at the same time."""
    for turn in range(30):
        kept_states.write(db, "watch", 0, document(turn * 24))
    assert kept_states.last(db, "watch", 0) == document(29 * 24)
    assert stored(db) < 1.1 * len(zlib.compress(document(29 * 24), 6))


def test_states_of_a_store_of_before_are_read_on(small_site: Site, tmp_path: Path) -> None:
    """A run that was begun by an earlier version, and goes on in the middle of a day."""
    old = sqlite3.connect(tmp_path / "states.sqlite")
    old.execute(
        "CREATE TABLE state (service TEXT NOT NULL, time INTEGER NOT NULL,"
        " document BLOB NOT NULL, PRIMARY KEY (service, time)) WITHOUT ROWID"
    )
    for hour in range(3):
        packed = zlib.compress(document(hour), 6)
        old.execute("INSERT INTO state VALUES ('twin', ?, ?)", (to_ns(START + hour * HOUR), packed))
    old.commit()
    old.close()
    store = EmbeddedStore(tmp_path, small_site)
    for hour in range(3, 6):
        store.write_state("twin", START + hour * HOUR, document(hour))
    for hour in range(6):
        assert store.state("twin", known_at=START + hour * HOUR) == document(hour)
    store.close()
