"""`/sites/{site}/latest`: what was measured last."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import msgspec
from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from dashboard.answers import LatestValue
from dashboard.api.deps import AskedOfSite, At, KnownAt
from dashboard.api.documents import answer, describes

router = APIRouter(tags=["latest"])


class LatestAnswer(msgspec.Struct, kw_only=True):
    """The last measured values at `time`."""

    site: str
    time: datetime
    latest: list[LatestValue]


_TIME = datetime(2022, 7, 12, 6, tzinfo=UTC)
EXAMPLE = LatestAnswer(
    site="abaza",
    time=_TIME,
    latest=[
        LatestValue(
            instrument="pz-650-01",
            type="piezometer",
            zone="tier_650",
            quantity="pore_pressure",
            unit="kPa",
            node=None,
            node_label=None,
            time=_TIME,
            received=_TIME,
            value=83.2,
            flags=[],
            freshness="current",
        )
    ],
)


@router.get("/sites/{site}/latest", **describes(LatestAnswer, EXAMPLE, 404, 422, 503))
def list_latest(
    request: Request,
    queries: AskedOfSite,
    instrument: Annotated[str | None, Query(description="One instrument alone.")] = None,
    at: At = None,
    known_at: KnownAt = None,
) -> Response:
    """Return the last measured (not: last received) value of every quantity of every node.

    A value whose `freshness` is not "current" must not be shown as the present state.
    """
    if instrument is not None:
        queries.instrument(instrument)
    found = LatestAnswer(
        site=queries.site.name,
        time=at or known_at or queries.now(),
        latest=[
            value
            for value in queries.latest(at, known_at)
            if instrument in (None, value.instrument)
        ],
    )
    return answer(request, found)
