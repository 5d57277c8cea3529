"""The cards of fleet, edge and grading: what is changed, what comes out, and what is refused."""

from __future__ import annotations

import json
from typing import Any

import plotly.io.json as plotly_json
import pytest

from dashboard.pages import _fleet_card, _grading_card
from dashboard.queries import Queries
from dashboard.view import View


def drawn(component: Any) -> str:
    made = json.loads(plotly_json.to_json_plotly(component))
    return json.dumps(made, ensure_ascii=False)


def asked(queries: Queries, search: str) -> str:
    return drawn(_fleet_card.what_if(View(queries, "/backfill", search)))


def test_without_a_change_the_form_holds_what_is(full: Queries) -> None:
    form = drawn(_fleet_card.form(View(full, "/backfill", "?lang=ru")))
    assert '"0,85"' in form
    assert '"342"' in form
    assert "stands here" in asked(full, "")


def test_a_change_in_the_address_is_computed_beside_what_is(full: Queries) -> None:
    found = asked(full, "?fleet_distance_km=4")
    assert "Does not meet the plan: 60" in found
    assert "limited by: trucks" in found
    assert "7 × BelAZ-75404" in found
    assert "Meets the plan: 200" in asked(full, "?fleet_shifts_per_day=2")


@pytest.mark.parametrize(
    ("search", "words"),
    [
        ("?fleet_readiness=1.2", "A readiness of 1.20 is impossible"),
        ("?fleet_distance_km=far", "Give a number: far"),
        ("?fleet_distance_km=nan", "Give a number: nan"),
        ("?fleet_loaders=1.5", "Give a number: 1.5"),
        ("?fleet_trucks.belaz_75404=-1", "There cannot be −1 machines"),
        ("?fleet_densities.waste_rock=20&lang=ru", "Пустая порода"),
    ],
)
def test_what_cannot_be_is_a_sentence_and_no_number(full: Queries, search: str, words: str) -> None:
    found = asked(full, search)
    assert words in found
    assert "pm-field-wrong" in found


def test_the_undo_leaves_the_rest_of_the_address(full: Queries) -> None:
    found = asked(full, "?lang=ru&fleet_distance_km=4&plan=whole")
    assert "lang=ru&plan=whole" in found


def test_the_edge_and_the_tiers_are_said(full: Queries, without_plan: Queries) -> None:
    view = View(full, "/backfill")
    assert "Sliding prism at the crest" in drawn(_fleet_card.edge(view))
    said = drawn(_grading_card.grading(view))
    assert said.count("not known") >= len(full.plan().tiers)  # type: ignore[union-attr]
    other = View(without_plan, "/backfill")
    assert "Not configured" in drawn(_fleet_card.fleet(other)) + drawn(_fleet_card.edge(other))
    assert _fleet_card.tables(other) == []
