"""LORIOT network server, MQTT output, JSON."""

from __future__ import annotations

from typing import Any

import msgspec

from ingest.decoder import from_milliseconds, read_json
from ingest.lorawan import LorawanDecoder, Uplink, eui, from_hex
from ingest.message import MessageError
from ingest.text import Reason, Text


class _Event(msgspec.Struct):
    cmd: str
    EUI: str | None = None
    ts: int | float | None = None
    fcnt: int | None = None
    data: str | None = None
    encdata: str | None = None
    decoded: dict[str, Any] | None = None


_event = msgspec.json.Decoder(_Event)


class Loriot(LorawanDecoder):
    """LORIOT, JSON: `rx` and `gw`, which tell of the same uplink; other commands are none."""

    name = "loriot"
    topics = ("loriot/#",)

    def uplink(self, payload: bytes) -> Uplink | None:
        """Return the uplink of an `rx` or a `gw`."""
        event = read_json(payload, _event, "message of LORIOT")
        if event.cmd not in ("rx", "gw"):
            return None
        if event.EUI is None or event.ts is None:
            raise MessageError(Reason(Text("uplink has no EUI or no ts")))
        if event.data is None and event.encdata is not None:
            raise MessageError(
                Reason(
                    Text(
                        "uplink is encrypted; give LORIOT the device's AppSKey, so that it"
                        " sends data"
                    )
                )
            )
        frame = from_hex(event.data, "data") if event.data else None
        return Uplink(
            eui(event.EUI), from_milliseconds(event.ts), frame, event.fcnt, event.decoded or {}
        )
