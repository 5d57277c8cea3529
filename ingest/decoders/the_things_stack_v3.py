"""The Things Stack 3 (Community, Cloud, Enterprise), MQTT server, JSON."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

from ingest.decoder import read_json
from ingest.lorawan import LorawanDecoder, Uplink, eui, from_base64
from ingest.message import MessageError
from ingest.text import Reason, Text


class _Ids(msgspec.Struct):
    device_id: str
    dev_eui: str | None = None


class _UplinkMessage(msgspec.Struct):
    f_cnt: int = 0  # left out when it is zero
    frm_payload: str | None = None
    decoded_payload: dict[str, Any] | None = None
    received_at: datetime | None = None


class _Event(msgspec.Struct):
    end_device_ids: _Ids
    uplink_message: _UplinkMessage
    received_at: datetime | None = None


_event = msgspec.json.Decoder(_Event)


class TheThingsStackV3(LorawanDecoder):
    """The Things Stack 3, JSON: `v3/{application}/devices/{device}/up`."""

    name = "the_things_stack_v3"
    topics = ("v3/+/devices/+/up",)

    def uplink(self, payload: bytes) -> Uplink | None:
        """Return the uplink; its time is when the network server received it."""
        event = read_json(payload, _event, "uplink of The Things Stack")
        message = event.uplink_message
        time = message.received_at or event.received_at
        if time is None:
            raise MessageError(Reason(Text("uplink has no received_at")))
        if event.end_device_ids.dev_eui is None:
            raise MessageError(Reason(Text("uplink has no end_device_ids.dev_eui")))
        frame = from_base64(message.frm_payload, "frm_payload") if message.frm_payload else None
        return Uplink(
            eui(event.end_device_ids.dev_eui),
            time,
            frame,
            message.f_cnt,
            message.decoded_payload or {},
        )
