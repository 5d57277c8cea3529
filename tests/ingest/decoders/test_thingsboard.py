"""ThingsBoard's device and gateway telemetry."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from ingest.decoder import Decoder, Sent, decoders
from ingest.message import MessageError
from ingest.site import Site
from tests.ingest.decoders.samples import NOW

MS = 1772362800000  # an hour before NOW
DEVICE = "logger-7/v1/devices/me/telemetry"


@pytest.fixture
def thingsboard(gateway_site: Site) -> Decoder:
    return decoders()["thingsboard"](gateway_site)


@pytest.mark.parametrize(
    ("document", "moments"),
    [
        ({"t1": 4.5}, [(0, {"t1": 4.5})]),
        ([{"t1": 4.5}, {"t2": 280}], [(0, {"t1": 4.5}), (0, {"t2": 280.0})]),
        ({"ts": MS, "values": {"t1": 4.5, "t2": None}}, [(-1, {"t1": 4.5, "t2": None})]),
        (
            [{"ts": MS, "values": {"t1": 1}}, {"ts": MS + 3_600_000, "values": {"t1": 2}}],
            [(-1, {"t1": 1.0}), (0, {"t1": 2.0})],
        ),
    ],
)
def test_the_device_api(thingsboard: Decoder, document: object, moments: list) -> None:
    decoded = thingsboard.decode(Sent(DEVICE, json.dumps(document).encode(), NOW, "logger-7"))
    assert [
        ((each.message.time - NOW) / timedelta(hours=1), each.message.values)
        for each in decoded.heard
    ] == moments
    assert {each.device for each in decoded.heard} == {"logger-7"}


def test_the_gateway_api_names_its_devices(thingsboard: Decoder) -> None:
    document = {
        "logger-7": [{"ts": MS, "values": {"level": 120, "status": "ok"}}],
        "logger-8": [{"ts": MS, "values": {"level": 1}}],
    }
    decoded = thingsboard.decode(Sent("v1/gateway/telemetry", json.dumps(document).encode(), NOW))
    (heard,) = decoded.heard
    assert (heard.device, heard.message.values) == ("logger-7", {"level": 120.0})
    (reason,) = decoded.refusals
    assert reason.startswith("device 'logger-8' of dialect thingsboard is not known at this site")


def test_what_is_wrong_is_named(thingsboard: Decoder) -> None:
    with pytest.raises(MessageError, match="does not say which device speaks"):
        thingsboard.decode(Sent("v1/devices/me/telemetry", b'{"a":1}', NOW))
    for payload, reason in [
        (b"[1]", "no telemetry of a ThingsBoard device"),
        (b"{", "not JSON"),
    ]:
        with pytest.raises(MessageError, match=reason):
            thingsboard.decode(Sent(DEVICE, payload, NOW, "logger-7"))
    for payload, reason in [
        (b'{"ts":"now","values":{"t1":1}}', "ts is not a number"),
        (b'{"ts":1e300,"values":{"t1":1}}', "is not a time"),
        (b'{"ts":1,"values":3}', "no object of values"),
        (b'{"t1":"4.5"}', "channel 't1' of device 'logger-7' is not a number"),
    ]:
        decoded = thingsboard.decode(Sent(DEVICE, payload, NOW, "logger-7"))
        assert decoded.heard == []
        assert reason in decoded.refusals[0]
