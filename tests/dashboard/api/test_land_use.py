"""Land-use works over the API."""

from __future__ import annotations

import pytest
from fastapi.testclient import TestClient

ABAZA = "/api/v1/sites/abaza/land-use"


def test_the_works_with_what_the_site_has_recorded(abaza: TestClient) -> None:
    found = abaza.get(ABAZA).json()
    assert [each["number"] for each in found["works"]] == [1, 2, 3, 4, 5, 6]
    allotment = found["works"][0]
    inputs = {each["name"]: each for each in allotment["inputs"]}
    assert inputs["dump_slope"]["recorded"]["value"] == 37
    assert "073/20-TX" in inputs["dump_slope"]["recorded"]["source"]
    assert inputs["dump_height"]["recorded"]["value"] is None
    assert inputs["dump_height"]["recorded"]["quality"] == "unavailable"
    assert inputs["dump_height"]["unit"] == "m"
    assert inputs["sanitary_zone_width"]["default"] == 500
    assert allotment["results"] == []
    assert "dump_height" in allotment["reason"]["values"]["inputs"]
    territory = found["works"][2]
    assert territory["reason"] is None
    assert [each["number"] for each in territory["results"]] == [f"3.{n}" for n in range(1, 22)]
    assert all(each["figure"]["reason"] is not None for each in territory["results"])


def test_inputs_are_computed(abaza: TestClient) -> None:
    plain = abaza.post(f"{ABAZA}/land_allotment", json={"variant": 1}).json()
    changed = abaza.post(
        f"{ABAZA}/land_allotment", json={"variant": 1, "inputs": {"dump_height": 60}}
    ).json()
    areas = [
        {each["name"]: each["figure"]["value"] for each in found["results"]}["dump_area_circle"]
        for found in (plain, changed)
    ]
    assert areas[0] > areas[1], "a higher dump takes less land"
    assert changed["inputs"]["dump_height"] == 60
    assert changed["inputs"]["dump_slope"] == 38
    assert {each["number"] for each in plain["results"]} >= {"1.1", "1.2", "1.3", "1.12", "1.19"}
    assert plain["results"][0]["figure"]["unit"] == "ha"


def test_without_a_variant_the_site_s_own_inputs_count(abaza: TestClient) -> None:
    inputs = {
        "pit_floor_length": 1100,
        "pit_floor_width": 90,
        "pit_wall_angle": 35,
        "dump_height": 45,
        "topsoil_stockpile_height": 5,
        "topsoil_thickness": 0.5,
        "coal_bearing_ratio": 0.1,
    }
    found = abaza.post(f"{ABAZA}/land_allotment", json={"inputs": inputs}).json()
    assert found["inputs"]["pit_depth"] == 200
    assert found["inputs"]["dump_slope"] == 37


@pytest.mark.parametrize(
    ("work", "body", "parameters"),
    [
        ("complex_ore", {"variant": 14}, ["inputs.recovery_2"]),
        (
            "land_allotment",
            {"variant": 1, "inputs": {"dump_slope": 90, "pit_depth": -1}},
            ["inputs.pit_depth", "inputs.dump_slope"],
        ),
        ("cutoff_grade", {"variant": 11}, ["variant"]),
        ("soil_damage", {"variant": 1, "inputs": {"depth": 3}}, ["inputs.depth"]),
        ("soil_damage", {"inputs": {"ph_before": "sour"}}, ["inputs.ph_before"]),
        ("soil_damage", {"values": {}}, ["values"]),
    ],
)
def test_what_cannot_be_used_is_named(
    abaza: TestClient, work: str, body: dict[str, object], parameters: list[str]
) -> None:
    answer = abaza.post(f"{ABAZA}/{work}", json=body)
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert [each["parameter"] for each in answer.json()["errors"]] == parameters


def test_a_refusal_says_value_and_legal_values(abaza: TestClient) -> None:
    problem = abaza.post(f"{ABAZA}/complex_ore", json={"variant": 14}).json()
    assert problem["detail"] == "recovery_2 is 1.86; legal: from 0 to 1"
    assert problem["errors"][0]["value"] == "1.86"


def test_inputs_that_are_missing_are_listed(abaza: TestClient) -> None:
    problem = abaza.post(f"{ABAZA}/cutoff_grade", json={}).json()
    assert len(problem["errors"]) == 16
    assert problem["errors"][0] == {
        "parameter": "inputs.mining_cost",
        "value": None,
        "cure": "legal: above 0",
    }


def test_the_variants_of_the_guide(abaza: TestClient) -> None:
    found = abaza.get(f"{ABAZA}/complex_ore/variants").json()
    assert found["guide"] == "KuzSTU practical guide"
    assert [each["variant"] for each in found["variants"]] == list(range(1, 26))
    refused = {each["variant"]: each["refused"] for each in found["variants"] if each["refused"]}
    assert list(refused) == [14]
    assert refused[14][0]["name"] == "recovery_2"


def test_an_unknown_work(abaza: TestClient) -> None:
    for answer in (
        abaza.post(f"{ABAZA}/fishery", json={}),
        abaza.get(f"{ABAZA}/fishery/variants"),
    ):
        assert answer.status_code == 404
        assert "land_allotment" in answer.json()["legal"]
