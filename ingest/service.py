"""The ingest service: take what is queued, make it durable in one commit, acknowledge."""

from __future__ import annotations

import threading

import structlog

from ingest.errors import ServiceError
from ingest.heartbeat import Heartbeat
from ingest.intake import Intake
from ingest.message import SUBSCRIPTION
from ingest.run import Run, broker_url
from ingest.subscriber import Subscriber

log = structlog.get_logger()

_WAIT_S = 0.5
_REFUSED_PAUSE_S = 2.0


def run_ingest(run: Run, stop: threading.Event, heartbeat: Heartbeat | None = None) -> None:
    """Run until `stop` is set.

    When the disk does not take a batch it is not acknowledged: the broker keeps it, and the same
    batch is tried again. A new connection brings it again under other numbers, which changes
    nothing, since storing twice changes nothing.

    Raises
    ------
    ServiceError
        When there is no broker at the start.
    """
    subscriber = Subscriber(broker_url(run.settings), f"postmine-ingest-{run.name}", [SUBSCRIPTION])
    intake = Intake(run.site, run.clock, replayed=run.replayed, started=run.store.run_time())
    subscriber.connect()
    stored = letters = 0
    try:
        while not stop.is_set():
            deliveries = subscriber.take(_WAIT_S)
            connection = subscriber.connection
            if deliveries:
                accepted = intake.accept(delivery.arrival for delivery in deliveries)
                while not stop.is_set():
                    try:
                        appended = run.store.append(
                            accepted.rows,
                            accepted.dead_letters,
                            accepted.run_time,
                            accepted.statuses,
                        )
                    except ServiceError as error:
                        log.error("not_stored", error=str(error), messages=len(deliveries))
                        if heartbeat:
                            heartbeat.beat(ok=False, detail=str(error))
                        stop.wait(_REFUSED_PAUSE_S)
                        continue
                    subscriber.acknowledge(deliveries, connection)
                    stored += appended.stored
                    letters += len(accepted.dead_letters)
                    if accepted.dead_letters:
                        log.warning(
                            "dead_letters",
                            count=len(accepted.dead_letters),
                            first=accepted.dead_letters[0].reason,
                        )
                    break
            if heartbeat:
                heartbeat.beat(
                    ok=subscriber.connected,
                    detail=f"{stored} rows stored, {letters} dead letters, broker"
                    f" {subscriber.address}" + ("" if subscriber.connected else " not connected"),
                )
    finally:
        subscriber.close()
