"""`/sites/{site}/slopes`: the stability of a section that an engineer describes."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from dashboard.actor import Actor, needs
from dashboard.api.deps import AskedOfSite
from dashboard.api.documents import answer, describes
from dashboard.questions import BadQuestion
from twin.slopes.analysis import (
    Slice,
    SlipCircle,
    SlopeAnswer,
    SlopeFactor,
    SlopeQuestion,
    analyse,
)
from twin.slopes.section import BadSection

router = APIRouter(tags=["slopes"])

EXAMPLE = SlopeAnswer(
    method="bishop_simplified",
    factor_of_safety=0.985,
    reason=None,
    factors=[SlopeFactor(method="bishop_simplified", value=0.985, reason=None)],
    inclination_deg=None,
    circle=SlipCircle(x_m=20.48, level_m=28.78, radius_m=28.78, start_m=-1.33, end_m=20.0),
    searched=True,
    tried=5314,
    lifted=0,
    water="dry",
    slices=[
        Slice(
            x_m=-0.27,
            width_m=2.13,
            base_m=8.94,
            height_m=1.06,
            inclination_deg=46.2,
            weight_kN=45.2,
            pore_pressure_kPa=0.0,
            material="fill",
            cohesion_kPa=3.0,
            friction_deg=19.6,
            normal_kN=38.1,
            shear_kN=23.2,
        )
    ],
)


@router.post("/sites/{site}/slopes/analysis", **describes(SlopeAnswer, EXAMPLE, 403, 404, 422))
def analyse_slope(
    request: Request,
    queries: AskedOfSite,  # noqa: ARG001 (a site that is not served is refused)
    question: SlopeQuestion,
    actor: Annotated[Actor, Depends(needs("operator"))],  # noqa: ARG001 (asks for the role)
) -> Response:
    """Return factor of safety, circle and slices of a section; nothing is stored.

    A slide that has no factor of safety is no error: `reason` says why.
    """
    try:
        found = analyse(question)
    except BadSection as error:
        raise BadQuestion(error.key, "", str(error.text)) from error
    return answer(request, found)
