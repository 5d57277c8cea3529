"""`postmine ingest --workers 2`: one command, two processes, one sign of life."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path

import pytest

from ingest.heartbeat import read_beat
from ingest.site import load_site
from ingest.store.embedded import EmbeddedStore
from simulators.publish import Publisher
from tests.broker import running_broker
from tests.conftest import DATA
from tests.processes import started, until


@pytest.mark.broker
def test_two_workers_are_one_service_and_one_that_is_killed_comes_back(tmp_path: Path) -> None:
    log, data_dir = tmp_path / "log", tmp_path / "run"
    with running_broker("mosquitto", tmp_path / "broker") as broker:
        settings = {"site": DATA / "small_site", "data_dir": data_dir, "mqtt_url": broker.url}
        with started("ingest", "--workers", "2", log=log, **settings):
            until(lambda: read_beat(data_dir, "ingest"), "both are up", log=log)
            first = until(lambda: read_beat(data_dir, "ingest-2"), "the second is up", log=log)
            os.kill(first.pid, signal.SIGKILL)
            with Publisher(broker.url, "sender") as publisher:
                for second in range(10, 60):
                    content = {
                        "time": f"2024-01-01T00:00:{second}Z",
                        "values": {"pore_pressure": 80.0},
                    }
                    publisher.publish(
                        "postmine/v1/small/pz-1/readings", json.dumps(content).encode()
                    )
                publisher.flush()
            store = EmbeddedStore(data_dir, load_site(DATA / "small_site"))
            # The share of the one that was killed is stored when it is back.
            until(lambda: sum(store.counts().values()) == 50, "all is stored", log=log)
            store.close()
            second_life = read_beat(data_dir, "ingest-2")
            assert second_life is not None
            assert second_life.pid != first.pid

            def both_told() -> bool:
                beat = read_beat(data_dir, "ingest")
                return beat is not None and "ingest-2: " in beat.detail and beat.ok

            until(both_told, "health tells of both", log=log)
