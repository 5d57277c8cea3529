"""Durable ingest against a bare paho drain of the same queue on tuned mosquitto.

The queue is filled while its subscribers are away, then drained; the rate is from the first to the
last message. Durable means decoded, checked, committed to SQLite (synchronous=FULL), and then
acknowledged; what is committed can be read at once. Every drain runs in processes of its own.

Cases: one reading a message; a logger's message of 16 channels; a logger's memory of 1000 readings
in one message; the same with two workers that share the queue.

Usage: python benchmarks/drain.py [--messages N] [--case NAME] [--repeats N] [--json]
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
from typing import NamedTuple

import structlog
from _measure import Result, arguments, interleaved, median_of, show
from paho.mqtt import client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

from ingest.broker import Broker, find_mosquitto, free_port, start_broker
from ingest.clock import WallClock, iso
from ingest.intake import Intake
from ingest.message import readings_topic
from ingest.site import Instrument, InstrumentType, Site, load_site
from ingest.store.embedded import EmbeddedStore
from ingest.subscriber import Subscriber
from simulators.publish import Publisher

START = datetime(2024, 1, 1, tzinfo=UTC)
TOPICS = ["postmine/#"]
SHARED = ["$share/benchmark/postmine/#"]
SESSION = "benchmark"
CHANNELS = [f"channel_{number:02d}" for number in range(16)]
BACKLOG = 1000
WELLS = [f"pz-650-{number:02d}" for number in range(1, 13)]


class Case(NamedTuple):
    """What a queue holds."""

    name: str
    readings: int
    target: str
    message: Callable[[int], tuple[str, object]]
    #: Messages of the case for each message of `--messages`.
    share: float = 1.0


def _single(number: int) -> tuple[str, object]:
    return WELLS[number % 12], _moment(number, {"pore_pressure": 80 + number % 7})


def _logger(number: int) -> tuple[str, object]:
    values = {name: float(number % 7 + index) for index, name in enumerate(CHANNELS)}
    return f"logger-{number % 12:02d}", _moment(number, values)


def _backlog(number: int) -> tuple[str, object]:
    first = number * BACKLOG
    return WELLS[number % 12], [_single(first + index * 12)[1] for index in range(BACKLOG)]


def _moment(number: int, values: dict[str, float]) -> dict[str, object]:
    return {
        "time": iso(START + timedelta(seconds=number)), "values": values, "sequence": number
    }  # fmt: skip


CASES = [
    Case("single", 1, "ratio 1.2, with two workers 1.6", _single),
    Case("logger", 16, "ratio 0.9", _logger, 0.5),
    Case("backlog", BACKLOG, "20 times the readings of single", _backlog, 0.006),
]


def _site() -> Site:
    """Return Abaza with twelve loggers of 16 channels besides its instruments."""
    site = load_site("abaza")
    known = site.instrument_types["piezometer"]
    channel = known.quantities["temperature"]
    kind: InstrumentType = known.model_copy(
        update={"name": "logger", "quantities": dict.fromkeys(CHANNELS, channel)}
    )
    zone = next(iter(site.zones))
    loggers = {
        f"logger-{number:02d}": Instrument(type="logger", zone=zone, name=f"logger-{number:02d}")
        for number in range(12)
    }
    return site.model_copy(
        update={
            "instrument_types": {**site.instrument_types, "logger": kind},
            "instruments": {**site.instruments, **loggers},
        }
    )


def _quiet() -> None:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))


def main() -> None:
    _quiet()
    parser = arguments(__doc__, repeats=5)
    parser.add_argument("--messages", type=int, default=50_000)
    parser.add_argument("--case", choices=[case.name for case in CASES], action="append")
    options = parser.parse_args()
    if find_mosquitto() is None:
        raise SystemExit("mosquitto is not installed; on Debian: apt install mosquitto")
    results: list[Result] = []
    with tempfile.TemporaryDirectory() as folder:
        broker = start_broker(Path(folder) / "broker", free_port())
        try:
            for case in CASES:
                if case.name in (options.case or [case.name]):
                    count = max(int(options.messages * case.share), 24)
                    results += _measured(broker, case, count, options.repeats)
        finally:
            broker.stop()
    show(results, as_json=options.json)


def _measured(broker: Broker, case: Case, count: int, repeats: int) -> list[Result]:
    messages = []
    for number in range(count):
        instrument, content = case.message(number)
        messages.append((readings_topic("abaza", instrument), json.dumps(content).encode()))
    runs = interleaved(
        {
            "one": lambda: _drained(broker, messages, case, workers=1),
            "two": lambda: _drained(broker, messages, case, workers=2),
            "plain": lambda: _drained(broker, messages, case, workers=0),
        },
        repeats,
    )
    results = []
    for key, name in (("one", "one worker"), ("two", "two workers")):
        rates = runs[key]
        results += [
            median_of(
                f"{case.name}, {name}",
                rates,
                "messages/s",
                against=runs["plain"],
                target=case.target,
            ),
            median_of(f"{case.name}, {name}", [case.readings * r for r in rates], "readings/s"),
        ]
    return [*results, median_of(f"{case.name}, bare paho drain", runs["plain"], "messages/s")]


def _drained(
    broker: Broker, messages: list[tuple[str, bytes]], case: Case, *, workers: int
) -> float:
    """Fill the queue, let `workers` (0: bare paho) empty it, and return messages a second."""
    if workers > 1:
        sessions = [f"{SESSION}-{number}" for number in range(workers)]
        topics = SHARED
    else:
        sessions, topics = [SESSION], TOPICS
    for session in sessions:
        visit = Subscriber(broker.url, session, topics)
        visit.connect()
        visit.close()
    with Publisher(broker.url, "benchmark-sender") as publisher:
        for topic, payload in messages:
            publisher.publish(topic, payload)
        publisher.flush()
    context = processes.get_context("spawn")
    answer = context.Queue()
    with tempfile.TemporaryDirectory() as folder:
        given: tuple[object, ...] = (broker.url, len(messages), answer)
        if workers:
            given = (*given, folder, case.readings, context.Value("q", 0), topics)
        drain = _drain_durably if workers else _drain_barely
        children = [context.Process(target=drain, args=(session, *given)) for session in sessions]
        for child in children:
            child.start()
        spans = [answer.get(timeout=600) for _ in children]
        for child in children:
            child.join()
        if workers:
            store = EmbeddedStore(Path(folder), _site())
            stored = sum(store.counts().values())
            rows = len(messages) * (1 if case.readings == len(CHANNELS) else case.readings)
            assert stored == rows, f"{stored} of {rows} rows stored"
            store.close()
    for session in sessions:
        last = Subscriber(broker.url, session, [])
        last.connect()
        last.forget()
    return len(messages) / (max(end for _, end in spans) - min(began for began, _ in spans))


def _drain_barely(session: str, url: str, count: int, answer: processes.Queue[object]) -> None:
    seen, began = 0, 0.0
    done = threading.Event()

    def on_message(*_: object) -> None:
        nonlocal seen, began
        if not seen:
            began = time.time()
        seen += 1
        if seen == count:
            answer.put((began, time.time()))
            done.set()

    client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id=session, clean_session=False)
    client.on_message = on_message
    client.connect("127.0.0.1", int(url.rsplit(":", 1)[1]))
    client.loop_start()
    done.wait()
    client.disconnect()
    client.loop_stop()


def _drain_durably(
    session: str,
    url: str,
    count: int,
    answer: processes.Queue[object],
    folder: str,
    readings: int,
    seen: object,
    topics: list[str],
) -> None:
    _quiet()
    site = _site()
    store = EmbeddedStore(Path(folder), site)
    intake = Intake(site, WallClock())
    subscriber = Subscriber(url, session, topics)
    subscriber.connect()
    began = time.time()
    ended = began
    while seen.value < count:  # type: ignore[attr-defined]
        deliveries = subscriber.take(0.2, most=20_000 if readings < BACKLOG else 50)
        if not deliveries:
            continue
        accepted = intake.accept(delivery.arrival for delivery in deliveries)
        assert not accepted.dead_letters, accepted.dead_letters[0].reason
        store.append(accepted.rows)
        subscriber.acknowledge(deliveries, subscriber.connection)
        ended = time.time()
        with seen.get_lock():  # type: ignore[attr-defined]
            seen.value += len(deliveries)  # type: ignore[attr-defined]
    subscriber.close()
    store.close()
    answer.put((began, ended))


if __name__ == "__main__":
    main()
