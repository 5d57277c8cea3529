"""`/sites/{site}/indicators`: the numbers by which the site is judged."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import msgspec
from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from analytics.assessment import Indicator
from dashboard.api.deps import AskedOfSite, KnownAt
from dashboard.api.documents import answer, describes
from ingest.figure import Figure
from ingest.text import Text

router = APIRouter(tags=["indicators"])


class IndicatorsAnswer(msgspec.Struct, kw_only=True):
    """The indicators at `time`; null: nothing has been assessed yet."""

    site: str
    time: datetime | None
    indicators: list[Indicator]


_TIME = datetime(2022, 7, 12, 6, tzinfo=UTC)
EXAMPLE = IndicatorsAnswer(
    site="abaza",
    time=_TIME,
    indicators=[
        Indicator(
            name="schedule_performance",
            title=Text("Schedule performance"),
            group="fill",
            subject="",
            value=Figure(value=0.97, unit="1", time=_TIME, source="backfill"),
            target=Figure(value=1.0, unit="1", quality="planned"),
        )
    ],
)


@router.get("/sites/{site}/indicators", **describes(IndicatorsAnswer, EXAMPLE, 404, 422, 503))
def list_indicators(
    request: Request,
    queries: AskedOfSite,
    group: Annotated[str | None, Query(description="One group alone.", examples=["fill"])] = None,
    subject: Annotated[str | None, Query(description="One instrument or zone alone.")] = None,
    known_at: KnownAt = None,
) -> Response:
    """Return every indicator; its history is the derived series `indicator.<name>`."""
    assessment = queries.assessment(known_at)
    found = IndicatorsAnswer(
        site=queries.site.name,
        time=assessment.time if assessment else None,
        indicators=queries.indicators(group=group, subject=subject, known_at=known_at),
    )
    return answer(request, found)
