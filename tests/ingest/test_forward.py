"""The forwarder on a real InfluxDB: killed, refused, misled; nothing is lost."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from ingest.clock import ManualClock, to_ns
from ingest.errors import ConfigurationError, ServiceError
from ingest.forward import Forwarder, only_forwarder, open_forwarder
from ingest.run import RunClock, open_run
from ingest.settings import Settings
from ingest.site import Site
from ingest.store import Derived, Row, influxdb_store
from ingest.store.embedded import EmbeddedStore
from ingest.store.influxdb import Away
from ingest.store.influxdb_store import FOLLOWER, InfluxStore
from tests.conftest import DATA
from tests.influxdb_server import LocalServer, TestServer, first_token
from twin.service import TwinService
from twin.state import decode_state

T0 = datetime(2022, 3, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)

pytestmark = pytest.mark.influx


def row(hour: int, value: float, instrument: str = "pz-1") -> Row:
    at = to_ns(T0 + hour * HOUR)
    return Row("test_piezometer", instrument, 0, at, at, None, {"pore_pressure": value})


def values(store: InfluxStore) -> list[float]:
    return store.frame("pz-1", "pore_pressure").iloc[:, 0].tolist()


@pytest.fixture
def spool(tmp_path: Path, small_site: Site) -> Iterator[EmbeddedStore]:
    opened = EmbeddedStore(tmp_path / "run", small_site)
    yield opened
    opened.close()


def influx(
    spool: EmbeddedStore, site: Site, server: TestServer, bucket: str, token: str | None = None
) -> InfluxStore:
    return InfluxStore(
        spool, site, url=server.url, token=token or server.token, org=server.org, bucket=bucket
    )


def test_a_server_that_is_killed_and_comes_back_has_everything(
    tmp_path: Path, small_site: Site, spool: EmbeddedStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    local = LocalServer(tmp_path / "influxdb")
    local.start()
    server = TestServer(local.url, first_token(local.url))
    store = influx(spool, small_site, server, server.new_bucket())
    forwarder = Forwarder(spool, store, ManualClock(T0 + 5 * HOUR))
    try:
        spool.append([row(0, 1.0)])
        assert forwarder.step() == 1
        local.stop(signal.SIGKILL)
        spool.append([row(1, 2.0)])
        spool.append([row(0, 1.5)])
        with pytest.raises(ServiceError, match=r"does not answer.*waits in the spool"):
            forwarder.step()
        assert spool.cursor(FOLLOWER) == 1
        assert forwarder.behind() == (2, 4 * 3600.0)
        health = store.health()
        assert (health.ok, health.forwarded_sequence, health.last_sequence) == (False, 1, 3)
        # Live reading goes on, with what InfluxDB has not got yet.
        assert values(store) == [1.5, 2.0]
        assert [(reading.time, reading.value) for reading in store.latest()] == [(T0 + HOUR, 2.0)]
        assert [change.sequence for change in store.changes(0)] == [1, 2, 3]
        assert store.readable_until(T0 + 5 * HOUR) == T0 + 5 * HOUR
        assert "readings are read from the spool" in store.health().detail
        local.start()
        # It is back, but has not got everything: the last value must not fall back.
        monkeypatch.setattr(influxdb_store, "_LOOK_EVERY_S", 0.0)
        store.outage.begin(Away("looked at again at once"))
        assert values(store) == [1.5, 2.0]
        assert store.outage.lasts()
        assert forwarder.step() == 2
        assert forwarder.behind() == (0, 0.0)
        assert not store.outage.lasts()
        assert values(store) == [1.5, 2.0]
        health = store.health()
        assert health.ok
        assert "read from the spool" not in health.detail
    finally:
        local.stop()
        store.server.close()


def test_a_block_that_is_sent_again_after_a_crash_changes_nothing(
    influxdb_server: TestServer, small_site: Site, spool: EmbeddedStore
) -> None:
    store = influx(spool, small_site, influxdb_server, influxdb_server.new_bucket())
    spool.append([row(0, 1.0), row(1, 2.0)])
    spool.append([row(0, 3.0)])
    assert Forwarder(spool, store).step() == 3
    spool.move_cursor(FOLLOWER, 0)
    assert Forwarder(spool, store).step() == 3
    assert values(store) == [3.0, 2.0]
    store.server.close()


def test_readers_and_followers_see_what_has_been_forwarded(
    influxdb_server: TestServer, small_site: Site, spool: EmbeddedStore
) -> None:
    store = influx(spool, small_site, influxdb_server, influxdb_server.new_bucket())
    now = T0 + 9 * HOUR
    store.append([row(0, 1.0)])
    store.append([row(4, 2.0)])
    assert store.changes(0) == []
    assert store.latest() == []
    assert store.readable_until(now) == T0
    Forwarder(spool, store).step()
    assert len(store.changes(0)) == 2
    assert store.readable_until(now) == now
    store.append([row(5, 3.0)])
    assert store.readable_until(now) == T0 + 5 * HOUR
    assert store.readable_until(T0 + HOUR) == T0 + HOUR
    store.server.close()


def test_what_was_known_is_right_while_corrections_wait(
    influxdb_server: TestServer, small_site: Site, spool: EmbeddedStore
) -> None:
    store = influx(spool, small_site, influxdb_server, influxdb_server.new_bucket())
    for value, received_h in ((1.0, 0), (2.0, 2), (3.0, 4)):
        store.append([row(0, value)._replace(received=to_ns(T0 + received_h * HOUR))])
        if received_h == 0:
            Forwarder(spool, store).step()
    known = {"known_at": T0 + 3 * HOUR}
    assert store.frame("pz-1", "pore_pressure", **known).to_numpy().tolist() == [[2.0]]
    assert [reading.value for reading in store.readings("pz-1", "pore_pressure", **known)] == [2.0]
    assert [reading.value for reading in store.latest(**known)] == [2.0]
    buckets = store.buckets("pz-1", "pore_pressure", start=T0, end=T0 + HOUR, count=1, **known)
    assert buckets["mean"].tolist() == [2.0]
    store.server.close()


def test_the_twin_waits_for_what_has_not_been_forwarded(
    influxdb_server: TestServer, small_site: Site, spool: EmbeddedStore
) -> None:
    store = influx(spool, small_site, influxdb_server, influxdb_server.new_bucket())
    twin = TwinService(small_site, store, RunClock(store))
    forwarder = Forwarder(spool, store)
    store.append([row(hour, 1.0) for hour in range(8)], run_time=T0 + 7 * HOUR)
    assert twin.step() == 0
    forwarder.step()
    assert twin.step() == 2
    store.append([row(hour, 2.0) for hour in range(8, 14)], run_time=T0 + 14 * HOUR)
    assert twin.step() == 0
    forwarder.step()
    assert twin.step() == 1
    document = store.state("twin")
    assert document is not None
    state = decode_state(document)
    assert (state.time, state.readings) == (T0 + 12 * HOUR, 1)
    store.server.close()


def test_wrong_tokens_and_buckets_are_told_apart_and_cured_without_a_restart(
    influxdb_server: TestServer, small_site: Site, spool: EmbeddedStore
) -> None:
    spool.append([row(0, 1.0)])
    stranger = influx(spool, small_site, influxdb_server, "any", token="wrong")
    with pytest.raises(ServiceError, match="refuses the token: set POSTMINE_INFLUXDB_TOKEN"):
        Forwarder(spool, stranger).step()
    assert "wrong" not in stranger.health().detail
    with pytest.raises(ServiceError, match="refuses the token"):
        stranger.span()
    name = "made-later"
    store = influx(spool, small_site, influxdb_server, name)
    forwarder = Forwarder(spool, store)
    with pytest.raises(ServiceError, match=r"no bucket 'made-later'.*influxdb-init"):
        forwarder.step()
    assert "no bucket 'made-later'" in store.health().detail
    assert spool.cursor(FOLLOWER) == 0
    influxdb_server.new_bucket(name=name)
    assert forwarder.step() == 1
    assert values(store) == [1.0]
    elsewhere = InfluxStore(
        spool,
        small_site,
        url=influxdb_server.url,
        token=influxdb_server.token,
        org="no",
        bucket="b",
    )
    with pytest.raises(ServiceError, match="no organisation 'no'"):
        elsewhere.span()
    for opened in (stranger, store, elsewhere):
        opened.server.close()


def test_rows_that_can_never_be_written_become_dead_letters_and_hold_up_nothing(
    influxdb_server: TestServer, small_site: Site, spool: EmbeddedStore
) -> None:
    store = influx(spool, small_site, influxdb_server, influxdb_server.new_bucket())
    spool.append([row(hour, float("nan") if hour in (3, 11) else hour) for hour in range(16)])
    spool.write_derived(
        [
            Derived(
                series="fill.volume", subject="crater", time=T0 + hour * HOUR, known_at=T0,
                value=value, unit="thousand m3", model="m", version="1",
            )
            for hour, value in enumerate((1.0, float("inf")))
        ]
    )  # fmt: skip
    forwarder = Forwarder(spool, store)
    assert forwarder.step() == 18
    assert forwarder.step() == 0
    assert values(store) == [hour for hour in range(16) if hour not in (3, 11)]
    assert store.derived("fill.volume")["value"].tolist() == [1.0]
    letters = spool.dead_letters()
    assert [letter.topic for letter in letters] == [
        "influxdb/derived/fill.volume",
        *["influxdb/test_piezometer/pz-1"] * 2,
    ]
    assert letters[1].payload.startswith(
        b"test_piezometer,instrument=pz-1,node=0 pore_pressure=null"
    )
    assert "unable to parse" in letters[1].reason
    assert letters[1].received == T0 + 11 * HOUR
    assert "3 refused" in forwarder.detail()
    store.server.close()


def test_a_bucket_that_holds_other_data_stops_the_forwarder_and_loses_nothing(
    influxdb_server: TestServer, small_site: Site, spool: EmbeddedStore
) -> None:
    store = influx(spool, small_site, influxdb_server, influxdb_server.new_bucket())
    store.server.write(
        f"test_piezometer,instrument=pz-1,node=0 pore_pressure=1i {to_ns(T0)}".encode()
    )
    spool.append([row(0, 1.0)])
    with pytest.raises(ServiceError, match=r"holds other data.*a bucket of its own"):
        Forwarder(spool, store).step()
    assert spool.cursor(FOLLOWER) == 0
    assert spool.dead_letters() == []
    store.server.close()


def test_what_is_older_than_the_bucket_keeps_is_counted_and_passed_over(
    influxdb_server: TestServer, small_site: Site, spool: EmbeddedStore
) -> None:
    bucket = influxdb_server.new_bucket(retention_s=3600)
    store = influx(spool, small_site, influxdb_server, bucket)
    spool.append([row(0, 1.0), row(1, 2.0)])
    forwarder = Forwarder(spool, store)
    assert forwarder.step() == 2
    assert spool.cursor(FOLLOWER) == 1
    assert spool.dead_letters() == []
    assert "2 older than the bucket keeps" in forwarder.detail()
    store.server.close()


def test_a_number_that_is_not_known_any_more_does_not_come_back(
    influxdb_server: TestServer, small_site: Site, spool: EmbeddedStore
) -> None:
    store = influx(spool, small_site, influxdb_server, influxdb_server.new_bucket())
    for value, known_h in ((1.5, 0), (None, 6)):
        store.write_derived(
            [
                Derived(
                    series="a series, of \"words\" = $", subject="zone one", time=T0,
                    known_at=T0 + known_h * HOUR, value=value, low=1.0, unit="1", model="m\\",
                    version="2",
                )
            ]
        )  # fmt: skip
        Forwarder(spool, store).step()
    frame = store.derived('a series, of "words" = $', "zone one")
    assert store.derived("another").empty
    assert frame["value"].isna().tolist() == [True]
    assert frame[["low", "subject", "unit", "model", "version"]].to_numpy().tolist() == [
        [1.0, "zone one", "1", "m\\", "2"]
    ]
    assert frame["known_at"].tolist() == [T0 + 6 * HOUR]
    store.server.close()


def test_a_service_reads_its_own_computed_points_before_they_are_forwarded(
    influxdb_server: TestServer, small_site: Site, spool: EmbeddedStore
) -> None:
    store = influx(spool, small_site, influxdb_server, influxdb_server.new_bucket())

    def point(hour: int, value: float) -> Derived:
        return Derived(
            series="fill.volume", subject="crater", time=T0 + hour * HOUR,
            known_at=T0 + hour * HOUR, value=value, unit="1", model="m", version="1",
        )  # fmt: skip

    store.write_derived([point(0, 1.0), point(1, 2.0)])
    Forwarder(spool, store).step()
    store.write_derived([point(1, 3.0)])
    store.write_derived([point(2, 4.0)])
    assert store.derived("fill.volume")["value"].tolist() == [1.0, 3.0, 4.0]
    assert store.derived("fill.volume", "crater", end=T0 + 2 * HOUR)["value"].tolist() == [1.0, 3.0]
    assert store.derived("fill.volume", "elsewhere").empty
    known = store.derived("fill.volume", known_at=T0 + HOUR)
    assert known["time"].tolist() == [T0, T0 + HOUR]
    store.server.close()


def test_a_bucket_belongs_to_one_run(
    influxdb_server: TestServer, tmp_path: Path, small_site: Site, spool: EmbeddedStore
) -> None:
    bucket = influxdb_server.new_bucket()
    store = influx(spool, small_site, influxdb_server, bucket)
    spool.append([row(0, 1.0)])
    assert Forwarder(spool, store).step() == 1
    assert Forwarder(spool, store).step() == 0
    other = EmbeddedStore(tmp_path / "other", small_site)
    stranger = influx(other, small_site, influxdb_server, bucket)
    other.append([row(0, 2.0)])
    with pytest.raises(ConfigurationError, match=r"a bucket of this run's own.*another run"):
        Forwarder(other, stranger).step()
    assert other.cursor(FOLLOWER) == 0
    assert values(store) == [1.0]
    for opened in (store, stranger):
        opened.server.close()
    other.close()


def test_a_run_has_one_forwarder(tmp_path: Path) -> None:
    with (
        only_forwarder(tmp_path),
        pytest.raises(ConfigurationError, match=rf"process {os.getpid()} forwards it already"),
        only_forwarder(tmp_path),
    ):
        pass
    with only_forwarder(tmp_path):
        pass


def test_a_run_opens_its_forwarder_only_with_an_influxdb(
    influxdb_server: TestServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("URL", "TOKEN"):
        monkeypatch.delenv(f"POSTMINE_INFLUXDB_{name}", raising=False)
    given = {"site": str(DATA / "small_site"), "data_dir": tmp_path / "run"}
    run = open_run(Settings(**given))
    with pytest.raises(ConfigurationError, match="POSTMINE_INFLUXDB_URL"):
        open_forwarder(run)
    run.close()
    with pytest.raises(ConfigurationError, match=r"POSTMINE_INFLUXDB_TOKEN.*influxdb-init"):
        open_run(Settings(**given, influxdb_url=influxdb_server.url))
    bucket = influxdb_server.new_bucket()
    run = open_run(
        Settings(
            **given,
            influxdb_url=influxdb_server.url,
            influxdb_token=influxdb_server.token,
            influxdb_org=influxdb_server.org,
            influxdb_bucket=bucket,
        )
    )
    run.store.append([row(0, 4.0)])
    assert open_forwarder(run).step() == 1
    assert [reading.value for reading in run.store.latest()] == [4.0]
    run.close()
