"""`/sites/{site}/hand-readings`: what people read themselves, with author and note."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import Annotated

import msgspec
from fastapi import APIRouter, Depends, Query, Request
from pydantic import AfterValidator, BaseModel, ConfigDict, StringConstraints
from starlette.responses import Response

from analytics.hand_readings import LONGEST_NOTE, HandReading
from dashboard.actor import Actor, needs
from dashboard.api.deps import AskedOfSite, PageLength, Time
from dashboard.api.documents import answer, describes

router = APIRouter(tags=["hand-readings"])


class HandReadingsAnswer(msgspec.Struct, kw_only=True):
    """Readings by hand, last measured first."""

    site: str
    readings: list[HandReading]


def _finite(value: float) -> float:
    if not math.isfinite(value):
        raise ValueError("give a number")
    return value


class ReadByHand(BaseModel):
    """What somebody has read, and when.

    The author of a request with a key is the key's holder; others must give their name. `node` is
    a depth [m] or a name, and `unit` by default the instrument type's on the wire.
    """

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "example": {
                "instrument": "pz-650-01",
                "quantity": "pore_pressure",
                "value": 83.2,
                "time": "2022-07-12T06:00:00Z",
                "author": "Surveyor",
                "note": "Read with the hand unit",
            }
        },
    )

    instrument: Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")]
    quantity: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9]*(_[a-z0-9]+)*$")]
    value: Annotated[float, AfterValidator(_finite)]
    time: Time
    node: float | str | None = None
    unit: Annotated[str, StringConstraints(min_length=1, max_length=32)] | None = None
    author: Annotated[str, StringConstraints(strip_whitespace=True, max_length=100)] = ""
    note: Annotated[str, StringConstraints(strip_whitespace=True, max_length=LONGEST_NOTE)] = ""


_TIME = datetime(2022, 7, 12, 6, tzinfo=UTC)
ONE = HandReading(
    instrument="pz-650-01",
    quantity="pore_pressure",
    node=None,
    time=_TIME,
    received=_TIME,
    value=83.2,
    unit="kPa",
    author="Surveyor",
    note="Read with the hand unit",
)
EXAMPLE = HandReadingsAnswer(site="abaza", readings=[ONE])


@router.get("/sites/{site}/hand-readings", **describes(HandReadingsAnswer, EXAMPLE, 404, 422, 503))
def list_hand_readings(
    request: Request,
    queries: AskedOfSite,
    instrument: Annotated[
        str | None, Query(description="Of one alone.", examples=["pz-650-01"])
    ] = None,
    limit: PageLength = 100,
) -> Response:
    """Return who has read what by hand, last measured first."""
    found = queries.hand_readings(instrument, limit=limit)
    return answer(request, HandReadingsAnswer(site=queries.site.name, readings=found))


@router.post("/sites/{site}/readings", **describes(HandReading, ONE, 403, 404, 422, 503))
def add_hand_reading(
    request: Request,
    queries: AskedOfSite,
    read: ReadByHand,
    actor: Annotated[Actor, Depends(needs("operator"))],
) -> Response:
    """Store a reading that somebody made, with its author; doing it again changes nothing."""
    kept = queries.add_by_hand(
        read.instrument,
        read.quantity,
        read.value,
        time=read.time,
        author=actor.signs(read.author),
        note=read.note,
        node=read.node,
        unit=read.unit,
    )
    return answer(request, kept)
