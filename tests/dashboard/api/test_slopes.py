"""The stability of an engineer's own section, over the API and on the command line."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from typer.testing import CliRunner

from dashboard.cli import app
from ingest.errors import ConfigurationError
from tests.dashboard.api.conftest import SMALL

ASKED = f"{SMALL}/slopes/analysis"
#: ACADS 1(a), whose least factor of safety by Bishop is .985.
QUESTION: dict[str, Any] = {
    "surface_m": [[-30, 10], [0, 10], [20, 0], [50, 0]],
    "layers": [
        {"name": "fill", "unit_weight_kN_per_m3": 20, "cohesion_kPa": 3, "friction_deg": 19.6}
    ],
}
CIRCLE = {"x_m": 20.48, "level_m": 28.78, "radius_m": 28.78}


def test_the_least_circle_of_a_section(client: TestClient) -> None:
    found = client.post(ASKED, json=QUESTION).json()
    assert found["factor_of_safety"] == pytest.approx(0.985, abs=0.002)
    assert found["searched"]
    assert found["tried"] > 1000
    assert len(found["slices"]) == 50
    by_method = {each["method"]: each["value"] for each in found["factors"]}
    assert by_method["bishop_simplified"] == found["factor_of_safety"]
    assert by_method["ordinary"] < by_method["spencer"] < by_method["bishop_simplified"]


def test_a_slide_is_looked_for_between_the_ends_that_are_asked_for(client: TestClient) -> None:
    free = client.post(ASKED, json=QUESTION).json()
    ends = {"enters_m": [-15, -10], "leaves_m": [22, 40]}
    kept = client.post(ASKED, json={**QUESTION, **ends}).json()
    assert -15 <= kept["circle"]["start_m"] <= -10
    assert 22 <= kept["circle"]["end_m"] <= 40
    assert kept["factor_of_safety"] > free["factor_of_safety"]
    none = client.post(ASKED, json={**QUESTION, "enters_m": [40, 45]}).json()
    assert none["factor_of_safety"] is None
    assert "can begin and end where it is asked for" in str(none["reason"])


@pytest.mark.parametrize("method", ["ordinary", "bishop_simplified", "spencer"])
def test_a_circle_that_is_given_with_a_table_that_adds_up(client: TestClient, method: str) -> None:
    question = {
        **QUESTION,
        "circle": CIRCLE,
        "method": method,
        "slices": 30,
        "water": {"line_m": [[-30, 6], [20, 0], [50, 0]]},
    }
    found = client.post(ASKED, json=question).json()
    assert not found["searched"]
    assert found["water"] == "piezometric_line"
    rows = found["slices"]
    assert len(rows) == 30
    drive = sum(
        each["weight_kN"] * math.sin(math.radians(each["inclination_deg"])) for each in rows
    )
    held = sum(each["shear_kN"] for each in rows)
    assert held == pytest.approx(drive, rel=1e-6)
    assert (found["inclination_deg"] is not None) == (method == "spencer")
    dry = client.post(ASKED, json={**question, "water": {}}).json()
    assert dry["factor_of_safety"] > found["factor_of_safety"]


def test_a_circle_without_a_factor_is_an_answer_with_the_reason(client: TestClient) -> None:
    question = {**QUESTION, "circle": {"x_m": 10, "level_m": 100, "radius_m": 5}}
    response = client.post(ASKED, json=question)
    assert response.status_code == 200
    found = response.json()
    assert (found["factor_of_safety"], found["circle"], found["slices"]) == (None, None, [])
    assert found["reason"]["template"] == "The circle does not cut the ground of the section"


@pytest.mark.parametrize(
    ("change", "parameter"),
    [
        ({"surface_m": [[0, 10], [0, 0]]}, "surface_m"),
        ({"surface_m": [[0, 10]]}, "surface_m"),
        ({"surface_m": [[0, 10], [5, 10]]}, "surface_m"),
        ({"layers": []}, "layers"),
        ({"layers": [{**QUESTION["layers"][0], "friction_deg": 80}]}, "layers.0.friction_deg"),
        ({"layers": [*QUESTION["layers"], QUESTION["layers"][0]]}, "layers.1.top_m"),
        ({"water": {"ratio": 0.2, "line_m": [[0, 1], [1, 1]]}}, "water.ratio"),
        ({"method": "guess"}, "method"),
        ({"slices": 5}, "slices"),
        ({"depth": 5}, "depth"),
    ],
)
def test_bad_input_is_a_problem_that_names_it(
    client: TestClient, change: dict[str, Any], parameter: str
) -> None:
    response = client.post(ASKED, json={**QUESTION, **change})
    assert response.status_code == 422
    assert response.headers["content-type"] == "application/problem+json"
    assert response.json()["errors"][0]["parameter"] == parameter


def test_a_site_that_is_not_served_is_not_found(client: TestClient) -> None:
    assert client.post("/api/v1/sites/nowhere/slopes/analysis", json=QUESTION).status_code == 404


def test_the_command_line_says_the_same(tmp_path: Path, client: TestClient) -> None:
    file = tmp_path / "section.yaml"
    file.write_text(json.dumps(QUESTION), encoding="utf-8")  # JSON is YAML
    run = CliRunner().invoke(app, ["slope", str(file), "--json"])
    assert run.exit_code == 0
    assert json.loads(run.stdout) == client.post(ASKED, json=QUESTION).json()
    words = CliRunner().invoke(app, ["slope", str(file)]).stdout
    assert "factor of safety 0.985" in words


def test_the_command_line_refuses_with_file_and_key(tmp_path: Path) -> None:
    file = tmp_path / "section.yaml"
    file.write_text("surface_m: [[0, 10], [20, 0]]\nlayers:\n  - {name: fill}\n", encoding="utf-8")
    run = CliRunner().invoke(app, ["slope", str(file)])
    assert isinstance(run.exception, ConfigurationError)
    assert "section.yaml:3: key layers.0.unit_weight_kN_per_m3" in str(run.exception)


def test_no_factor_of_safety_is_exit_code_1(tmp_path: Path) -> None:
    file = tmp_path / "section.yaml"
    question = {**QUESTION, "circle": {"x_m": 10, "level_m": 100, "radius_m": 5}}
    file.write_text(json.dumps(question), encoding="utf-8")
    run = CliRunner().invoke(app, ["slope", str(file)])
    assert run.exit_code == 1
    assert "The circle does not cut the ground" in run.stdout
