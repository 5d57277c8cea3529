"""Feed messages into a replay run without a network: the same checks, the same store."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from itertools import groupby

from ingest.clock import EPOCH, ManualClock
from ingest.intake import Arrival, Intake
from ingest.run import Run
from ingest.store import DeadLetter, Row, SenderStatus

_BATCH = 20_000


def store_messages(run: Run, messages: Iterable[tuple[datetime, str, bytes]]) -> int:
    """Store (received, topic, payload) messages, ordered by `received`; return their number.

    The run's clock ends at the last `received`.
    """
    count = pending = 0
    rows: list[Row] = []
    letters: list[DeadLetter] = []
    statuses: list[SenderStatus] = []
    received: datetime | None = None
    clock = ManualClock(EPOCH)
    intake = Intake(run.site, clock)
    for received, group in groupby(messages, key=lambda message: message[0]):
        clock.set(received)
        arrivals = [Arrival(topic, payload) for _, topic, payload in group]
        accepted = intake.accept(arrivals)
        rows += accepted.rows
        letters += accepted.dead_letters
        statuses += accepted.statuses
        count += len(arrivals)
        pending += len(arrivals)
        if pending >= _BATCH:
            run.store.append(rows, letters, received, statuses)
            rows, letters, statuses, pending = [], [], [], 0
    if received is not None:
        run.store.append(rows, letters, received, statuses)
    return count
