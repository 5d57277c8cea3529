"""What several routes take: the queries, the site, and times."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import msgspec
from fastapi import Depends, Path, Query, Request
from pydantic import BeforeValidator, WithJsonSchema

from dashboard.api.documents import operations
from dashboard.queries import Queries
from dashboard.questions import BadQuestion, UnknownName

_CURE = "give ISO 8601 with its zone, such as 2022-06-01T00:00:00Z (a + in a URL is written %2B)"


def read_time(text: object) -> datetime:
    """Return the time that ISO 8601 text with a zone says, in UTC.

    Raises
    ------
    ValueError
        When it has no zone, is not a time, or lies outside 1970 to 2261 (what the store holds).
    """
    try:
        time: datetime = msgspec.convert(text, Annotated[datetime, msgspec.Meta(tz=True)])
        time = time.astimezone(UTC)
    except (msgspec.ValidationError, OverflowError) as error:
        raise ValueError(_CURE) from error
    if not 1970 <= time.year <= 2261:
        raise ValueError("give a time from 1970 to 2261")
    return time


Time = Annotated[
    datetime,
    BeforeValidator(read_time),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]
At = Annotated[
    Time | None,
    Query(
        description="The state of the ground at this time, with all we know today.",
        examples=["2022-06-01T00:00:00Z"],
    ),
]
KnownAt = Annotated[
    Time | None,
    Query(
        description="What was known at this time: readings received later are left out.",
        examples=["2022-06-01T00:00:00Z"],
    ),
]
From = Annotated[
    Time | None,
    Query(alias="from", description="First time.", examples=["2022-01-01T00:00:00Z"]),
]
To = Annotated[
    Time | None,
    Query(alias="to", description="The time before which.", examples=["2022-02-01T00:00:00Z"]),
]
PageLength = Annotated[int, Query(ge=1, le=1000, description="Most entries of one page.")]
Before = Annotated[
    int | None,
    Query(alias="cursor", ge=1, le=2**63 - 1, description="The `next` of the page before."),
]


def ask(request: Request) -> Queries:
    """Return the queries of this process."""
    queries: Queries = request.app.state.queries
    return queries


Asked = Annotated[Queries, Depends(ask)]


def asked_of_site(
    queries: Asked, site: Annotated[str, Path(description="Name of the site.", examples=["abaza"])]
) -> Queries:
    """Return the queries of the site in the path.

    Raises
    ------
    UnknownName
        When this process serves another site.
    """
    if site != queries.site.name:
        raise UnknownName("site", site, [queries.site.name])
    return queries


AskedOfSite = Annotated[Queries, Depends(asked_of_site)]


def only_known_parameters(request: Request) -> None:
    """Refuse a query parameter that the route does not have: it would be a misspelt one.

    Raises
    ------
    BadQuestion
        When there is one.
    """
    operation = operations(request.app, request.url.path).get(request.method.lower(), {})
    parameters = operation.get("parameters", [])
    known = [each["name"] for each in parameters if each["in"] == "query"]
    for name in request.query_params:
        if name not in known:
            legal = ", ".join(known) or "none"
            raise BadQuestion(
                name, request.query_params[name], f"no such parameter; legal: {legal}"
            )
