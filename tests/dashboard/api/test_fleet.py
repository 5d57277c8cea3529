"""The fleet by the API: tables and capacity, what if, and what is refused."""

from __future__ import annotations

import math

import pytest
from fastapi.testclient import TestClient

from .conftest import SMALL

FLEET = "/api/v1/sites/abaza/fleet"


def test_the_tables_and_what_the_fleet_moves(abaza: TestClient) -> None:
    found = abaza.get(FLEET, params={"at": "2022-07-01T00:00:00Z"}).json()
    counts = {each["name"]: each["count"] for each in found["machines"]}
    assert counts["belaz_75404"] == counts["kamaz_6520"] == 3
    assert sum(each["volume"] for each in found["volumes"]) == pytest.approx(514.2, abs=0.1)
    assert found["capacity"]["meets"] is True
    assert found["tables"]["trucks_needed"] == pytest.approx(5.83, abs=0.01)
    # Nothing was weighed, so the front may stand anywhere: rules for the tallest tier.
    assert found["edge"]["tier"] == ""
    assert found["edge"]["height"]["quality"] == "assumed"
    rules = {each["name"]: each["value"]["value"] for each in found["edge"]["rules"]}
    assert rules["sliding_prism"] == pytest.approx(1.32, abs=0.005)
    assert rules["wheel_without_berm"] == 5.0


def test_what_if_says_what_changes_and_what_would_do(abaza: TestClient) -> None:
    response = abaza.post(f"{FLEET}/what-if", json={"distance_km": 4})
    assert response.status_code == 200, response.text
    found = response.json()
    assert found["now"]["meets"] is True
    assert found["then"]["meets"] is False
    assert found["then"]["bottleneck"] == "trucks"
    assert sum(found["then"]["least"].values()) == 11
    assert found["then"]["yearly"] < found["now"]["yearly"]
    assert "073/20-TX" in found["source"]
    # The project's own bulldozer moves a little less than the plan: said, with what is enough.
    assert found["now"]["share"] == pytest.approx(0.9996, abs=5e-5)
    assert (found["now"]["meets_from"], found["now"]["unit"]) == (0.995, "thousand m3/y")


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"readiness": 1.5}, "readiness of 1.5"),
        ({"bucket_m3": 30}, "larger than the body"),
        ({"trucks": {"belaz_75404": -2}}, "cannot be -2"),
        ({"masses": {"gold": 1}}, "has no gold"),
        ({"speed": 3}, "speed"),
        ({"distance_km": "far"}, "distance_km"),
    ],
)
def test_what_cannot_be_is_a_problem_that_says_why(
    abaza: TestClient, body: dict[str, object], words: str
) -> None:
    response = abaza.post(f"{FLEET}/what-if", json=body)
    assert response.status_code == 422
    assert response.headers["content-type"] == "application/problem+json"
    assert words in response.text


@pytest.mark.parametrize("number", ["NaN", "Infinity"])
def test_what_is_no_number_is_refused(abaza: TestClient, number: str) -> None:
    assert not math.isfinite(float(number))
    for body in (f'{{"distance_km": {number}}}', f'{{"masses": {{"waste_rock": {number}}}}}'):
        response = abaza.post(
            f"{FLEET}/what-if", content=body, headers={"content-type": "application/json"}
        )
        assert response.status_code == 422, response.text


def test_a_site_without_a_fleet_says_so(client: TestClient) -> None:
    assert client.get(f"{SMALL}/fleet").status_code == 404
    assert client.post(f"{SMALL}/fleet/what-if", json={}).status_code == 404
