"""`/sites/{site}/readings`: the values of one quantity of one instrument, or their buckets."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import msgspec
from fastapi import APIRouter, Query, Request
from starlette.responses import Response, StreamingResponse

from dashboard.api.deps import AskedOfSite, At, From, KnownAt, To
from dashboard.api.documents import answer, describes, describes_file
from dashboard.questions import LONGEST_PAGE, MOST_BUCKETS

router = APIRouter(tags=["readings"])


class ReadingAnswer(msgspec.Struct, kw_only=True):
    """One value; `node` is an index into the series' `nodes`, null when there are none.

    `calibration` is the version of the block that made a calculated value.
    """

    time: datetime
    received: datetime
    value: float | None
    flags: list[str]
    node: int | None
    calibration: str | msgspec.UnsetType = msgspec.UNSET


class BucketAnswer(msgspec.Struct, kw_only=True):
    """The values of one node in [start, start + width); a bucket without values is left out."""

    start: datetime
    min: float
    mean: float
    max: float
    count: int
    node: int | None


class SeriesAnswer(msgspec.Struct, kw_only=True, omit_defaults=True):
    """One quantity of one instrument: `readings` and `next`, or `buckets` when asked for.

    `nodes` are depths [m] or names. `next` is null on the last page.
    """

    site: str
    instrument: str
    quantity: str
    unit: str
    nodes: list[float | str] | msgspec.UnsetType = msgspec.UNSET
    readings: list[ReadingAnswer] | msgspec.UnsetType = msgspec.UNSET
    next: str | msgspec.UnsetType | None = msgspec.UNSET
    buckets: list[BucketAnswer] | msgspec.UnsetType = msgspec.UNSET


_TIME = datetime(2022, 7, 12, 6, tzinfo=UTC)
EXAMPLE = SeriesAnswer(
    site="abaza",
    instrument="pz-650-01",
    quantity="pore_pressure",
    unit="kPa",
    nodes=[],
    readings=[ReadingAnswer(time=_TIME, received=_TIME, value=83.2, flags=[], node=None)],
    next="MTY0MTA2MzYwMDAwMDAwMDAwMC4wLjQwOTU1MDUxMTE",
)


@router.get("/sites/{site}/readings", **describes(SeriesAnswer, EXAMPLE, 404, 422, 503))
def list_readings(
    request: Request,
    queries: AskedOfSite,
    instrument: Annotated[str, Query(description="Its name.", examples=["pz-650-01"])],
    quantity: Annotated[str, Query(description="Its name.", examples=["pore_pressure"])],
    start: From = None,
    end: To = None,
    at: At = None,
    known_at: KnownAt = None,
    node: Annotated[int | None, Query(ge=0, description="Index of one node alone.")] = None,
    limit: Annotated[int, Query(ge=1, le=LONGEST_PAGE, description="Longest page.")] = 1000,
    cursor: Annotated[str | None, Query(description="The `next` of the page before.")] = None,
    buckets: Annotated[
        int | None,
        Query(ge=1, le=MOST_BUCKETS, description="Answer with so many equal buckets instead."),
    ] = None,
) -> Response:
    """Return values with from <= time < to, by time, a page at a time.

    With `buckets`, the span from..to (of all readings, when it is not given) is cut into equal
    parts, and each answers with its least, mean and greatest value.
    """
    unit = queries.unit(instrument, quantity)
    nodes = list(queries.site.instruments[instrument].nodes)
    series = SeriesAnswer(
        site=queries.site.name, instrument=instrument, quantity=quantity, unit=unit, nodes=nodes
    )
    if buckets is None:
        page = queries.readings(
            instrument,
            quantity,
            start=start,
            end=end,
            at=at,
            known_at=known_at,
            node=node,
            limit=limit,
            cursor=cursor,
        )
        versions = queries.calculations(instrument, quantity, page.readings, known_at)
        series.readings = [
            ReadingAnswer(
                time=each.time,
                received=each.received,
                value=each.value,
                flags=list(each.flags),
                node=each.node if nodes else None,
                calibration=versions.get((each.node, each.time), msgspec.UNSET),
            )
            for each in page.readings
        ]
        series.next = page.next
        return answer(request, series)
    frame = queries.buckets(
        instrument,
        quantity,
        start=start,
        end=end,
        at=at,
        known_at=known_at,
        node=node,
        count=buckets,
    )
    series.buckets = [
        BucketAnswer(
            **{
                **bucket,
                "start": bucket["start"].to_pydatetime(warn=False),
                "node": bucket["node"] if nodes else None,
            }
        )
        for bucket in frame.sort_values(["start", "node"]).to_dict("records")
    ]
    return answer(request, series)


@router.get(
    "/sites/{site}/readings.csv",
    **describes_file("text/csv", "The file", 404, 422, 503),
)
def export_readings(
    queries: AskedOfSite,
    instrument: Annotated[
        list[str] | None, Query(description="Its name; again for more; all.", examples=["baro-01"])
    ] = None,
    quantity: Annotated[
        list[str] | None, Query(description="Its name; again for more; all.", examples=["head"])
    ] = None,
    start: From = None,
    end: To = None,
    at: At = None,
    known_at: KnownAt = None,
) -> Response:
    """Return readings as a CSV file: a column per quantity with its unit, one with its flags."""
    parts = queries.csv(instrument, quantity, start=start, end=end, at=at, known_at=known_at)
    name = instrument[0] if instrument and len(instrument) == 1 else queries.site.name
    return StreamingResponse(
        parts,
        media_type="text/csv",
        headers={
            "Content-Disposition": f'attachment; filename="{name}.csv"',
            "Cache-Control": "private, no-store",
        },
    )
