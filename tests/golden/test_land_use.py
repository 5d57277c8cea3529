"""Variants of the KuzSTU practical guide, worked by hand with 20 digits and other tools than ours.

The guide prints no results for works 1, 2, 4, 5 and 6: what is pinned here was computed once from
the tables by a desk calculator that knows the printed formulas alone. Tolerances are half a unit
of the last digit that is written here, both ways.
"""

from __future__ import annotations

import math

import pytest

from twin.land_use import InputsRefused, variants, works

#: (work, variant): by name of the result, the value as it was written down.
BY_HAND: dict[tuple[str, int], dict[str, str]] = {
    ("land_allotment", 4): {
        "pit_field": "590.9016",
        "pit_opening": "183.2652",
        "overburden": "132321.466",
        "dump_width_circle": "1593.7564",
        "dump_area_circle": "199.4958",
        "dump_width_square": "1423.1032",
        "dump_area_square": "202.5223",
        "dump_width_rectangle": "1010.7103",
        "dump_area_rectangle": "204.3071",
        "flattening_bottom_up": "25315.801",
        "rise_bottom_up": "16.4041",
        "height_bottom_up": "91.4041",
        "dump_surface_bottom_up": "205.4649",
        "dust_intensity_bottom_up": "2076996.476",
        "dust_zone_bottom_up": "1174.7101",
        "dusted_area_bottom_up": "1021.6917",
        "topsoil_area_bottom_up": "56.1383",
        "allotment_bottom_up": "1015.8428",
        "flattening_top_down": "6328.950",
        "growth_top_down": "67.4153",
        "dump_area_top_down": "234.6780",
        "dust_zone_top_down": "1378.6729",
        "dusted_area_top_down": "1345.8253",
        "allotment_top_down": "1064.2535",
    },
    ("soil_damage", 5): {
        "relative_loss": "16.0",
        "stripped_volume": "26235.0",
        "stripped_area": "2.65",
        "agrochemical": "0.473641",
        "biological": "0.777778",
        "dilution": "0.0952381",
        "damage_loss": "1335600.0",
        "damage_use": "11621.742",
        "damage": "1347221.742",
    },
    ("cutoff_grade", 5): {
        "mined_grade": "13.949550",
        "quality_factor": "0.882883",
        "least_grade_ore": "2.642140",
        "least_grade_concentrate": "39.463478",
        "least_grade_component": "4.472527",
        "least_grade_metal": "7.734114",
        "least_grade_byproducts": "4.781088",
    },
    ("losses_dilution", 13): {
        "mined_grade_c": "3.360000",
        "loss_c": "13.290323",
        "dilution_c": "-8.387097",
        "mined_grade_a": "3.011304",
        "loss_a": "0.702509",
        "dilution_a": "2.861150",
        "metal_cost_a": "28226.9708",
    },
    ("complex_ore", 7): {"allowed": "1456.34953", "own": "1431.54133"},
}

VERDICTS = {
    ("land_allotment", 4): {"best_shape": "Circle"},
    ("cutoff_grade", 5): {
        "verdict_ore": "Worth mining",
        "verdict_concentrate": "Not worth mining",
        "verdict_component": "Worth mining",
        "verdict_metal": "Worth mining",
        "verdict_byproducts": "Worth mining",
    },
    ("losses_dilution", 13): {"best_scheme": "Scheme C"},
    ("complex_ore", 7): {"verdict": "Worth developing together"},
}


def computed(work: str, variant: int) -> dict[str, float | str | None]:
    results = works()[work].results(variants(work)[variant])
    return {each.name: each.figure.value for each in results}


@pytest.mark.parametrize(
    ("work", "variant", "name"),
    [(work, variant, name) for (work, variant), values in BY_HAND.items() for name in values],
)
def test_a_variant_by_hand(work: str, variant: int, name: str) -> None:
    written = BY_HAND[work, variant][name]
    last_digit = 10.0 ** -len(written.partition(".")[2])
    assert computed(work, variant)[name] == pytest.approx(
        float(written), rel=0, abs=last_digit / 2 + 1e-9
    )


@pytest.mark.parametrize(("work", "variant"), VERDICTS)
def test_a_verdict_by_hand(work: str, variant: int) -> None:
    found = computed(work, variant)
    assert VERDICTS[work, variant].items() <= found.items()


@pytest.mark.parametrize(
    ("work", "count"),
    [
        ("land_allotment", 25),
        ("soil_damage", 21),
        ("territory", 25),
        ("cutoff_grade", 10),
        ("losses_dilution", 20),
        ("complex_ore", 25),
    ],
)
def test_every_variant_is_computed_or_refused_with_its_reason(work: str, count: int) -> None:
    assert list(variants(work)) == list(range(1, count + 1))
    refused = {}
    for number, values in variants(work).items():
        try:
            results = works()[work].results(values)
        except InputsRefused as error:
            refused[number] = str(error)
            continue
        for each in results:
            value = each.figure.value
            assert isinstance(value, str) or (value is not None and math.isfinite(value)), each
            assert each.figure.source == f"KuzSTU practical guide, {each.number}"
    misprint = {14: "recovery_2 is 1.86; legal: from 0 to 1"}
    assert refused == (misprint if work == "complex_ore" else {})


def test_the_implausible_dilution_of_variants_7_to_10_is_said() -> None:
    said = {}
    for number, values in variants("cutoff_grade").items():
        first = works()["cutoff_grade"].results(values)[0]
        said[number] = first.figure.validity is not None
    assert [number for number, says in said.items() if says] == [7, 8, 9, 10]
