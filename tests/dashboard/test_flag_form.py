"""The Instruments page: an engineer sets and lifts a flag, and the journal says who and why."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from dashboard.pages import _flags, instruments
from dashboard.queries import Queries
from dashboard.view import View
from ingest.site import Site
from tests.dashboard.api.conftest import Served, fill, serving

SEARCH = "?instrument=pz-1&quantity=pore_pressure"
ASKED = {
    "action": "set",
    "flag": "rejected",
    "node": "all",
    "from": "2022-01-02 00:00",
    "to": "2022-01-02 05:00",
    "author": "Engineer",
    "reason": "The cable was being repaired",
}


@pytest.fixture
def served(tmp_path: Path, small_site: Site) -> Iterator[Served]:
    with serving(tmp_path, small_site) as made:
        fill(made)
        yield made


def send(client: TestClient, **given: object) -> Any:
    """Press the button as the browser does."""
    values = {f"instruments-flag-{name}": value for name, value in (ASKED | given).items()}
    dependencies = client.get("/_dash-dependencies").json()
    (callback,) = [
        each for each in dependencies if each["output"].startswith("..instruments-flag-answer")
    ]
    body = {
        "output": callback["output"],
        "outputs": [
            {"id": part.split(".")[0], "property": part.split(".")[1]}
            for part in callback["output"].strip(".").split("...")
        ],
        "inputs": [{"id": "instruments-flag-send", "property": "n_clicks", "value": 1}],
        "changedPropIds": ["instruments-flag-send.n_clicks"],
        "state": [
            {
                "id": each["id"],
                "property": each["property"],
                "value": values.get(each["id"], SEARCH),
            }
            for each in callback["state"]
        ],
    }
    answered = client.post("/_dash-update-component", json=body)
    assert answered.status_code == 200, answered.text
    return answered.json()["response"]["instruments-flag-answer"]["children"]


def flagged(served: Served) -> int:
    found = served.store.readings("pz-1", "pore_pressure", limit=10_000)
    return sum("rejected" in each.flags for each in found)


def test_a_flag_is_set_and_lifted_with_a_name_and_a_reason(served: Served) -> None:
    assert send(served.client) == "Written down, with your name."
    assert flagged(served) == 5
    queries = Queries(served.site, served.store, served.journal, served.clock, served.settings)
    view = View(queries, "/instruments", SEARCH)
    shown = str(instruments.detail(view))
    assert "Engineer · The cable was being repaired" in shown
    assert "“rejected by a person” set" in shown
    assert send(served.client, action="lift", to="", **{"from": "2022-01-02 02:00"}).startswith("W")
    assert flagged(served) == 2
    russian = View(queries, "/instruments", f"{SEARCH}&lang=ru")
    assert "снята" in str(_flags.journal(russian, russian.instruments["pz-1"]))


@pytest.mark.parametrize(
    ("given", "answer"),
    [
        ({"from": "yesterday"}, "Give times"),
        ({"from": ""}, "Give times"),
        ({"to": "2022-01-01 00:00"}, "The stretch ends before it begins"),
        ({"author": " "}, "Give your name"),
        ({"reason": ""}, "Say why"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_flagged(
    served: Served, given: dict[str, object], answer: str
) -> None:
    assert send(served.client, **given).startswith(answer)
    assert flagged(served) == 0
