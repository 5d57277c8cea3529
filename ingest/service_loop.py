"""The loop of a service: one step after the other until it is told to stop."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping

import structlog

from ingest.errors import ServiceError
from ingest.heartbeat import Heartbeat

log = structlog.get_logger()

_LONGEST_PAUSE_S = 30.0


def run_steps(
    step: Callable[[], int],
    stop: threading.Event,
    heartbeat: Heartbeat,
    *,
    poll_s: float = 0.2,
    detail: Callable[[], str] = str,
    numbers: Callable[[], Mapping[str, float]] = dict,
) -> None:
    """Call `step` until `stop` is set; pause when it had nothing to do.

    A ServiceError (a server or the disk is away) is reported and tried again with growing pauses.

    Parameters
    ----------
    step
        Does what is due and returns how much that was.
    poll_s
        Pause after a step that had nothing to do [s].
    detail
        What the heartbeat says of the service.
    numbers
        What the service counts besides its steps, for `/metrics`.
    """
    pause_s = 1.0
    steps = failures = 0
    while not stop.is_set():
        try:
            done = step()
        except ServiceError as error:
            log.error("service_waits", error=str(error), next_attempt_s=pause_s)
            failures += 1
            heartbeat.beat(
                ok=False,
                detail=str(error),
                numbers={"steps_total": steps, "failures_total": failures},
            )
            stop.wait(pause_s)
            pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)
            continue
        pause_s = 1.0
        steps += done
        heartbeat.beat(
            detail=detail(),
            numbers={"steps_total": steps, "failures_total": failures, **numbers()},
        )
        if not done:
            stop.wait(poll_s)
