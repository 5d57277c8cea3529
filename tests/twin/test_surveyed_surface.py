"""Volumes of bodies whose volume is known, by the same way as a survey."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.survey_files import SurveyedPoints, SurveyRefused
from twin.crater import Outline, polygon_area
from twin.plan import SurveyGrid
from twin.surveyed_surface import SurveyedSurface, cells_of, difference, surface_of

GRID = SurveyGrid()
SQUARE: Outline = ((0.0, 0.0), (200.0, 0.0), (200.0, 200.0), (0.0, 200.0))
CIRCLE: Outline = tuple(
    (100 + 80 * math.cos(angle), 100 + 80 * math.sin(angle))
    for angle in np.linspace(0, 2 * math.pi, 181)[:-1]
)


def surface(level, step: float = 2.0, width: float = 2.0, outline: Outline = SQUARE):
    axis = np.arange(-12, 212 + step / 2, step)
    x, y = (each.ravel() for each in np.meshgrid(axis, axis))
    return surface_of(SurveyedPoints(x, y, level(x, y)), GRID, outline, width)


def flat(x, y):
    return np.zeros_like(x)


def prism(x, y):
    return np.full_like(x, 12.5)


def plane(x, y):
    return 0.05 * x - 0.02 * y + 3


def cone(x, y):
    return np.maximum(40 - 0.5 * np.hypot(x - 100, y - 100), 0)


def paraboloid(x, y):
    return np.maximum(30 - 30 / 80**2 * ((x - 100) ** 2 + (y - 100) ** 2), 0)


@pytest.mark.parametrize(
    ("body", "volume", "tolerance"),
    [
        (prism, 12.5 * 200**2, 1e-9),
        (plane, (0.05 * 100 - 0.02 * 100 + 3) * 200**2, 1e-5),
        (cone, math.pi * 80**2 * 40 / 3, 2e-3),
        (paraboloid, math.pi * 80**2 * 30 / 2, 2e-3),
    ],
)
def test_bodies_of_known_volume(body, volume: float, tolerance: float) -> None:
    found = difference(surface(body), surface(flat), SQUARE, 2.0)
    assert found.volume == pytest.approx(volume, rel=tolerance)
    assert found.covered == pytest.approx(1)
    # The estimated error is no less than a third of the true one, and small.
    assert abs(found.volume - volume) <= 3 * found.numerical + 1e-5 * volume
    assert found.numerical < 0.01 * volume


def test_a_body_over_a_round_outline() -> None:
    found = difference(
        surface(paraboloid, outline=CIRCLE), surface(flat, outline=CIRCLE), CIRCLE, 2.0
    )
    assert found.volume == pytest.approx(math.pi * 80**2 * 30 / 2, rel=2e-3)


def test_finer_cells_come_nearer_to_the_truth() -> None:
    truth = math.pi * 80**2 * 40 / 3
    errors = []
    for width in (16.0, 8.0, 4.0):
        found = difference(
            surface(cone, step=width, width=width), surface(flat, step=width, width=width),
            SQUARE, width,
        )  # fmt: skip
        errors.append(abs(found.volume - truth))
    assert errors[1] < errors[0] / 2
    assert errors[2] < errors[1] / 2


@settings(max_examples=20)
@given(st.floats(-3, 3), st.floats(-0.3, 0.3), st.floats(-0.3, 0.3))
def test_raising_and_tilting_both_surfaces_changes_nothing(
    up: float, east: float, north: float
) -> None:
    def moved(body):
        return surface(lambda x, y: body(x, y) + up + east * x + north * y, step=8, width=8)

    plain = difference(
        surface(cone, step=8, width=8), surface(flat, step=8, width=8), SQUARE, 8.0
    ).volume
    assert difference(moved(cone), moved(flat), SQUARE, 8.0).volume == pytest.approx(
        plain, rel=1e-3
    )
    assert difference(moved(flat), moved(cone), SQUARE, 8.0).volume == pytest.approx(
        -plain, rel=1e-3
    )


def test_volumes_add_up_over_surveys_in_between() -> None:
    low, middle, high = surface(flat), surface(paraboloid), surface(prism)
    parts = [difference(a, b, SQUARE, 2.0).volume for a, b in ((middle, low), (high, middle))]
    assert sum(parts) == pytest.approx(difference(high, low, SQUARE, 2.0).volume)


def test_cells_hold_the_outline(abaza) -> None:
    outline = abaza.zones["crater"].outline
    for width in (5.0, 20.0):
        cells = cells_of(outline, width)
        assert cells.area.sum() == pytest.approx(polygon_area(outline))
        assert (cells.area <= width**2 * 1.001).all()


def test_what_has_no_points_is_not_covered_and_the_survey_before_may_hold_there() -> None:
    axis = np.arange(-12.0, 213.0, 2.0)
    x, y = (each.ravel() for each in np.meshgrid(axis, axis))
    half = x < 100
    part = surface_of(
        SurveyedPoints(x[half], y[half], np.full(half.sum(), 10.0)), GRID, SQUARE, 2.0
    )
    before = surface(lambda x, _: np.full_like(x, 4.0))
    found = difference(part, surface(flat), SQUARE, 2.0)
    assert found.covered == pytest.approx(0.5, abs=0.05)
    whole = difference(part.completed(before, SQUARE, 2.0), surface(flat), SQUARE, 2.0)
    assert whole.covered == pytest.approx(1)
    assert whole.volume == pytest.approx((10 + 4) * 200 * 100, rel=0.05)


def test_dense_points_are_thinned_without_bias() -> None:
    rng = np.random.default_rng(3)
    x, y = rng.uniform(-12, 212, (2, 120_000))
    noisy = plane(x, y) + 0.2 * rng.standard_normal(x.size)
    dense = surface_of(SurveyedPoints(x, y, noisy), GRID, SQUARE, 5.0)
    assert isinstance(dense, SurveyedSurface)
    assert len(dense.z) < 2500
    volume = difference(dense, surface(flat), SQUARE, 5.0).volume
    assert volume == pytest.approx(6.0 * 200**2, rel=1e-3)


@pytest.mark.parametrize(
    ("points", "message"),
    [
        (SurveyedPoints(np.arange(9.0) + 1e6, np.arange(9.0), np.zeros(9)), "outside the crater"),
        (SurveyedPoints(np.arange(99.0), np.arange(99.0), np.zeros(99)), "one line"),
        (SurveyedPoints(np.full(9, 5.0), np.full(9, 5.0), np.zeros(9)), "three points"),
        (
            SurveyedPoints(np.arange(9.0), np.arange(9.0), np.zeros(9), 1.0, 32646),
            "EPSG:32646, surveys of this site in the site's own grid",
        ),
    ],
)
def test_what_is_no_surface_is_refused(points: SurveyedPoints, message: str) -> None:
    with pytest.raises(SurveyRefused, match=message):
        surface_of(points, GRID, SQUARE, 2.0)


@pytest.mark.parametrize("turned", [False, True])
def test_longitude_and_latitude_are_refused_as_degrees(turned: bool) -> None:
    # 52.65 N, 90.08 E: a crater of 800 m.
    x, y = (each.ravel() for each in np.meshgrid(*[np.linspace(0, 0.01, 60)] * 2))
    east, north = (52.65 + y, 90.08 + x) if turned else (90.08 + x, 52.65 + y)
    with pytest.raises(SurveyRefused, match=r"x .* look like degrees .* project the file to met"):
        surface_of(SurveyedPoints(east, north, flat(x, y)), GRID, SQUARE, 2.0)


def test_a_projected_file_is_moved_onto_the_sites_grid() -> None:
    grid = SurveyGrid(epsg=32646, east_m=500_000, north_m=5_800_000, level_m=-1.5)
    axis = np.arange(-12.0, 213.0, 4.0)
    x, y = (each.ravel() for each in np.meshgrid(axis, axis))
    moved = surface_of(
        SurveyedPoints(x + 500_000, y + 5_800_000, np.full(x.size, 14.0), 4.0, 32646),
        grid,
        SQUARE,
        4.0,
    )
    found = difference(moved, surface(flat), SQUARE, 4.0)
    assert found.volume == pytest.approx(12.5 * 200**2)
