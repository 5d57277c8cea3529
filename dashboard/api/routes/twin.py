"""`/sites/{site}/twin`: the state of the ground."""

from __future__ import annotations

from datetime import UTC, datetime

from fastapi import APIRouter, HTTPException, Request
from starlette.responses import Response

from dashboard.api.deps import AskedOfSite, At, KnownAt
from dashboard.api.documents import answer, describes
from ingest.figure import Figure, unknown
from ingest.text import Text
from twin.state import PressureState, TwinState, WeatherState

router = APIRouter(tags=["twin"])

_TIME = datetime(2022, 7, 12, 6, tzinfo=UTC)
_SILENT = Text("No reading yet")
EXAMPLE = TwinState(
    site="abaza",
    time=_TIME,
    known_at=_TIME,
    version="1",
    readings=160_318,
    fill=None,
    settlement=[],
    pressure=[
        PressureState(
            instrument="pz-650-01",
            zone="tier_650",
            quantity="pore_pressure",
            level=Figure(
                value=83.2, unit="kPa", time=_TIME, source="pz-650-01", quality="measured"
            ),
            change_7d=Figure(value=1.4, unit="kPa", time=_TIME, source="pz-650-01"),
            change_30d=unknown("kPa", _SILENT, time=_TIME, source="pz-650-01"),
        )
    ],
    movement=[],
    water=[],
    weather=WeatherState(
        rain_24h=Figure(value=12.4, unit="mm", time=_TIME, source="rain-01"),
        rain_7d=Figure(value=31.0, unit="mm", time=_TIME, source="rain-01"),
        rain_30d=Figure(value=88.6, unit="mm", time=_TIME, source="rain-01"),
        air_temperature=unknown("degC", _SILENT),
        atmospheric_pressure=unknown("kPa", _SILENT),
    ),
)


@router.get("/sites/{site}/twin", **describes(TwinState, EXAMPLE, 404, 422, 503))
def read_twin(
    request: Request, queries: AskedOfSite, at: At = None, known_at: KnownAt = None
) -> Response:
    """Return the last state of the ground.

    With `known_at` the one that was known at that time; with `at` it is computed for that time
    from all we know today. A figure without a value says why in `reason`.
    """
    state = queries.twin(at, known_at)
    if state is None:
        raise HTTPException(404, "the twin has no state of this site yet")
    return answer(request, state)
