"""`/sites/{site}/geometry`: the crater, the fill and its front in space."""

from __future__ import annotations

from datetime import UTC, datetime

from fastapi import APIRouter, Request
from starlette.responses import Response

from dashboard.api.deps import AskedOfSite, At, KnownAt
from dashboard.api.documents import answer, describes
from dashboard.geometry import FrontGeometry, Geometry, SectionGeometry, TierGeometry
from ingest.text import Text

router = APIRouter(tags=["geometry"])

EXAMPLE = Geometry(
    site="abaza",
    time=datetime(2022, 7, 12, 6, tzinfo=UTC),
    assumptions=[Text("The drawings are not in the source")],
    volume=268.4,
    planned_volume=269.8,
    overall_deg=21.0,
    area=463.0,
    x_m=[60.0, 72.0],
    y_m=[100.0, 112.0],
    base_m=[[None, 604.2], [612.0, 595.0]],
    fill_m=[[None, 604.2], [641.7, 633.1]],
    final_m=[[None, 650.0], [650.0, 650.0]],
    outline=[(797.0, 440.0), (784.0, 508.0), (57.0, 440.0)],
    front=FrontGeometry(
        tier="tier_650",
        edge_m=235.5,
        toe_m=174.1,
        advanced=0.11,
        x_m=[70.0, 780.0],
        y_m=[257.4, 257.4],
        z_m=650.0,
    ),
    section=SectionGeometry(
        distance_m=[0.0, 200.0],
        x_m=[427.0, 427.0],
        y_m=[21.9, 221.9],
        base_m=[650.0, 595.0],
        fill_m=[650.0, 614.5],
        planned_m=[650.0, 614.7],
        final_m=[650.0, 710.0],
    ),
    tiers=[
        TierGeometry(
            tier="tier_680",
            title={"en": "Tier +680 m", "ru": "Ярус +680 м"},
            base_m=650.0,
            crest_m=680.0,
            height_m=30.0,
            face_deg=37.0,
            toe_m=69.9,
            edge_m=109.7,
            bench_m=42.6,
            overall_deg=37.0,
        )
    ],
    stage_level_m=[595.0, 650.0],
    stage_volume=[0.0, 3839.5],
    stage_area=[0.0, 118.0],
)


@router.get("/sites/{site}/geometry", **describes(Geometry, EXAMPLE, 404, 422, 503))
def read_geometry(
    request: Request, queries: AskedOfSite, at: At = None, known_at: KnownAt = None
) -> Response:
    """Return the parametric solid: base, fill and full crater, front, section, faces, last survey.

    Levels in metres above sea on a grid of the site; `assumptions` says what the source does not
    give, `reason` why there is no solid.
    """
    return answer(request, queries.geometry(at, known_at))
