"""Volume of a surveyed surface over the crater's outline, with its error.

Midpoint rule over square cells: a cell counts with the part of it that lies inside the outline, at
the middle of that part. Between the points the surface is linear (Delaunay triangles), as is usual
with terrain models. The error is estimated from cells and points twice as far apart: that of rule
and triangles falls with the square of the width, so a third of the difference remains (Richardson's
extrapolation).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy.spatial import Delaunay, cKDTree
from threadpoolctl import threadpool_limits

from ingest.survey_files import SurveyedPoints, SurveyRefused
from twin.buckets import Array
from twin.crater import Outline, contains, polygon_area
from twin.plan import SurveyGrid

#: A cell is divided into so many parts a side to find how much of it lies inside.
PARTS = 8

#: A place is covered when a point lies within so many mean distances of the points.
REACH = 4.0

#: How far a point is moved for the triangulation, as a share of the spacing [1].
MOVED = 1e-3


@dataclass(frozen=True)
class Cells:
    """Cells over an outline.

    Parameters
    ----------
    x, y
        Middle of the part inside (n,) [m].
    area
        Area of it (n,) [m2].
    width
        Of a cell [m].
    """

    x: Array
    y: Array
    area: Array
    width: float


def cells_of(outline: Outline, width: float) -> Cells:
    """Return the cells that an outline covers, at least in part."""
    corners = np.array(outline)
    low, high = corners.min(axis=0), corners.max(axis=0)
    counts = np.maximum(np.ceil((high - low) / width).astype(int), 1)
    fine = width / PARTS
    axes = [low[k] + (np.arange(counts[k] * PARTS) + 0.5) * fine for k in (0, 1)]
    x, y = np.meshgrid(*axes)
    inside = contains(outline, x, y)

    def summed(values: Array) -> Array:
        parted = values.reshape(counts[1], PARTS, counts[0], PARTS)
        return np.asarray(parted.sum(axis=(1, 3)).ravel())

    held = summed(inside.astype(float))
    kept = held > 0
    area = held[kept] / held.sum() * polygon_area(outline)
    return Cells(
        x=summed(np.where(inside, x, 0))[kept] / held[kept],
        y=summed(np.where(inside, y, 0))[kept] / held[kept],
        area=area,
        width=width,
    )


class SurveyedSurface:
    """A surface of triangles between surveyed points.

    Parameters
    ----------
    x, y, z
        Points in the site's grid (n,) [m].
    spacing
        Their mean distance [m].
    """

    def __init__(self, x: Array, y: Array, z: Array, spacing: float) -> None:
        self.x, self.y, self.z, self.spacing = x, y, z, spacing
        places = np.column_stack([x, y])
        # Far from its origin a triangulation loses digits, and points in rows make triangles
        # without area, which slow the search down: they are moved by a thousandth of the spacing.
        self._middle = places.mean(axis=0)
        moved = np.random.default_rng(0).uniform(-1, 1, places.shape) * MOVED * spacing
        self._triangles = Delaunay(places - self._middle + moved)
        # Thousands of tiny matrices are inverted here: threads only get in each other's way (ten
        # times slower on two busy cores).
        with threadpool_limits(1, user_api="blas"):
            self._transform = self._triangles.transform
        self._tree = cKDTree(places)

    def level(self, cells: Cells) -> Array:
        """Return the level at the middle of each cell (n,) [m]; NaN where it is not covered.

        A place is covered when a point is near; just outside of the outermost points the nearest
        one's level holds.
        """
        places = np.column_stack([cells.x, cells.y])
        level = self._linear(places - self._middle)
        way, nearest = self._tree.query(places)
        reach = REACH * max(self.spacing, cells.width)
        edge = np.isnan(level) & (way <= max(self.spacing, cells.width))
        level[edge] = self.z[nearest[edge]]
        level[way > reach] = math.nan
        return level

    def _linear(self, places: Array) -> Array:
        """Return the level in the triangles at places (n x 2) [m]; NaN outside of all of them.

        By barycentric coordinates, as scipy's LinearNDInterpolator, which would search anew.
        """
        found = self._triangles.find_simplex(places)
        transform = self._transform[found]
        first = np.einsum("nij,nj->ni", transform[:, :2], places - transform[:, 2])
        shares = np.column_stack([first, 1 - first.sum(axis=1)])
        level = (shares * self.z[self._triangles.simplices[found]]).sum(axis=1)
        return np.asarray(np.where(found >= 0, level, math.nan))

    def coarser(self) -> SurveyedSurface:
        """Return the surface through a quarter of the points, about."""
        spacing = 2 * self.spacing
        x, y, z = _thinned(self.x, self.y, self.z, spacing)
        return SurveyedSurface(x, y, z, spacing) if len(z) > 3 else self

    def completed(self, before: SurveyedSurface, outline: Outline, width: float) -> SurveyedSurface:
        """Return this surface with that of an earlier one where it has no points of its own."""
        cells = cells_of(outline, width)
        missing = np.isnan(self.level(cells))
        level = before.level(cells)
        taken = missing & np.isfinite(level)
        return SurveyedSurface(
            np.concatenate([self.x, cells.x[taken]]),
            np.concatenate([self.y, cells.y[taken]]),
            np.concatenate([self.z, level[taken]]),
            self.spacing,
        )


def surface_of(
    points: SurveyedPoints, grid: SurveyGrid, outline: Outline, width: float
) -> SurveyedSurface:
    """Return the surface of a survey around an outline.

    Parameters
    ----------
    width
        Points are thinned to their means over squares of this width [m].

    Raises
    ------
    SurveyRefused
        When the file is in another coordinate system, in degrees, or lies elsewhere.
    """
    # Text and ASCII grids name no system; they are taken to be in the plan's.
    if points.epsg not in (None, grid.epsg):
        wanted = "the site's own grid" if grid.epsg is None else f"EPSG:{grid.epsg}"
        raise SurveyRefused(
            f"the file is in EPSG:{points.epsg}, surveys of this site in {wanted}; project it,"
            " or set surveys.grid in plan.yaml"
        )
    _check_metres(points)
    x, y, z = points.x - grid.east_m, points.y - grid.north_m, points.z + grid.level_m
    corners = np.array(outline)
    low, high = corners.min(axis=0) - REACH * width, corners.max(axis=0) + REACH * width
    near = (x >= low[0]) & (x <= high[0]) & (y >= low[1]) & (y <= high[1])
    if np.count_nonzero(near) < 3:
        raise SurveyRefused(
            f"outside the crater: the file spans x {x.min():.0f} to {x.max():.0f} and"
            f" y {y.min():.0f} to {y.max():.0f} m, the crater x {low[0]:.0f} to {high[0]:.0f} and"
            f" y {low[1]:.0f} to {high[1]:.0f} m; is the file in the site's coordinate system?"
        )
    x, y, z = _thinned(x[near], y[near], z[near], width)
    if len(z) < 3:
        raise SurveyRefused("fewer than three points that lie apart: no surface")
    if np.linalg.matrix_rank(np.column_stack([x - x[0], y - y[0]]), tol=1e-6) < 2:
        raise SurveyRefused("the points lie on one line: no surface")
    way = cKDTree(np.column_stack([x, y])).query(np.column_stack([x, y]), k=2)[0][:, 1]
    return SurveyedSurface(x, y, z, max(float(np.median(way)), points.spacing or 0.0))


def _check_metres(points: SurveyedPoints) -> None:
    """Refuse longitude and latitude: no crater is less than a metre wide.

    Raises
    ------
    SurveyRefused
        When all the points lie within one unit, at places that can be degrees.
    """
    x, y = points.x, points.y
    wide = max(np.ptp(x), np.ptp(y))
    if 0 < wide < 1 and max(np.abs(x).max(), np.abs(y).max()) <= 180:
        raise SurveyRefused(
            f"x {x.min():.6g} to {x.max():.6g} and y {y.min():.6g} to {y.max():.6g} look like"
            " degrees of longitude and latitude; project the file to metres first"
        )


def _thinned(x: Array, y: Array, z: Array, width: float) -> tuple[Array, Array, Array]:
    """Return the means of the points of each square."""
    column = np.floor((x - x.min()) / width).astype(np.int64)
    row = np.floor((y - y.min()) / width).astype(np.int64)
    _, place, count = np.unique(
        row * (int(column.max()) + 1) + column, return_inverse=True, return_counts=True
    )
    means = [np.bincount(place, axis) / count for axis in (x, y, z)]
    return means[0], means[1], means[2]


@dataclass(frozen=True)
class Difference:
    """What lies between two surfaces over an outline.

    Parameters
    ----------
    volume
        Upper less lower [m3].
    numerical
        Error of the integration [m3].
    covered
        Share of the area that both surfaces cover [1].
    """

    volume: float
    numerical: float
    covered: float


def difference(
    upper: SurveyedSurface, lower: SurveyedSurface, outline: Outline, width: float
) -> Difference:
    """Return the volume between two surfaces; what is not covered has the others' thickness.

    Parameters
    ----------
    width
        Of the cells [m].
    """
    found = []
    pairs = ((width, upper, lower), (2 * width, upper.coarser(), lower.coarser()))
    for each, above, below in pairs:
        cells = cells_of(outline, each)
        thick = above.level(cells) - below.level(cells)
        known = np.isfinite(thick)
        covered = float(cells.area[known].sum() / cells.area.sum())
        if not covered:
            return Difference(0.0, math.inf, 0.0)
        found.append((float((cells.area[known] * thick[known]).sum()) / covered, covered))
    (fine, covered), (coarse, _) = found
    return Difference(fine, abs(fine - coarse) / 3, covered)
