"""Laws that the land-use works keep, whatever the inputs."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from twin.land_use import variants, works
from twin.land_use._dump import (
    SHAPES,
    Shape,
    base_growth,
    dump_base,
    dump_volume,
    dust_zone,
    dusted_area,
    flattening_bottom_up,
    flattening_top_down,
)

shapes = st.sampled_from(SHAPES)
volumes = st.floats(1e6, 1e9)
heights = st.floats(5, 120)
slopes = st.floats(20, 45)
ratios = st.floats(1.5, 5)
VARIANT = st.integers(1, 25)


def values(work: str, **inputs: float) -> dict[str, Any]:
    return {each.name: each.figure.value for each in works()[work].results(inputs)}


@given(shapes, volumes, heights, slopes, ratios)
def test_a_base_holds_its_volume(
    shape: Shape, volume: float, height: float, slope: float, ratio: float
) -> None:
    base = dump_base(shape, volume, height, slope, ratio)
    assume(base is not None)
    assert dump_volume(base, height, slope) == pytest.approx(volume)
    # The same by levels: the outline moves inward as the dump rises.
    z = np.linspace(0, height, 2001)
    areas = [base.moved(-each / math.tan(math.radians(slope))).area for each in z]
    assert np.trapezoid(areas, z) == pytest.approx(volume, rel=1e-5)


@given(shapes, volumes, st.floats(1.01, 3), heights, slopes, ratios)
def test_more_rock_takes_more_land(
    shape: Shape, volume: float, more: float, height: float, slope: float, ratio: float
) -> None:
    less = dump_base(shape, volume, height, slope, ratio)
    assume(less is not None)
    larger = dump_base(shape, volume * more, height, slope, ratio)
    assert larger is not None
    assert larger.area > less.area


@given(heights, st.floats(100, 1e4), st.floats(25, 45), st.floats(5, 24))
def test_both_ways_of_flattening_move_the_rock_of_their_wedges(
    height: float, perimeter: float, slope: float, gentle: float
) -> None:
    up = flattening_bottom_up(height, perimeter, slope, gentle)
    down = flattening_top_down(height, perimeter, slope, gentle)
    growth = base_growth(height, slope, gentle)
    assert up == pytest.approx(perimeter * height * growth), "a wedge as wide as twice the growth"
    assert down == pytest.approx(perimeter * (height / 2) * growth / 2), "its upper half"
    assert up == pytest.approx(4 * down)


@given(heights, st.floats(1e3, 1e7), st.floats(1.1, 10))
def test_a_dustier_dump_has_a_wider_zone(height: float, intensity: float, more: float) -> None:
    assert dust_zone(height, intensity * more, 2) > dust_zone(height, intensity, 2)
    assert dust_zone(height, intensity, 2 * more) < dust_zone(height, intensity, 2)


@given(shapes, volumes, st.floats(10, 2000))
def test_dust_soils_the_ring_around_the_base(shape: Shape, volume: float, zone: float) -> None:
    base = dump_base(shape, volume, 20, 38, 2)
    assume(base is not None)
    wide = base.moved(zone)
    corners = 0.0 if shape == "circle" else (4 - math.pi) * zone**2
    assert dusted_area(base, zone) == pytest.approx(wide.area - base.area - corners)


@given(VARIANT, st.floats(0.6, 1.8), ratios)
def test_the_best_shape_is_beaten_by_none(variant: int, height: float, ratio: float) -> None:
    inputs = dict(variants("land_allotment")[variant])
    inputs |= {"dump_height": inputs["dump_height"] * height, "rectangle_ratio": ratio}
    found = values("land_allotment", **inputs)
    areas = {shape: found[f"dump_area_{shape}"] for shape in SHAPES}
    best = areas[found["best_shape"].lower()]
    assert all(area is None or area >= best for area in areas.values())
    assert found["dump_area_top_down"] > found["dump_area_bottom_up"] == pytest.approx(best)
    assert found["allotment_top_down"] > found["allotment_bottom_up"] > found["pit_field"]


@given(VARIANT, st.floats(1.01, 2))
def test_a_deeper_pit_takes_more_land(variant: int, deeper: float) -> None:
    inputs = dict(variants("land_allotment")[variant])
    shallow = values("land_allotment", **inputs)
    deep = values("land_allotment", **inputs | {"pit_depth": inputs["pit_depth"] * deeper})
    for name in ("pit_field", "overburden", "dump_area_circle", "allotment_bottom_up"):
        assert deep[name] > shallow[name], name


@given(st.integers(1, 21), st.floats(0, 5))
def test_more_lost_soil_costs_more(variant: int, more: float) -> None:
    inputs = variants("soil_damage")[variant]
    usual = values("soil_damage", **inputs)
    worse = values("soil_damage", **inputs, loss_weather=5 + more)
    assert worse["damage"] >= usual["damage"]
    assert usual["damage"] == pytest.approx(usual["damage_loss"] + usual["damage_use"])
    assert usual["dilution"] == pytest.approx(0.08 / (1 - 0.16)), "whatever the volume"


@given(st.integers(1, 10), st.floats(1.01, 3), st.floats(0.05, 0.5))
def test_the_minimum_grade_follows_cost_price_and_recovery(
    variant: int, factor: float, recovery: float
) -> None:
    inputs = variants("cutoff_grade")[variant]
    usual = values("cutoff_grade", **inputs)
    dear = values("cutoff_grade", **inputs | {"mining_cost": inputs["mining_cost"] * factor})
    valued = values("cutoff_grade", **inputs | {"metal_price": inputs["metal_price"] * factor})
    poor = values("cutoff_grade", **inputs | {"recovery_metal": recovery})
    assert dear["least_grade_metal"] > usual["least_grade_metal"] > valued["least_grade_metal"]
    assert poor["least_grade_metal"] > usual["least_grade_metal"]
    assert usual["least_grade_byproducts"] <= usual["least_grade_metal"]


@given(st.integers(1, 10), st.sampled_from([0.999, 1.001]))
def test_a_block_is_worth_mining_just_above_its_minimum(variant: int, factor: float) -> None:
    inputs = variants("cutoff_grade")[variant]
    least = values("cutoff_grade", **inputs)["least_grade_metal"]
    assume(least < 99)
    found = values("cutoff_grade", **inputs | {"block_grade": least * factor})
    worth = "Worth mining" if factor > 1 else "Not worth mining"
    assert found["verdict_metal"] == worth


@given(st.integers(1, 20))
def test_metal_is_lost_or_mined(variant: int) -> None:
    inputs = variants("losses_dilution")[variant]
    found = values("losses_dilution", **inputs)
    for scheme in "abc":
        lost, rock = 2 * inputs[f"lost_layer_{scheme}"], 2 * inputs[f"rock_layer_{scheme}"]
        mined = inputs["ore_thickness"] - lost + rock
        metal = inputs["ore_thickness"] * inputs["balance_grade"]
        kept = mined * found[f"mined_grade_{scheme}"]
        assert kept + metal * found[f"loss_{scheme}"] / 100 == pytest.approx(metal)
    costs = [found[f"metal_cost_{scheme}"] for scheme in "abc"]
    assert found["best_scheme"] == f"Scheme {'ABC'[costs.index(min(costs))]}"


@given(st.integers(1, 25).filter(lambda variant: variant != 14), st.sampled_from([0.9999, 1.0001]))
def test_worth_it_flips_where_allowed_is_own(variant: int, near: float) -> None:
    inputs = dict(variants("complex_ore")[variant])
    factor = values("complex_ore", **inputs)["price_factor"]
    for number in "123":
        inputs[f"concentrate_price_{number}"] *= factor * near
    found = values("complex_ore", **inputs)
    assert found["allowed"] == pytest.approx(found["own"], rel=2e-4)
    assert (found["verdict"] == "Worth developing together") == (near > 1)
