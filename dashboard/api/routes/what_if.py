"""`/sites/{site}/what-if`: variants of the future side by side, and those that are saved."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Body, Depends, HTTPException, Path, Query, Request
from pydantic import ConfigDict, Field
from starlette.responses import Response

from analytics.saved_variants import SavedVariant
from dashboard.actor import Actor, needs
from dashboard.api.deps import AskedOfSite, At, KnownAt
from dashboard.api.documents import answer, describes
from dashboard.queries import Queries
from dashboard.what_if import MOST_VARIANTS, ReRun, WhatIfAnswer, WhatIfInput, WhatIfInputs
from ingest.figure import Figure
from ingest.text import Text
from ingest.yaml_file import Configured
from twin.what_if.results import Measure, VariantResult, VolumeCurve
from twin.what_if.start import Start

router = APIRouter(tags=["what-if"])


class AskedVariant(Configured):
    """A variant to run.

    Parameters
    ----------
    changes
        By the inputs' names (`GET .../what-if/inputs`), dotted or nested.
    """

    name: str = Field(default="", max_length=100)
    changes: dict[str, Any] = Field(max_length=200)


class VariantToSave(AskedVariant):
    """A variant to run and keep under a name."""

    model_config = ConfigDict(
        **Configured.model_config,
        json_schema_extra={
            "example": {
                "name": "Half as much again",
                "changes": {"streams.dry_magnetic_separation_tailings.factor": 1.5},
                "author": "Engineer",
            }
        },
    )

    author: str = Field(default="", max_length=100)
    note: str = Field(default="", max_length=500)


class SavedAnswer(msgspec.Struct, kw_only=True):
    """The saved variants of a site, last saved first."""

    site: str
    variants: list[SavedVariant]


_TIME = datetime(2022, 12, 31, 6, tzinfo=UTC)
_CHANGES = {"streams.dry_magnetic_separation_tailings.factor": 1.5}


def _date(value: str, low: str, high: str) -> Figure:
    return Figure(
        value=value,
        unit="date",
        time=_TIME,
        source="wb-01: backfill",
        low=low,
        high=high,
        confidence=0.8,
        quality="forecast",
    )


def _result(
    name: str, changes: dict[str, Any], figure: Figure, days: Figure | None
) -> VariantResult:
    return VariantResult(
        name=name,
        changes=changes,
        measures=[
            Measure(
                name="completion",
                title=Text("Plan's volume reached"),
                figure=figure,
                difference=days,
            )
        ],
        curve=VolumeCurve(time=[_TIME], middle=[491.0], low=[491.0], high=[491.0]),
        years=[],
        slopes=[],
        grading=[],
        notes=[],
    )


_DAYS = Figure(value=-190.0, unit="d", source="what_if", low=-306.0, high=-111.0, confidence=0.8)
EXAMPLE = WhatIfAnswer(
    site="abaza",
    time=_TIME,
    known_at=_TIME,
    version="1",
    baseline=_result("", {}, _date("2037-06-26", "2037-01-29", "2037-12-07"), None),
    variants=[
        _result(
            "Half as much again",
            _CHANGES,
            _date("2036-12-18", "2036-10-10", "2037-02-07"),
            _DAYS,
        )
    ],
)
SAVED = SavedVariant(
    name="Half as much again",
    author="Engineer",
    saved=_TIME,
    at=_TIME,
    known_at=_TIME,
    changes=_CHANGES,
    version="1",
    files="5c1f0a3be2d1",
    results={"completion": "2036-12-18"},
)
INPUTS = WhatIfInputs(
    site="abaza",
    time=_TIME,
    inputs=[
        WhatIfInput(
            key="rain.factor",
            group="rain",
            title=Text("Rain and melt, times"),
            subject={},
            unit="1",
            kind="number",
            now=1.0,
            legal=Text("a number from {low} to {high}", {"low": 0.0, "high": 5.0}),
        )
    ],
)

Name = Annotated[str, Path(description="Name of the variant.", max_length=100)]
Engineer = Annotated[Actor, Depends(needs("engineer"))]


def _start(queries: Queries, at: datetime | None, known_at: datetime | None) -> Start:
    start = queries.what_if.start(at, known_at)
    if start is None:
        raise HTTPException(404, "there is no state of the twin yet")
    return start


@router.get("/sites/{site}/what-if/inputs", **describes(WhatIfInputs, INPUTS, 404, 422, 503))
def list_inputs(
    request: Request, queries: AskedOfSite, at: At = None, known_at: KnownAt = None
) -> Response:
    """Return everything that a variant can change: what it is now, and what may be given."""
    return answer(request, queries.what_if.inputs(_start(queries, at, known_at)))


@router.post("/sites/{site}/what-if", **describes(WhatIfAnswer, EXAMPLE, 403, 404, 422, 503))
def run_variants(
    request: Request,
    queries: AskedOfSite,
    variants: Annotated[
        list[AskedVariant],
        Body(
            max_length=MOST_VARIANTS,
            examples=[[{"name": "Half as much again", "changes": _CHANGES}]],
        ),
    ],
    actor: Engineer,  # noqa: ARG001 (asks for the role)
    at: At = None,
    known_at: KnownAt = None,
) -> Response:
    """Run plan and twin forward under changed assumptions; nothing is stored.

    The baseline, which has no changes, is the twin's own forecast; every measure of a variant
    tells its difference to it.
    """
    asked = [(each.name, each.changes) for each in variants]
    return answer(request, queries.what_if.answer(_start(queries, at, known_at), asked))


@router.get(
    "/sites/{site}/what-if/variants",
    **describes(SavedAnswer, SavedAnswer(site="abaza", variants=[SAVED]), 404, 422, 503),
)
def list_variants(
    request: Request,
    queries: AskedOfSite,
    deleted: Annotated[bool, Query(description="Whether deleted ones are told too.")] = False,
) -> Response:
    """Return the saved variants, last saved first."""
    found = queries.what_if.saved(deleted=deleted)
    return answer(request, SavedAnswer(site=queries.site.name, variants=found))


@router.post("/sites/{site}/what-if/variants", **describes(SavedVariant, SAVED, 403, 404, 422, 503))
def save_variant(
    request: Request,
    queries: AskedOfSite,
    variant: VariantToSave,
    actor: Engineer,
    at: At = None,
    known_at: KnownAt = None,
) -> Response:
    """Run a variant and keep it with its inputs and its author; doing it again changes nothing."""
    kept = queries.what_if.save(
        _start(queries, at, known_at),
        variant.name,
        variant.changes,
        actor.signs(variant.author),
        variant.note,
    )
    return answer(request, kept)


@router.get(
    "/sites/{site}/what-if/variants/{name}",
    **describes(ReRun, ReRun(variant=SAVED, answer=EXAMPLE, same=True, differs=[]), 404, 422, 503),
)
def rerun_variant(request: Request, queries: AskedOfSite, name: Name) -> Response:
    """Run a saved variant from its inputs, and say whether the numbers are what they were."""
    return answer(request, queries.what_if.run_again(name))


@router.delete(
    "/sites/{site}/what-if/variants/{name}", **describes(SavedVariant, SAVED, 403, 404, 422, 503)
)
def delete_variant(
    request: Request,
    queries: AskedOfSite,
    name: Name,
    actor: Engineer,
    author: Annotated[str, Query(max_length=100, description="Who deletes it.")] = "",
) -> Response:
    """Delete a saved variant; who did it and when stays on record."""
    return answer(request, queries.what_if.delete(name, actor.signs(author)))
