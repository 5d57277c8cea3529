"""The crater, the fill and its front as data: for the API, the section and the view in space."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import msgspec
import numpy as np

from analytics.surveys import SurveyArchive
from ingest.site import Site
from ingest.text import Text
from twin.crater import CraterSolid, SolidUnfit, crater_solid
from twin.plan import Plan
from twin.state import TwinState
from twin.surveyed_surface import Cells

#: Every so many cells of the solid's grid are handed on: about 12 m at Abaza.
STEP = 2

Grid = list[list[float | None]]


class TierGeometry(msgspec.Struct, kw_only=True):
    """The finished face of one tier; distances along the section, levels above sea [m], [deg]."""

    tier: str
    title: dict[str, str]
    base_m: float
    crest_m: float
    height_m: float
    face_deg: float
    toe_m: float
    edge_m: float
    bench_m: float
    overall_deg: float | None


class SectionGeometry(msgspec.Struct, kw_only=True):
    """Levels along the line through the crater's middle, from the rim that the fill advances to."""

    distance_m: list[float]
    x_m: list[float]
    y_m: list[float]
    base_m: list[float]
    fill_m: list[float]
    planned_m: list[float]
    final_m: list[float]


class FrontGeometry(msgspec.Struct, kw_only=True):
    """Where the front stands: its crest as a line in space, and distances along the section [m]."""

    tier: str
    edge_m: float
    toe_m: float
    advanced: float
    x_m: list[float]
    y_m: list[float]
    z_m: float


class SurveyGeometry(msgspec.Struct, kw_only=True):
    """The newest surveyed surface on the same grid."""

    instrument: str
    time: datetime
    author: str
    level_m: Grid


class Geometry(msgspec.Struct, kw_only=True):
    """The parametric solid of the crater at one moment; levels in m above sea, None outside.

    Surfaces are `level[y][x]` at the middles `x_m`, `y_m` of cells in the site's grid. `reason`
    says why there is none.
    """

    site: str
    time: datetime | None
    reason: Text | None = None
    assumptions: list[Text] = []
    volume: float | None = None  # thousand m3
    planned_volume: float | None = None  # thousand m3
    overall_deg: float | None = None
    area: float | None = None  # thousand m2
    x_m: list[float] = []
    y_m: list[float] = []
    base_m: Grid = []
    fill_m: Grid = []
    final_m: Grid = []
    outline: list[tuple[float, float]] = []
    front: FrontGeometry | None = None
    section: SectionGeometry | None = None
    tiers: list[TierGeometry] = []
    stage_level_m: list[float] = []
    stage_volume: list[float] = []  # thousand m3 below the level, of the full crater
    stage_area: list[float] = []  # thousand m2 of the full crater at the level
    survey: SurveyGeometry | None = None


ASSUMPTIONS = (
    Text("The drawings are not in the source: crater and dump are a parametric solid."),
    Text(
        "It holds the plan's volumes of the tiers, their levels, the area in plan, the angle of"
        " repose and an overall slope within the plan's range."
    ),
    Text(
        "Assumed are the crater's wall, its floor with the dump that stood before, and straight"
        " fronts."
    ),
)


def read_geometry(
    site: Site,
    plan: Plan | None,
    state: TwinState | None,
    data_dir: Path,
    *,
    known_at: datetime | None,
) -> Geometry:
    """Return the geometry of a state."""
    time = state.time if state else None
    if plan is None:
        return _without(site, time, Text("This site has no plan of a dump"))
    try:
        solid = crater_solid(site, plan)
    except SolidUnfit as error:
        return _without(site, time, error.reason)
    fill = state.fill if state else None
    if fill is None:
        return _without(site, time, Text("No state of the twin yet"))
    volume, planned = fill.volume_in_dump.value, fill.planned_volume.value
    if not isinstance(volume, float) or not isinstance(planned, float):
        return _without(site, time, fill.volume_in_dump.reason or Text("Nothing to show"))
    front = solid.front(volume)
    x, y = solid.line_across(front.edge_m)
    section, at_plan = solid.section(volume), solid.section(planned)
    levels, volumes, areas = solid.stage_curve()
    return Geometry(
        site=site.name,
        time=time,
        assumptions=list(ASSUMPTIONS),
        volume=volume,
        planned_volume=planned,
        overall_deg=solid.overall_deg,
        area=solid.area,
        x_m=_rounded(solid.x[::STEP]),
        y_m=_rounded(solid.y[::STEP]),
        base_m=_grid(solid.base),
        fill_m=_grid(solid.surface(volume)),
        final_m=_grid(solid.final),
        outline=[(round(east, 1), round(north, 1)) for east, north in solid.outline],
        front=FrontGeometry(
            tier=front.tier,
            edge_m=round(front.edge_m, 1),
            toe_m=round(front.toe_m, 1),
            advanced=front.advanced,
            x_m=_rounded(x[::4]),
            y_m=_rounded(y[::4]),
            z_m=plan.tiers[front.tier].crest_m,
        ),
        section=SectionGeometry(
            distance_m=_rounded(section.distance_m),
            x_m=_rounded(section.x_m),
            y_m=_rounded(section.y_m),
            base_m=_rounded(section.base_m),
            fill_m=_rounded(section.fill_m),
            planned_m=_rounded(at_plan.fill_m),
            final_m=_rounded(section.final_m),
        ),
        tiers=[
            TierGeometry(
                tier=face.tier,
                title=dict(site.zones[face.tier].title.items()),
                base_m=face.base_m,
                crest_m=face.crest_m,
                height_m=face.height_m,
                face_deg=face.face_deg,
                toe_m=round(face.toe_m, 1),
                edge_m=round(face.edge_m, 1),
                bench_m=round(face.bench_m, 1),
                overall_deg=None if face.overall_deg is None else round(face.overall_deg, 1),
            )
            for face in solid.faces()
        ],
        stage_level_m=_rounded(levels),
        stage_volume=_rounded(volumes),
        stage_area=_rounded(areas),
        survey=_survey(solid, data_dir, time, known_at),
    )


def _without(site: Site, time: datetime | None, reason: Text) -> Geometry:
    return Geometry(site=site.name, time=time, reason=reason)


def _survey(
    solid: CraterSolid, data_dir: Path, at: datetime | None, known_at: datetime | None
) -> SurveyGeometry | None:
    """Return the newest surveyed surface up to a moment."""
    archive = SurveyArchive(data_dir)
    found = [each for each in archive.all(at=at, known_at=known_at) if each.surface]
    if not found:
        return None
    x, y = (axis[::STEP, ::STEP] for axis in np.meshgrid(solid.x, solid.y))
    inside = solid.inside[::STEP, ::STEP]
    width = float(solid.x[1] - solid.x[0])
    cells = Cells(x[inside], y[inside], np.full(int(inside.sum()), width**2), width)
    level = np.full(inside.shape, np.nan)
    level[inside] = archive.surface(found[-1]).level(cells)
    return SurveyGeometry(
        instrument=found[-1].instrument,
        time=found[-1].time,
        author=found[-1].author,
        level_m=_lists(level),
    )


def _grid(level: np.ndarray) -> Grid:
    return _lists(level[::STEP, ::STEP])


def _lists(level: np.ndarray) -> Grid:
    return [[None if each != each else round(each, 1) for each in row] for row in level.tolist()]


def _rounded(values: np.ndarray) -> list[float]:
    return [round(each, 2) for each in values.tolist()]
