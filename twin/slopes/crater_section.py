"""A section cut from the crater's parametric solid when it is full: ground, base and wall.

What is placed lies between the ground and the base; below the base lies the dump that stood before
the plan began, down to the crater's wall, which is rock. The solid is assumed as far as the
drawings of the plan are missing (`twin.crater`), and so is the section.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

import numpy as np

from ingest.site import Site
from ingest.text import Text
from twin.buckets import Array
from twin.crater import SECTION_POINTS, SolidUnfit, TierFace, crater_solid
from twin.plan import load_plan
from twin.slopes.section import Point, at

#: How far a drawn line may leave its points [m]: below it nothing is known of the ground.
STRAIGHT_M = 0.5


@dataclass(frozen=True)
class CraterSection:
    """A section through the crater's middle: m from the toe of the lowest face, m above sea.

    Parameters
    ----------
    ground
        The full crater's surface, from rim to rim.
    base
        Below what was placed.
    wall
        The crater's wall, at the angle of the plan below the rim.
    toe_m
        Level of the toe [m above sea].
    tiers
        Tiers with a face, bottom up: a full crater is flush with its rim, so the lowest has none.
    """

    ground: tuple[Point, ...]
    base: tuple[Point, ...]
    wall: tuple[Point, ...]
    toe_m: float
    tiers: tuple[str, ...]

    def rock(self, floor_m: float) -> tuple[Point, ...]:
        """Return the wall down to a level [m above sea] below which all is rock."""
        x = np.linspace(self.wall[0][0], self.wall[-1][0], SECTION_POINTS)
        return _drawn(x, np.maximum(at(self.wall, x), floor_m))


@dataclass(frozen=True)
class _Named:
    folder: Path
    site: Site = field(compare=False)


def crater_section(site: Site) -> CraterSection:
    """Return the section of a site's full crater.

    It is cut once: a process reads its plan at its start, and so does the section.

    Raises
    ------
    SolidUnfit
        When the site has no plan, or the plan no solid.
    """
    return _cut(_Named(site.folder, site))


@lru_cache(maxsize=8)
def _cut(named: _Named) -> CraterSection:
    plan = load_plan(named.site)
    if plan is None:
        raise SolidUnfit(Text("The site has no backfill plan"))
    solid = crater_solid(named.site, plan)
    faces = [face for face in solid.faces() if face.edge_m > face.toe_m]
    if not faces:
        raise SolidUnfit(Text("No tier of the full crater has a face"))
    line = solid.section(float(solid.capacities.sum()))
    toe = faces[0].toe_m
    # Places grow down the slope, against the distances of the solid.
    places = toe - line.distance_m
    corners = [(toe - x, level) for each in faces for x, level in _face(each)]
    ends = [(places[0], float(line.final_m[0])), (places[-1], float(line.final_m[-1]))]
    return CraterSection(
        ground=tuple(sorted({(float(x), float(level)) for x, level in corners + ends})),
        base=_drawn(places[::-1], line.base_m[::-1]),
        wall=_drawn(places[::-1], line.wall_m[::-1]),
        toe_m=faces[0].base_m,
        tiers=tuple(face.tier for face in faces),
    )


def _face(face: TierFace) -> tuple[Point, Point]:
    return (face.toe_m, face.base_m), (face.edge_m, face.crest_m)


def _drawn(x: Array, level: Array) -> tuple[Point, ...]:
    """Return a polyline through as few of the points as it takes (Douglas and Peucker 1973)."""
    kept = np.zeros(len(x), bool)
    kept[[0, -1]] = True
    parts = [(0, len(x) - 1)]
    while parts:
        first, last = parts.pop()
        between = slice(first + 1, last)
        straight = np.interp(x[between], x[[first, last]], level[[first, last]])
        off = np.abs(level[between] - straight)
        if len(off) and off.max() > STRAIGHT_M:
            place = first + 1 + int(off.argmax())
            kept[place] = True
            parts += [(first, place), (place, last)]
    return tuple((float(a), float(b)) for a, b in zip(x[kept], level[kept], strict=True))
