"""Kill -9 at random moments under load: what was acknowledged has to be stored exactly once.

A sender publishes readings (QoS 1) and notes which the broker has acknowledged, while ingest,
mosquitto, the forwarder and InfluxDB are killed at random moments and started again. At the end
every acknowledged reading has to be in the spool and in InfluxDB once, with its value, and once in
the log of changes; SQLite has to find its file whole, and no service may have met an exception that
it does not know. The exit code is 1 otherwise.

mosquitto 2.0 acknowledges before its disk has a message; the broker journal, our plugin, keeps
it. `--without-journal` shows what is lost without. A loss is told with the kill before it.

Usage: python benchmarks/durability.py [--kills N] [--seed N] [--rate N] [--workers N] [--json]
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from paho.mqtt import client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

from benchmarks._measure import machine
from ingest.broker import Broker, find_mosquitto, free_port, start_broker
from ingest.clock import iso
from ingest.heartbeat import read_beat
from ingest.message import readings_topic
from ingest.site import load_site
from ingest.store.embedded import EmbeddedStore
from ingest.store.influxdb_store import FOLLOWER, InfluxStore
from tests.influxdb_server import HOW, LocalServer, TestServer, first_token

START = datetime(2024, 1, 1, tzinfo=UTC)
SITE = "abaza"
WELLS = [f"pz-650-{number:02d}" for number in range(1, 13)]
#: Longest time that is waited for a service to come up, and for the rest to be stored [s].
PATIENCE_S = 120.0
_TURN_S = 0.05
_TRACEBACK = "Traceback (most recent call last)"
_CUT_OFF = "a traceback that was cut off"


@dataclass
class Report:
    """What a run came to; `ok` when nothing is lost, doubled, wrong or unforeseen."""

    kills: dict[str, int] = field(default_factory=dict)
    sent: int = 0
    acknowledged: int = 0
    lost_in_spool: int = 0
    lost_in_influxdb: int | None = None
    wrong: int = 0
    doubled: int = 0
    dead_letters: int = 0
    damage: str = ""
    losses: list[str] = field(default_factory=list)
    #: Services that ended by themselves, by their last words; they are started again.
    ended: dict[str, int] = field(default_factory=dict)
    #: Exceptions that a service did not foresee, by service and their last words.
    unforeseen: dict[str, int] = field(default_factory=dict)
    duration_s: float = 0.0

    @property
    def ok(self) -> bool:
        """Whether the promise was kept."""
        return not (
            self.lost_in_spool
            or self.lost_in_influxdb
            or self.wrong
            or self.doubled
            or self.dead_letters
            or self.damage
            or self.unforeseen
        )


class Sender:
    """Publishes numbered readings at a rate, and notes which have been acknowledged."""

    def __init__(self, port: int, rate: float) -> None:
        self.acknowledged: set[int] = set()
        self.sent = 0
        self._rate, self._done = rate, threading.Event()
        #: When each was acknowledged, to find the kill that lost it [s of the monotonic clock].
        self.when: dict[int, float] = {}
        self._numbers: dict[int, int] = {}
        self._answers: deque[tuple[int, float]] = deque()
        self._client = mqtt.Client(
            CallbackAPIVersion.VERSION2, client_id="durability-sender", clean_session=False
        )
        self._client.on_publish = self._on_publish
        self._client.max_inflight_messages_set(2000)
        self._client.reconnect_delay_set(1, 1)
        self._client.connect("127.0.0.1", port, keepalive=5)
        self._client.loop_start()
        self._thread = threading.Thread(target=self._send, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Send no more, and wait for what is acknowledged after all."""
        self._done.set()
        self._thread.join()
        deadline = time.monotonic() + PATIENCE_S
        while self._numbers and time.monotonic() < deadline:
            self._collect()
            time.sleep(_TURN_S)
        self._client.disconnect()
        self._client.loop_stop()

    def _send(self) -> None:
        began = time.monotonic()
        while not self._done.is_set():
            due = int((time.monotonic() - began) * self._rate)
            while self.sent < due and len(self._numbers) < 5 * self._rate:
                answer = self._client.publish(*message(self.sent), qos=1)
                self._numbers[answer.mid] = self.sent
                self.sent += 1
            self._collect()
            time.sleep(0.01)

    def _collect(self) -> None:
        while self._answers:
            mid, when = self._answers.popleft()
            number = self._numbers.pop(mid)
            self.acknowledged.add(number)
            self.when[number] = when

    def _on_publish(self, _client: object, _data: object, mid: int, *_: object) -> None:
        # In paho's thread, which must not wait for the one that publishes.
        self._answers.append((mid, time.monotonic()))


def message(number: int) -> tuple[str, bytes]:
    """Return topic and payload of a reading; no two have the same instrument and time."""
    content = {
        "time": iso(START + timedelta(seconds=number // len(WELLS))),
        "values": {"pore_pressure": value(number)},
        "sequence": number,
    }
    return readings_topic(SITE, WELLS[number % len(WELLS)]), json.dumps(content).encode()


def value(number: int) -> float:
    """Return the value of a reading [kPa], of the instrument type's range."""
    return number % 4001 / 8


class House:
    """The processes that are killed, and how each is started again."""

    def __init__(
        self, folder: Path, *, workers: int, with_influxdb: bool, journal: bool = True
    ) -> None:
        self._folder, self.data_dir, self._port = folder, folder / "run", free_port()
        self._workers = [f"ingest-{n}" for n in range(1, workers + 1)] if workers > 1 else []
        self.names = ["broker", *(self._workers or ["ingest"])]
        self.influxdb: LocalServer | None = None
        self.server: TestServer | None = None
        self.bucket = ""
        self._settings = {
            "POSTMINE_SITE": SITE,
            "POSTMINE_DATA_DIR": str(self.data_dir),
            "POSTMINE_MQTT_URL": f"mqtt://127.0.0.1:{self._port}",
        }
        self._journal = journal
        self._broker: Broker = start_broker(folder / "broker", self._port, journal=journal)
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        self._lock, self._done = threading.Lock(), threading.Event()
        self.ended = Counter[str]()
        if with_influxdb:
            self.influxdb = LocalServer(folder / "influxdb")
            self.influxdb.start()
            self.server = TestServer(self.influxdb.url, first_token(self.influxdb.url))
            self.bucket = self.server.new_bucket()
            self._settings |= {
                "POSTMINE_INFLUXDB_URL": self.server.url,
                "POSTMINE_INFLUXDB_TOKEN": self.server.token,
                "POSTMINE_INFLUXDB_ORG": self.server.org,
                "POSTMINE_INFLUXDB_BUCKET": self.bucket,
            }
            self.names += ["forward", "influxdb"]
        for name in self.names:
            if name not in ("broker", "influxdb"):
                self._start(name)
        self._watcher = threading.Thread(target=self._watch, daemon=True)
        self._watcher.start()
        try:
            # The first connection makes the session that keeps messages from then on.
            until(lambda: self.listening, "ingest connects to the broker")
        except BaseException:
            self.stop()
            raise

    @property
    def listening(self) -> bool:
        """Whether every ingest process that runs now is connected to the broker."""
        for name in self._workers or ["ingest"]:
            beat = read_beat(self.data_dir, name)
            process = self._processes[name]
            if beat is None or not beat.ok or beat.pid != process.pid or beat.age_s > 3:
                return False
        return True

    @property
    def port(self) -> int:
        """Port of the broker."""
        return self._port

    def kill(self, name: str) -> None:
        """Kill -9 one of them, and start it again."""
        if name == "broker":
            self._broker.process.kill()
            self._broker.process.wait()
            self._broker = start_broker(self._folder / "broker", self._port, journal=self._journal)
        elif name == "influxdb":
            assert self.influxdb is not None
            self.influxdb.stop(signal.SIGKILL)
            self.influxdb.start()
        else:
            with self._lock:
                self._processes[name].kill()
                self._processes[name].wait()
                self._start(name)

    def _watch(self) -> None:
        """Start again what has ended, as `postmine run` or systemd does.

        A service ends by itself when the broker is away just as it starts.
        """
        while not self._done.wait(0.2):
            with self._lock:
                for name, process in self._processes.items():
                    if process.poll() is not None:
                        log = (self._folder / f"{name}.log").read_text(errors="replace")
                        words = (log.strip().splitlines() or [""])[-1]
                        self.ended[f"{name.partition('-')[0]}: {words}"] += 1
                        self._start(name)

    def unforeseen(self) -> Counter[str]:
        """Return the exceptions that services did not foresee, by service and last words."""
        found = Counter[str]()
        for name in self._processes:
            log = (self._folder / f"{name}.log").read_text(encoding="utf-8", errors="replace")
            found.update(f"{name.partition('-')[0]}: {words}" for words in tracebacks(log))
        return found

    def stop(self) -> None:
        """End everything that we started."""
        self._done.set()
        self._watcher.join()
        for process in self._processes.values():
            process.terminate()
        for process in self._processes.values():
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(20)
            if process.poll() is None:
                process.kill()
                process.wait()
        self._broker.stop()
        if self.influxdb is not None:
            self.influxdb.stop()

    def _start(self, name: str) -> None:
        service, _, number = name.partition("-")
        arguments = [service, "--worker", number] if number else [service]
        kept = {key: text for key, text in os.environ.items() if not key.startswith("POSTMINE_")}
        with (self._folder / f"{name}.log").open("ab") as log:
            self._processes[name] = subprocess.Popen(
                [sys.executable, "-m", "dashboard.cli", *arguments],
                env=kept | self._settings,
                stdout=log,
                stderr=log,
                cwd=Path(__file__).parents[1],
            )


def tracebacks(log: str) -> list[str]:
    """Return the last words of every traceback in a service's log.

    A service that ends because the broker or the disk is away says so in one line. A traceback is
    an exception that nobody foresaw, whether the service ended with it or went on; structlog
    writes one as text within a line of JSON.
    """
    found = []
    waiting = False
    for line in log.splitlines():
        if line.startswith("{") and _TRACEBACK in line:
            with contextlib.suppress(ValueError):
                line = str(json.loads(line).get("exception", line))
            found.append(line.splitlines()[-1])
        elif _TRACEBACK in line:
            if waiting:
                found.append(_CUT_OFF)
            waiting = True
        elif waiting and line and not line.startswith((" ", "+", "|")):
            found.append(line)
            waiting = False
    return [*found, _CUT_OFF] if waiting else found


def until(ask: Callable[[], object], what: str, timeout_s: float = PATIENCE_S) -> None:
    """Ask again until the answer is true."""
    deadline = time.monotonic() + timeout_s
    while not ask():
        if time.monotonic() > deadline:
            raise TimeoutError(f"not within {timeout_s:.0f} s: {what}")
        time.sleep(_TURN_S)


def run(
    folder: Path,
    *,
    kills: int = 100,
    seed: int = 1,
    rate: float = 500.0,
    workers: int = 1,
    with_influxdb: bool = True,
    longest_pause_s: float = 2.0,
    journal: bool = True,
    say: Callable[[str], None] = lambda _: None,
) -> Report:
    """Kill `kills` times under load, wait until all is quiet, and count.

    Parameters
    ----------
    rate
        Readings sent [1/s].
    workers
        Ingest processes that share the queue.
    longest_pause_s
        Longest pause between two kills [s]; each is drawn between 0 and this.
    journal
        Whether the broker has its journal.
    """
    chance, report, killed = random.Random(seed), Report(), Counter[str]()
    began = time.monotonic()
    house = House(folder, workers=workers, with_influxdb=with_influxdb, journal=journal)
    times: list[tuple[float, str]] = []
    site = load_site(SITE)
    try:
        spool = EmbeddedStore(house.data_dir, site)
        sender = Sender(house.port, rate)
        for number in range(kills):
            # Each of them gets its share, in an order that nobody knows.
            name = chance.choice(house.names)
            time.sleep(chance.uniform(0, longest_pause_s))
            times.append((time.monotonic(), f"kill {number + 1}, of {name}"))
            house.kill(name)
            killed[name] += 1
            if (number + 1) % 10 == 0:
                say(f"{number + 1} kills, {len(sender.acknowledged)} readings acknowledged")
        sender.stop()
        wanted = set(sender.acknowledged)

        def settled() -> bool:
            return sum(spool.counts().values()) >= len(wanted)

        with contextlib.suppress(TimeoutError):
            until(settled, "every acknowledged reading is in the spool")
        found, doubled = _in_spool(spool)
        report.lost_in_spool = len(wanted - found.keys())
        report.losses = _losses(wanted - found.keys(), sender.when, times)
        report.wrong = sum(found[n] != value(n) for n in found)
        report.doubled = doubled
        report.dead_letters = len(spool.dead_letters())
        if house.server is not None:
            with contextlib.suppress(TimeoutError):
                until(lambda: spool.cursor(FOLLOWER) == spool.last_sequence(), "all is forwarded")
            stored = _in_influxdb(house, spool)
            report.lost_in_influxdb = len(wanted - stored.keys())
            report.wrong += sum(stored[n] != value(n) for n in stored)
        spool.close()
    finally:
        house.stop()
    with sqlite3.connect(house.data_dir / "readings.sqlite") as db:
        verdict = str(db.execute("PRAGMA integrity_check").fetchone()[0])
    report.damage = "" if verdict == "ok" else verdict
    report.ended, report.unforeseen = dict(house.ended), dict(house.unforeseen())
    report.kills, report.sent, report.acknowledged = dict(killed), sender.sent, len(wanted)
    report.duration_s = time.monotonic() - began
    return report


def _losses(lost: set[int], when: dict[int, float], kills: list[tuple[float, str]]) -> list[str]:
    """Return how many readings were lost between their acknowledgement and which kill."""
    after: dict[str, list[float]] = {}
    for number in lost:
        for at, kill in kills:
            if at >= when[number]:
                after.setdefault(kill, []).append(at - when[number])
                break
        else:
            after.setdefault("no kill", []).append(0.0)
    return [
        f"{len(pauses)} acknowledged {min(pauses):.3f} to {max(pauses):.3f} s before {kill}"
        for kill, pauses in after.items()
    ]


def _number(instrument: str, time_s: int) -> int:
    first = int(START.timestamp())
    return (time_s - first) * len(WELLS) + WELLS.index(instrument)


def _in_spool(spool: EmbeddedStore) -> tuple[dict[int, float], int]:
    """Return value by number, and how many rows came into the log of changes more than once."""
    found = {
        _number(well, int(at.timestamp())): number
        for well in WELLS
        for at, number in spool.frame(well, "pore_pressure").get(0, {}).items()
    }
    times: Counter[tuple[str, int]] = Counter()
    since = 0
    while changes := spool.changes(since):
        times.update((row.instrument, row.time) for change in changes for row in change.rows)
        since = changes[-1].sequence
    return found, sum(count - 1 for count in times.values())


def _in_influxdb(house: House, spool: EmbeddedStore) -> dict[int, float]:
    assert house.server is not None
    server = house.server
    store = InfluxStore(
        spool,
        load_site(SITE),
        url=server.url,
        token=server.token,
        org=server.org,
        bucket=house.bucket,
    )
    found = {
        _number(well, int(at.timestamp())): number
        for well in WELLS
        for at, number in store.frame(well, "pore_pressure").get(0, {}).items()
    }
    assert not store.outage.lasts(), "these readings were read from the spool"
    store.server.close()
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rate", type=float, default=500, help="readings a second")
    parser.add_argument("--workers", type=int, default=1, help="ingest processes")
    parser.add_argument("--without-journal", action="store_true", help="of the broker")
    parser.add_argument("--json", action="store_true", help="print JSON instead of lines")
    options = parser.parse_args()
    if find_mosquitto() is None:
        raise SystemExit("mosquitto is not installed; on Debian: apt install mosquitto")
    with_influxdb = shutil.which("influxd") is not None
    if not with_influxdb:
        print(f"without InfluxDB and forwarder: {HOW}", file=sys.stderr)
    with tempfile.TemporaryDirectory() as folder:
        report = run(
            Path(folder),
            kills=options.kills,
            seed=options.seed,
            rate=options.rate,
            workers=options.workers,
            with_influxdb=with_influxdb,
            journal=not options.without_journal,
            say=lambda line: print(line, file=sys.stderr, flush=True),
        )
    if options.json:
        told = {"command": " ".join(["python", *sys.argv]), "machine": machine()}
        print(json.dumps(told | asdict(report) | {"ok": report.ok}, indent=2))
    else:
        for name, number in asdict(report).items():
            print(f"{name}: {number}")
        print(f"{'ok' if report.ok else 'NOT OK'}: {' '.join(sys.argv)}, on {machine()}")
    raise SystemExit(0 if report.ok else 1)


if __name__ == "__main__":
    main()
