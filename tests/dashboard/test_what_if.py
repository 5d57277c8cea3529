"""What-if on the page, by the API and on the command line; saved variants and their trace."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import plotly.io.json as plotly_json
import pytest
from fastapi.testclient import TestClient
from typer.testing import CliRunner

from analytics.saved_variants import SavedVariants
from dashboard.app import create_app
from dashboard.cli import app
from dashboard.pages import _what_if_saved, what_if
from dashboard.pages._what_if_asked import asked_of
from dashboard.queries import Queries
from dashboard.view import View
from ingest.errors import ConfigurationError
from tests.played_run import Played, opened, play

URL = "/api/v1/sites/abaza/what-if"
TAILS = "streams.dry_magnetic_separation_tailings.factor"


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Played]:
    folder = tmp_path_factory.mktemp("what_if")
    play(folder)
    with opened(folder) as run:
        yield run


@pytest.fixture(scope="module")
def client(played: Played) -> Iterator[TestClient]:
    served = create_app(
        played.site, played.store, played.journal, played.clock, played.settings, refresh_s=0
    )
    with TestClient(served) as found:
        yield found


@pytest.fixture(scope="module")
def queries(played: Played) -> Queries:
    return Queries(played.site, played.store, played.journal, played.clock, played.settings)


def test_variants_are_run_and_refused_by_name(client: TestClient) -> None:
    asked = [{"name": "Lower", "changes": {"drainage": {"lowered_m": 2}}}]
    answered = client.post(URL, json=asked)
    assert answered.status_code == 200
    found = answered.json()
    assert found["baseline"]["changes"] == {}
    (variant,) = found["variants"]
    assert variant["name"] == "Lower"
    assert variant["changes"] == {"drainage.lowered_m": 2.0}
    assert {each["name"] for each in variant["measures"]} >= {"completion", "factor_of_safety"}
    refused = client.post(URL, json=[{"changes": {"rain.factor": 9}}])
    assert refused.status_code == 422
    (wrong,) = refused.json()["errors"]
    assert wrong["parameter"] == "variants.0.changes.rain.factor"
    assert "0.0 to 5.0" in wrong["cure"]
    inputs = client.get(f"{URL}/inputs").json()["inputs"]
    assert "rain.factor" in [each["key"] for each in inputs]


def test_a_saved_variant_gives_the_same_numbers_and_leaves_a_trace(
    client: TestClient, played: Played
) -> None:
    body = {"name": "Wet", "changes": {"rain.factor": 1.2, TAILS: 1.5}, "author": "Engineer"}
    kept = client.post(f"{URL}/variants", json=body)
    assert kept.status_code == 200
    assert client.post(f"{URL}/variants", json=body).json()["saved"] == kept.json()["saved"]
    taken = client.post(f"{URL}/variants", json={**body, "changes": {}})
    assert taken.status_code == 422
    assert client.post(f"{URL}/variants", json={**body, "author": ""}).status_code == 422
    again = client.get(f"{URL}/variants/Wet").json()
    assert again["same"] is True
    assert again["differs"] == []
    assert again["variant"]["results"] == kept.json()["results"]
    assert [each["name"] for each in client.get(f"{URL}/variants").json()["variants"]] == ["Wet"]
    gone = client.delete(f"{URL}/variants/Wet", params={"author": "Chief"})
    assert gone.json()["deleted_by"] == "Chief"
    assert client.get(f"{URL}/variants/Wet").status_code == 404
    assert client.get(f"{URL}/variants").json()["variants"] == []
    (trace,) = client.get(f"{URL}/variants", params={"deleted": True}).json()["variants"]
    assert (trace["name"], trace["author"], trace["deleted_by"]) == ("Wet", "Engineer", "Chief")
    journal = SavedVariants(played.settings.journal_url)
    assert journal.variants("elsewhere") == []
    journal.close()
    assert client.post(f"{URL}/variants", json=body).status_code == 200  # the name is free again


def test_a_past_state_is_run_from_its_time(client: TestClient) -> None:
    at = "2022-06-05T00:00:00Z"
    found = client.post(URL, json=[], params={"at": at, "known_at": at}).json()
    assert found["time"] == found["known_at"] == at


def view_of(queries: Queries, search: str) -> View:
    return View(queries, "/what-if", search)


def test_the_page_runs_what_its_address_says(queries: Queries) -> None:
    asked = asked_of(view_of(queries, f"?{TAILS}=1,5&drainage.lowered_m=2&lang=ru"))
    assert asked.changes.document() == {TAILS: 1.5, "drainage.lowered_m": 2.0}
    assert len(asked.results) == 2
    asked = asked_of(view_of(queries, "?rain.factor=9"))
    assert list(asked.wrong) == ["rain.factor"]
    assert len(asked.results) == 1
    made = json.loads(
        plotly_json.to_json_plotly(what_if.results(view_of(queries, "?rain.factor=9")))
    )
    assert "a number from 0" in json.dumps(made)
    asked = asked_of(view_of(queries, "?fleet.shift_h=12&fleet.shifts_per_day=4"))
    assert list(asked.wrong) == ["fleet"]


def test_a_saved_variant_is_laid_beside(queries: Queries) -> None:
    start = queries.what_if.start()
    assert start is not None
    queries.what_if.save(start, "Lowered", {"drainage.lowered_m": 3}, "Engineer")
    asked = asked_of(view_of(queries, "?beside=Lowered"))
    assert [each.name for each in asked.results] == ["", "Lowered"]
    rows = plotly_json.to_json_plotly(_what_if_saved.listed(view_of(queries, "?beside=Lowered")))
    assert "Water table lowered by, m = 3" in rows
    assert "Take away" in rows
    assert "drainage.lowered_m=3" in rows  # the link that loads it


def test_the_command_answers_saves_and_names_what_is_wrong(played: Played, tmp_path: Path) -> None:
    run = CliRunner()

    def command(*arguments: str) -> Any:
        folder = str(played.settings.data_dir)
        return run.invoke(app, ["what-if", "--data-dir", folder, "--json", *arguments])

    file = tmp_path / "variants.yaml"
    file.write_text("variants:\n  - name: Drained\n    changes: {drainage: {drains: true}}\n")
    found = json.loads(command("--file", str(file), "--change", "rain.factor=1.1").stdout)
    assert [each["name"] for each in found["variants"]] == ["variant", "Drained"]
    kept = json.loads(command("--change", "rain.factor=1.1", "--save", "A", "--author", "B").stdout)
    assert kept["author"] == "B"
    assert json.loads(command("--saved", "A").stdout)["same"] is True
    assert "A" in [each["name"] for each in json.loads(command("--list").stdout)]
    for wrong in (["--change", "rain.factor=much"], ["--change", "rain"], ["--saved", "none"]):
        assert isinstance(command(*wrong).exception, ConfigurationError)
