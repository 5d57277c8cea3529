"""`/sites/{site}/settlement/map`: settlement between the points, with its uncertainty."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from dashboard.api.deps import AskedOfSite, At, KnownAt
from dashboard.api.documents import answer, describes
from dashboard.settlement_answers import SettlementMap

router = APIRouter(tags=["settlement-map"])

_TIME = datetime(2022, 7, 12, 6, tzinfo=UTC)
EXAMPLE = SettlementMap(
    site="abaza",
    time=_TIME,
    known_at=_TIME,
    quantity="settlement",
    unit="mm",
    points=["sp-650-01", "sp-650-02", "sp-650-03", "sp-650-04", "sp-650-05"],
    x_m=[240.0, 260.0],
    y_m=[140.0, 160.0, 180.0],
    mean=[[None, 104.2], [110.9, 112.4], [118.0, None]],
    deviation=[[None, 9.1], [4.2, 5.0], [3.8, None]],
    length_m=61.0,
    reason=None,
    values=[104.9, 112.0, 118.3, 110.2, 107.5],
    explained=0.71,
)

Quantity = Annotated[
    str,
    Query(description="settlement, remaining (the forecast's) or rate.", examples=["settlement"]),
]


@router.get("/sites/{site}/settlement/map", **describes(SettlementMap, EXAMPLE, 404, 422, 503))
def read_settlement_map(
    request: Request,
    queries: AskedOfSite,
    quantity: Quantity = "settlement",
    at: At = None,
    known_at: KnownAt = None,
) -> Response:
    """Return settlement, what is still to come, or the rate between the points.

    A Gaussian process over the points' places, with its standard deviation; nothing outside the
    area between the points. Where there is no map `reason` says why.
    """
    return answer(request, queries.settlement_map(quantity, at, known_at))
