"""Real messages of each dialect, for the tests of one and for the contract of all."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import cbor2

from ingest.sparkplug import Payload
from tests.conftest import DATA

UPLINKS = DATA / "lorawan_uplinks"
SENML = DATA / "senml_rfc8428"
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
PLATFORMS = {
    "ChirpStack": "chirpstack_v4",
    "LORIOT": "loriot",
    "ThingPark": "thingpark",
    "ThingParkEnterprise": "thingpark",
    "ThingsStackCommunity": "the_things_stack_v3",
    "ThingsStackIndustries": "the_things_stack_v3",
}


class Sample(NamedTuple):
    dialect: str
    topic: str
    payload: bytes


def uplinks() -> list[tuple[Path, str, str]]:
    """Return (payload's file, dialect, frame table) of every uplink."""
    found = []
    for path in sorted(UPLINKS.glob("*/*/*/uplink/payload*.json")):
        maker, device, platform = path.relative_to(UPLINKS).parts[:3]
        if platform in PLATFORMS:
            frame = f"{maker}_{device}".lower().replace("-", "_")
            found.append((path, PLATFORMS[platform], frame))
    return found


def sparkplug(
    seq: int | None, *metrics: dict[str, object], time: int | None = 1772366400000
) -> bytes:
    payload = Payload()
    if time is not None:
        payload.timestamp = time
    if seq is not None:
        payload.seq = seq
    for fields in metrics:
        metric = payload.metrics.add()
        for name, value in fields.items():
            setattr(metric, name, value)
    return payload.SerializeToString()


NODE_BIRTH = sparkplug(0, {"name": b"bdSeq", "datatype": 8, "long_value": 3})
DEVICE_BIRTH = sparkplug(
    1,
    {"name": b"Level", "alias": 1, "datatype": 10, "double_value": 4.2},
    {"name": b"Temperature", "alias": 2, "datatype": 3, "int_value": 5},
)


def samples() -> list[Sample]:
    """Return messages that are understood at the site with gateways, each by itself."""
    own = {"time": "2026-03-01T11:00:00Z", "values": {"depth": 4.2}, "sequence": 7}
    gateway = {"logger-7": [{"ts": 1772362800000, "values": {"level": 120, "status": "ok"}}]}
    topics = {
        "chirpstack_v4": "application/1/device/70b3d57ba0003bb8/event/up",
        "the_things_stack_v3": "v3/app@ttn/devices/dev/up",
        "loriot": "loriot/uplinks",
        "thingpark": "thingpark/uplinks",
    }
    found = [
        Sample("postmine_v1", "postmine/v1/gateways/lv-1/readings", json.dumps(own).encode()),
        Sample("thingsboard", "v1/gateway/telemetry", json.dumps(gateway).encode()),
        Sample("senml", "senml/a", (SENML / "ex10.gen.json").read_bytes()),
        Sample(
            "senml",
            "senml/a",
            cbor2.dumps([{0: "urn:dev:ow:10e2073a01080063:voltage", 2: 4000, 6: 1772362800}]),
        ),
        Sample("sparkplug_b", "spBv1.0/mine/NBIRTH/edge-1", NODE_BIRTH),
    ]
    for platform, dialect in PLATFORMS.items():
        path = UPLINKS / "Decentlab/DL-CTD10" / platform / "uplink/payload.json"
        found.append(Sample(dialect, topics[dialect], path.read_bytes()))
    return found
