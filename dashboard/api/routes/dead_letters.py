"""`/sites/{site}/dead-letters`: what arrived and could not be understood."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import msgspec
from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from starlette.responses import Response

from dashboard.actor import Actor, needs
from dashboard.api.deps import AskedOfSite, Before, PageLength
from dashboard.api.documents import answer, describes

router = APIRouter(tags=["dead-letters"])


class DeadLetterAnswer(msgspec.Struct, kw_only=True):
    r"""One message, or a part of one, with the reason why it was not stored.

    `payload` is its beginning as text, bytes that are not UTF-8 as \xNN; `size` is the whole
    length [bytes], and `kept` whether all of it is kept, without which it cannot be tried again
    (of all long ones together the oldest lose their payload first). `resolved` is when it was
    understood after all, at a retry, and `resolved_by` who asked for it.
    """

    id: int | None
    topic: str
    payload: str
    size: int
    reason: str
    received: datetime
    resolved: datetime | None = None
    resolved_by: str = ""
    kept: bool = True


class DeadLettersAnswer(msgspec.Struct, kw_only=True):
    """A page of dead letters, newest first; `next` is null on the last page."""

    site: str
    dead_letters: list[DeadLetterAnswer]
    next: str | None


EXAMPLE = DeadLettersAnswer(
    site="abaza",
    dead_letters=[
        DeadLetterAnswer(
            id=7,
            topic="postmine/v1/abaza/pz-650-01/readings",
            payload='{"time": "2022-07-12T06:00:00", "values": {"pore_pressure": 83.2}}',
            size=66,
            reason="time has no zone",
            received=datetime(2022, 7, 12, 6, tzinfo=UTC),
        )
    ],
    next=None,
)


class StillWrongAnswer(msgspec.Struct, kw_only=True):
    """A letter that is not understood now either, and why."""

    id: int
    reason: str


class RetriedAnswer(msgspec.Struct, kw_only=True):
    """What a retry came to: letters that were understood, rows that were new or corrected."""

    site: str
    resolved: list[int]
    stored: int
    still_wrong: list[StillWrongAnswer]


RETRIED = RetriedAnswer(
    site="abaza",
    resolved=[7],
    stored=1,
    still_wrong=[StillWrongAnswer(id=9, reason="instrument 'pz-9' is not known at this site")],
)


class Retry(BaseModel):
    """Which letters to try again (none: all that are not resolved), and who asks.

    The author of a request with a key is the key's holder; others must give their name.
    """

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"example": {"ids": [7, 9], "author": "Data engineer"}}
    )

    ids: Annotated[list[Annotated[int, Field(ge=1, le=2**63 - 2)]], Field(max_length=1000)] = Field(
        default_factory=list
    )
    author: Annotated[str, StringConstraints(strip_whitespace=True, max_length=100)] = ""


@router.post(
    "/sites/{site}/dead-letters/retry", **describes(RetriedAnswer, RETRIED, 403, 404, 422, 503)
)
def retry_dead_letters(
    request: Request,
    queries: AskedOfSite,
    which: Retry,
    actor: Annotated[Actor, Depends(needs("engineer"))],
) -> Response:
    """Try dead letters again by the site's files as they are now, oldest first.

    What is understood is stored and marked as resolved; nothing newer is replaced.
    """
    done = queries.retry_dead_letters(actor.signs(which.author), which.ids)
    wrong = [StillWrongAnswer(id=each.id, reason=each.reason) for each in done.still_wrong]
    return answer(
        request,
        RetriedAnswer(
            site=queries.site.name, resolved=done.resolved, stored=done.stored, still_wrong=wrong
        ),
    )


@router.get("/sites/{site}/dead-letters", **describes(DeadLettersAnswer, EXAMPLE, 404, 422, 503))
def list_dead_letters(
    request: Request, queries: AskedOfSite, limit: PageLength = 100, cursor: Before = None
) -> Response:
    """Return what could not be understood, newest first."""
    found = queries.dead_letters(limit=limit + 1, before=cursor)
    page = DeadLettersAnswer(
        site=queries.site.name,
        dead_letters=[
            DeadLetterAnswer(
                id=letter.id,
                topic=letter.topic,
                payload=letter.payload.decode("utf-8", "backslashreplace"),
                size=letter.size,
                reason=letter.reason,
                received=letter.received,
                resolved=letter.resolved,
                resolved_by=letter.resolved_by,
                kept=letter.kept,
            )
            for letter in found[:limit]
        ],
        next=str(found[limit - 1].id) if len(found) > limit else None,
    )
    return answer(request, page)
