"""ThingPark (Wireless and Enterprise), MQTT connector, JSON."""

from __future__ import annotations

from datetime import datetime

import msgspec

from ingest.decoder import read_json
from ingest.lorawan import LorawanDecoder, Uplink, eui, from_hex


class _Uplink(msgspec.Struct):
    Time: datetime
    DevEUI: str
    FCntUp: int | None = None
    payload_hex: str | None = None


class _Event(msgspec.Struct):
    DevEUI_uplink: _Uplink | None = None


_event = msgspec.json.Decoder(_Event)


class Thingpark(LorawanDecoder):
    """ThingPark, JSON: documents `DevEUI_uplink`; its other reports carry no measurement."""

    name = "thingpark"
    topics = ("thingpark/#", "mqtt/things/+/uplink")

    def uplink(self, payload: bytes) -> Uplink | None:
        """Return the uplink of a `DevEUI_uplink`."""
        event = read_json(payload, _event, "document of ThingPark").DevEUI_uplink
        if event is None:
            return None
        frame = from_hex(event.payload_hex, "payload_hex") if event.payload_hex else None
        return Uplink(eui(event.DevEUI), event.Time, frame, event.FCntUp)
