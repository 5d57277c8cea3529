"""`/health`: whether the run can be used."""

from __future__ import annotations

from datetime import UTC, datetime

from fastapi import APIRouter, Request
from starlette.responses import Response

from dashboard.answers import BrokerHealth, ProcessHealth, RunHealth, ServiceHealth
from dashboard.api.deps import Asked
from dashboard.api.documents import answer, describes
from ingest.store import Health

router = APIRouter(tags=["health"])

EXAMPLE = RunHealth(
    ok=True,
    site="abaza",
    time=datetime(2022, 7, 12, 6, 0, 30, tzinfo=UTC),
    replay=True,
    store=Health(ok=True, backend="embedded", detail="SQLite", rows=160_318, last_sequence=5012),
    services=[
        ServiceHealth(name="twin", state_time=datetime(2022, 7, 12, 6, tzinfo=UTC), behind_s=30.0),
        ServiceHealth(name="risk", state_time=datetime(2022, 7, 12, 6, tzinfo=UTC), behind_s=30.0),
    ],
    instruments={"current": 34, "stale": 0, "unavailable": 1},
    dead_letters=0,
    open_alarms=2,
    processes=[
        ProcessHealth(
            name="ingest",
            alive=True,
            detail="160318 rows stored, 0 dead letters, broker mqtt://127.0.0.1:1883",
            age_s=1.2,
            numbers={"broker_connected": 1.0, "rows_total": 160_318.0},
        )
    ],
    broker=BrokerHealth(kind="mosquitto", weakness="", said=[]),
)


@router.get("/health", **describes(RunHealth, EXAMPLE, 503))
def health(request: Request, queries: Asked) -> Response:
    """Whether the store can be read, the processes live, how far they are, and who is silent.

    Status 503 with the same body says that the store cannot be used. Where `ok` is false at
    status 200, one of `processes` gives no sign of life.
    """
    found = queries.health()
    response = answer(request, found)
    if not found.store.ok:
        response.status_code = 503
    return response
