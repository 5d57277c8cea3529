"""One folder holds one run; live and replayed data never mix."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from ingest.clock import EPOCH, WallClock
from ingest.errors import ConfigurationError, ServiceError
from ingest.run import (
    OwnBroker,
    broker_url,
    open_run,
    own_broker,
    remember_broker,
    run_clock_kind,
)
from ingest.settings import Settings
from ingest.text import Text
from tests.conftest import DATA

NOON = datetime(2022, 1, 1, 12, tzinfo=UTC)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(site=str(DATA / "small_site"), data_dir=tmp_path / "run")


def test_a_live_run_follows_the_wall_clock(settings: Settings) -> None:
    run = open_run(settings)
    assert isinstance(run.clock, WallClock)
    assert (run.name, run.replayed, run.state_every_s) == ("small", False, 21600)
    run.close()


def test_a_replay_run_stands_where_its_store_stands(settings: Settings) -> None:
    run = open_run(settings, clock="replay", name="storm", state_every_s=60)
    assert run.clock.now() == EPOCH
    run.store.append([], run_time=NOON)
    assert run.clock.now() == NOON
    run.close()
    again = open_run(settings)
    assert (again.name, again.replayed, again.state_every_s) == ("storm", True, 60)
    assert again.clock.now() == NOON
    assert run_clock_kind(settings.data_dir) == "replay"
    again.close()


def test_a_folder_of_another_run_is_refused(settings: Settings) -> None:
    open_run(settings, clock="replay", name="storm").close()
    with pytest.raises(ConfigurationError, match="its run is 'storm'; legal: drought"):
        open_run(settings, clock="replay", name="drought")
    with pytest.raises(ConfigurationError, match="its clock is 'replay'; legal: wall"):
        open_run(settings, clock="wall")
    with pytest.raises(ConfigurationError, match="its site is 'small'; legal: brabant"):
        open_run(settings.model_copy(update={"site": "brabant"}))


def test_a_folder_that_cannot_be_written_is_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    settings = Settings(site=str(DATA / "small_site"), data_dir=tmp_path / "file" / "run")
    with pytest.raises(ServiceError, match=r"data folder .* cannot be used"):
        open_run(settings)


def test_the_broker_is_the_set_one_or_the_runs_own(settings: Settings) -> None:
    assert broker_url(settings) == "mqtt://127.0.0.1:1883"
    settings.data_dir.mkdir()
    assert own_broker(settings) is None
    said = (Text("may lose {count}", {"count": 3}),)
    remember_broker(
        settings.data_dir, OwnBroker(url="mqtt://127.0.0.1:4711", kind="mosquitto", said=said)
    )
    noted = own_broker(settings)
    assert noted is not None
    assert noted.said == said
    own = Settings(data_dir=settings.data_dir, mqtt_url="mqtt://127.0.0.1:4711")
    assert own_broker(own) == noted
    assert broker_url(settings) == "mqtt://127.0.0.1:4711"
    given = Settings(data_dir=settings.data_dir, mqtt_url="mqtts://broker.example")
    assert broker_url(given) == "mqtts://broker.example"
    assert own_broker(given) is None  # what the folder's own broker lacks is nothing to it
