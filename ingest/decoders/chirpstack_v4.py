"""ChirpStack 4, MQTT integration, JSON; the older shape of version 3 is read too."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

from ingest.decoder import read_json
from ingest.lorawan import LorawanDecoder, Uplink, eui, from_base64
from ingest.message import MessageError
from ingest.text import Reason, Text


class _DeviceInfo(msgspec.Struct, rename="camel"):
    dev_eui: str


class _Received(msgspec.Struct, rename="camel"):
    time: datetime | None = None
    gw_time: datetime | None = None
    ns_time: datetime | None = None


class _Event(msgspec.Struct, rename="camel"):
    device_info: _DeviceInfo | None = None
    dev_eui: str | None = msgspec.field(default=None, name="devEUI")
    time: datetime | None = None
    f_cnt: int | None = None
    data: str | None = None
    object: dict[str, Any] | None = None
    rx_info: list[_Received] = []


_event = msgspec.json.Decoder(_Event)


class ChirpstackV4(LorawanDecoder):
    """ChirpStack 4, JSON: `application/{application}/device/{DevEUI}/event/up`."""

    name = "chirpstack_v4"
    topics = ("application/+/device/+/event/up",)

    def uplink(self, payload: bytes) -> Uplink | None:
        """Return the uplink of an `up` event."""
        event = read_json(payload, _event, "uplink of ChirpStack")
        named = event.device_info.dev_eui if event.device_info else event.dev_eui
        if named is None:
            raise MessageError(
                Reason(Text("payload is no uplink of ChirpStack: it has no deviceInfo.devEui"))
            )
        times = [event.time]
        for each in event.rx_info[:16]:
            times += [each.gw_time, each.ns_time, each.time]
        time = next((each for each in times if each is not None), None)
        if time is None:
            raise MessageError(
                Reason(Text("uplink has no time, and none of its gateways gives one"))
            )
        frame = from_base64(event.data, "data") if event.data else None
        return Uplink(eui(named), time, frame, event.f_cnt, event.object or {})
