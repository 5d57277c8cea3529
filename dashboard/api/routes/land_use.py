"""`/sites/{site}/land-use`: what land is taken, by the works of the KuzSTU guide."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Request
from pydantic import BaseModel, ConfigDict
from starlette.responses import Response

from dashboard.actor import Actor, needs
from dashboard.api.deps import AskedOfSite
from dashboard.api.documents import answer, describes
from dashboard.land_use import (
    LandComputed,
    LandInput,
    LandUseAnswer,
    LandVariant,
    LandVariants,
    LandWork,
)
from ingest.figure import Figure
from ingest.text import Text
from twin.land_use import Refusal, Result

router = APIRouter(tags=["land-use"])

_GUIDE = "KuzSTU practical guide"
_RESULT = Result(
    name="allotment_bottom_up",
    number="1.1",
    title=Text("Land allotment"),
    case=Text("Bottom-up"),
    figure=Figure(value=358.8, unit="ha", source=f"{_GUIDE}, 1.1", version="1"),
)
EXAMPLE = LandUseAnswer(
    site="abaza",
    guide=_GUIDE,
    works=[
        LandWork(
            name="land_allotment",
            number=1,
            title=Text("Land allotment of an open pit"),
            remarks=[Text("1.12: the sign of the logarithm is restored")],
            inputs=[
                LandInput(
                    name="dump_slope",
                    title=Text("Slope of the dump"),
                    unit="deg",
                    legal=Text("above {low} and below {high}", {"low": 0, "high": 90}),
                    low=None,
                    high=None,
                    above=0,
                    below=90,
                    default=38,
                    assumed=False,
                    recorded=Figure(
                        value=37, unit="deg", source="reclamation project", quality="planned"
                    ),
                )
            ],
            variants=[1, 2, 3],
            results=[],
            reason=Text("Not recorded: {inputs}", {"inputs": "pit_floor_length"}),
        )
    ],
)
COMPUTED = LandComputed(
    site="abaza",
    work="land_allotment",
    number=1,
    title=Text("Land allotment of an open pit"),
    variant=1,
    inputs={"dump_height": 45},
    results=[_RESULT],
)
VARIANTS = LandVariants(
    site="abaza",
    work="complex_ore",
    guide=_GUIDE,
    variants=[
        LandVariant(
            variant=14,
            inputs={"recovery_2": 1.86},
            refused=[
                Refusal(
                    name="recovery_2",
                    value=1.86,
                    legal=Text("from {low} to {high}", {"low": 0, "high": 1}),
                )
            ],
        )
    ],
)

WorkName = Annotated[str, Path(description="Name of the work.", examples=["land_allotment"])]


class LandQuestion(BaseModel):
    """Inputs by name, in the units that the work names.

    What is not given is the variant's, without a variant what the site has recorded, then the
    guide's constant.
    """

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"example": {"variant": 1, "inputs": {"dump_height": 60}}},
    )

    variant: int | None = None
    inputs: dict[str, float] = {}


@router.get("/sites/{site}/land-use", **describes(LandUseAnswer, EXAMPLE, 404, 422, 503))
def read_land_use(request: Request, queries: AskedOfSite) -> Response:
    """Return the works, their inputs with legal values, and results for the site's own inputs."""
    return answer(request, queries.land_use.answer())


@router.post("/sites/{site}/land-use/{work}", **describes(LandComputed, COMPUTED, 403, 404, 422))
def compute_land_use(
    request: Request,
    queries: AskedOfSite,
    work: WorkName,
    question: LandQuestion,
    actor: Annotated[Actor, Depends(needs("operator"))],  # noqa: ARG001 (asks for the role)
) -> Response:
    """Compute a work for changed inputs; nothing is stored."""
    found = queries.land_use.compute(work, question.inputs, question.variant)
    return answer(request, found)


@router.get("/sites/{site}/land-use/{work}/variants", **describes(LandVariants, VARIANTS, 404, 422))
def list_land_use_variants(request: Request, queries: AskedOfSite, work: WorkName) -> Response:
    """Return the guide's variants of a work, as starting values, with what is refused of them."""
    return answer(request, queries.land_use.variants(work))
