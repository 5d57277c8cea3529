"""What the queries answer beyond what the API shows."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from dashboard.queries import Queries
from dashboard.questions import BadQuestion, UnknownName
from ingest.clock import ManualClock, to_ns
from ingest.heartbeat import SILENT_S, Heartbeat
from ingest.settings import load_settings
from ingest.site import load_site
from ingest.store import Row
from ingest.store.embedded import EmbeddedStore

START = datetime(2022, 1, 1, tzinfo=UTC)


class Counting(EmbeddedStore):
    """Counts how often the engine is asked."""

    asked = 0

    def latest(self, **given):
        self.asked += 1
        return super().latest(**given)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Counting]:
    store = Counting(tmp_path, load_site("abaza"))
    yield store
    store.close()


@pytest.fixture
def queries(store: Counting, tmp_path: Path) -> Queries:
    clock = ManualClock(START + timedelta(days=3))
    return Queries(load_site("abaza"), store, None, clock, load_settings(data_dir=tmp_path))


def tilt(day: float, node: int, a: float, b: float | None) -> Row:
    time = to_ns(START + timedelta(days=day))
    values = {"displacement_a": a} | ({} if b is None else {"displacement_b": b})
    return Row("inclinometer_in_place", "ipi-01", node, time, time, None, values)


def test_a_profile_is_the_mean_of_each_day_by_depth(queries: Queries, store: Counting) -> None:
    store.append(
        [tilt(0.25, 0, 2, 4), tilt(0.75, 0, 4, 4), tilt(1.5, 0, 6, 8), tilt(1.5, 3, 1, None)]
    )
    profile = queries.profile("ipi-01", days=3)
    assert (profile.unit, len(profile.depths)) == ("mm", len(profile.a[0]))
    assert profile.depths == sorted(profile.depths)
    assert profile.times == [START, START + timedelta(days=1)]
    assert [day[0] for day in profile.a] == [3.0, 6.0]
    assert [day[0] for day in profile.resultant] == [5.0, 10.0]
    assert profile.a[1][3] == 1.0
    assert profile.b[1][3] is None
    assert profile.resultant[1][3] is None
    assert profile.a[0][1] is None


def test_a_profile_at_a_time_ends_there(queries: Queries, store: Counting) -> None:
    store.append([tilt(day + 0.5, 0, day, 0.0) for day in range(3)])
    profile = queries.profile("ipi-01", START + timedelta(days=2), days=1)
    assert profile.times == [START + timedelta(days=1)]
    assert profile.a[0][0] == 1.0


def test_a_profile_of_an_empty_store_is_empty(queries: Queries) -> None:
    assert queries.profile("ipi-01").times == []


def test_only_an_inclinometer_has_a_profile(queries: Queries) -> None:
    with pytest.raises(UnknownName, match="displacement_a"):
        queries.profile("pz-650-01")
    with pytest.raises(BadQuestion, match="1 to 366"):
        queries.profile("ipi-01", days=0)


def test_a_settlement_series_leaves_out_what_is_not_to_be_trusted(
    queries: Queries, store: Counting
) -> None:
    rows = [
        Row(
            "settlement_point",
            "sp-650-01",
            0,
            to_ns(START + timedelta(days=day)),
            to_ns(START + timedelta(days=day)),
            None,
            {"settlement": value},
            flags,
        )
        for day, value, flags in [
            (0, 1.0, {}),
            (1, 9999.0, {"settlement": "out_of_range"}),
            (2, 3.0, {}),
        ]
    ]
    store.append(rows)
    series = queries.settlement_series("sp-650-01", count=10)
    assert (series.unit, series.mean, series.state) == ("mm", [1.0, 3.0], None)


def test_ten_pages_that_ask_the_same_cost_one_reading(queries: Queries, store: Counting) -> None:
    for _ in range(10):
        queries.latest()
        queries.instruments()
    assert store.asked == 1
    store.append([tilt(1, 0, 1, 1)])
    assert len(queries.latest()) == 2
    assert store.asked == 2


def test_within_the_refresh_time_one_look_serves_everybody(store: Counting, tmp_path: Path) -> None:
    clock, settings = ManualClock(START), load_settings(data_dir=tmp_path)
    queries = Queries(load_site("abaza"), store, None, clock, settings, refresh_s=3600)
    assert queries.latest() == []
    store.append([tilt(0, 0, 1, 1)])
    assert queries.latest() == []


def test_a_store_that_fails_makes_health_say_so_and_not_raise(
    queries: Queries, store: Counting, monkeypatch: pytest.MonkeyPatch
) -> None:
    healthy = store.health()
    broken = msgspec.structs.replace(healthy, ok=False, detail="disk I/O error")
    monkeypatch.setattr(store, "health", lambda: broken)
    found = queries.health()
    assert (found.ok, found.store.detail) == (False, "disk I/O error")


def test_health_is_not_well_while_a_process_of_the_run_gives_no_sign_of_life(
    queries: Queries,
) -> None:
    beat = Heartbeat(queries.settings.data_dir, "ingest")
    assert queries.health().ok, "a run that no process works on is read as it is"
    beat.beat(ok=True)
    assert queries.health().ok
    written = queries.settings.data_dir / "health" / "ingest.json"
    silent = written.stat().st_mtime - SILENT_S - 1
    os.utime(written, (silent, silent))
    found = queries.health()
    assert (found.ok, found.store.ok) == (False, True)
    assert [each.alive for each in found.processes] == [False]


def test_a_run_without_a_journal_has_no_alarms(queries: Queries) -> None:
    assert queries.open_alarms() == queries.alarms() == []
    with pytest.raises(UnknownName, match="alarm '1'"):
        queries.acknowledge(1, "A", "")
