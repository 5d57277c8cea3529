"""Real brokers for tests, on free loopback ports, else a skip that says how to get one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ingest.broker import Broker, find_mosquitto, free_port, start_broker

NO_MOSQUITTO = "mosquitto is not installed; on Debian: apt install mosquitto"


@contextmanager
def running_broker(kind: str, folder: Path, port: int = 0) -> Iterator[Broker]:
    if kind == "mosquitto" and find_mosquitto() is None:
        pytest.skip(NO_MOSQUITTO)
    broker = start_broker(folder, port or free_port(), prefer=kind)
    try:
        yield broker
    finally:
        broker.stop()
