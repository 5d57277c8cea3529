"""`/sites/{site}/post-mining`: what this land will be."""

from __future__ import annotations

from datetime import UTC, datetime

from fastapi import APIRouter, HTTPException, Request
from starlette.responses import Response

from analytics.assessment import Component, PostMining
from dashboard.api.deps import AskedOfSite, KnownAt
from dashboard.api.documents import answer, describes
from ingest.figure import Figure
from ingest.text import Text

router = APIRouter(tags=["post-mining"])

_TIME = datetime(2022, 7, 12, 6, tzinfo=UTC)
EXAMPLE = PostMining(
    stage=Figure(value="2.0", unit="1", time=_TIME, source="recorded evidence"),
    stage_title=Text("Technical reclamation"),
    explanation=[Text("The stage is that of the recorded evidence")],
    components=[
        Component(
            name="monitoring",
            title=Text("Monitoring"),
            fraction=Figure(value=0.5, unit="1", time=_TIME, source="recorded evidence"),
            present=[Text("Instruments deliver current data")],
            missing=[Text("No contract for the years after closure")],
        )
    ],
    territory=[],
)


@router.get("/sites/{site}/post-mining", **describes(PostMining, EXAMPLE, 404, 422, 503))
def read_post_mining(request: Request, queries: AskedOfSite, known_at: KnownAt = None) -> Response:
    """Return the stage of post-mining 6.0, its seven components, and the territory's indicators."""
    assessment = queries.assessment(known_at)
    if assessment is None:
        raise HTTPException(404, "nothing has been assessed for this site yet")
    return answer(request, assessment.post_mining)
