from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.site import Site, load_site
from twin import crater
from twin.crater import CraterSolid, SolidUnfit, crater_solid
from twin.plan import Plan, Shape, load_plan

_site = load_site("abaza")
_plan = load_plan(_site)
assert _plan is not None
SOLID = crater_solid(_site, _plan)


def test_the_solid_reproduces_what_the_plan_prints() -> None:
    """27 000 thousand m3, 463 thousand m2, 200 m above the lowest crest, every tier's volume."""
    base, final = SOLID.base, SOLID.final
    assert SOLID.volume_between(base, final) == pytest.approx(27_000, abs=1e-6)
    assert SOLID.area == pytest.approx(463, abs=1e-9)
    assert np.nanmax(final) - np.nanmin(final) == pytest.approx(200)
    assert np.nanmax(final) == pytest.approx(850)
    assert np.nanmin(base) == pytest.approx(595)
    for tier in _plan.tiers.values():
        held = SOLID.volume_between(
            np.clip(base, tier.base_m, tier.crest_m), np.clip(final, tier.base_m, tier.crest_m)
        )
        assert held == pytest.approx(tier.capacity_thousand_m3, abs=1e-6)


def test_faces_stand_at_the_angle_of_repose_and_the_dump_at_its_overall_slope() -> None:
    faces = SOLID.faces()
    assert [face.tier for face in faces] == list(_plan.tiers)
    assert [face.height_m for face in faces] == [55, 30, 30, 30, 30, 30, 30, 20]
    for face in faces[1:]:
        run = face.height_m / math.tan(math.radians(37))
        assert face.edge_m - face.toe_m == pytest.approx(run)
    benches = [face.bench_m for face in faces[1:-1]]
    assert np.ptp(benches) < 1e-9
    assert 19 <= SOLID.overall_deg <= 23
    assert faces[-1].overall_deg == pytest.approx(SOLID.overall_deg)
    # From the toe of tier +680 to the crest of +850.
    slope = math.degrees(math.atan2(200, faces[-1].edge_m - faces[1].toe_m))
    assert slope == pytest.approx(SOLID.overall_deg)


def test_a_finer_grid_gives_the_same_solid(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crater, "CELLS", 420)
    shape = _plan.file.shape
    assert shape is not None
    fine = CraterSolid(_site.zones["crater"].outline, _plan.tiers, 463, shape)
    assert fine.overall_deg == SOLID.overall_deg
    for coarse, better in zip(SOLID.faces(), fine.faces(), strict=True):
        assert coarse.edge_m == pytest.approx(better.edge_m, abs=3)
    for volume in (1000, 9000, 20_000):
        here, there = SOLID.front(volume), fine.front(volume)
        assert here.tier == there.tier
        assert here.edge_m == pytest.approx(there.edge_m, abs=4)


@settings(max_examples=40)
@given(st.floats(0, 27_000))
def test_the_surface_holds_the_volume_placed(volume: float) -> None:
    base, surface = SOLID.base, SOLID.surface(volume)
    inside = ~np.isnan(base)
    assert SOLID.volume_between(base, surface) == pytest.approx(volume, abs=1e-4)
    assert (surface[inside] >= base[inside] - 1e-9).all()
    assert (surface[inside] <= SOLID.final[inside] + 1e-9).all()


@settings(max_examples=40)
@given(st.floats(0, 27_000), st.floats(0, 27_000))
def test_the_fill_only_grows_and_the_front_only_advances(one: float, other: float) -> None:
    less, more = sorted((one, other))
    before, after = SOLID.surface(less), SOLID.surface(more)
    inside = SOLID.inside
    assert (after[inside] >= before[inside] - 1e-6).all()
    first, second = SOLID.front(less), SOLID.front(more)
    names = list(_plan.tiers)
    assert names.index(first.tier) <= names.index(second.tier)
    if first.tier == second.tier:
        assert second.toe_m <= first.toe_m + 1e-6
        assert second.advanced >= first.advanced - 1e-9
    assert 0 <= first.advanced <= 1


def test_the_stage_curve_ends_with_the_whole_crater() -> None:
    levels, volumes, areas = SOLID.stage_curve()
    assert (levels[0], levels[-1]) == (595, 850)
    assert (np.diff(volumes) > 0).all()
    assert volumes[-1] == pytest.approx(27_000, abs=1e-6)
    assert volumes[levels.tolist().index(650)] == pytest.approx(3839.5, abs=1e-6)
    assert areas.max() < 463


def test_the_section_shows_base_fill_and_final() -> None:
    cut = SOLID.section(2000)
    assert (cut.base_m <= cut.fill_m + 1e-9).all()
    assert (cut.fill_m <= cut.final_m + 1e-9).all()
    assert cut.fill_m.max() <= 850
    assert cut.front.tier == "tier_650"
    # Right behind the front's crest the platform stands on the tier's level.
    behind = cut.distance_m > cut.front.edge_m
    assert cut.fill_m[behind][0] == pytest.approx(650, abs=0.1)
    assert np.hypot(np.diff(cut.x_m), np.diff(cut.y_m)).sum() == pytest.approx(cut.distance_m[-1])


def test_volumes_that_do_not_fit_are_refused_with_the_reason(abaza: Site, plan: Plan) -> None:
    shape = plan.file.shape
    assert shape is not None
    outline = abaza.zones["crater"].outline
    with pytest.raises(SolidUnfit, match="does not"):
        CraterSolid(outline, plan.tiers, 200, shape)
    steep = shape.model_copy(update={"overall_slope_deg": (45.0, 50.0)})
    with pytest.raises(SolidUnfit):
        CraterSolid(outline, plan.tiers, 463, steep)


def test_a_site_without_a_shape_says_so(abaza: Site, plan: Plan) -> None:
    from dataclasses import replace

    bare = replace(plan, file=plan.file.model_copy(update={"shape": None}))
    with pytest.raises(SolidUnfit, match="nothing of the shape"):
        crater_solid(abaza, bare)


def test_one_direction_is_as_good_as_another(abaza: Site, plan: Plan) -> None:
    shape = plan.file.shape
    assert shape is not None
    solid = CraterSolid(
        abaza.zones["crater"].outline,
        plan.tiers,
        463,
        Shape.model_validate({**shape.model_dump(), "advance_deg": 240.0}),
    )
    assert solid.volume_between(solid.base, solid.final) == pytest.approx(27_000, abs=1e-6)
