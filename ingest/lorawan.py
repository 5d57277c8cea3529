"""What the LoRaWAN network servers have in common: an uplink, its frame, its frame counter."""

from __future__ import annotations

import base64
import binascii
from abc import abstractmethod
from collections import OrderedDict
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, ClassVar, NamedTuple

from ingest.decoder import Decoded, Decoder, Heard, Sent, Values, numeric
from ingest.frame_table import load_frames
from ingest.message import Message, MessageError
from ingest.text import Reason, Text

#: Within this time the same frame under the same counter is one uplink that came by several ways
#: (a confirmed uplink that is repeated, a server that tells of it twice). Design assumption.
SAME_UPLINK = timedelta(minutes=5)
#: How many devices' last uplinks are remembered.
REMEMBERED = 10_000


class Uplink(NamedTuple):
    """One uplink, whatever the server.

    Parameters
    ----------
    eui
        The device's DevEUI, sixteen hexadecimal digits in lower case.
    time
        When a gateway, or else the server, received it.
    frame
        The decrypted payload; None where there is none.
    counter
        The device's frame counter.
    decoded
        What the server's own codec made of it.
    """

    eui: str
    time: datetime
    frame: bytes | None
    counter: int | None
    decoded: Mapping[str, Any] = {}


class _Last(NamedTuple):
    counter: int
    frame: bytes
    time: datetime


class LorawanDecoder(Decoder):
    """Base of the network servers' dialects."""

    carries_frames: ClassVar[bool] = True

    def __init__(self, site: Any) -> None:
        super().__init__(site)
        self._last: OrderedDict[str, _Last] = OrderedDict()

    @classmethod
    def normal_id(cls, device: str) -> str:
        """Return a DevEUI in lower case without separators."""
        return device.replace("-", "").replace(":", "").lower()

    @abstractmethod
    def uplink(self, payload: bytes) -> Uplink | None:
        """Return the uplink of a payload, None for a message that carries no measurement."""

    def decode(self, sent: Sent) -> Decoded:
        """Return what the device measured."""
        uplink = self.uplink(sent.payload)
        if uplink is None:
            return Decoded()
        device = self.known(uplink.eui)
        wrong: list[str] = []
        units: dict[str, str] = {}
        values: Values = {}
        if device.frame is None:
            values = numeric(device, uplink.decoded, wrong)
            if not uplink.decoded:
                raise MessageError(
                    Reason(
                        Text(
                            "device {device} has no frame: in site.yaml, and the network"
                            " server has not decoded its frame",
                            {"device": repr(uplink.eui)},
                        )
                    )
                )
        elif uplink.frame is None:
            return Decoded()  # an empty uplink: the device only answered the network
        else:
            table = load_frames()[device.frame]
            found, wrong = table.decode(uplink.frame)
            values.update(found)
            units = {name: table.channels[name].unit for name in found}
            # The table says all that it may send: what the site does not name is not asked for.
            values = {name: value for name, value in values.items() if name in device.channels}
        if not values:
            return Decoded(refusals=wrong)
        message = Message(self._one_time(uplink), values, uplink.counter)
        return Decoded([Heard(uplink.eui, message, units)], wrong)

    def _one_time(self, uplink: Uplink) -> datetime:
        """Return one time for one uplink, so that the store sees its repetition as a duplicate."""
        if uplink.counter is None or uplink.time.tzinfo is None:
            return uplink.time
        frame = uplink.frame or b""
        last = self._last.get(uplink.eui)
        if (
            last is not None
            and (last.counter, last.frame) == (uplink.counter, frame)
            and abs(uplink.time - last.time) <= SAME_UPLINK
        ):
            return last.time
        self._last[uplink.eui] = _Last(uplink.counter, frame, uplink.time)
        self._last.move_to_end(uplink.eui)
        while len(self._last) > REMEMBERED:
            self._last.popitem(last=False)
        return uplink.time


def eui(text: str) -> str:
    """Return a DevEUI, given in hexadecimal or (ChirpStack 3) in base64, in lower case."""
    plain = LorawanDecoder.normal_id(text)
    if len(plain) == 16 and all(digit in "0123456789abcdef" for digit in plain):
        return plain
    if len(text) == 12:
        raw = from_base64(text, "devEUI")
        if len(raw) == 8:
            return raw.hex()
    raise MessageError(
        Reason(
            Text("DevEUI {given}; legal: sixteen hexadecimal digits", {"given": repr(text[:64])})
        )
    )


def from_base64(text: str, what: str) -> bytes:
    """Return the bytes of a base64 text."""
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise MessageError(
            Reason(Text("{what} is not base64: {error}", {"what": what, "error": str(error)}))
        ) from error


def from_hex(text: str, what: str) -> bytes:
    """Return the bytes of a hexadecimal text."""
    try:
        return bytes.fromhex(text)
    except ValueError as error:
        raise MessageError(
            Reason(Text("{what} is not hexadecimal: {error}", {"what": what, "error": str(error)}))
        ) from error
