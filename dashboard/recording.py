"""Record what a broker carries, as the lines that `postmine replay` sends again."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from ingest.clock import WallClock
from ingest.message import TOPIC_ROOT
from ingest.run import broker_url
from ingest.settings import Settings
from ingest.site import load_site
from ingest.subscriber import Subscriber
from simulators.record import Recorded, write_ndjson


def record_broker(settings: Settings, out: Path, stop: threading.Event, for_s: float | None) -> int:
    """Write messages of the site to `out` until `stop` or `for_s`; return their number.

    Raises
    ------
    ServiceError
        When there is no broker.
    """
    site = load_site(settings.site)
    subscriber = Subscriber(
        broker_url(settings), f"postmine-record-{os.getpid()}", [f"{TOPIC_ROOT}/{site.name}/#"]
    )
    subscriber.connect()
    clock = WallClock()
    deadline = None if for_s is None else time.monotonic() + for_s

    def messages() -> Iterator[Recorded]:
        while not stop.is_set() and (deadline is None or time.monotonic() < deadline):
            deliveries = subscriber.take(0.2)
            for delivery in deliveries:
                yield Recorded(clock.now(), delivery.arrival.topic, delivery.arrival.payload)
            subscriber.acknowledge(deliveries, subscriber.connection)

    try:
        return write_ndjson(messages(), out)
    finally:
        subscriber.close()
