"""`/sites/{site}/derived`: the history of what was computed."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import msgspec
from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from dashboard.api.deps import AskedOfSite, From, KnownAt, Time, To
from dashboard.api.documents import answer, describes

router = APIRouter(tags=["derived"])


class DerivedPoint(msgspec.Struct, kw_only=True):
    """One computed value; null: it was not known. `low` and `high` are a forecast's interval."""

    subject: str
    time: datetime
    known_at: datetime
    value: float | None
    low: float | None
    high: float | None
    unit: str
    model: str
    version: str


class DerivedAnswer(msgspec.Struct, kw_only=True):
    """A page of a computed series, by time; `next` is null on the last page."""

    site: str
    series: str
    points: list[DerivedPoint]
    next: datetime | None


_TIME = datetime(2022, 7, 12, 6, tzinfo=UTC)
EXAMPLE = DerivedAnswer(
    site="abaza",
    series="fill.volume",
    points=[
        DerivedPoint(
            subject="abaza",
            time=_TIME,
            known_at=_TIME,
            value=268.1,
            low=None,
            high=None,
            unit="thousand m3",
            model="backfill",
            version="1",
        )
    ],
    next=None,
)


@router.get("/sites/{site}/derived", **describes(DerivedAnswer, EXAMPLE, 404, 422, 503))
def list_derived(
    request: Request,
    queries: AskedOfSite,
    series: Annotated[str, Query(description="Its name.", examples=["fill.volume"])],
    subject: Annotated[str | None, Query(description="One instrument, zone or site alone.")] = None,
    start: From = None,
    end: To = None,
    known_at: KnownAt = None,
    limit: Annotated[int, Query(ge=100, le=10_000, description="Longest page.")] = 1000,
    cursor: Annotated[Time | None, Query(description="The `next` of the page before.")] = None,
) -> Response:
    """Return a series that the twin (`fill.volume`) or analytics (`indicator.<name>`) computed.

    A series without points yet is empty; one that nothing computes is not known. A page holds the
    subjects of a time together.
    """
    frame = queries.derived(series, subject, start=cursor or start, end=end, known_at=known_at)
    if frame.empty:
        queries.check_series(series, subject)
    following: datetime | None = None
    if len(frame) > limit:
        first, cut = frame["time"].iloc[0], frame["time"].iloc[limit]
        if cut > first:
            following = cut.to_pydatetime(warn=False)
            frame = frame[frame["time"] < cut]
    points = [
        DerivedPoint(
            **{
                **point,
                "time": point["time"].to_pydatetime(warn=False),
                "known_at": point["known_at"].to_pydatetime(warn=False),
            }
        )
        for point in frame.to_dict("records")
    ]
    return answer(
        request,
        DerivedAnswer(site=queries.site.name, series=series, points=points, next=following),
    )
