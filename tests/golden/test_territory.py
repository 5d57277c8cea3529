"""Territory indicators 3.1 to 3.21 against the worked example of the KuzSTU practical guide.

Tolerances are two-sided: one unit of the last printed digit.
"""

from __future__ import annotations

import math

import pytest

from analytics.territory import territory_indicators
from twin.land_use import variants, works
from twin.land_use.territory import FORMULAS, TerritoryInputs, flat, territory_values
from twin.verifications.land_use import CORRECTED, PRINTED, last_digit
from twin.verifications.land_use import WORKED_EXAMPLE as EXAMPLE

WORK = works()["territory"]
VARIANTS = variants("territory")

#: What the guide prints without rounding.
EXACT = {"3.1", "3.5", "3.10", "3.14", "3.15", "3.16", "3.18", "3.19", "3.20"}
RIGHT = [number for number in PRINTED if number not in CORRECTED]


def by_number(inputs: TerritoryInputs) -> dict[str, float]:
    values = territory_values(inputs)
    return {formula.number: values[formula.name][0] for formula in FORMULAS}


@pytest.mark.parametrize("number", RIGHT)
def test_printed_values(number: str) -> None:
    tolerance = 1e-9 if number in EXACT else last_digit(PRINTED[number])
    assert by_number(EXAMPLE)[number] == pytest.approx(PRINTED[number], rel=0, abs=tolerance)


def test_waste_utilisation_is_of_all_overburden() -> None:
    """3.8 asks for the overburden, 68; the guide divides by 58, overburden less coal."""
    (right, _), printed = CORRECTED["3.8"], PRINTED["3.8"]
    computed = by_number(EXAMPLE)["3.8"]
    assert computed == pytest.approx(right, abs=1e-4)
    divided_by_58 = 100 * 15 / 58
    assert divided_by_58 == pytest.approx(printed, abs=0.1), "what the guide did"


def test_waste_concentration_is_the_sum_of_the_dumps() -> None:
    """3.9: (688 + 796 + 164) / 4306 is 38.27 %; the guide prints 39."""
    (right, _), printed = CORRECTED["3.9"], PRINTED["3.9"]
    computed = by_number(EXAMPLE)["3.9"]
    assert computed == pytest.approx(right, abs=1e-4)
    assert computed < printed - 0.5


def test_every_indicator_is_pinned() -> None:
    assert {formula.number for formula in FORMULAS} == set(PRINTED)
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
