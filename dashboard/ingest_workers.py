"""Several ingest workers under one command: started, watched, and told of as one service."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence

import structlog

from dashboard.supervisor import Service, Supervisor
from ingest.heartbeat import Heartbeat, read_beat
from ingest.run import Run, broker_url
from ingest.service import set_workers

log = structlog.get_logger()

_TURN_S = 0.5


def run_workers(run: Run, count: int, stop: threading.Event) -> None:
    """Run `count` workers until `stop` is set."""
    set_workers(run, count, stop)
    settings = run.settings
    names = [worker_name(number) for number in range(1, count + 1)]
    for name in names:
        # A sign of life of an earlier start must not be taken for this one's.
        (settings.data_dir / "health" / f"{name}.json").unlink(missing_ok=True)

    def is_up(name: str) -> bool:
        return read_beat(settings.data_dir, name) is not None

    supervisor = Supervisor(
        [
            Service(name, ["ingest", "--worker", str(number)], ready=lambda name=name: is_up(name))
            for number, name in enumerate(names, 1)
        ],
        environment={
            "POSTMINE_SITE": settings.site,
            "POSTMINE_DATA_DIR": str(settings.data_dir),
            "POSTMINE_MQTT_URL": broker_url(settings),
        },
        logs=None,
        say=lambda line: log.warning("ingest_worker", what=line),
    )
    heartbeat = Heartbeat(settings.data_dir, "ingest")
    try:
        supervisor.start(stop)
        while not stop.wait(_TURN_S):
            supervisor.watch()
            beats = [read_beat(settings.data_dir, name) for name in names]
            heartbeat.beat(
                ok=all(beat is not None and beat.alive for beat in beats),
                numbers=_together([beat.numbers for beat in beats if beat]),
                detail="; ".join(
                    f"{name}: {beat.detail if beat else 'no sign of life'}"
                    for name, beat in zip(names, beats, strict=True)
                ),
            )
    finally:
        supervisor.stop()


def _together(numbers: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """Return what workers count as the numbers of one service: sums, else the worst."""
    names = dict.fromkeys(name for one in numbers for name in one)
    result = {}
    for name in names:
        values = [one[name] for one in numbers if name in one]
        worst = min if name == "broker_connected" else max
        result[name] = sum(values) if name.endswith("_total") else worst(values)
    return result


def worker_name(number: int) -> str:
    """Return the service name of a worker."""
    return f"ingest-{number}"
