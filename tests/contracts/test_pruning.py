"""Whatever is pruned from the spool, and whenever, the store over InfluxDB answers the same."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import pandas as pd
import pytest
import yaml

from ingest.clock import ManualClock, from_ns, to_ns
from ingest.errors import ConfigurationError, ServiceError
from ingest.forward import Forwarder
from ingest.run import open_run
from ingest.settings import Settings, load_settings
from ingest.site import Site, load_site
from ingest.store import Row
from ingest.store.embedded import EmbeddedStore
from ingest.store.followers import followers, forget
from ingest.store.ground import FlagEntry
from ingest.store.influxdb_store import InfluxStore
from tests.conftest import DATA
from tests.contracts.test_stores_agree import HOUR, T0, answers, batches
from tests.influxdb_server import TestServer
from tests.ingest.test_calibration import RAW, sent, site_of
from tests.ingest.test_calibration import T0 as RAW_T0

RULES = {
    "pore_pressure": {
        "spike": {"neighbours": 2, "sigmas": 1.0, "floor": 100.0},
        "stuck": {"count": 3, "tolerance": 600.0},
        "gap": {},
        "too_fast": {"per_day": 12_000.0},
    }
}


@pytest.fixture
def judged_site(tmp_path: Path) -> Site:
    """The small site, with rules that look at neighbours on both sides."""
    folder = tmp_path / "small"
    folder.mkdir()
    for file in (DATA / "small_site").iterdir():
        if file.is_file():
            (folder / file.name).write_bytes(file.read_bytes())
    path = folder / "site.yaml"
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    content["instrument_types"]["test_piezometer"]["quality"] = RULES
    path.write_text(yaml.safe_dump(content), encoding="utf-8")
    return load_site(folder)


def opened(folder: Path, site: Site, server: TestServer) -> tuple[EmbeddedStore, InfluxStore]:
    spool = EmbeddedStore(folder, site)
    return spool, InfluxStore(
        spool,
        site,
        url=server.url,
        token=server.token,
        org=server.org,
        bucket=server.new_bucket(),
    )


def same(ours: Sequence[object], theirs: Sequence[object]) -> None:
    for mine, other in zip(ours, theirs, strict=True):
        if isinstance(other, pd.DataFrame):
            pd.testing.assert_frame_equal(mine, other, check_dtype=False, rtol=1e-12, atol=1e-12)
        else:
            assert mine == other


def stored(folder: Path, table: str) -> int:
    with sqlite3.connect(folder / "readings.sqlite") as db:
        return int(db.execute(f"SELECT count(*) FROM {table}").fetchone()[0])


@pytest.mark.influx
@pytest.mark.parametrize("seed", range(6))
def test_pruned_at_any_moment_the_answers_are_the_same(
    influxdb_server: TestServer, tmp_path: Path, judged_site: Site, seed: int
) -> None:
    chance = random.Random(seed)
    spool, influx = opened(tmp_path / "pruned", judged_site, influxdb_server)
    whole = EmbeddedStore(tmp_path / "whole", judged_site)
    clock = ManualClock(T0)
    forwarder = Forwarder(spool, influx, clock, spool_days=1)
    sent: list[Row] = []
    for batch in batches(seed):
        # Some come again, and some are corrected, long after they were pruned.
        now = batch[-1].received
        again = [
            row._replace(
                received=now,
                values={
                    name: value + chance.choice([0.0, 0.0, 3.0])
                    for name, value in row.values.items()
                },
            )
            for row in chance.sample(sent, min(len(sent), chance.randint(0, 3)))
        ]
        sent += batch
        for rows in (batch, again):
            spool.append(rows)
            whole.append(rows)
        clock.set(from_ns(now))
        if chance.random() < 0.6:
            forwarder.step()
        if chance.random() < 0.4:
            forwarder.prune_all()
        if chance.random() < 0.2:
            entry = FlagEntry(
                instrument="pz-1",
                quantity="pore_pressure",
                flag="rejected",
                action=chance.choice(["set", "lift"]),
                author="A. Person",
                reason="looked at",
                time=from_ns(now),
                start=T0 + chance.randint(0, 40) * HOUR,
                end=T0 + chance.randint(41, 60) * HOUR,
            )
            while forwarder.step():  # a word on what is held is said after it was released
                pass
            influx.write_flag(entry)
            whole.write_flag(entry)
    while forwarder.step():
        pass
    forwarder.prune_all()
    assert forwarder.pruned > 20
    assert stored(tmp_path / "pruned", '"reading_test_piezometer"') < stored(
        tmp_path / "whole", '"reading_test_piezometer"'
    )
    same(answers(influx), answers(whole))
    for hours in (3, 20, 55):
        span = {"start": T0, "end": T0 + hours * HOUR}
        assert influx.delivery("pz-1", **span) == whole.delivery("pz-1", **span)
    influx.close()
    whole.close()


@pytest.mark.influx
def test_a_corrected_calibration_recomputes_what_was_pruned(
    influxdb_server: TestServer, tmp_path: Path
) -> None:
    given = site_of(tmp_path)
    spool, influx = opened(tmp_path / "run", given, influxdb_server)
    assert list(influx.recalculate(RAW_T0)) == []
    clock = ManualClock(RAW_T0)
    forwarder = Forwarder(spool, influx, clock, spool_days=1)
    for hour in range(0, 240, 4):
        spool.append([sent("baro-1", hour, hour, atmospheric_pressure=101.325)])
        spool.append([sent("pz-1", hour, hour, **RAW)])
        clock.set(RAW_T0 + hour * HOUR)
        forwarder.step()
    assert stored(tmp_path / "run", '"reading_piezometer"') < 50
    old = influx.frame("pz-1", "pore_pressure").iloc[:, 0]
    assert len(old) == 60
    said = clock.now()
    clock.advance(3600)
    after = EmbeddedStore(tmp_path / "run", site_of(tmp_path, factor=-0.06))
    corrected = InfluxStore(
        after,
        site_of(tmp_path, factor=-0.06),
        url=influxdb_server.url,
        token=influxdb_server.token,
        org=influxdb_server.org,
        bucket=influx.server.bucket,
    )
    (done,) = corrected.recalculate(clock.now())
    assert (done.moments, done.changed) == (60, 60)
    while forwarder.step():
        pass
    new = corrected.frame("pz-1", "pore_pressure").iloc[:, 0]
    assert new.to_numpy() == pytest.approx(old.to_numpy() + 10)
    known = corrected.frame("pz-1", "pore_pressure", known_at=said).iloc[:, 0]
    assert known.tolist() == old.tolist()
    influx.close()
    corrected.close()


@pytest.mark.influx
def test_a_refused_row_stays_and_space_is_given_back(
    influxdb_server: TestServer, tmp_path: Path, small_site: Site
) -> None:
    spool, influx = opened(tmp_path / "run", small_site, influxdb_server)
    clock = ManualClock(T0 + timedelta(days=400))
    forwarder = Forwarder(spool, influx, clock, spool_days=30)
    sent_rows = [
        Row(
            "test_piezometer", "pz-1", 0, at, at, n, {"pore_pressure": float(n), "temperature": 1.0}
        )
        for n in range(40_000)
        for at in [to_ns(T0 + n * timedelta(minutes=10))]
    ]
    spool.append(sent_rows)
    spool.keep_refused(sent_rows[5:6])
    folder = tmp_path / "run"
    spool.prune(clock.now(), "influxdb")  # a pass that nobody goes on with removes nothing
    assert forwarder.prune_all() == 0, "nothing has been forwarded yet"
    assert stored(folder, '"reading_test_piezometer"') == 40_000
    spool.append([row._replace(node=0, instrument="pz-2") for row in sent_rows[-1:]])
    for follower in ("twin", "risk"):
        spool.move_cursor(follower, 1)
    while forwarder.step():
        pass
    size = file_size(folder)
    forwarder.prune_all()
    assert stored(folder, '"reading_test_piezometer"') == 3  # the last of each, and the refused
    assert stored(folder, "change") == 1
    assert file_size(folder) < size / 1.8
    assert [r.value for r in influx.readings("pz-1", "pore_pressure", limit=3)] == [0.0, 1.0, 2.0]
    assert influx.health().rows == 40_001
    influx.close()


def file_size(folder: Path) -> int:
    with sqlite3.connect(folder / "readings.sqlite") as db:
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return (folder / "readings.sqlite").stat().st_size


def test_nothing_is_pruned_without_an_influxdb(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("POSTMINE_INFLUXDB_URL", raising=False)
    given = {"site": str(DATA / "small_site"), "data_dir": tmp_path / "run"}
    with pytest.raises(ConfigurationError, match=r"POSTMINE_SPOOL_DAYS.*would be lost"):
        open_run(Settings(**given, spool_days=30))
    with pytest.raises(ConfigurationError, match=r"POSTMINE_SPOOL_DAYS is 0.5.*1 to 36500"):
        load_settings(**given, spool_days=0.5)


@pytest.mark.influx
def test_a_follower_that_is_gone_is_told_and_can_be_forgotten(
    influxdb_server: TestServer, tmp_path: Path, judged_site: Site
) -> None:
    spool, influx = opened(tmp_path / "run", judged_site, influxdb_server)
    clock = ManualClock(T0 + timedelta(days=9))
    forwarder = Forwarder(
        spool, influx, clock, spool_days=1, followers=lambda: followers(tmp_path / "run")
    )
    row = Row("test_piezometer", "pz-1", 0, to_ns(T0), to_ns(T0), None, {"pore_pressure": 1.0})
    for hour in range(4):
        time = to_ns(T0 + hour * HOUR)
        spool.append([row._replace(time=time, received=time)])
    spool.move_cursor("older-service", 1)
    spool.move_cursor("one-at-work", 4)
    assert forwarder.holding_up() == {}  # nothing is forwarded yet: that is what pruning waits for
    while forwarder.step():
        pass
    forwarder.prune_all()
    assert stored(tmp_path / "run", "change") == 3
    assert forwarder.holding_up() == {"older-service": T0 + HOUR}
    assert "pruning waits for older-service since 2" in forwarder.detail()
    assert "`postmine forward --forget older-service`" in forwarder.detail()
    with pytest.raises(ConfigurationError, match="'influxdb'; legal: older-service, one-at-work"):
        forget(tmp_path / "run", "influxdb")
    forget(tmp_path / "run", "older-service")
    assert forwarder.holding_up() == {}
    assert "pruning waits" not in forwarder.detail()
    forwarder.prune_all()
    assert stored(tmp_path / "run", "change") == 1  # the last one tells how far the numbers came
    with pytest.raises(ServiceError, match="there is no run in"):
        forget(tmp_path / "elsewhere", "older-service")
    influx.close()
