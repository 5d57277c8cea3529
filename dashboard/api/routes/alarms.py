"""`/sites/{site}/alarms`: what somebody must look at, and who has."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import msgspec
from fastapi import APIRouter, Depends, Path, Query, Request
from pydantic import BaseModel, ConfigDict, StringConstraints
from starlette.responses import Response

from analytics.alarms import Acknowledgement, Alarm, AlarmKind
from analytics.assessment import Evidence
from dashboard.actor import Actor, needs
from dashboard.api.deps import AskedOfSite, Before, KnownAt, PageLength
from dashboard.api.documents import answer, describes
from ingest.figure import Figure
from ingest.site import Level
from ingest.text import Text

router = APIRouter(tags=["alarms"])


class AlarmAnswer(msgspec.Struct, kw_only=True):
    """One alarm; `open`: somebody must still deal with it.

    Times are those of the states at which it happened; of a "past exceedance", which late readings
    brought to light and which is never open, those of the data.
    """

    id: int
    site: str
    kind: AlarmKind
    risk: str
    title: Text
    zone: str
    level: Level
    highest: Level
    raised: datetime
    last_change: datetime
    returned: datetime | None
    acknowledged: Acknowledgement | None
    open: bool
    evidence: list[Evidence]


class AlarmsAnswer(msgspec.Struct, kw_only=True):
    """A page of alarms, newest first; `next` is null on the last page."""

    site: str
    alarms: list[AlarmAnswer]
    next: str | None


class Seen(BaseModel):
    """Who has seen the alarm, and what they found or did.

    The author of a request with a key is the key's holder; others must give their name.
    """

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "example": {"author": "Shift engineer", "note": "Drain at the toe was blocked"}
        },
    )

    author: Annotated[str, StringConstraints(strip_whitespace=True, max_length=100)] = ""
    note: Annotated[str, StringConstraints(strip_whitespace=True, max_length=2000)] = ""


_TIME = datetime(2022, 7, 12, 6, tzinfo=UTC)
ONE = AlarmAnswer(
    id=3,
    site="abaza",
    kind="live",
    risk="pore_pressure",
    title=Text("Pore pressure"),
    zone="tier_650",
    level="warning",
    highest="warning",
    raised=_TIME,
    last_change=_TIME,
    returned=None,
    acknowledged=Acknowledgement(_TIME, "Shift engineer", "Drain at the toe was blocked"),
    open=True,
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
EXAMPLE = AlarmsAnswer(site="abaza", alarms=[ONE], next=None)


@router.get("/sites/{site}/alarms", **describes(AlarmsAnswer, EXAMPLE, 404, 422, 503))
def list_alarms(
    request: Request,
    queries: AskedOfSite,
    open_only: Annotated[
        bool, Query(alias="open", description="Only those that somebody must deal with, all.")
    ] = False,
    known_at: KnownAt = None,
    limit: PageLength = 100,
    cursor: Before = None,
) -> Response:
    """Return alarms, newest first; with `open=true` all open ones on one page.

    With `known_at` as the journal stood then: what was raised, changed or acknowledged later is
    left out.
    """
    if open_only:
        found = sorted(queries.open_alarms(known_at), key=lambda each: -each.id)
        following = None
    else:
        found = queries.alarms(limit=limit + 1, before=cursor, known_at=known_at)
        following = str(found[limit - 1].id) if len(found) > limit else None
        found = found[:limit]
    page = AlarmsAnswer(
        site=queries.site.name, alarms=[_answer(alarm) for alarm in found], next=following
    )
    return answer(request, page)


@router.post(
    "/sites/{site}/alarms/{alarm}/acknowledge", **describes(AlarmAnswer, ONE, 403, 404, 422, 503)
)
def acknowledge_alarm(
    request: Request,
    queries: AskedOfSite,
    alarm: Annotated[int, Path(ge=1, le=2**63 - 1, description="Its number.", examples=[3])],
    seen: Seen,
    actor: Annotated[Actor, Depends(needs("operator"))],
) -> Response:
    """Record that somebody has seen an alarm; of an acknowledged one nothing changes."""
    return answer(request, _answer(queries.acknowledge(alarm, actor.signs(seen.author), seen.note)))


def _answer(alarm: Alarm) -> AlarmAnswer:
    return AlarmAnswer(
        id=alarm.id,
        site=alarm.site,
        kind=alarm.kind,
        risk=alarm.risk,
        title=alarm.title,
        zone=alarm.zone,
        level=alarm.level,
        highest=alarm.highest,
        raised=alarm.raised,
        last_change=alarm.last_change,
        returned=alarm.returned,
        acknowledged=alarm.acknowledged,
        open=alarm.open,
        evidence=alarm.evidence,
    )
