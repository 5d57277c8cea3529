"""From publishing a reading to seeing it in the API, at 10, 50 and 90 % of the limit.

Broker, `postmine ingest` and `postmine serve` run as processes of their own. The limit is what they
sustain together with the sender on this machine: a sender that goes as fast as it can, until all is
stored. At each load single readings are sent at a steady rate while a probe publishes a reading,
asks the API until it answers with it, and goes on with the next at a random moment. Beside it: the
same probe to a bare paho subscriber, without anything durable.

Usage: python benchmarks/delay.py [--repeats PROBES] [--seconds S] [--json]
"""

from __future__ import annotations

import http.client
import json
import multiprocessing as processes
import os
import queue
import random
import select
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).parents[1]))

from paho.mqtt import client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

from benchmarks._measure import Result, arguments, show
from ingest.broker import find_mosquitto, free_port, start_broker
from ingest.clock import iso
from ingest.heartbeat import read_beat
from ingest.message import readings_topic
from ingest.site import load_site
from ingest.store.embedded import EmbeddedStore
from simulators.publish import Publisher

SITE = "abaza"
PROBE, QUANTITY = "baro-01", "atmospheric_pressure"
WELLS = [f"pz-650-{number:02d}" for number in range(1, 13)]
START = datetime(2024, 1, 1, tzinfo=UTC)
LOADS = (0.1, 0.5, 0.9)
PATIENCE_S = 120.0
POLL_S = 0.001
#: Probing ends after this time, with the probes that were made [s].
LONGEST_S = 25.0


class House(NamedTuple):
    """What runs: ports of broker and API, folder of the run."""

    broker: int
    port: int
    folder: Path

    @property
    def url(self) -> str:
        """Address of the broker."""
        return f"mqtt://127.0.0.1:{self.broker}"


@contextmanager
def running(folder: Path) -> Iterator[House]:
    """Start broker, ingest and API; stop them at the end."""
    broker = start_broker(folder / "broker", free_port())
    port = free_port()
    settings = {
        "POSTMINE_SITE": SITE,
        "POSTMINE_DATA_DIR": str(folder / "run"),
        "POSTMINE_MQTT_URL": broker.url,
        "POSTMINE_HTTP_PORT": str(port),
    }
    kept = {key: text for key, text in os.environ.items() if not key.startswith("POSTMINE_")}
    started = []
    try:
        for service in ("ingest", "serve"):
            with (folder / f"{service}.log").open("wb") as log:
                started.append(
                    subprocess.Popen(
                        [sys.executable, "-m", "dashboard.cli", service],
                        env=kept | settings,
                        stdout=log,
                        stderr=log,
                        cwd=Path(__file__).parents[1],
                    )
                )
        house = House(broker.port, port, folder / "run")
        until(lambda: _up(house), "ingest and API are up")
        yield house
    finally:
        for process in started:
            process.terminate()
        for process in started:
            process.wait(30)
        broker.stop()


def _up(house: House) -> bool:
    beat = read_beat(house.folder, "ingest")
    try:
        return bool(beat and beat.ok) and ask(house.port, "/api/v1/health") is not None
    except OSError:
        return False


def until(met: object, what: str) -> None:
    """Wait until a function returns something true."""
    deadline = time.monotonic() + PATIENCE_S
    while not met():  # type: ignore[operator]
        if time.monotonic() > deadline:
            raise SystemExit(f"not within {PATIENCE_S:.0f} s: {what}")
        time.sleep(0.05)


def ask(port: int, path: str) -> object:
    """Return the API's answer to a GET, read over a connection of its own."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request("GET", path)
    answer = connection.getresponse()
    document = json.loads(answer.read())
    connection.close()
    return document


def send(port: int, first: int, rate: float | None, stop: object, sent: object) -> None:
    """Send single readings, at a rate or as fast as the broker takes them, until told to stop.

    A process of its own; `sent` counts what the broker has acknowledged. Packets are written as
    bytes: a client library would be the first to reach its limit.
    """
    number, acknowledged, most_open = first, 0, 20_000
    with socket.create_connection(("127.0.0.1", port)) as broker:
        broker.sendall(packet(0x10, text(b"MQTT") + b"\x04\x02\x00\x3c" + text(b"delay-load")))
        assert broker.recv(4) == b"\x20\x02\x00\x00", "the broker refuses the sender"
        began, rest = time.monotonic(), b""
        while not stop.is_set() or acknowledged < number - first:  # type: ignore[attr-defined]
            due = number + 100 if rate is None else first + int((time.monotonic() - began) * rate)
            due = min(due, first + acknowledged + most_open)
            if not stop.is_set() and due > number:  # type: ignore[attr-defined]
                broker.sendall(b"".join(map(publication, range(number, due))))
                number = due
            # Acknowledgements have four bytes each.
            wait = 0.005 if rate is not None or number - first - acknowledged >= most_open else 0
            if select.select([broker], [], [], wait)[0]:
                rest += broker.recv(1 << 20)
                acknowledged += len(rest) // 4
                rest = rest[len(rest) // 4 * 4 :]
                sent.value = acknowledged  # type: ignore[attr-defined]


def publication(number: int) -> bytes:
    """Return a reading as a PUBLISH packet with QoS 1 (MQTT 3.1.1, section 3.3)."""
    time_s = START + timedelta(seconds=number // len(WELLS))
    payload = (
        f'{{"time": "{time_s:%Y-%m-%dT%H:%M:%S}Z", "values": {{"pore_pressure":'
        f' {number % 4001 / 8}}}, "sequence": {number}}}'
    ).encode()
    topic = readings_topic(SITE, WELLS[number % len(WELLS)]).encode()
    return packet(0x32, text(topic) + (number % 65_535 + 1).to_bytes(2, "big") + payload)


def packet(kind: int, content: bytes) -> bytes:
    """Return a control packet: first byte, length in groups of seven bits, content."""
    length, size = len(content), bytearray()
    while length > 127:
        size.append(length & 127 | 128)
        length >>= 7
    return bytes([kind, *size, length]) + content


def text(content: bytes) -> bytes:
    """Return a string of MQTT: its length in two bytes, and itself."""
    return len(content).to_bytes(2, "big") + content


@contextmanager
def load(house: House, first: int, rate: float | None) -> Iterator[object]:
    """Send in the background; yield the counter of what was sent."""
    context = processes.get_context("spawn")
    stop, sent = context.Event(), context.Value("q", 0)
    sender = context.Process(target=send, args=(house.broker, first, rate, stop, sent))
    sender.start()
    try:
        until(lambda: sent.value > 0, "the sender sends")
        yield sent
    finally:
        stop.set()
        sender.join()


def limit(house: House, seconds: float) -> tuple[float, int]:
    """Return what is sustained [readings/s], and how many readings were sent for it."""
    store = EmbeddedStore(house.folder, load_site(SITE))
    with load(house, 0, None) as sent:
        began, before = time.monotonic(), sum(store.counts().values())
        time.sleep(seconds)
    total = sent.value  # type: ignore[attr-defined]
    until(lambda: sum(store.counts().values()) >= total, "all that was sent is stored")
    took = time.monotonic() - began
    store.close()
    return (total - before) / took, total


def probes(house: House, count: int, number: Iterator[int]) -> list[float]:
    """Return the time from publishing to the API's answer, for each probe [ms]."""
    chance = random.Random(1)
    connection = http.client.HTTPConnection("127.0.0.1", house.port, timeout=10)
    delays: list[float] = []
    end = time.monotonic() + LONGEST_S
    with Publisher(house.url, "delay-probe") as publisher:
        while len(delays) < count and (time.monotonic() < end or len(delays) < 3):
            time.sleep(chance.uniform(0.01, 0.06))
            at = START + timedelta(seconds=next(number))
            path = (
                f"/api/v1/sites/{SITE}/readings?instrument={PROBE}&quantity={QUANTITY}"
                f"&from={iso(at)}&limit=1".replace("+", "%2B")
            )
            payload = json.dumps({"time": iso(at), "values": {QUANTITY: 97.5}}).encode()
            began = time.monotonic()
            publisher.publish(readings_topic(SITE, PROBE), payload)
            while True:
                connection.request("GET", path)
                found = json.loads(connection.getresponse().read())
                if found["readings"]:
                    break
                if time.monotonic() - began > PATIENCE_S:
                    raise SystemExit(f"a probe was not seen in {PATIENCE_S:.0f} s")
                time.sleep(POLL_S)
            delays.append((time.monotonic() - began) * 1000)
    connection.close()
    return delays


def bare(house: House, count: int) -> list[float]:
    """Return the time from publishing to a bare paho subscriber, for each probe [ms]."""
    came: queue.SimpleQueue[float] = queue.SimpleQueue()
    ready = queue.SimpleQueue[bool]()
    client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id="delay-bare")
    client.on_message = lambda *_: came.put(time.monotonic())
    client.on_subscribe = lambda *_: ready.put(True)
    client.connect("127.0.0.1", house.broker)
    client.subscribe("delay/bare", qos=1)
    client.loop_start()
    ready.get(timeout=10)
    delays = []
    with Publisher(house.url, "delay-probe") as publisher:
        for _ in range(count):
            time.sleep(0.02)
            began = time.monotonic()
            publisher.publish("delay/bare", b"{}")
            delays.append((came.get(timeout=PATIENCE_S) - began) * 1000)
    client.disconnect()
    client.loop_stop()
    return delays


def main() -> None:
    parser = arguments(__doc__ or "", repeats=200)
    parser.add_argument("--seconds", type=float, default=8, help="how long the limit is tried [s]")
    options = parser.parse_args()
    if find_mosquitto() is None:
        raise SystemExit("mosquitto is not installed; on Debian: apt install mosquitto")
    number = iter(range(10**9))
    with tempfile.TemporaryDirectory() as folder, running(Path(folder)) as house:
        most, sent = limit(house, options.seconds)
        results = [Result("limit: sent, stored and acknowledged", most, "readings/s")]
        for share in LOADS:
            with load(house, sent, share * most) as counted:
                seen = probes(house, options.repeats, number)
                plain = bare(house, options.repeats)
            sent += counted.value  # type: ignore[attr-defined]
            results += percentiles(f"at {share:.0%} of the limit", seen, plain)
    show(results, as_json=options.json)


def percentiles(what: str, seen: list[float], plain: list[float]) -> list[Result]:
    """Return p50 and p99 of both ways as lines of the table."""
    lines = []
    for percent in (50, 99):
        ours, theirs = (
            statistics.quantiles(runs, n=100, method="inclusive")[percent - 1]
            for runs in (seen, plain)
        )
        lines += [
            Result(f"{what}, to the API, p{percent}", ours, "ms", len(seen), ratio=ours / theirs),
            Result(f"{what}, to a bare subscriber, p{percent}", theirs, "ms", len(plain)),
        ]
    return lines


if __name__ == "__main__":
    main()
