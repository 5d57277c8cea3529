"""What the land-use works refuse, and what a site's file may say."""

from __future__ import annotations

import math
import shutil
from pathlib import Path

import pytest

from ingest.errors import ConfigurationError
from ingest.site import SITES, Site, load_site
from twin.land_use import InputsRefused, load_land_use, recorded_inputs, variants, works


def refused(work: str, variant: int = 1, **changes: float) -> list[str]:
    with pytest.raises(InputsRefused) as error:
        works()[work].results(variants(work)[variant] | changes)
    return [each.sentence for each in error.value.refusals]


@pytest.mark.parametrize(
    ("work", "changes", "sentence"),
    [
        (
            "land_allotment",
            {"pit_wall_angle": 90.0},
            "pit_wall_angle is 90; legal: above 0 and below 90",
        ),
        ("land_allotment", {"dump_slope": 91.0}, "dump_slope is 91; legal: above 0 and below 90"),
        (
            "land_allotment",
            {"flattened_slope": 40.0},
            "flattened_slope is 40; legal: gentler than the slope of the dump, 38.0°",
        ),
        ("land_allotment", {"pit_floor_width": -90.0}, "pit_floor_width is -90; legal: above 0"),
        (
            "land_allotment",
            {"coal_bearing_ratio": 1.0},
            "coal_bearing_ratio is 1; legal: at least 0, below 1",
        ),
        (
            "land_allotment",
            {"wind_speed": math.nan},
            "wind_speed is nan; legal: above 0, at most 50",
        ),
        (
            "land_allotment",
            {"pit_depth": 1e13},
            "pit_depth is 1e+13; legal: at most 1000000000000",
        ),
        (
            "soil_damage",
            {"ph_after": 7.5},
            "ph_after is 7.5; legal: at most 7.0, the value before",
        ),
        (
            "soil_damage",
            {"loss_removal": 90.0},
            "loss_removal is 90; legal: below 89.0: five losses of 100 % leave no soil",
        ),
        ("territory", {"built_up": -1.0}, "built_up is -1; legal: at least 0"),
        (
            "territory",
            {"external_dumps_reclaimed": 900.0},
            "external_dumps_reclaimed is 900; legal: at most 800.0",
        ),
        ("cutoff_grade", {"loss": 1.0}, "loss is 1; legal: at least 0, below 1"),
        ("cutoff_grade", {"dilution": 1.2}, "dilution is 1.2; legal: from 0 to 1"),
        (
            "losses_dilution",
            {"rock_grade": 3.0},
            "rock_grade is 3; legal: below 2.0 %, the grade of the ore",
        ),
        (
            "losses_dilution",
            {"lost_layer_b": 7.0},
            "lost_layer_b is 7; legal: below 7.0 m: the two layers hold no more than the ore body",
        ),
        ("complex_ore", {"recovery_1": 1.01}, "recovery_1 is 1.01; legal: from 0 to 1"),
        (
            "complex_ore",
            {"grade_concentrate_2": 0.5},
            "grade_concentrate_2 is 0.5; legal: at least 0.9 %, the grade of the ore",
        ),
        ("complex_ore", {"gold": 1.0}, "gold is 1; legal: one of ore, "),
    ],
)
def test_impossible_inputs_are_named(work: str, changes: dict[str, float], sentence: str) -> None:
    said = refused(work, **changes)
    assert len(said) == 1
    assert said[0].startswith(sentence)


def test_all_that_is_wrong_is_said_at_once() -> None:
    said = refused("land_allotment", pit_wall_angle=0, dump_height=-5)
    assert [each.split()[0] for each in said] == ["pit_wall_angle", "dump_height"]


def test_a_dump_that_cannot_be_heaped_says_how_high_it_can_be() -> None:
    (said,) = refused("land_allotment", dump_height=400)
    assert said.startswith("dump_height is 400; legal: at most ")
    highest = float(said.split("at most ")[1].split(" m")[0])
    inputs = variants("land_allotment")[1]
    works()["land_allotment"].results(inputs | {"dump_height": highest - 1})
    assert refused("land_allotment", dump_height=highest + 1)


def test_inputs_that_are_not_given_are_asked_for() -> None:
    with pytest.raises(InputsRefused) as error:
        works()["cutoff_grade"].results({"loss": 0.1})
    missing = [each.name for each in error.value.refusals]
    assert missing == [each.name for each in works()["cutoff_grade"].inputs if each.name != "loss"]


def test_losses_above_the_norm_are_said() -> None:
    inputs = variants("soil_damage")[1]
    results = works()["soil_damage"].results(inputs | {"loss_weather": 6.5})
    assert str(results[0].figure.validity) == "Above the norm of 17 %"
    assert works()["soil_damage"].results(inputs)[0].figure.validity is None


def test_by_products_that_pay_for_everything_leave_no_minimum() -> None:
    results = {
        each.name: each for each in works()["cutoff_grade"].results(variants("cutoff_grade")[1])
    }
    least = results["least_grade_byproducts"].figure
    assert least.value == 0
    assert "By-products alone" in str(least.validity)
    assert results["verdict_byproducts"].figure.value == "Worth mining"


def test_what_abaza_has_recorded() -> None:
    recorded = recorded_inputs(load_site("abaza"))
    assert recorded["land_allotment"].values == {"pit_depth": 200, "dump_slope": 37}
    assert recorded["territory"].values == {"mined_out": 46.3}
    assert recorded["complex_ore"].values == {}
    assert "073/20-TX" in recorded["land_allotment"].source


def test_a_site_without_the_files_has_recorded_nothing() -> None:
    site = load_site("brabant")
    assert load_land_use(site) is None
    assert not any(each.values for each in recorded_inputs(site).values())


def abaza_with(folder: Path, **files: str) -> Site:
    shutil.copytree(SITES / "abaza", folder / "abaza")
    for name, text in files.items():
        (folder / "abaza" / f"{name}.yaml").write_text(text, encoding="utf-8")
    return load_site(folder / "abaza")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("cutoff_grade:\n  loss: 1.5\n", r"land_use.yaml:3: key cutoff_grade.loss is 1.5"),
        ("cutoff_grade:\n  lost: 0.5\n", r"land_use.yaml:3: .*lost.*legal: one of mining_cost"),
        ("work_9: {}\n", r"land_use.yaml:2: key work_9.*legal: one of source, land_allotment"),
    ],
)
def test_a_wrong_file_stops_the_start(tmp_path: Path, text: str, message: str) -> None:
    site = abaza_with(tmp_path, land_use=f"source: a test\n{text}")
    with pytest.raises(ConfigurationError, match=message):
        recorded_inputs(site)


def test_recorded_inputs_that_contradict_stop_the_start(tmp_path: Path) -> None:
    text = "source: a test\nsince: 2022-01-01\nexternal_dumps: 5\nexternal_dumps_reclaimed: 6\n"
    site = abaza_with(tmp_path, territory=text)
    with pytest.raises(
        ConfigurationError, match=r"territory.yaml: key external_dumps_reclaimed is 6"
    ):
        recorded_inputs(site)
