"""Territory indicators 3.1 to 3.21 against the worked example of the KuzSTU practical guide.

Tolerances are two-sided: one unit of the last printed digit.
"""

from __future__ import annotations

import math
from datetime import date

import pytest

from analytics.territory import territory_indicators
from twin.land_use import variants, works
from twin.land_use.territory import FORMULAS, Crop, TerritoryInputs, flat, territory_values

WORK = works()["territory"]
VARIANTS = variants("territory")

EXAMPLE = TerritoryInputs(
    source="KuzSTU practical guide, worked example of practical work 3",
    since=date(2000, 1, 1),
    coal=10,
    overburden=68,
    internal_dumping=15,
    employees=16_000,
    residents=42_000,
    land_value=15_000,
    district=6144,
    sanitary_zone=4306,
    built_up=895,
    recreation=264,
    railways=100,
    roads=233,
    mined_out=238,
    external_dumps=796,
    external_dumps_reclaimed=329,
    internal_dumps=688,
    internal_dumps_reclaimed=213,
    trackless_dumps=164,
    crops=(
        Crop(area_ha=200, yield_reclaimed=15, yield_farm=20, price=150),
        Crop(area_ha=120, yield_reclaimed=20, yield_farm=30, price=300),
        Crop(area_ha=80, yield_reclaimed=6, yield_farm=10, price=100),
    ),
)

#: number: (printed, one unit of the last printed digit: the guide rounds some and truncates others)
PRINTED = {
    "3.1": (2605, 0),
    "3.2": (9.3, 0.1),
    "3.3": (60, 1),
    "3.4": (42.4, 0.1),
    "3.5": (0.2605, 0),
    "3.6": (33.5, 0.1),
    "3.7": (13469.5, 0.1),
    "3.10": (3625, 0),
    "3.11": (1381, 1),
    "3.12": (12.6, 0.1),
    "3.13": (73.8, 0.1),  # 400/542; the guide prints a divisor of 543 and the result of 542
    "3.14": (1_218_000, 0),
    "3.15": (1_760_000, 0),  # the printed line shows a yield of 25, its total uses 20
    "3.16": (3045, 0),
    "3.17": (69.2, 0.1),
    "3.18": (39_075_000, 0),
    "3.19": (542_000, 0),
    "3.20": (39_617_000, 0),
    "3.21": (15208.1, 0.1),
}

#: number: (right value, what the guide prints); why the guide is wrong stands in the test.
WRONG = {"3.8": (22.0588, 25.8), "3.9": (38.2722, 39)}


def by_number(inputs: TerritoryInputs) -> dict[str, float]:
    values = territory_values(inputs)
    return {formula.number: values[formula.name][0] for formula in FORMULAS}


@pytest.mark.parametrize("number", PRINTED)
def test_printed_values(number: str) -> None:
    printed, digit = PRINTED[number]
    assert by_number(EXAMPLE)[number] == pytest.approx(printed, rel=0, abs=digit or 1e-9)


def test_waste_utilisation_is_of_all_overburden() -> None:
    """3.8 asks for the overburden, 68; the guide divides by 58, overburden less coal."""
    right, printed = WRONG["3.8"]
    computed = by_number(EXAMPLE)["3.8"]
    assert computed == pytest.approx(right, abs=1e-4)
    divided_by_58 = 100 * 15 / 58
    assert divided_by_58 == pytest.approx(printed, abs=0.1), "what the guide did"


def test_waste_concentration_is_the_sum_of_the_dumps() -> None:
    """3.9: (688 + 796 + 164) / 4306 is 38.27 %; the guide prints 39."""
    right, printed = WRONG["3.9"]
    computed = by_number(EXAMPLE)["3.9"]
    assert computed == pytest.approx(right, abs=1e-4)
    assert computed < printed - 0.5


def test_every_indicator_is_pinned() -> None:
    assert {formula.number for formula in FORMULAS} == {*PRINTED, *WRONG}
    assert [formula.number for formula in FORMULAS] == [f"3.{n}" for n in range(1, 22)]


@pytest.mark.parametrize("variant", VARIANTS)
def test_variants_compute_and_keep_the_laws(variant: int) -> None:
    row = VARIANTS[variant]
    values = {each.number: each.figure.value for each in WORK.results(row)}
    assert all(math.isfinite(value) for value in values.values())
    parts = row["sanitary_zone"] * values["3.3"] / 100
    assert parts == pytest.approx(values["3.1"])
    assert values["3.4"] < values["3.3"], "the district is larger than its sanitary zone"
    # Lower yields are the whole difference of the two potentials.
    assert values["3.15"] - values["3.14"] == pytest.approx(values["3.19"])
    assert values["3.20"] == pytest.approx(values["3.18"] + values["3.19"])


def test_all_25_variants_are_there() -> None:
    assert list(VARIANTS) == list(range(1, 26))


def test_the_work_and_the_file_of_a_site_give_the_same() -> None:
    by_work = {each.name: each.figure.value for each in WORK.results(flat(EXAMPLE))}
    by_file = {name: value for name, (value, _) in territory_values(EXAMPLE).items()}
    assert by_work == by_file


def test_what_is_not_recorded_is_named_and_nothing_is_guessed() -> None:
    partial = EXAMPLE.model_copy(update={"district": None, "crops": None})
    indicators = {item.name: item.value for item in territory_indicators(partial)}
    lost = indicators["absolute_land_loss"]
    assert lost.value is None
    assert str(lost.reason) == "Not recorded: district"
    assert str(indicators["specific_damage"].reason) == "Not recorded: crops"
    assert indicators["disturbed_land"].value == 2605
    assert all(item.value.value is None for item in territory_indicators(None))


def test_a_share_of_nothing_is_unknown() -> None:
    empty = EXAMPLE.model_copy(update={"employees": 0.0})
    value, reason = territory_values(empty)["waste_per_employee"]
    assert value is None
    assert str(reason) == "Its base is zero"
