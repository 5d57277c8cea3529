"""Published numbers beside computed ones: command line, route and page say the same."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import plotly.io.json as plotly_json
import pytest
from fastapi.testclient import TestClient
from typer.testing import CliRunner

from dashboard.app import create_app
from dashboard.cli import app
from dashboard.pages import verification
from dashboard.queries import Queries
from dashboard.verification import Titled, titled
from dashboard.view import View
from tests.played_run import opened


@pytest.fixture
def broken(empty: Queries, monkeypatch: pytest.MonkeyPatch) -> Titled:
    """Make the last number of all one that is not met."""
    *well, last = titled()
    wrong = msgspec.structs.replace(
        last,
        verified=msgspec.structs.replace(
            last.verified, ok=False, computed=-1.5, difference=-1.5 - last.verified.published
        ),
    )
    monkeypatch.setattr(empty, "verification", lambda: (*well, wrong))
    return wrong


def drawn(component: Any) -> str:
    return str(plotly_json.to_json_plotly(component))


def test_the_command_and_the_route_give_the_same_list(tmp_path) -> None:
    said = CliRunner().invoke(app, ["verify", "--json"])
    assert said.exit_code == 0
    with opened(tmp_path) as run:
        web = create_app(run.site, run.store, run.journal, run.clock, run.settings)
        with TestClient(web) as client:
            answered = client.get("/api/v1/verification").json()
    assert json.loads(said.stdout) == answered
    assert {"name", "source", "published", "computed", "difference", "tolerance", "ok"} < set(
        answered[0]
    )
    assert all(each["ok"] for each in answered)


def test_the_text_gives_the_difference_beside_the_tolerance_and_says_what_is_not_met(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    first = next(each for each in titled() if each.verified.published == 53.0)
    wrong = msgspec.structs.replace(
        first, verified=msgspec.structs.replace(first.verified, ok=False, difference=-7.25)
    )
    monkeypatch.setattr("dashboard.verification.titled", lambda: (first, wrong))
    said = CliRunner().invoke(app, ["verify"])
    assert said.exit_code == 1
    lines = said.stdout.splitlines()
    (met,) = [line.split() for line in lines if line.startswith("  met")]
    (not_met,) = [line.split() for line in lines if line.startswith("  NOT MET")]
    assert met[-4:] == ["53", "53.0526", "+0.053", "0.1"]
    assert not_met[-4:] == ["53", "53.0526", "-7.2", "0.1"]
    assert f"  {first.verified.source}" in lines
    assert lines[0] == f"{first.subject_title}: 1 of 2 met"
    assert lines[-1] == "2 published numbers: 1 NOT MET"


def test_the_page_is_calm_when_all_are_met(empty: Queries) -> None:
    view = View(empty, "/verification")
    assert "alert" not in drawn(verification.summary(view))
    assert len(verification.rows(view)) == len(titled())
    assert all(row["level"] == "normal" for row in verification.rows(view))


def test_a_number_that_is_not_met_stands_first_and_is_loud(empty: Queries, broken: Titled) -> None:
    view = View(empty, "/verification", "?lang=ru")
    (first, *others) = verification.rows(view)
    assert (first["ok"], first["level"]) == ("НЕ СХОДИТСЯ", "alarm")
    assert first["difference"] == pytest.approx(-1.5 - broken.verified.published)
    assert all(row["level"] == "normal" for row in others)
    assert '"role":"alert"' in drawn(verification.summary(view)).replace(" ", "")


def test_one_subject_can_be_seen_alone(empty: Queries) -> None:
    view = View(empty, "/verification", "?subject=calendar_plan")
    found = verification.rows(view)
    assert {row["subject"] for row in found} == {"Calendar plan"}
    assert 0 < len(found) < len(titled())


def test_published_digits_are_kept(empty: Queries) -> None:
    shown = {row["published_shown"] for row in verification.rows(View(empty, "/", "?lang=ru"))}
    assert "0,9927" in shown
    assert "0,008206" in shown
