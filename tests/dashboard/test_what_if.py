"""What-if on the page, by the API and on the command line; saved variants and their trace."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import plotly.io.json as plotly_json
import pytest
from dash import no_update
from fastapi.testclient import TestClient
from typer.testing import CliRunner

from analytics.keys import Keys, Role
from analytics.saved_variants import SavedVariants
from dashboard import figures
from dashboard.actor import LOCAL, Actor, set_actor
from dashboard.app import create_app
from dashboard.cli import app
from dashboard.cli_what_if import _change
from dashboard.pages import _what_if_saved, what_if
from dashboard.pages._what_if_asked import asked_of
from dashboard.pages._what_if_tables import change_of
from dashboard.queries import Queries
from dashboard.view import View
from ingest.errors import ConfigurationError
from ingest.figure import Figure
from ingest.settings import load_settings
from ingest.text import Text
from tests.played_run import Played, opened, play
from twin.what_if.results import VolumeCurve

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

    folder = str(played.settings.data_dir)
    told = run.invoke(app, ["what-if", "--data-dir", folder, "--change", "rain.factor=1.1"]).stdout
    assert "rests on: The plan's rates from now on" in told
    assert "Plan's volume reached" in told
    file = tmp_path / "variants.yaml"
    file.write_text("variants:\n  - name: Drained\n    changes: {drainage: {drains: true}}\n")
    found = json.loads(command("--file", str(file), "--change", "rain.factor=1.1").stdout)
    assert [each["name"] for each in found["variants"]] == ["variant", "Drained"]
    kept = json.loads(command("--change", "rain.factor=1.1", "--save", "A", "--author", "B").stdout)
    assert kept["author"] == "B"
    assert json.loads(command("--saved", "A").stdout)["same"] is True
    assert "A" in [each["name"] for each in json.loads(command("--list").stdout)]
    for wrong in (
        ["--change", "rain.factor=much"],
        ["--change", "rain"],
        ["--change", "rain.factor="],
        ["--saved", "none"],
    ):
        assert isinstance(command(*wrong).exception, ConfigurationError)


@pytest.mark.parametrize(
    ("value", "unit", "told"),
    [
        (10190.0, "d", " (+10190 d, 27.9 years)"),
        (-31.0, "d", " (-31 d)"),
        (-0.0, "1", ""),
        (12345.6, "thousand m3", " (+12346)"),
        (-0.00002, "1", " (-0.00002)"),
    ],
)
def test_the_command_tells_changes_without_exponents(value: float, unit: str, told: str) -> None:
    assert _change(Figure(value=value, unit=unit)) == told


def test_the_page_tells_long_spans_in_years_and_zero_without_a_sign(queries: Queries) -> None:
    view = View(queries, "/what-if")

    def told(value: float, unit: str, **how: Any) -> str:
        return str(change_of(view, Figure(value=value, unit=unit), **how)).replace("\u00a0", " ")

    assert told(10190.0, "d") == "+10,190 d (27.9 y)"
    assert told(-31.0, "d") == "−31 d"
    assert told(-0.0002, "1", percent=True).startswith("0.0")
    assert told(-0.02, "1", percent=True).startswith("−2.0")


def test_the_command_lists_inputs_with_units(played: Played) -> None:
    folder = str(played.settings.data_dir)
    told = CliRunner().invoke(app, ["what-if", "--data-dir", folder, "--inputs"]).stdout
    lines = {line.partition(" ")[0]: line.partition(" ")[2] for line in told.splitlines()}
    assert lines["streams.waste_rock.mass"] == (
        "(Mass a year): now 140 thousand t/y; legal: a number from 0.0 to 20000.0 thousand t/y"
    )
    assert lines["fleet.shift_h"].endswith("legal: a number from 2.0 to 24.0 h")
    assert lines["drainage.lowered_m"].startswith("(Water table lowered by): now 0 m;")
    assert lines["rain.factor"] == "(Rain and melt, times): now 1; legal: a number from 0.0 to 5.0"
    assert "now off; legal: on or off" in lines["drainage.drains"]
    assert "now not set; legal: a day from" in lines["dates.start"]


# Who may do what


@pytest.fixture
def acting() -> Iterator[Any]:
    """Let somebody else look at the page."""
    yield lambda name, role: set_actor(Actor(name, role))
    set_actor(LOCAL)


def drawn(component: Any) -> str:
    return str(plotly_json.to_json_plotly(component))


def test_a_viewers_key_reads_variants_and_neither_runs_saves_nor_deletes(
    played: Played, tmp_path: Path
) -> None:
    settings = load_settings(
        data_dir=played.settings.data_dir, http_token="a-token-that-nobody-guesses"
    )
    keys = Keys(settings.journal_url)
    roles: tuple[Role, ...] = ("viewer", "operator", "engineer")
    secrets = {
        role: {"Authorization": f"Bearer {keys.add(f'A {role}', role, played.end)[1]}"}
        for role in roles
    }
    keys.close()
    served = create_app(
        played.site, played.store, played.journal, played.clock, settings, refresh_s=0
    )
    body = {"name": "Kept", "changes": {"rain.factor": 1.1}}
    with TestClient(served, base_url="http://mine.example:8050") as client:
        saved = client.post(f"{URL}/variants", headers=secrets["engineer"], json=body)
        assert saved.status_code == 200
        assert saved.json()["author"] == "A engineer"
        for role in ("viewer", "operator"):
            given = secrets[role]
            assert client.get(f"{URL}/variants", headers=given).status_code == 200
            assert client.get(f"{URL}/variants/Kept", headers=given).status_code == 200
            for refused in (
                client.post(URL, headers=given, json=[{"changes": {"rain.factor": 1.1}}]),
                client.post(f"{URL}/variants", headers=given, json={**body, "name": "Mine"}),
                client.delete(f"{URL}/variants/Kept", headers=given),
            ):
                assert refused.status_code == 403
                assert "needs the role" in refused.json()["detail"]
        names = [
            each["name"] for each in client.get(f"{URL}/variants", headers=given).json()["variants"]
        ]
        assert "Kept" in names
        assert "Mine" not in names
        gone = client.delete(f"{URL}/variants/Kept", headers=secrets["engineer"])
        assert gone.json()["deleted_by"] == "A engineer"


def test_the_page_of_a_viewer_has_no_way_to_save_or_delete(queries: Queries, acting: Any) -> None:
    start = queries.what_if.start()
    assert start is not None
    queries.what_if.save(start, "Of others", {"drainage.lowered_m": 1}, "Engineer")
    view = view_of(queries, "?rain.factor=1.2&beside=Of others")
    assert "whatif-delete" in drawn(_what_if_saved.listed(view))
    assert "whatif-save" in drawn(_what_if_saved.form(view))
    acting("A visitor", "viewer")
    listed = drawn(_what_if_saved.listed(view))
    assert "Of others" in listed
    assert "whatif-delete" not in listed
    assert "whatif-save" not in drawn(_what_if_saved.form(view))
    assert "needs the role of an engineer" in drawn(what_if.results(view))
    assert [each.name for each in asked_of(view).results] == ["", "Of others"]
    said, *kept = _what_if_saved.delete_variant(view, "Of others", "A visitor")
    assert "Your key does not allow this" in said
    assert kept == [no_update, no_update]
    assert "Of others" in [each.name for each in queries.what_if.saved()]


def test_a_variant_is_deleted_from_the_list_and_from_beside(queries: Queries) -> None:
    start = queries.what_if.start()
    assert start is not None
    queries.what_if.save(start, "Gone soon", {"drainage.lowered_m": 2}, "Engineer")
    queries.what_if.save(start, "Stays", {"drainage.lowered_m": 4}, "Engineer")
    view = view_of(queries, "?beside=Gone soon~Stays&lang=ru")
    said, listed, address = _what_if_saved.delete_variant(view, "Gone soon", "")
    assert "имя" in said
    assert (listed, address) == (no_update, no_update)
    said, listed, address = _what_if_saved.delete_variant(view, "Gone soon", "Chief")
    assert "Gone soon" in said
    assert "Gone soon" not in drawn(listed)
    assert "Stays" in drawn(listed)
    assert "Gone" not in address
    assert "Stays" in address
    said, listed, address = _what_if_saved.delete_variant(view, "Gone soon", "Chief")
    assert "уже удалил" in said
    assert address is no_update
    (trace,) = [each for each in queries.what_if.saved(deleted=True) if each.name == "Gone soon"]
    assert trace.deleted_by == "Chief"


# What the page shows


def test_before_a_pace_is_measured_the_page_runs_by_the_plan_and_says_so(queries: Queries) -> None:
    view = view_of(queries, "")
    asked = asked_of(view)
    assert asked.results[0].basis == "plan"
    page = drawn(what_if.results(view))
    assert "The plan's rates from now on: 5 of 6 whole months" in page
    assert "There is no forecast of the fill yet" not in page
    assert "2037" in page  # the plan's 15 years begin with the loads that are missing
    russian = json.dumps(
        json.loads(drawn(what_if.results(view_of(queries, "?lang=ru")))), ensure_ascii=False
    )
    assert "темпы плана" in russian


def test_heights_and_orders_that_cannot_be_are_said_on_the_page(queries: Queries) -> None:
    search = "?tiers.height.tier_680=40"
    assert list(asked_of(view_of(queries, search)).wrong) == ["tiers.height"]
    page = drawn(what_if.results(view_of(queries, search)))
    assert "Tiers: the tiers together end at +860.0 m" in page
    search = "?tiers.order=tier_680, tier_650&lang=ru"
    assert list(asked_of(view_of(queries, search)).wrong) == ["tiers.order"]
    whole = asked_of(view_of(queries, "?tiers.height.tier_680=40&tiers.height.tier_710=20"))
    assert len(whole.results) == 2
    assert "+650 to +690 m" in drawn(
        what_if.results(view_of(queries, "?tiers.height.tier_680=40&tiers.height.tier_710=20"))
    )


def test_a_drawing_without_a_forecast_tells_the_reason(queries: Queries) -> None:
    view = view_of(queries, "")
    figure = figures.variants(view, None, [("As it is", VolumeCurve())], Text("No reading yet"))
    assert figure.layout.annotations[0].text == "No reading yet"
