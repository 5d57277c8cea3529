"""The Instruments page: a reading by hand goes into the store, and the series out as a file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from fastapi.testclient import TestClient

from dashboard.pages import instruments
from dashboard.queries import Queries
from dashboard.view import View
from ingest.site import Site
from tests.dashboard.api.conftest import Served, fill, serving

OUTPUT = "..instruments-hand-answer.children...instruments-by-hand.children@"


@pytest.fixture
def served(tmp_path: Path, small_site: Site) -> Iterator[Served]:
    with serving(tmp_path, small_site) as made:
        fill(made)
        yield made


def send(client: TestClient, **given: object) -> Any:
    """Press the button as the browser does."""
    asked = {"node": None, "value": "80,5", "time": "2022-01-03 10:00", "author": "Surveyor"}
    asked |= {"note": "dip", **given}
    dependencies = client.get("/_dash-dependencies").json()
    (callback,) = [each for each in dependencies if each["output"].startswith(OUTPUT)]
    outputs = [
        {"id": part.split(".")[0], "property": part.split(".")[1]}
        for part in callback["output"].strip(".").split("...")
    ]
    state = [
        {"id": each["id"], "property": each["property"], "value": value}
        for each, value in zip(
            callback["state"],
            [*(asked[name] for name in ("node", "value", "time", "author", "note")), SEARCH],
            strict=True,
        )
    ]
    body = {
        "output": callback["output"],
        "outputs": outputs,
        "inputs": [{"id": "instruments-hand-send", "property": "n_clicks", "value": 1}],
        "changedPropIds": ["instruments-hand-send.n_clicks"],
        "state": state,
    }
    answered = client.post("/_dash-update-component", json=body)
    assert answered.status_code == 200, answered.text
    return answered.json()["response"]["instruments-hand-answer"]["children"]


SEARCH = "?instrument=pz-2&quantity=pore_pressure"


def test_a_reading_by_hand_is_stored_with_the_sites_time_and_shown(served: Served) -> None:
    assert send(served.client) == "Stored, and kept with your name."
    (stored,) = served.store.readings("pz-2", "pore_pressure")
    assert (stored.value, stored.time.isoformat()) == (80.5, "2022-01-03T03:00:00+00:00")
    queries = Queries(served.site, served.store, served.journal, served.clock, served.settings)
    assert "80.5" in str(instruments.by_hand(View(queries, "/instruments", SEARCH)))
    assert "Surveyor · dip" in str(instruments.by_hand(View(queries, "/instruments", SEARCH)))


@pytest.mark.parametrize(
    ("given", "answer"),
    [
        ({"value": "much"}, "Give a number"),
        ({"time": "yesterday"}, "Give a number, and a time"),
        ({"author": ""}, "Give your name"),
        ({"time": "2023-01-01 00:00"}, "Refused: the time lies in the future"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_stored(
    served: Served, given: dict[str, object], answer: str
) -> None:
    assert send(served.client, **given).startswith(answer)
    assert served.store.readings("pz-2", "pore_pressure") == []


def test_the_link_gives_the_shown_readings_as_a_file(served: Served) -> None:
    queries = Queries(served.site, served.store, served.journal, served.clock, served.settings)
    search = "?instrument=pz-1&quantity=pore_pressure&range=7d&at=2022-01-02T00:00:00Z"
    shown = str(instruments.detail(View(queries, "/instruments", search)))
    link = next(part for part in shown.split("'") if "readings.csv" in part)
    assert parse_qs(urlsplit(link).query)["at"] == ["2022-01-02T00:00:00Z"]
    lines = served.client.get(link).text.splitlines()
    assert lines[-1].startswith("2022-01-02T00:00:00Z,")
    assert len(lines) == 1 + 25 + 1  # a header, an hourly day with both ends, the wild one
