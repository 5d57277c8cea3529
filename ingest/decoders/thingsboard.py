"""Telemetry as ThingsBoard's device and gateway MQTT APIs take it, JSON."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import msgspec

from ingest.decoder import Decoded, Decoder, Heard, Sent, from_milliseconds, numeric, read_json
from ingest.message import Message, MessageError
from ingest.text import Reason, Text

_gateway = msgspec.json.Decoder(dict[str, list[dict[str, Any]] | dict[str, Any]])
_device = msgspec.json.Decoder(list[dict[str, Any]] | dict[str, Any])


class Thingsboard(Decoder):
    """ThingsBoard's device API (`v1/devices/me/telemetry`) and gateway API (`v1/gateway/...`).

    The device API does not name the device: the site says it as the gateway's `device:`. Values
    without `ts` are of the time at which they came.
    """

    name = "thingsboard"
    topics = ("v1/gateway/telemetry", "v1/devices/me/telemetry")

    def decode(self, sent: Sent) -> Decoded:
        """Return a message per device and moment."""
        heard: list[Heard] = []
        wrong: list[str] = []
        for device, document in self._documents(sent):
            try:
                known = self.known(device)
                for time, items in _moments(document, sent.received):
                    values = numeric(known, items, wrong)
                    if values:
                        heard.append(Heard(device, Message(time, values)))
            except MessageError as error:
                wrong.append(str(error))
        return Decoded(heard, wrong)

    def _documents(self, sent: Sent) -> Iterator[tuple[str, Any]]:
        if sent.topic.endswith("v1/gateway/telemetry"):
            telemetry = read_json(sent.payload, _gateway, "telemetry of a ThingsBoard gateway")
            yield from telemetry.items()
            return
        if sent.speaker is None:
            raise MessageError(
                Reason(
                    Text(
                        "topic {topic} does not say which device speaks; give the gateway"
                        " a device: in site.yaml",
                        {"topic": repr(sent.topic)},
                    )
                )
            )
        yield sent.speaker, read_json(sent.payload, _device, "telemetry of a ThingsBoard device")


def _moments(document: Any, received: datetime) -> Iterator[tuple[datetime, dict[str, Any]]]:
    """Yield time and values of each part; a wrong part ends it."""
    for part in document if isinstance(document, list) else [document]:
        values = part.get("values")
        if "ts" not in part:
            # {"values": {...}} without ts is allowed too; else the keys are the channels.
            yield received, values if isinstance(values, dict) and len(part) == 1 else part
            continue
        if not isinstance(values, dict):
            raise MessageError(Reason(Text("telemetry with ts has no object of values")))
        ts = part["ts"]
        if not isinstance(ts, int | float) or isinstance(ts, bool):
            raise MessageError(Reason(Text("ts is not a number of milliseconds since 1970")))
        yield from_milliseconds(ts), values
