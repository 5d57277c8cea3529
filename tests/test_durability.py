"""Kill -9 in the middle: what was acknowledged to its sender is stored exactly once."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from benchmarks import durability
from ingest.broker import find_mosquitto
from ingest.broker_journal import NoJournal, build_journal
from ingest.clock import iso
from ingest.site import load_site
from ingest.store.embedded import EmbeddedStore
from simulators.publish import Publisher
from tests.broker import NO_MOSQUITTO, running_broker
from tests.conftest import DATA
from tests.processes import command, environment, until

T0 = datetime(2024, 1, 1, tzinfo=UTC)
MESSAGES = 6000
KILLS = 4


@pytest.mark.broker
def test_kill_9_of_ingest_loses_nothing_and_doubles_nothing(tmp_path: Path) -> None:
    chance = random.Random(9)
    data_dir, log = tmp_path / "run", tmp_path / "ingest.log"
    store = EmbeddedStore(data_dir, load_site(DATA / "small_site"))
    with running_broker("mosquitto", tmp_path / "broker") as broker:
        settings = environment(site=DATA / "small_site", data_dir=data_dir, mqtt_url=broker.url)

        def start() -> subprocess.Popen[bytes]:
            with log.open("ab") as words:
                return subprocess.Popen(command("ingest"), env=settings, stderr=words)

        # The first connection makes the session that keeps messages from then on.
        process = start()
        until(lambda: "mqtt_connected" in log.read_text(), "ingest connects", log=log)
        try:
            kills = sorted(chance.sample(range(MESSAGES // 10, MESSAGES), KILLS))
            with Publisher(broker.url, "sender") as publisher:
                for number in range(MESSAGES):
                    content = {
                        "time": iso(T0 + timedelta(seconds=number)),
                        "values": {"pore_pressure": float(number)},
                        "sequence": number,
                    }
                    publisher.publish(
                        "postmine/v1/small/pz-1/readings", json.dumps(content).encode()
                    )
                    if number in kills:
                        before = sum(store.counts().values())
                        until(
                            lambda before=before, sent=number: (
                                sum(store.counts().values()) > before or before >= sent
                            ),
                            "ingest stores",
                            log=log,
                        )
                        os.kill(process.pid, signal.SIGKILL)
                        process.wait()
                        process = start()
                publisher.flush()
            until(lambda: sum(store.counts().values()) >= MESSAGES, "all is stored", log=log)
            process.send_signal(signal.SIGTERM)
            assert process.wait(120) == 0
        finally:
            process.kill()
    readings = store.readings("pz-1", "pore_pressure", limit=2 * MESSAGES)
    assert [reading.value for reading in readings] == [float(n) for n in range(MESSAGES)]
    # Every row came into the changes once, so that whoever follows them sees it once.
    changed = [row.time for change in store.changes(0, limit=10**6) for row in change.rows]
    assert len(changed) == len(set(changed)) == MESSAGES
    assert store.dead_letters() == []
    store.close()


@pytest.mark.broker
@pytest.mark.parametrize("workers", [1, 2])
def test_kill_9_of_everything_loses_nothing_and_doubles_nothing(
    tmp_path: Path, workers: int
) -> None:
    program = find_mosquitto()
    if program is None:
        pytest.skip(NO_MOSQUITTO)
    try:
        build_journal(program)
    except NoJournal as error:
        pytest.skip(str(error))
    # Without influxd there is nothing to forward to: ingest and the broker are killed all the same.
    report = durability.run(
        tmp_path,
        kills=5,
        seed=workers,
        rate=200,
        workers=workers,
        with_influxdb=workers == 1 and shutil.which("influxd") is not None,
        longest_pause_s=0.5,
    )
    assert report.ok, report
    assert sum(report.kills.values()) == 5
    assert report.acknowledged > 100


PLAIN = "postmine: the broker mqtt://127.0.0.1:1883 does not answer: Connection refused\n"
THROWN = """Traceback (most recent call last):
  File "ingest/service.py", line 7, in step
    self._take(rows)
    ^^^^^^^^^^^^^^^^
KeyError: 'pz-1'
"""


@pytest.mark.parametrize(
    ("log", "words"),
    [
        ("", []),
        (PLAIN * 2, []),
        ('{"event": "not_stored", "level": "warning"}\n' + PLAIN, []),
        (PLAIN + THROWN + PLAIN, ["KeyError: 'pz-1'"]),
        (
            THROWN + "\nDuring handling of the above exception, another exception occurred:\n\n"
            + THROWN.replace("KeyError: 'pz-1'", "OSError: full"),
            ["KeyError: 'pz-1'", "OSError: full"],
        ),
        (json.dumps({"event": "page", "exception": THROWN.strip()}), ["KeyError: 'pz-1'"]),
        # Killed while it wrote, and started again.
        (THROWN[:60] + "\n" + THROWN, ["a traceback that was cut off", "KeyError: 'pz-1'"]),
        (THROWN[:60], ["a traceback that was cut off"]),
    ],
)  # fmt: skip
def test_a_traceback_is_a_failure_and_a_plain_ending_is_none(log: str, words: list[str]) -> None:
    assert durability.tracebacks(log) == words
    report = durability.Report(
        ended={"ingest: postmine: the broker does not answer": 3},
        unforeseen={f"ingest: {each}": 1 for each in durability.tracebacks(log)},
    )
    assert report.ok is not bool(words)


@pytest.mark.broker
def test_a_stopped_ingest_leaves_at_once(tmp_path: Path) -> None:
    log = tmp_path / "ingest.log"
    with running_broker("mosquitto", tmp_path / "broker") as broker:
        settings = environment(
            site=DATA / "small_site", data_dir=tmp_path / "run", mqtt_url=broker.url
        )
        with log.open("ab") as words:
            process = subprocess.Popen(command("ingest"), env=settings, stderr=words)
        until(lambda: "mqtt_connected" in log.read_text(), "ingest connects", log=log)
        process.send_signal(signal.SIGTERM)
        try:
            # A second on a quiet machine; a connection that is lost would be awaited for longer.
            assert process.wait(60) == 0
        finally:
            process.kill()
