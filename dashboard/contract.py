"""The contract in machine-readable form: what a site's file and a message may hold.

Made from the models that read them, so that it cannot say anything else.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import msgspec

from ingest.intake import LARGEST_PAYLOAD
from ingest.message import (
    TOPIC_ROOT,
    Message,
    RunClock,
    Status,
    clock_topic,
    readings_topic,
    status_topic,
)
from ingest.site import Instrument, InstrumentType, Quantity, Site

_DIALECT = "https://json-schema.org/draft/2020-12/schema"
#: What the code fills in, and a file does not say.
_FILLED = {
    Site: ("folder",),
    Instrument: ("name",),
    InstrumentType: ("name",),
    Quantity: ("name",),
}


def site_schema() -> dict[str, Any]:
    """Return the JSON Schema of `site.yaml`."""
    schema = Site.model_json_schema()
    for model, names in _FILLED.items():
        body = schema if model is Site else schema["$defs"][model.__name__]
        for name in names:
            body["properties"].pop(name, None)
    _strip(schema)
    return {"$schema": _DIALECT, **schema, "title": "site.yaml of postmine"}


def message_schema() -> dict[str, Any]:
    """Return the JSON Schema of a readings payload: one message, or an array of them."""
    return {
        "$schema": _DIALECT,
        "title": "Readings of postmine/v1",
        **_schema(list[Message] | Message),
    }


def status_schema() -> dict[str, Any]:
    """Return the JSON Schema of a status payload."""
    return {"$schema": _DIALECT, "title": "Status of postmine/v1", **_schema(Status)}


def asyncapi() -> dict[str, Any]:
    """Return the AsyncAPI 3 document of our own dialect over MQTT."""
    channels = {
        "readings": (
            readings_topic("{site}", "{instrument}"),
            list[Message] | Message,
            "Readings of one instrument: one message, or an array of them in any order.",
            {"time": "2026-03-01T00:00:00Z", "values": {"pore_pressure": 83.2}, "sequence": 1234},
        ),
        "status": (
            status_topic("{site}", "{sender}"),
            Status,
            "What a gateway or an instrument says of itself; retained, with a last will.",
            {"state": "online", "time": "2026-03-01T00:00:00Z", "battery_v": 3.6},
        ),
        "clock": (
            clock_topic("{site}"),
            RunClock,
            "Replays only: all that was received before this time has been sent.",
            {"time": "2026-03-01T00:00:00Z"},
        ),
    }
    told = {
        "site": "Name of the site, as in its file.",
        "instrument": "Name of an instrument of the site's file.",
        "sender": "Name of the gateway, or of an instrument.",
    }
    components: dict[str, Any] = {"schemas": {}, "messages": {}}
    made: dict[str, Any] = {}
    operations: dict[str, Any] = {}
    for name, (address, kind, summary, example) in channels.items():
        schema, defined = _components(kind, "#/components/schemas/{name}")
        components["schemas"] |= defined
        components["messages"][name] = {
            "name": name,
            "summary": summary,
            "contentType": "application/json",
            "payload": schema,
            "examples": [{"payload": example}],
        }
        made[name] = {
            "address": address,
            "description": summary,
            "messages": {name: {"$ref": f"#/components/messages/{name}"}},
            "parameters": {
                key: {"description": text} for key, text in told.items() if f"{{{key}}}" in address
            },
        }
        retained = name == "status"
        operations[f"receive_{name}"] = {
            "action": "receive",
            "summary": f"Ingest takes it; acknowledged when it is durable. {summary}",
            "channel": {"$ref": f"#/channels/{name}"},
            "bindings": {"mqtt": {"qos": 1, "retain": retained, "bindingVersion": "0.2.0"}},
        }
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "postmine over MQTT",
            "version": TOPIC_ROOT.rpartition("/")[2].removeprefix("v") + ".0.0",
            "description": "What gateways and loggers send to a site's broker, over MQTT 3.1.1 or 5"
            " at QoS 1. Units are those of the instrument's type; null is a blank and never zero."
            f" A payload may have {LARGEST_PAYLOAD} bytes.",
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": "application/json",
        "channels": made,
        "operations": operations,
        "components": components,
    }


#: By the name under which it is served and kept.
DOCUMENTS: dict[str, Callable[[], dict[str, Any]]] = {
    "site.schema.json": site_schema,
    "message.schema.json": message_schema,
    "status.schema.json": status_schema,
    "asyncapi.json": asyncapi,
}


def rendered(name: str) -> str:
    """Return a document as it is kept in `docs/contract/`."""
    return json.dumps(DOCUMENTS[name](), ensure_ascii=False, indent=2) + "\n"


def _schema(kind: Any) -> dict[str, Any]:
    schema, defined = _components(kind, "#/$defs/{name}")
    return {**schema, "$defs": defined}


def _components(kind: Any, template: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the schema of a type, and those of the structs that it points at."""
    (schema,), defined = msgspec.json.schema_components([kind], ref_template=template)
    for struct in defined.values():
        time = struct["properties"]["time"]
        for form in [time, *time.get("anyOf", [])]:
            if form.get("type") == "string":
                form |= {"format": "date-time", "description": "ISO 8601 with its zone."}
    return schema, defined


def _strip(node: Any) -> None:
    """Say numpydoc's texts on one line, leave out titles that repeat a key, and close the maps."""
    if isinstance(node, dict):
        if isinstance(node.get("patternProperties"), dict):
            node["additionalProperties"] = False
        if isinstance(node.get("title"), str):
            node.pop("title")
        if isinstance(node.get("description"), str):
            node["description"] = " ".join(node["description"].split("\n\n")[0].split())
        for value in node.values():
            _strip(value)
    elif isinstance(node, list):
        for value in node:
            _strip(value)
