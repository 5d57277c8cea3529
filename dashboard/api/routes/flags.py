"""`/sites/{site}/flags`: what engineers said of stored values, and why."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Literal

import msgspec
from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from starlette.responses import Response

from dashboard.actor import Actor, needs
from dashboard.api.deps import AskedOfSite, Before, PageLength, Time
from dashboard.api.documents import answer, describes
from ingest.quality import Flag
from ingest.store.ground import FlagEntry

router = APIRouter(tags=["flags"])


class FlagsAnswer(msgspec.Struct, kw_only=True):
    """A page of the journal of flags, newest first; `next` is null on the last page."""

    site: str
    entries: list[FlagEntry]
    next: str | None


class FlagWord(BaseModel):
    """A flag to set on a stretch of readings, or to lift from it, and why.

    The author of a request with a key is the key's holder; others must give their name. The
    stretch is from <= time < to, without bound where one is not given; `node` is the index of one
    node alone.
    """

    model_config = ConfigDict(
        extra="forbid",
        populate_by_name=True,
        json_schema_extra={
            "example": {
                "instrument": "pz-650-01",
                "quantity": "pore_pressure",
                "flag": "rejected",
                "action": "set",
                "from": "2022-07-12T00:00:00Z",
                "to": "2022-07-13T00:00:00Z",
                "author": "Geotechnical engineer",
                "reason": "The cable was being repaired",
            }
        },
    )

    instrument: Annotated[str, StringConstraints(min_length=1, max_length=64)]
    quantity: Annotated[str, StringConstraints(min_length=1, max_length=64)]
    flag: Flag
    action: Literal["set", "lift"]
    node: Annotated[int, Field(ge=0, le=100_000)] | None = None
    start: Annotated[Time | None, Field(alias="from")] = None
    end: Annotated[Time | None, Field(alias="to")] = None
    author: Annotated[str, StringConstraints(strip_whitespace=True, max_length=100)] = ""
    reason: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2000)]


_TIME = datetime(2022, 7, 12, tzinfo=UTC)
ONE = FlagEntry(
    id=1,
    instrument="pz-650-01",
    quantity="pore_pressure",
    node=None,
    start=_TIME,
    end=_TIME.replace(day=13),
    flag="rejected",
    action="set",
    author="Geotechnical engineer",
    reason="The cable was being repaired",
    time=_TIME.replace(day=14),
)
EXAMPLE = FlagsAnswer(site="abaza", entries=[ONE], next=None)


@router.get("/sites/{site}/flags", **describes(FlagsAnswer, EXAMPLE, 404, 422, 503))
def list_flags(
    request: Request, queries: AskedOfSite, limit: PageLength = 100, cursor: Before = None
) -> Response:
    """Return who has set and lifted which flags, newest first."""
    found = queries.flag_journal(limit=limit + 1, before=cursor)
    following = str(found[limit - 1].id) if len(found) > limit else None
    page = FlagsAnswer(site=queries.site.name, entries=found[:limit], next=following)
    return answer(request, page)


@router.post("/sites/{site}/flags", **describes(FlagEntry, ONE, 403, 404, 422, 503))
def write_flag(
    request: Request,
    queries: AskedOfSite,
    word: FlagWord,
    actor: Annotated[Actor, Depends(needs("engineer"))],
) -> Response:
    """Set or lift a flag. Nothing is deleted, and what is lifted is not set again by a rule."""
    kept = queries.write_flag(
        FlagEntry(
            instrument=word.instrument,
            quantity=word.quantity,
            node=word.node,
            start=word.start,
            end=word.end,
            flag=word.flag,
            action=word.action,
            author=actor.signs(word.author),
            reason=word.reason,
            time=queries.now(),
        )
    )
    return answer(request, kept)
