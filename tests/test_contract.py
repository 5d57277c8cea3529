"""The published contract is fresh, and says the same as the code that reads."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from jsonschema import Draft202012Validator, FormatChecker
from jsonschema.exceptions import ValidationError
from ruamel.yaml import YAML

from dashboard.app import create_app
from dashboard.contract import DOCUMENTS, rendered
from ingest.clock import WallClock
from ingest.message import MessageError, clock_topic, decode_messages, decode_status, parse_topic
from ingest.settings import load_settings
from ingest.site import SITES, load_site
from ingest.store.embedded import EmbeddedStore

ROOT = Path(__file__).parent.parent
SITE_FILES = [*SITES.glob("*/site.yaml"), ROOT / "tests/data/small_site/site.yaml"]


def validator(name: str) -> Draft202012Validator:
    schema = DOCUMENTS[name]()
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema, format_checker=FormatChecker())


def content(path: Path) -> Any:
    """A file as an editor sees it: dates are texts there."""
    return json.loads(json.dumps(YAML(typ="safe").load(path.read_text("utf-8")), default=str))


@pytest.mark.parametrize("name", DOCUMENTS)
def test_each_document_is_fresh(name: str) -> None:
    kept = (ROOT / "docs/contract" / name).read_text(encoding="utf-8")
    assert kept == rendered(name), f"docs/contract/{name} is out of date: run `make docs`"


@pytest.mark.parametrize("path", SITE_FILES, ids=lambda path: path.parent.name)
def test_every_site_fits_the_schema(path: Path) -> None:
    validator("site.schema.json").validate(content(path))


@pytest.mark.parametrize(
    "change",
    [
        {"nmae": "small"},
        {"latitude": 91},
        {"instruments": {"PZ 1": {"type": "piezometer", "zone": "dump"}}},
        {"zones": {"dump": {"title": {"en": "Dump"}, "kind": "heap"}}},
    ],
)
def test_what_a_site_may_not_say_does_not_fit(change: dict[str, Any]) -> None:
    wrong = content(ROOT / "tests/data/small_site/site.yaml") | change
    with pytest.raises(ValidationError):
        validator("site.schema.json").validate(wrong)


def test_the_bundled_sites_name_their_schema() -> None:
    for path in SITES.glob("*/site.yaml"):
        mark, _, target = path.read_text("utf-8").splitlines()[0].partition("$schema=")
        assert mark == "# yaml-language-server: "
        assert (path.parent / target).resolve() == ROOT / "docs/contract/site.schema.json"


@pytest.mark.parametrize(
    ("payload", "good"),
    [
        ({"time": "2026-03-01T00:00:00Z", "values": {"head": 1.5}}, True),
        ({"time": "2026-03-01T00:00:00Z", "values": {"head": None}, "sequence": 3}, True),
        ([{"time": "2026-03-01T00:00:00Z", "values": {"a": [1, None]}}], True),
        ({"time": "2026-03-01T00:00:00Z", "values": {"head": "1.5"}}, False),
        ({"time": "2026-03-01T00:00:00Z", "values": {"head": 1.5}, "unit": "m"}, False),
        ({"values": {"head": 1.5}}, False),
        (3, False),
    ],
)
def test_schema_and_decoder_agree(payload: Any, good: bool) -> None:
    assert validator("message.schema.json").is_valid(payload) == good
    try:
        _, wrong = decode_messages(json.dumps(payload).encode())
        understood = not wrong
    except MessageError:
        understood = False
    assert understood == good


def test_a_status_fits() -> None:
    for payload, good in (({"state": "online", "battery_v": 3.6}, True), ({"state": "on"}, False)):
        assert validator("status.schema.json").is_valid(payload) == good
    assert decode_status(b'{"state": "online", "battery_v": 3.6}').battery_v == 3.6


def test_asyncapi_points_at_what_it_holds_and_at_topics_that_are_understood() -> None:
    document = DOCUMENTS["asyncapi.json"]()
    assert document["asyncapi"] == "3.0.0"

    def follow(reference: str) -> Any:
        found: Any = document
        for part in reference.removeprefix("#/").split("/"):
            found = found[part]
        return found

    def references(node: Any) -> list[str]:
        if isinstance(node, dict):
            own = [node["$ref"]] if "$ref" in node else []
            return own + [each for value in node.values() for each in references(value)]
        if isinstance(node, list):
            return [each for value in node for each in references(value)]
        return []

    assert len(references(document)) > 6
    for reference in references(document):
        assert follow(reference)
    for name, channel in document["channels"].items():
        topic = channel["address"]
        for parameter in channel["parameters"]:
            topic = topic.replace(f"{{{parameter}}}", "x")
        assert "{" not in topic
        assert parse_topic(topic).kind == name
        (example,) = document["components"]["messages"][name]["examples"]
        payload = {**document["components"]["messages"][name]["payload"]}
        schema = {**payload, "components": document["components"]}
        Draft202012Validator(schema).validate(example["payload"])
    assert clock_topic("x") == "postmine/v1/x/clock"


def test_the_dashboard_serves_it(tmp_path: Path) -> None:
    site = load_site("brabant")
    store = EmbeddedStore(tmp_path, site)
    app = create_app(site, store, None, WallClock(), load_settings(data_dir=tmp_path))
    with TestClient(app) as client:
        listed = client.get("/api/v1/contract").json()["documents"]
        assert listed == list(DOCUMENTS)
        for name in listed:
            assert client.get(f"/api/v1/contract/{name}").json() == DOCUMENTS[name]()
        missing = client.get("/api/v1/contract/x.json")
        assert missing.status_code == 404
        assert missing.json()["legal"] == listed
    store.close()
