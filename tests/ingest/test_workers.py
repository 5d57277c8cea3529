"""Several ingest workers on one queue: each message to one of them, none lost when one leaves."""

from __future__ import annotations

import json
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from ingest.broker import Broker
from ingest.clock import iso
from ingest.errors import ConfigurationError
from ingest.run import Run, open_run
from ingest.service import run_ingest, set_workers
from ingest.settings import Settings
from simulators.publish import Publisher
from tests.broker import running_broker
from tests.conftest import DATA
from tests.processes import until

T0 = datetime(2024, 1, 1, tzinfo=UTC)

pytestmark = pytest.mark.broker


def opened(data_dir: Path, broker: Broker) -> Run:
    return open_run(Settings(site=str(DATA / "small_site"), data_dir=data_dir, mqtt_url=broker.url))


def publish(broker: Broker, first: int, end: int) -> None:
    with Publisher(broker.url, "sender") as publisher:
        for number in range(first, end):
            content = {
                "time": iso(T0 + timedelta(seconds=number)),
                "values": {"pore_pressure": float(number)},
            }
            publisher.publish("postmine/v1/small/pz-1/readings", json.dumps(content).encode())
        publisher.flush()


class Workers:
    """Ingest workers as threads of this process."""

    def __init__(self, runs: list[Run], numbers: list[int]) -> None:
        self._stop = threading.Event()
        self._threads = [
            threading.Thread(target=run_ingest, args=(run, self._stop), kwargs={"worker": number})
            for run, number in zip(runs, numbers, strict=True)
        ]

    def __enter__(self) -> None:
        for thread in self._threads:
            thread.start()

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()


def rows(run: Run) -> int:
    return sum(run.store.counts().values())


def test_workers_share_the_queue_and_one_that_leaves_loses_nothing(tmp_path: Path) -> None:
    with running_broker("mosquitto", tmp_path / "broker") as broker:
        runs = [opened(tmp_path / "run", broker) for _ in range(2)]
        stop = threading.Event()
        with Workers(runs[:1], [0]):
            pass  # makes the session: from now on the broker keeps what comes
        # One alone, stopped with a queue behind it ...
        with Workers(runs[:1], [0]):
            publish(broker, 0, 500)
            until(lambda: rows(runs[0]) == 500, "one worker stores")
        publish(broker, 500, 1000)
        # ... then two, of which the first takes that queue over ...
        set_workers(runs[0], 2, stop)
        with Workers(runs, [1, 2]):
            until(lambda: rows(runs[0]) == 1000, "the first takes over what waited")
            publish(broker, 1000, 3000)
            until(lambda: rows(runs[0]) == 3000, "two workers store")
        # ... each of which leaves a share of what comes now at the broker ...
        publish(broker, 3000, 4000)
        with Workers(runs[:1], [1]):
            until(lambda: rows(runs[0]) >= 3400, "the first stores its share")
        assert rows(runs[0]) < 4000
        # ... and one again, which must not leave the other's behind.
        set_workers(runs[0], 1, stop)
        assert rows(runs[0]) == 4000
        with Workers(runs[:1], [0]):
            publish(broker, 4000, 4500)
            until(lambda: rows(runs[0]) == 4500, "one worker stores again")
        readings = runs[0].store.readings("pz-1", "pore_pressure", limit=9999)
        assert [reading.value for reading in readings] == [float(n) for n in range(4500)]
        changes = runs[0].store.changes(0, limit=10**6)
        assert sum(len(change.rows) for change in changes) == 4500
        for run in runs:
            run.close()


def test_each_worker_gets_a_share_and_statuses_go_to_the_first(tmp_path: Path) -> None:
    with running_broker("mosquitto", tmp_path / "broker") as broker:
        with Publisher(broker.url, "gateway") as publisher:
            publisher.publish("postmine/v1/small/gw-1/status", b'{"state": "online"}', retain=True)
            publisher.flush()
        runs = [opened(tmp_path / "run", broker) for _ in range(2)]
        set_workers(runs[0], 2, threading.Event())
        with Workers(runs, [1, 2]):
            until(runs[0].store.statuses, "the word that was said before is heard")
        publish(broker, 0, 1000)
        with Workers(runs[1:], [2]):
            until(lambda: rows(runs[0]) > 0, "the second stores its share")
        assert 0 < rows(runs[0]) < 1000
        for run in runs:
            run.close()


def test_a_replay_is_not_shared(tmp_path: Path) -> None:
    settings = Settings(site=str(DATA / "small_site"), data_dir=tmp_path / "run")
    run = open_run(settings, clock="replay")
    with pytest.raises(ConfigurationError, match=r"--workers is 2; legal: 1 in a run that follows"):
        set_workers(run, 2, threading.Event())
    run.close()
