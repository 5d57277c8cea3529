"""Every failure is a problem document that names the thing, its value and the cure."""

from __future__ import annotations

import base64
import json
import zlib
from typing import get_args

import pytest
from fastapi.testclient import TestClient

from analytics.frames import computed_series
from analytics.indicator import Group
from ingest.errors import ServiceError

from .conftest import SMALL, Served

PORE = f"{SMALL}/readings?instrument=pz-1&quantity=pore_pressure"
INSTRUMENTS = ["pz-1", "pz-2", "ipi-1"]
ACKNOWLEDGE = f"{SMALL}/alarms/1/acknowledge"


def problem(response, status: int) -> dict:
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    body = response.json()
    assert body["status"] == status
    assert body["instance"] == response.request.url.path
    assert body["type"].startswith("urn:postmine:problem:")
    assert body["title"]
    assert body["detail"]
    return body


@pytest.mark.parametrize(
    ("path", "named", "legal"),
    [
        ("/api/v1/sites/abasa", "site 'abasa'", ["small"]),
        ("/api/v1/sites/abasa/latest", "site 'abasa'", ["small"]),
        (
            f"{SMALL}/readings?instrument=pz-9&quantity=x",
            "instrument 'pz-9'",
            INSTRUMENTS,
        ),
        (
            f"{SMALL}/readings?instrument=pz-1&quantity=head",
            "quantity of pz-1 'head'",
            ["pore_pressure", "temperature"],
        ),
        (
            f"{PORE.replace('pz-1', 'pz-9')}&buckets=5",
            "instrument 'pz-9'",
            INSTRUMENTS,
        ),
        (f"{SMALL}/latest?instrument=pz-9", "instrument 'pz-9'", INSTRUMENTS),
        (f"{SMALL}/instruments/pz-9", "instrument 'pz-9'", INSTRUMENTS),
        (f"{SMALL}/risks?zone=moon", "zone 'moon'", ["dump"]),
        (f"{SMALL}/indicators?group=moon", "group 'moon'", list(get_args(Group))),
        (
            f"{SMALL}/indicators?subject=moon",
            "subject 'moon'",
            ["small", "dump", *INSTRUMENTS],
        ),
        (f"{SMALL}/derived?series=nope", "series 'nope'", computed_series()),
        (
            f"{SMALL}/derived?series=fill.volume&subject=nope",
            "subject 'nope'",
            ["small", "dump", *INSTRUMENTS],
        ),
    ],
)
def test_an_unknown_name_is_404_with_the_legal_ones(
    client: TestClient, path: str, named: str, legal: list[str]
) -> None:
    body = problem(client.get(path), 404)
    assert named in body["detail"]
    assert body["legal"] == legal


@pytest.mark.parametrize(
    "query",
    [
        "derived?series=fill.volume",
        "derived?series=fill.volume&subject=small",
        "derived?series=indicator.rain_load&subject=pz-1",
        "indicators?subject=pz-2",
        "indicators?group=fill&subject=dump",
    ],
)
def test_what_is_known_and_has_no_points_yet_is_empty(client: TestClient, query: str) -> None:
    found = client.get(f"{SMALL}/{query}")
    assert found.status_code == 200
    assert found.json()["points" if query.startswith("derived") else "indicators"] == []


@pytest.mark.parametrize(
    ("query", "parameter", "cure"),
    [
        ("from=2022-01-01T00:00:00", "from", "with its zone"),
        ("to=2022-01-01", "to", "with its zone"),
        ("at=1640995200", "at", "with its zone"),
        ("known_at=yesterday", "known_at", "with its zone"),
        ("at=2022-01-01T00:00:00+03:00", "at", "%2B"),
        ("from=9999-01-01T00:00:00Z", "from", "1970 to 2261"),
        ("from=0001-01-01T00:00:00%2B14:00", "from", "with its zone"),
        ("from=2022-01-02T00:00:00Z&to=2022-01-02T00:00:00Z", "from", "before to"),
        ("from=2022-01-02T00:00:00Z&to=2022-01-01T00:00:00Z&buckets=3", "from", "before to"),
        ("limit=0", "limit", "greater than or equal to 1"),
        ("limit=10001", "limit", "less than or equal to 10000"),
        ("limit=ten", "limit", "integer"),
        ("buckets=0", "buckets", "greater than or equal to 1"),
        ("buckets=5001", "buckets", "less than or equal to 5000"),
        ("node=1", "node", "give 0 to 0"),
        ("node=-1", "node", "greater than or equal to 0"),
        ("cursor=abc", "cursor", "next of the page before"),
        ("cursor=%F0%9F%92%A5", "cursor", "next of the page before"),
        ("start=2022-01-01T00:00:00Z", "start", "legal: instrument, quantity, from"),
    ],
)
def test_a_wrong_parameter_is_422_with_the_cure(
    client: TestClient, query: str, parameter: str, cure: str
) -> None:
    body = problem(client.get(f"{PORE}&{query}"), 422)
    assert body["errors"][0]["parameter"] == parameter
    assert cure in body["errors"][0]["cure"]
    assert parameter in body["detail"]


def test_all_wrong_parameters_are_named_at_once(client: TestClient) -> None:
    body = problem(client.get(f"{SMALL}/readings?limit=0"), 422)
    assert [each["parameter"] for each in body["errors"]] == ["instrument", "quantity", "limit"]


def test_a_cursor_serves_its_own_series_alone(client: TestClient) -> None:
    cursor = client.get(f"{PORE}&limit=1").json()["next"]
    other = f"{SMALL}/readings?instrument=pz-1&quantity=temperature&cursor={cursor}"
    assert "another series" in problem(client.get(other), 422)["errors"][0]["cure"]


@pytest.mark.parametrize("place", ["-1.0", f"{2**63}.0", "1.-1", f"1.{2**63}"])
def test_a_forged_cursor_is_refused(client: TestClient, place: str) -> None:
    text = f"{place}.{zlib.crc32(b'pz-1/pore_pressure')}"
    cursor = base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")
    problem(client.get(f"{PORE}&cursor={cursor}"), 422)


@pytest.mark.parametrize("cursor", ["0", "-1", "x", str(2**63)])
@pytest.mark.parametrize("resource", ["alarms", "dead-letters"])
def test_a_wrong_cursor_of_a_list_is_422(client: TestClient, resource: str, cursor: str) -> None:
    body = problem(client.get(f"{SMALL}/{resource}?cursor={cursor}"), 422)
    assert body["errors"][0]["parameter"] == "cursor"


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
@pytest.mark.parametrize("path", ["/api", "/api/", "/api/v1", "/api/v1/nope", "/api/v2/sites"])
def test_an_unknown_path_is_404_for_every_method(
    client: TestClient, path: str, method: str
) -> None:
    problem(client.request(method, path), 404)


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("POST", "/api/v1/sites", "GET"),
        ("DELETE", f"{SMALL}/readings", "GET, POST"),
        ("GET", ACKNOWLEDGE, "POST"),
    ],
)
def test_a_wrong_method_is_405_with_the_right_ones(
    client: TestClient, method: str, path: str, allowed: str
) -> None:
    response = client.request(method, path)
    problem(response, 405)
    assert response.headers["allow"] == allowed


@pytest.mark.parametrize(
    ("content", "parameter"),
    [
        (b"", "body"),
        (b"{", "body"),
        (b"\xff\xfe", ""),
        (b"[]", "body"),
        (b"{}", "author"),
        (json.dumps({"author": "  "}).encode(), "author"),
        (json.dumps({"author": "A", "note": 3}).encode(), "note"),
        (json.dumps({"author": "A", "level": "normal"}).encode(), "level"),
        (json.dumps({"author": "A" * 101}).encode(), "author"),
    ],
)
def test_a_wrong_body_is_422(client: TestClient, content: bytes, parameter: str) -> None:
    response = client.post(
        ACKNOWLEDGE, content=content, headers={"Content-Type": "application/json"}
    )
    body = problem(response, 422)
    assert body["errors"]
    assert not parameter or body["errors"][0]["parameter"] == parameter


@pytest.mark.parametrize(
    ("path", "content", "kind", "said"),
    [
        (
            "land-use/land_allotment",
            '{"pit_depth": -5}',
            "application/json",
            "no such key; legal: variant, inputs; names with their values stand under inputs",
        ),
        (
            "what-if",
            '[{"name": "a", "changes": {}, "note": 1}]',
            "application/json",
            "0.note is '1': no such key; legal: name, changes",
        ),
        ("fleet/what-if", '{"tracks": 3}', "application/json", "legal: trucks, loaders,"),
        ("fleet/what-if", "{oops", "application/json", "body: not JSON at character 1: Expecting"),
        ("fleet/what-if", "[]", "application/json", "give a JSON object"),
        ("what-if", "{}", "application/json", "give a JSON list"),
        (
            "land-use/land_allotment",
            "pit_depth=5",
            "application/x-www-form-urlencoded",
            "body is 'application/x-www-form-urlencoded': give JSON with the header Content-Type:",
        ),
        ("fleet/what-if", "{}", "", "body is 'of no Content-Type': give JSON with the header"),
    ],
)
def test_a_wrong_body_is_told_in_the_words_of_the_contract(
    abaza: TestClient, path: str, content: str, kind: str, said: str
) -> None:
    headers = {"Content-Type": kind} if kind else {}
    response = abaza.post(f"/api/v1/sites/abaza/{path}", content=content, headers=headers)
    assert said in problem(response, 422)["detail"]


def test_a_store_that_cannot_be_used_is_503(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = served.client

    def broken(*_: object, **__: object) -> None:
        raise ServiceError("data folder /data does not take data: disk full")

    monkeypatch.setattr(served.store, "readings", broken)
    response = client.get(PORE)
    assert "disk full" in problem(response, 503)["detail"]
    assert response.headers["retry-after"]


def test_an_error_of_ours_is_500_and_tells_nothing_of_the_inside(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = served.client

    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError("secret of the house")

    monkeypatch.setattr(served.store, "readings", broken)
    body = problem(client.get(PORE), 500)
    assert "secret" not in json.dumps(body)
