"""SenML packs (RFC 8428), JSON or CBOR."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from ingest.clock import EPOCH
from ingest.decoder import Decoded, Decoder, Heard, Sent, numeric
from ingest.message import Message, MessageError
from ingest.senml import Record, read_pack, resolve
from ingest.text import Reason, Text

#: Units of RFC 8428 (table 1) and RFC 8798 that are written otherwise here. A unit that is not
#: here is told by the site.
UNITS = {
    "m": "m",
    "kg": "kg",
    "g": "g",
    "s": "s",
    "Cel": "degC",
    "K": "K",
    "Hz": "Hz",
    "rad": "radian",
    "N": "N",
    "Pa": "Pa",
    "hPa": "hPa",
    "kPa": "kPa",
    "V": "V",
    "mV": "mV",
    "A": "A",
    "Ohm": "ohm",
    "l": "L",
    "l/s": "L/s",
    "m3/s": "m**3/s",
    "mm": "mm",
    "mg/l": "mg/L",
    "S/m": "S/m",
    "pH": "pH",
    "%RH": "percent",
    "%": "percent",
    "deg": "degree",
}
_SEPARATORS = ":/._-"


class Senml(Decoder):
    """SenML, JSON or CBOR: a device is the beginning of a record's name, a channel the rest.

    Where nothing is left, the channel is the record's unit, since that is how RFC 8428 tells the
    series of such a device apart.
    """

    name = "senml"
    topics = ("senml/#",)

    def __init__(self, site: Any) -> None:
        super().__init__(site)
        self._longest_first = sorted(self.devices, key=len, reverse=True)

    def decode(self, sent: Sent) -> Decoded:
        """Return a message per device and moment."""
        now = (sent.received - EPOCH).total_seconds()
        found: dict[tuple[str, float], dict[str, Record]] = {}
        wrong: list[str] = []
        unknown: dict[str, None] = {}
        for record in resolve(read_pack(sent.payload), now):
            device, channel = self._split(record)
            if device is None:
                unknown[record.name] = None
                continue
            channels = found.setdefault((device, record.time), {})
            if channel in channels:
                wrong.append(
                    Reason(
                        Text(
                            "channel {channel} comes twice at one time", {"channel": repr(channel)}
                        )
                    )
                )
            else:
                channels[channel] = record
        for name in list(unknown)[:5]:
            wrong.append(
                Reason(
                    Text(
                        "no device of dialect senml at this site begins the name {name};"
                        " add it under devices: in site.yaml",
                        {"name": repr(name[:256])},
                    )
                )
            )
        heard = []
        for (device, time), records in found.items():
            values = numeric(
                self.devices[device], {name: each.value for name, each in records.items()}, wrong
            )
            units = {
                name: UNITS[each.unit]
                for name, each in records.items()
                if each.unit is not None and each.unit in UNITS
            }
            if values:
                heard.append(Heard(device, Message(_time(time), values), units))
        return Decoded(heard, wrong)

    def _split(self, record: Record) -> tuple[str | None, str]:
        for device in self._longest_first:
            if not record.name.startswith(device):
                continue
            rest = record.name[len(device) :]
            if not rest or rest[0] in _SEPARATORS or device[-1] in _SEPARATORS:
                return device, rest.lstrip(_SEPARATORS) or record.unit or "value"
        return None, ""


def _time(seconds: float) -> datetime:
    try:
        return EPOCH + timedelta(seconds=seconds)
    except (OverflowError, ValueError) as error:
        raise MessageError(
            Reason(Text("time {seconds} s since 1970 is not a time", {"seconds": repr(seconds)}))
        ) from error
