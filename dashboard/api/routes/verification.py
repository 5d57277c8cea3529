"""`/verification`: published numbers beside computed ones."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import Response

from dashboard.api.deps import Asked
from dashboard.api.documents import answer, describes
from dashboard.verification import Verified

router = APIRouter(tags=["verification"])

EXAMPLE = [
    Verified(
        name="Volume in the dump of a year [thousand m3/y]",
        source="reclamation project 073/20-TX, volume 3 book 1, table 4",
        published=512.3,
        computed=512.277,
        difference=-0.023,
        tolerance=0.05,
        ok=True,
        subject="calendar_plan",
    )
]


@router.get("/verification", **describes(list[Verified], EXAMPLE))
def read_verification(request: Request, queries: Asked) -> Response:
    """Return every published number that postmine is held to, beside what it computes."""
    return answer(request, [each.verified for each in queries.verification()])
