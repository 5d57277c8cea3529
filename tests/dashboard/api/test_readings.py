"""Readings: paged, bucketed, at a time, and as they were known at a time."""

from __future__ import annotations

from datetime import datetime, timedelta

import msgspec
import pytest
from fastapi.testclient import TestClient

from .conftest import HOURS, LATE, NOW, SMALL, START, Served, row

URL = f"{SMALL}/readings"
PORE = {"instrument": "pz-1", "quantity": "pore_pressure"}
TILT = {"instrument": "ipi-1", "quantity": "displacement_a"}


def get(client: TestClient, **parameters: object) -> dict:
    response = client.get(URL, params={**PORE, **parameters})
    assert response.status_code == 200, response.text
    return response.json()


def z(time: datetime) -> str:
    return time.isoformat().replace("+00:00", "Z")


def test_a_series_says_its_unit_and_holds_every_reading_once(client: TestClient) -> None:
    found = get(client)
    assert {key: found[key] for key in ("site", "instrument", "quantity", "unit", "nodes")} == {
        "site": "small",
        "instrument": "pz-1",
        "quantity": "pore_pressure",
        "unit": "kPa",
        "nodes": [],
    }
    assert found["next"] is None
    times = [reading["time"] for reading in found["readings"]]
    assert times == sorted(times)
    assert len(times) == len(set(times)) == HOURS + 1
    assert found["readings"][0] == {
        "time": "2022-01-01T00:00:00Z",
        "received": "2022-01-01T00:00:00Z",
        "value": 100.0,
        "flags": [],
        "node": None,
    }


@pytest.mark.parametrize("limit", [1, 7, HOURS, HOURS + 1])
def test_pages_joined_are_the_whole_series(client: TestClient, limit: int) -> None:
    whole, joined, cursor = get(client)["readings"], [], None
    while True:
        page = get(client, limit=limit, **({"cursor": cursor} if cursor else {}))
        assert len(page["readings"]) <= limit
        joined += page["readings"]
        cursor = page["next"]
        if cursor is None:
            break
    assert joined == whole


def test_pages_of_nodes_break_within_a_time(client: TestClient) -> None:
    whole = get(client, **TILT)
    assert whole["nodes"] == [1.0, 2.0, 3.0]
    first = get(client, **TILT, limit=2)
    second = get(client, **TILT, limit=1000, cursor=first["next"])
    assert [each["node"] for each in first["readings"]] == [0, 1]
    assert first["readings"] + second["readings"] == whole["readings"]


def test_one_node_alone(client: TestClient) -> None:
    found = get(client, **TILT, node=2)["readings"]
    assert {each["node"] for each in found} == {2}
    assert len(found) == HOURS / 6


def test_from_is_inclusive_and_to_is_not(client: TestClient) -> None:
    found = get(client, **{"from": "2022-01-01T02:00:00Z", "to": "2022-01-01T07:00:00+03:00"})
    assert [each["time"][11:13] for each in found["readings"]] == ["02", "03"]


def test_at_ends_the_series_with_that_moment(client: TestClient) -> None:
    assert get(client, at=z(START + timedelta(hours=4)))["readings"][-1]["value"] == 104.0


def test_known_at_leaves_out_what_came_later(client: TestClient) -> None:
    hour = {"from": z(START + timedelta(hours=10)), "to": z(START + timedelta(hours=11))}
    assert get(client, **hour)["readings"][0]["value"] == 55.0
    before = get(client, **hour, known_at=z(LATE - timedelta(seconds=1)))["readings"]
    assert [each["value"] for each in before] == [110.0]


def test_a_flag_travels_with_its_value(client: TestClient) -> None:
    flagged = [each for each in get(client)["readings"] if each["flags"]]
    assert [(each["value"], each["flags"]) for each in flagged] == [(5000.0, ["out_of_range"])]


def test_buckets_hold_the_extremes_and_every_reading(client: TestClient) -> None:
    found = get(client, buckets=5)
    assert "readings" not in found
    assert "next" not in found
    assert sum(bucket["count"] for bucket in found["buckets"]) == HOURS + 1
    assert max(bucket["max"] for bucket in found["buckets"]) == 5000.0
    assert min(bucket["min"] for bucket in found["buckets"]) == 55.0
    assert all(b["min"] <= b["mean"] <= b["max"] for b in found["buckets"])


def test_buckets_of_a_span_are_equal_and_begin_with_it(client: TestClient) -> None:
    found = get(client, **{"from": z(START), "to": z(START + timedelta(hours=20)), "buckets": 4})
    starts = [datetime.fromisoformat(bucket["start"]) for bucket in found["buckets"]]
    assert starts == [START + timedelta(hours=5 * part) for part in range(4)]


def test_buckets_of_nodes_name_them(client: TestClient) -> None:
    found = get(client, **TILT, buckets=2)["buckets"]
    assert [bucket["node"] for bucket in found] == [0, 1, 2, 0, 1, 2]
    assert {bucket["node"] for bucket in get(client, **TILT, buckets=2, node=1)["buckets"]} == {1}


def test_buckets_after_at_are_left_out(client: TestClient) -> None:
    before = get(client, buckets=3, at=z(START + timedelta(hours=2)))["buckets"]
    assert max(bucket["max"] for bucket in before) == 102.0
    later = {"from": z(START + timedelta(hours=5)), "to": z(NOW), "at": z(START), "buckets": 3}
    assert get(client, **later)["buckets"] == []


def test_a_silent_instrument_has_no_readings_and_no_buckets(client: TestClient) -> None:
    assert get(client, instrument="pz-2")["readings"] == []
    assert get(client, instrument="pz-2", buckets=3)["buckets"] == []


def test_a_new_reading_is_seen_at_once(served: Served) -> None:
    client = served.client
    get(client, buckets=3)
    served.store.append([row("pz-1", HOURS, pore_pressure=7.0)])
    assert get(client)["readings"][-1]["value"] == 7.0
    assert min(bucket["min"] for bucket in get(client, buckets=3)["buckets"]) == 7.0


def test_what_is_not_a_number_travels_as_null() -> None:
    from dashboard.api.routes.derived import EXAMPLE

    point = msgspec.structs.replace(EXAMPLE.points[0], value=float("nan"))
    assert b'"value":null' in msgspec.json.encode(point)
