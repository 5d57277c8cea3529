"""`/sites`: what this process serves."""

from __future__ import annotations

from datetime import UTC, datetime

from fastapi import APIRouter, Request
from starlette.responses import Response

from dashboard.answers import SiteSummary, ZoneSummary
from dashboard.api.deps import Asked, AskedOfSite
from dashboard.api.documents import answer, describes

router = APIRouter(tags=["sites"])

EXAMPLE = SiteSummary(
    name="abaza",
    title={"en": "Abaza collapse crater", "ru": "Абазинская воронка обрушения"},
    time_zone="Asia/Krasnoyarsk",
    latitude=52.65,
    longitude=90.09,
    source="reclamation project 073/20-TX",
    assumptions=[{"en": "The instrument layout is a design assumption."}],
    zones=[
        ZoneSummary(
            name="tier_650",
            title={"en": "Tier +650 m", "ru": "Ярус +650 м"},
            kind="tier",
            outline=[(0.0, 0.0), (400.0, 0.0), (400.0, 300.0)],
            base_m=595.0,
            crest_m=650.0,
        )
    ],
    instruments=35,
    replay=True,
    time=datetime(2022, 7, 12, 6, tzinfo=UTC),
    first_time=datetime(2022, 1, 1, tzinfo=UTC),
    last_time=datetime(2022, 7, 12, 6, tzinfo=UTC),
)


@router.get("/sites", **describes(list[SiteSummary], [EXAMPLE]))
def list_sites(request: Request, queries: Asked) -> Response:
    """Return the sites that are served here, with the time of their run."""
    return answer(request, [queries.site_summary()])


@router.get("/sites/{site}", **describes(SiteSummary, EXAMPLE, 404))
def read_site(request: Request, queries: AskedOfSite) -> Response:
    """Return one site: its zones, its assumptions, and the span of its readings."""
    return answer(request, queries.site_summary())
