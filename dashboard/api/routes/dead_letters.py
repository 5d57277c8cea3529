"""`/sites/{site}/dead-letters`: what arrived and could not be understood."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec
from fastapi import APIRouter, Request
from starlette.responses import Response

from dashboard.api.deps import AskedOfSite, Before, PageLength
from dashboard.api.documents import answer, describes

router = APIRouter(tags=["dead-letters"])


class DeadLetterAnswer(msgspec.Struct, kw_only=True):
    r"""One message, or a part of one, with the reason why it was not stored.

    `payload` is its beginning as text, bytes that are not UTF-8 as \xNN; `size` is the whole
    length [bytes].
    """

    id: int | None
    topic: str
    payload: str
    size: int
    reason: str
    received: datetime


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
            )
            for letter in found[:limit]
        ],
        next=str(found[limit - 1].id) if len(found) > limit else None,
    )
    return answer(request, page)
