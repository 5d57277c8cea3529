"""Several ingest workers on one queue: each message to one of them, none lost when one leaves."""

from __future__ import annotations

import json
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

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
#: Each thing that is waited for takes a second or two; after this a test fails by itself [s].
PATIENCE_S = 60.0

pytestmark = pytest.mark.broker


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    with running_broker("mosquitto", tmp_path / "broker") as running:
        yield running


@contextmanager
def opened(data_dir: Path, broker: Broker, site: Path = DATA / "small_site") -> Iterator[Run]:
    run = open_run(Settings(site=str(site), data_dir=data_dir, mqtt_url=broker.url))
    with closing(run):
        yield run


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
    """Ingest workers as threads of this process; one that fails fails the test."""

    def __init__(self, runs: list[Run], numbers: list[int]) -> None:
        self._stop = threading.Event()
        self._failed: list[Exception] = []
        # A thread that does not end must not keep pytest, and with it the broker, from ending.
        self._threads = [
            threading.Thread(target=self._work, args=(run, number), daemon=True)
            for run, number in zip(runs, numbers, strict=True)
        ]

    def _work(self, run: Run, number: int) -> None:
        try:
            run_ingest(run, self._stop, worker=number)
        except Exception as error:  # a thread's would only be printed
            self._failed.append(error)

    def __enter__(self) -> Workers:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(PATIENCE_S)
        if self._failed:
            raise self._failed[0]
        assert not any(thread.is_alive() for thread in self._threads), "a worker does not end"

    def until(self, ask: Callable[[], Any], what: str) -> None:
        """Wait for something that the workers do, as long as all of them are at it."""
        until(lambda: self._failed or ask(), what, PATIENCE_S)


@contextmanager
def patience() -> Iterator[threading.Event]:
    """What stops `set_workers` when it does not end by itself."""
    stop = threading.Event()
    timer = threading.Timer(PATIENCE_S, stop.set)
    timer.daemon = True
    timer.start()
    yield stop
    timer.cancel()
    assert not stop.is_set(), "the queue of a worker that left is not emptied"


def rows(run: Run) -> int:
    return sum(run.store.counts().values())


def test_workers_share_the_queue_and_one_that_leaves_loses_nothing(
    tmp_path: Path, broker: Broker
) -> None:
    with opened(tmp_path / "run", broker) as first, opened(tmp_path / "run", broker) as second:
        with Workers([first], [0]):
            pass  # makes the session: from now on the broker keeps what comes
        # One alone, stopped with a queue behind it ...
        with Workers([first], [0]) as workers:
            publish(broker, 0, 500)
            workers.until(lambda: rows(first) == 500, "one worker stores")
        publish(broker, 500, 1000)
        # ... then two, of which the first takes that queue over ...
        with patience() as stop:
            set_workers(first, 2, stop)
        with Workers([first, second], [1, 2]) as workers:
            workers.until(lambda: rows(first) == 1000, "the first takes over what waited")
            publish(broker, 1000, 3000)
            workers.until(lambda: rows(first) == 3000, "two workers store")
        # ... each of which leaves a share of what comes now at the broker ...
        publish(broker, 3000, 4000)
        with Workers([first], [1]) as workers:
            workers.until(lambda: rows(first) >= 3400, "the first stores its share")
        assert rows(first) < 4000
        # ... and one again, which must not leave the other's behind.
        with patience() as stop:
            set_workers(first, 1, stop)
        assert rows(first) == 4000
        with Workers([first], [0]) as workers:
            publish(broker, 4000, 4500)
            workers.until(lambda: rows(first) == 4500, "one worker stores again")
        readings = first.store.readings("pz-1", "pore_pressure", limit=9999)
        assert [reading.value for reading in readings] == [float(n) for n in range(4500)]
        changes = first.store.changes(0, limit=10**6)
        assert sum(len(change.rows) for change in changes) == 4500


def test_each_worker_gets_a_share_and_statuses_go_to_the_first(
    tmp_path: Path, broker: Broker
) -> None:
    with Publisher(broker.url, "gateway") as publisher:
        publisher.publish("postmine/v1/small/gw-1/status", b'{"state": "online"}', retain=True)
        publisher.flush()
    with opened(tmp_path / "run", broker) as first, opened(tmp_path / "run", broker) as second:
        with patience() as stop:
            set_workers(first, 2, stop)
        with Workers([first, second], [1, 2]) as workers:
            workers.until(first.store.statuses, "the word that was said before is heard")
        publish(broker, 0, 1000)
        with Workers([second], [2]) as workers:
            workers.until(lambda: rows(first) > 0, "the second stores its share")
        assert 0 < rows(first) < 1000


def test_a_gateway_that_the_site_has_no_more_is_not_heard_any_more(
    tmp_path: Path, broker: Broker
) -> None:
    """Its topics would stay in the session, and fill it and the list of dead letters."""
    site = tmp_path / "site"
    shutil.copytree(DATA / "small_site", site)
    described = site / "site.yaml"
    before = described.read_text(encoding="utf-8")
    described.write_text(
        f"{before}\ngateways:\n  lora: {{dialect: chirpstack_v4}}\n", encoding="utf-8"
    )

    def say(topic: str) -> None:
        with Publisher(broker.url, "gateway") as publisher:
            publisher.publish(topic, b"{}")

    uplink = "application/1/device/2/event/up"
    with opened(tmp_path / "run", broker, site) as run:
        with Workers([run], [0]):
            pass  # makes the session
        say(uplink)
        with Workers([run], [0]) as workers:
            workers.until(lambda: len(run.store.dead_letters()) == 1, "the gateway is heard")
    described.write_text(before, encoding="utf-8")
    say(uplink)  # while the session still asks for it: heard, and told as what it is
    with opened(tmp_path / "run", broker, site) as run:
        with Workers([run], [0]) as workers:
            topics = tmp_path / "run/ingest_topics_1.json"
            workers.until(lambda: "application" not in topics.read_text(), "its topics are left")
            workers.until(lambda: len(run.store.dead_letters()) == 2, "what waited is heard")
            say(uplink)
            say("postmine/v1/small/no-such-instrument/readings")
            workers.until(lambda: len(run.store.dead_letters()) == 3, "what came after is heard")
        assert "no-such" in run.store.dead_letters()[0].topic


def test_a_replay_is_not_shared(tmp_path: Path) -> None:
    settings = Settings(site=str(DATA / "small_site"), data_dir=tmp_path / "run")
    run = open_run(settings, clock="replay")
    with pytest.raises(ConfigurationError, match=r"--workers is 2; legal: 1 in a run that follows"):
        set_workers(run, 2, threading.Event())
    run.close()
