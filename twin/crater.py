"""The crater and its fill as a parametric solid: base, tiers, front, final surface, sections.

The drawings of the Abaza project are not in the source, so the solid is assumed; it reproduces
what the plan prints, and by construction: the volume of every tier, the area in plan, the levels
of the tiers, the angle of repose and the overall slope.

- The area in plan is the crater's outline, scaled to the plan's area.
- A full crater is flush with its rim: the lowest tier ends at the rim without a face, and the
  upper tiers rise from its crest at the overall slope, with equal benches between them.
- The fill advances in one direction with straight fronts at the angle of repose.
- The base is the rock wall at a constant angle below the rim, and a floor that rises by a step in
  each tier; the place of the steps follows from the tiers' volumes. The dump that stood before the
  plan began belongs to the base.
- Width of the first bench and place of the steps are solved for, nothing else is fitted.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq

from ingest.site import Site
from ingest.text import Text
from twin.buckets import Array
from twin.plan import Plan, Shape, Tier

#: Cells along the longer side of the crater (design assumption): about 6 m at Abaza.
CELLS = 140

#: Points of a section.
SECTION_POINTS = 241

Outline = tuple[tuple[float, float], ...]


class SolidUnfit(Exception):
    """The plan's volumes do not fit into the crater's outline under the assumptions."""

    def __init__(self, reason: Text) -> None:
        super().__init__(str(reason))
        self.reason = reason


@dataclass(frozen=True)
class TierFace:
    """The face of one tier when it stands finished.

    Parameters
    ----------
    base_m, crest_m
        Levels of toe and crest [m above sea].
    height_m, face_deg
        Height of the face [m] and its angle [deg].
    toe_m, edge_m
        Where toe and crest stand along the section, against the advance [m].
    bench_m
        Width of the platform on the tier's crest, up to the toe of the next one [m]; of the
        topmost tier up to the crater's wall.
    overall_deg
        Angle from the toe of the second tier to this crest [deg]; None for the first tier.
    """

    tier: str
    base_m: float
    crest_m: float
    height_m: float
    face_deg: float
    toe_m: float
    edge_m: float
    bench_m: float
    overall_deg: float | None


@dataclass(frozen=True)
class Front:
    """Where the fill stands now.

    Parameters
    ----------
    tier
        The tier that is being filled.
    toe_m, edge_m
        Place of toe and crest of the front along the section, against the advance [m].
    start_m, end_m
        Where the toe began in this tier, at the crater's wall, and where it will end [m].
    advanced
        Share of the toe's way [1].
    """

    tier: str
    toe_m: float
    edge_m: float
    start_m: float
    end_m: float
    advanced: float


@dataclass(frozen=True)
class Section:
    """Levels along the line through the crater's middle in the direction of the advance.

    Parameters
    ----------
    distance_m
        Along the line, against the advance: 0 at the rim that the fill advances to (n,) [m].
    x_m, y_m
        Of the points, in the site's grid (n,) [m].
    base_m, fill_m, final_m
        Levels of the base, of the fill as it stands and of the full crater (n,) [m above sea].
    wall_m
        Level of the rock wall below the rim, which goes on below the base (n,) [m above sea].
    faces
        The finished tiers' faces.
    front
        Where the fill stands.
    """

    distance_m: Array
    x_m: Array
    y_m: Array
    base_m: Array
    fill_m: Array
    final_m: Array
    wall_m: Array
    faces: list[TierFace]
    front: Front


class CraterSolid:
    """The parametric solid of a crater.

    Parameters
    ----------
    outline
        Corners of the crater in the site's grid [m].
    tiers
        The tiers, bottom up.
    area
        Area in plan [thousand m2].
    shape
        Angles and direction.

    Raises
    ------
    SolidUnfit
        When the volumes do not fit.
    """

    def __init__(
        self, outline: Outline, tiers: Mapping[str, Tier], area: float, shape: Shape
    ) -> None:
        self.names, self.shape = list(tiers), shape
        self._tiers = list(tiers.values())
        self.capacities = np.array([tier.capacity_thousand_m3 for tier in self._tiers])
        self.levels = np.array([self._tiers[0].base_m, *(t.crest_m for t in self._tiers)])
        self.outline = scaled(outline, area * 1000)
        advance = math.radians(shape.advance_deg)
        # Unit vector against the advance: distances grow towards where each tier begins.
        self._back = np.array([-math.sin(advance), -math.cos(advance)])
        self._face = math.tan(math.radians(shape.repose_deg))
        self._wall = math.tan(math.radians(shape.wall_deg))
        self._grid(area * 1000)
        self._solve()

    # Construction

    def _grid(self, area: float) -> None:
        corners = np.array(self.outline)
        self._origin = float((corners @ self._back).min())
        low, high = corners.min(axis=0), corners.max(axis=0)
        step = float((high - low).max()) / CELLS
        counts = np.ceil((high - low) / step).astype(int)
        self.x, self.y = (low[axis] + (np.arange(counts[axis]) + 0.5) * step for axis in (0, 1))
        x, y = np.meshgrid(self.x, self.y)
        self.inside = contains(self.outline, x, y)
        points = np.column_stack([x[self.inside], y[self.inside]])
        #: Area of a cell [thousand m2]: the cells inside share the area in plan.
        self._cell = area / 1000 / len(points)
        self._s = points @ self._back - self._origin
        self._depth = self._wall * rim_distance(self.outline, points)
        self._length = float((corners @ self._back).max()) - self._origin

    def _solve(self) -> None:
        low, high = self.shape.overall_slope_deg
        middle = (low + high) / 2
        # The slope nearest to the middle of the plan's range with which the volumes fit.
        reason: SolidUnfit | None = None
        for overall in sorted(np.linspace(low, high, 41), key=lambda a: (abs(a - middle), a)):
            try:
                self._place(float(overall))
            except SolidUnfit as error:
                reason = reason or error
            else:
                self.overall_deg = float(overall)
                return
        assert reason is not None
        raise reason

    def _place(self, overall_deg: float) -> None:
        """Find the first bench's width and the steps of the base for one overall slope."""
        heights = np.diff(self.levels)
        faces = heights[1:] / self._face
        run = heights[1:].sum() / math.tan(math.radians(overall_deg))
        benches = (run - faces.sum()) / max(len(faces) - 1, 1)
        offsets = np.concatenate(([0.0], np.cumsum(faces[:-1] + benches)))
        top = len(self.names) - 1

        def held(first: float) -> float:
            """Return what the topmost tier takes up to the crater's wall [thousand m3]."""
            self._put_toes(first, offsets)
            return float(self._body(top, self._toes[top], -math.inf) - self.capacities[top])

        if top == 0:
            self._put_toes(0.0, offsets[:0])
        else:
            farthest = self._length - run
            if benches < 0 or farthest <= 0 or held(0.0) < 0:
                raise SolidUnfit(
                    Text("The topmost tier does not fit into the crater's outline", {})
                )
            if held(farthest) > 0:
                raise SolidUnfit(Text("The topmost tier does not reach the crater's wall", {}))
            self._put_toes(float(brentq(held, 0.0, farthest, xtol=1e-10)), offsets)
        self._steps = np.full(top + 1, math.inf)
        before = -math.inf
        for tier in range(top + 1):
            if tier == top and top > 0:
                # It reaches the wall by construction: no step above it.
                break
            self._steps[tier] = self._step(tier)
            if self._steps[tier] < before:
                raise SolidUnfit(
                    Text("{zone} would overhang the tier below it", {"zone": self.names[tier]})
                )
            before = self._steps[tier] + heights[tier] / self._wall

    def _put_toes(self, first: float, offsets: Array) -> None:
        # The lowest tier ends at the rim without a face: its toe would lie outside by its run.
        lowest = -(self.levels[1] - self.levels[0]) / self._face
        self._toes = np.concatenate(([lowest], first + offsets))
        self._rim_wall = self._final(self._s) - self._depth

    def _step(self, tier: int) -> float:
        """Return where the base rises through a tier, from the tier's volume [m]."""

        def missing(place: float) -> float:
            return float(self._body(tier, self._toes[tier], place) - self.capacities[tier])

        if missing(self._length) < 0:
            raise SolidUnfit(
                Text(
                    "{zone} does not hold its volume within the crater's outline",
                    {"zone": self.names[tier]},
                )
            )
        return float(brentq(missing, -self._length, self._length, xtol=1e-10))

    def _body(self, tier: int, toe: float, step: float) -> float:
        """Return the volume of a tier between its front and the base [thousand m3].

        `step` is where the base rises; -inf stands for no step.
        """
        base, crest = self.levels[tier], self.levels[tier + 1]
        top = np.clip(base + (self._s - toe) * self._face, base, crest)
        bottom = self._rim_wall
        if math.isfinite(step):
            bottom = np.maximum(bottom, base + (self._s - step) * self._wall)
        return float(np.maximum(top - np.clip(bottom, base, crest), 0).sum() * self._cell)

    # Surfaces

    def _final(self, s: Array) -> Array:
        """Return the level of the full crater's surface at distances [m above sea]."""
        level = np.full(s.shape, self.levels[1])
        for tier in range(1, len(self.names)):
            face = self.levels[tier] + (s - self._toes[tier]) * self._face
            level = np.maximum(level, np.minimum(face, self.levels[tier + 1]))
        return level

    def _base(self, s: Array, depth: Array) -> Array:
        """Return the level of the base: the wall below the rim, and the floor with its steps."""
        floor = np.full(s.shape, self.levels[0])
        for tier, step in enumerate(self._steps):
            if math.isfinite(step):
                rise = self.levels[tier] + (s - step) * self._wall
                floor = np.maximum(floor, np.minimum(rise, self.levels[tier + 1]))
        return np.asarray(np.maximum(floor, self._final(s) - depth))

    def _filled(self, s: Array, base: Array, volume: float) -> Array:
        """Return the level of the fill's surface when it holds a volume [thousand m3]."""
        full, tier, toe = self._standing(volume)
        level = np.full(s.shape, -math.inf)
        for each in range(full):
            face = self.levels[each] + (s - self._toes[each]) * self._face
            level = np.maximum(level, np.minimum(face, self.levels[each + 1]))
        if toe is not None:
            face = self.levels[tier] + (s - toe) * self._face
            level = np.where(
                s >= toe, np.maximum(level, np.minimum(face, self.levels[tier + 1])), level
            )
        return np.asarray(np.maximum(level, base))

    def _standing(self, volume: float) -> tuple[int, int, float | None]:
        """Return how many tiers are full, the one being filled, and where its front's toe is."""
        edges = np.cumsum(self.capacities)
        full = int(np.searchsorted(edges, volume * (1 + 1e-12), side="right"))
        if full >= len(self.names):
            return len(self.names), len(self.names) - 1, None
        part = volume - (edges[full - 1] if full else 0.0)
        if part <= 0:
            return full, full, None
        step = self._steps[full] if math.isfinite(self._steps[full]) else -math.inf

        def missing(toe: float) -> float:
            return self._body(full, toe, step) - part

        toe = brentq(missing, self._toes[full] - 1e-6, self._length, xtol=1e-9)
        return full, full, float(toe)

    def _on_grid(self, values: Array) -> Array:
        grid = np.full(self.inside.shape, math.nan)
        grid[self.inside] = values
        return grid

    @property
    def base(self) -> Array:
        """Level of the base (y x x) [m above sea]; NaN outside of the crater."""
        return self._on_grid(self._base(self._s, self._depth))

    @property
    def final(self) -> Array:
        """Level of the full crater's surface (y x x) [m above sea]; NaN outside."""
        return self._on_grid(self._final(self._s))

    def surface(self, volume: float) -> Array:
        """Return the level of the surface when a volume [thousand m3] is placed (y x x) [m]."""
        return self._on_grid(self._filled(self._s, self._base(self._s, self._depth), volume))

    def volume_between(self, lower: Array, upper: Array) -> float:
        """Return the volume between two surfaces of the grid [thousand m3]."""
        return float(np.nansum(upper - lower) * self._cell)

    @property
    def area(self) -> float:
        """Area in plan that the full crater covers [thousand m2]."""
        return float(np.count_nonzero(self.final > self.base) * self._cell)

    def stage_curve(self) -> tuple[Array, Array, Array]:
        """Return levels [m], volume of the full crater below them [thousand m3] and its area.

        The area is that of the fill at the level [thousand m2].
        """
        levels = np.unique(
            np.concatenate(
                [self.levels, np.arange(float(self.levels[0]), float(self.levels[-1]), 5.0)]
            )
        )
        base, final = self._base(self._s, self._depth), self._final(self._s)
        held = [
            (np.clip(final, None, level) - np.clip(base, None, level)).sum() for level in levels
        ]
        area = [np.count_nonzero((base < level) & (final >= level)) for level in levels]
        volumes: Array = np.array(held, float) * self._cell
        areas: Array = np.array(area, float) * self._cell
        return levels, volumes, areas

    # Front, faces, section

    def front(self, volume: float) -> Front:
        """Return where the front stands when a volume [thousand m3] is placed."""
        full, tier, toe = self._standing(volume)
        run = (self.levels[tier + 1] - self.levels[tier]) / self._face
        start, end = min(self._steps[tier], self._length), float(self._toes[tier])
        if full > tier:
            toe = end
        elif toe is None:
            toe = start
        # Where the platform on the crest's level meets the base: before it, there is no crest yet.
        wall = start + (self.levels[tier + 1] - self.levels[tier]) / self._wall
        return Front(
            tier=self.names[tier],
            toe_m=max(float(toe), 0.0),
            edge_m=float(max(min(toe + run, wall, self._length), 0.0)),
            start_m=float(start),
            end_m=max(end, 0.0),
            advanced=float(min(max((start - toe) / (start - end), 0.0), 1.0)),
        )

    def faces(self) -> list[TierFace]:
        """Return the faces of the finished tiers, bottom up."""
        found = []
        for tier, name in enumerate(self.names):
            base, crest = self.levels[tier], self.levels[tier + 1]
            edge = max(self._toes[tier] + (crest - base) / self._face, 0.0)
            last = tier + 1 == len(self.names)
            following = self._length if last else self._toes[tier + 1]
            rise, way = crest - self.levels[1], edge - (self._toes[1] if tier else 0.0)
            found.append(
                TierFace(
                    tier=name,
                    base_m=float(base),
                    crest_m=float(crest),
                    height_m=float(crest - base),
                    face_deg=self.shape.repose_deg,
                    toe_m=float(self._toes[tier]) if tier else 0.0,
                    edge_m=float(edge),
                    bench_m=float(following - edge),
                    overall_deg=math.degrees(math.atan2(rise, way)) if tier else None,
                )
            )
        return found

    def section(self, volume: float) -> Section:
        """Return the section through the middle when a volume [thousand m3] is placed."""
        corners = np.array(self.outline)
        across = np.array([self._back[1], -self._back[0]])
        places = corners @ across
        middle = (places.min() + places.max()) / 2
        s = np.linspace(0, self._length, SECTION_POINTS)
        points = np.outer(s + self._origin, self._back) + middle * across
        within = contains(self.outline, points[:, 0], points[:, 1])
        # At the two ends the line meets the rim.
        depth = np.where(within, self._wall * rim_distance(self.outline, points), 0.0)
        base = self._base(s, depth)
        return Section(
            distance_m=s,
            x_m=points[:, 0],
            y_m=points[:, 1],
            base_m=base,
            fill_m=self._filled(s, base, volume),
            final_m=self._final(s),
            wall_m=self._final(s) - depth,
            faces=self.faces(),
            front=self.front(volume),
        )

    def line_across(self, distance: float) -> tuple[Array, Array]:
        """Return x and y of the grid's line across the crater at a distance [m]."""
        across = np.array([self._back[1], -self._back[0]])
        places = np.array(self.outline) @ across
        along = np.linspace(places.min(), places.max(), 2 * CELLS)
        points = (distance + self._origin) * self._back + np.outer(along, across)
        kept = points[contains(self.outline, points[:, 0], points[:, 1])]
        return kept[:, 0], kept[:, 1]


def crater_solid(site: Site, plan: Plan) -> CraterSolid:
    """Return the solid of a site's crater; it is made once.

    Raises
    ------
    SolidUnfit
        When the site has no outline of the crater, the plan no shape, or the volumes do not fit.
    """
    outlines = [zone.outline for zone in site.zones.values() if zone.kind == "backfill"]
    if plan.file.shape is None:
        raise SolidUnfit(Text("plan.yaml says nothing of the shape of the dump", {}))
    if not outlines or len(outlines[0]) < 3:
        raise SolidUnfit(Text("site.yaml has no outline of a zone of kind backfill", {}))
    found = _solid(
        outlines[0],
        tuple(plan.tiers.items()),
        plan.file.plan_area_thousand_m2,
        plan.file.shape,
    )
    if isinstance(found, SolidUnfit):
        raise found
    return found


@lru_cache(maxsize=8)
def _solid(
    outline: Outline, tiers: tuple[tuple[str, Tier], ...], area: float, shape: Shape
) -> CraterSolid | SolidUnfit:
    try:
        return CraterSolid(outline, dict(tiers), area, shape)
    except SolidUnfit as error:
        return error


def polygon_area(outline: Outline) -> float:
    """Return the area inside an outline [m2] (shoelace formula)."""
    x, y = np.array(outline).T
    return float(abs(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1))) / 2)


def scaled(outline: Outline, area: float) -> Outline:
    """Return an outline scaled about its middle to an area [m2]."""
    corners = np.array(outline)
    middle = corners.mean(axis=0)
    grown = middle + (corners - middle) * math.sqrt(area / polygon_area(outline))
    return tuple((float(x), float(y)) for x, y in grown)


def contains(outline: Outline, x: Array, y: Array) -> NDArray[np.bool_]:
    """Return which points lie inside an outline (even-odd rule)."""
    inside = np.zeros(x.shape, bool)
    corners = np.array(outline)
    for (x1, y1), (x2, y2) in zip(corners, np.roll(corners, -1, axis=0), strict=True):
        if y1 == y2:
            continue
        crosses = (y1 > y) != (y2 > y)
        inside ^= crosses & (x < (x2 - x1) * (y - y1) / (y2 - y1) + x1)
    return inside


def rim_distance(outline: Outline, points: Array) -> Array:
    """Return the distance of points (n x 2) to the nearest edge of an outline (n,) [m]."""
    nearest = np.full(len(points), math.inf)
    corners = np.array(outline)
    for start, end in zip(corners, np.roll(corners, -1, axis=0), strict=True):
        along = end - start
        share = np.clip((points - start) @ along / (along @ along), 0, 1)
        way = points - start - share[:, None] * along
        nearest = np.minimum(nearest, np.hypot(way[:, 0], way[:, 1]))
    return nearest
