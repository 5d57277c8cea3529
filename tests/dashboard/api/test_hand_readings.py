"""Readings by hand come in through the API, and readings go out of it as CSV."""

from __future__ import annotations

import pytest
from fastapi.testclient import TestClient

from .conftest import LATE, SMALL, Served

READ = {
    "instrument": "pz-2",
    "quantity": "pore_pressure",
    "value": 0.8,
    "unit": "bar",
    "time": "2022-01-03T10:00:00+07:00",
    "author": "Surveyor",
    "note": "dip",
}


def test_a_reading_by_hand_is_stored_and_its_author_kept(served: Served) -> None:
    answered = served.client.post(f"{SMALL}/readings", json=READ)
    assert answered.status_code == 200
    kept = answered.json()
    assert (kept["value"], kept["unit"], kept["author"]) == (80.0, "kPa", "Surveyor")
    assert served.client.post(f"{SMALL}/readings", json=READ).json() == kept
    listed = served.client.get(f"{SMALL}/hand-readings?instrument=pz-2").json()
    assert listed == {"site": "small", "readings": [kept]}
    (stored,) = served.client.get(
        f"{SMALL}/readings?instrument=pz-2&quantity=pore_pressure"
    ).json()["readings"]
    assert (stored["value"], stored["time"]) == (80.0, "2022-01-03T03:00:00Z")


@pytest.mark.parametrize(
    ("change", "status", "reason"),
    [
        ({"instrument": "pz-9"}, 404, "pz-9"),
        ({"quantity": "head"}, 404, "head"),
        ({"unit": "mm"}, 422, "a unit that converts to kPa"),
        ({"node": 1.0}, 422, "has no nodes"),
        ({"time": "2022-01-03T10:00:00"}, 422, "zone"),
        ({"time": "2022-02-03T10:00:00Z"}, 422, "future"),
        ({"value": "NaN"}, 422, "give a number"),
        ({"author": " "}, 422, "give your name"),
        ({"wind": 1}, 422, "wind"),
    ],
)
def test_what_is_refused_says_why_and_is_not_stored(
    served: Served, change: dict[str, object], status: int, reason: str
) -> None:
    answered = served.client.post(f"{SMALL}/readings", json={**READ, **change})
    assert answered.status_code == status
    assert reason in answered.text
    assert served.client.get(f"{SMALL}/hand-readings").json()["readings"] == []


def test_readings_go_out_as_csv(client: TestClient) -> None:
    answered = client.get(f"{SMALL}/readings.csv?instrument=pz-1&quantity=pore_pressure")
    assert answered.headers["content-type"].startswith("text/csv")
    assert answered.headers["content-disposition"] == 'attachment; filename="pz-1.csv"'
    lines = answered.text.splitlines()
    assert lines[0] == "time,received,instrument,node,pore_pressure [kPa],pore_pressure flags"
    assert lines[1] == "2022-01-01T00:00:00Z,2022-01-01T00:00:00Z,pz-1,,100.0,"
    assert "2022-01-01T05:30:00Z,2022-01-01T05:30:00Z,pz-1,,5000.0,out_of_range" in lines
    assert "2022-01-01T10:00:00Z,2022-01-03T00:00:00Z,pz-1,,55.0," in lines
    assert len(lines) == 1 + 73


def test_csv_answers_as_it_was_known(client: TestClient) -> None:
    before = LATE.isoformat().replace("+00:00", "Z").replace("03T00", "02T00")
    answered = client.get(f"{SMALL}/readings.csv?instrument=pz-1&known_at={before}")
    assert "2022-01-01T10:00:00Z,2022-01-01T10:00:00Z,pz-1,,110.0," in answered.text


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("instrument=pz-9", 404),
        ("instrument=pz-1&quantity=head", 422),
        ("from=2022-02-01T00:00:00Z&to=2022-01-01T00:00:00Z", 422),
        ("colour=red", 422),
    ],
)
def test_what_csv_cannot_answer_is_a_problem(client: TestClient, query: str, status: int) -> None:
    answered = client.get(f"{SMALL}/readings.csv?{query}")
    assert answered.status_code == status
    assert answered.headers["content-type"] == "application/problem+json"
