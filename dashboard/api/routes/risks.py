"""`/sites/{site}/risks`: what may happen, and what speaks for it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import msgspec
from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from analytics.assessment import Evidence, Risk, RiskLevel
from dashboard.api.deps import AskedOfSite, KnownAt
from dashboard.api.documents import answer, describes
from ingest.figure import Figure
from ingest.text import Text

router = APIRouter(tags=["risks"])


class RisksAnswer(msgspec.Struct, kw_only=True):
    """The risks at `time` (null: nothing has been assessed yet) and the gravest level."""

    site: str
    time: datetime | None
    known_at: datetime | None
    version: str
    level: RiskLevel
    risks: list[Risk]


_TIME = datetime(2022, 7, 12, 6, tzinfo=UTC)
EXAMPLE = RisksAnswer(
    site="abaza",
    time=_TIME,
    known_at=_TIME,
    version="1",
    level="warning",
    risks=[
        Risk(
            name="pore_pressure",
            title=Text("Pore pressure"),
            zone="tier_650",
            level="warning",
            score=None,
            time=_TIME,
            model="threshold_exceedance",
            version="1",
            reason=None,
            evidence=[
                Evidence(
                    instrument="pz-650-01",
                    indicator="pore_pressure_rise",
                    value=Figure(value=41.0, unit="kPa", time=_TIME, source="pz-650-01"),
                    limit=30.0,
                    statement=Text("Pore pressure rose by {rise} kPa", {"rise": 41.0}),
                )
            ],
        )
    ],
)


@router.get("/sites/{site}/risks", **describes(RisksAnswer, EXAMPLE, 404, 422, 503))
def list_risks(
    request: Request,
    queries: AskedOfSite,
    zone: Annotated[str | None, Query(description="One zone alone.")] = None,
    known_at: KnownAt = None,
) -> Response:
    """Return every risk with its level, its score and the instruments that speak for it."""
    assessment = queries.assessment(known_at)
    risks = queries.risks(zone=zone, known_at=known_at)
    found = RisksAnswer(
        site=queries.site.name,
        time=assessment.time if assessment else None,
        known_at=assessment.known_at if assessment else None,
        version=assessment.version if assessment else "",
        level=assessment.level if assessment else "unknown",
        risks=risks,
    )
    return answer(request, found)
