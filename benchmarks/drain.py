"""Durable ingest against a bare paho drain of the same queue on tuned mosquitto.

The queue is filled while its subscriber is away, then drained; the rate is messages a second from
the first to the last. Durable means decoded, checked, committed to SQLite (synchronous=FULL), and
then acknowledged. Both ways run in a process of their own.

Usage: python benchmarks/drain.py [--messages N] [--repeats N] [--json]
"""

from __future__ import annotations

import json
import logging
import multiprocessing as processes
import tempfile
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import structlog
from _measure import arguments, interleaved, median_of, show
from paho.mqtt import client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

from ingest.broker import Broker, find_mosquitto, free_port, start_broker
from ingest.clock import WallClock, iso
from ingest.intake import Intake
from ingest.message import readings_topic
from ingest.site import load_site
from ingest.store.embedded import EmbeddedStore
from ingest.subscriber import Subscriber
from simulators.publish import Publisher

START = datetime(2024, 1, 1, tzinfo=UTC)
TOPICS = ["postmine/#"]
SESSION = "benchmark"


def _quiet() -> None:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))


def main() -> None:
    _quiet()
    parser = arguments(__doc__, repeats=5)
    parser.add_argument("--messages", type=int, default=50_000)
    options = parser.parse_args()
    if find_mosquitto() is None:
        raise SystemExit("mosquitto is not installed; on Debian: apt install mosquitto")
    with tempfile.TemporaryDirectory() as folder:
        broker = start_broker(Path(folder) / "broker", free_port())
        try:
            payloads = _payloads(options.messages)
            runs = interleaved(
                {
                    "ours": lambda: _drained(broker, payloads, _drain_durably),
                    "plain": lambda: _drained(broker, payloads, _drain_barely),
                },
                options.repeats,
            )
        finally:
            broker.stop()
    show(
        [
            median_of(
                "durable ingest, one reading a message",
                runs["ours"],
                "messages/s",
                against=runs["plain"],
                target="ratio at least 0.8",
            ),
            median_of("bare paho drain of the same queue", runs["plain"], "messages/s"),
        ],
        as_json=options.json,
    )


def _payloads(count: int) -> list[tuple[str, bytes]]:
    wells = [f"pz-650-{number:02d}" for number in range(1, 13)]
    return [
        (
            readings_topic("abaza", wells[number % 12]),
            json.dumps(
                {
                    "time": iso(START + timedelta(seconds=number)),
                    "values": {"pore_pressure": 80 + number % 7},
                    "sequence": number,
                }
            ).encode(),
        )
        for number in range(count)
    ]


def _drained(
    broker: Broker, payloads: list[tuple[str, bytes]], drain: Callable[..., None]
) -> float:
    """Fill the queue, let `drain` empty it in its own process, and return messages a second."""
    visit = Subscriber(broker.url, SESSION, TOPICS)
    visit.connect()
    visit.close()
    with Publisher(broker.url, "benchmark-sender") as publisher:
        for topic, payload in payloads:
            publisher.publish(topic, payload)
        publisher.flush()
    context = processes.get_context("spawn")
    answer = context.Queue()
    child = context.Process(target=drain, args=(broker.url, len(payloads), answer))
    child.start()
    rate = answer.get(timeout=300)
    child.join()
    return float(rate)


def _drain_barely(url: str, count: int, answer: processes.Queue[float]) -> None:
    seen, began = 0, 0.0
    done = threading.Event()

    def on_message(*_: object) -> None:
        nonlocal seen, began
        if not seen:
            began = time.perf_counter()
        seen += 1
        if seen == count:
            answer.put(count / (time.perf_counter() - began))
            done.set()

    client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id=SESSION, clean_session=False)
    client.on_message = on_message
    client.connect("127.0.0.1", int(url.rsplit(":", 1)[1]))
    client.loop_start()
    done.wait()
    client.disconnect()
    client.loop_stop()


def _drain_durably(url: str, count: int, answer: processes.Queue[float]) -> None:
    _quiet()
    site = load_site("abaza")
    with tempfile.TemporaryDirectory() as folder:
        store = EmbeddedStore(Path(folder), site)
        intake = Intake(site, WallClock())
        subscriber = Subscriber(url, SESSION, TOPICS)
        began = time.perf_counter()
        subscriber.connect()
        seen = 0
        while seen < count:
            deliveries = subscriber.take(1.0)
            if not seen and not deliveries:
                began = time.perf_counter()
                continue
            accepted = intake.accept(delivery.arrival for delivery in deliveries)
            store.append(accepted.rows, accepted.dead_letters)
            subscriber.acknowledge(deliveries, subscriber.connection)
            seen += len(accepted.rows)
        rate = count / (time.perf_counter() - began)
        stored = sum(store.counts().values())
        assert stored == count, f"{stored} of {count} stored"
        subscriber.close()
        store.close()
    answer.put(rate)


if __name__ == "__main__":
    main()
