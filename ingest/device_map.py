"""From a device's channels to the quantities of instruments, as the site's `devices:` says."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

from ingest.decoder import Heard
from ingest.errors import ConfigurationError
from ingest.message import Message, MessageError
from ingest.site import Device, Site
from ingest.text import Reason, Text
from ingest.units import conversion


class _Target(NamedTuple):
    instrument: str
    quantity: str
    unit: str | None
    wire_unit: str
    node: int | None
    nodes: int


class DeviceMap:
    """One device's map; a device without channels speaks of its instrument's own quantities."""

    def __init__(self, device: Device, site: Site) -> None:
        self._instrument, self._named = device.instrument, bool(device.channels)
        self._id, self._ignored = device.id, frozenset(device.ignore)
        self.zone = ZoneInfo(device.time_zone) if device.time_zone else None
        self._targets: dict[str, _Target] = {}
        for name, channel in device.channels.items():
            target = device.instrument_of(channel)
            nodes = site.instruments[target].nodes
            self._targets[name] = _Target(
                target,
                channel.quantity,
                channel.unit,
                site.type_of(target).quantities[channel.quantity].unit,
                nodes.index(channel.node) if channel.node is not None else None,
                len(nodes),
            )

    def messages(self, heard: Heard, reasons: list[str]) -> list[tuple[str, Message]]:
        """Return a message per instrument, in the units of its type; add what does not fit."""
        message = heard.message
        if not self._named:
            return [(self._instrument, message)]
        found: dict[str, dict[str, float | list[float | None] | None]] = {}
        for name, value in message.values.items():
            target = self._targets.get(name)
            if target is None:
                if "*" not in self._ignored and name not in self._ignored:
                    reasons.append(
                        Reason(
                            Text(
                                "channel {channel} of device {device}; legal: {legal}; name it"
                                " under channels: or ignore: in site.yaml",
                                {
                                    "channel": repr(name[:64]),
                                    "device": repr(self._id),
                                    "legal": ", ".join(self._targets),
                                },
                            )
                        )
                    )
                continue
            try:
                converted = _converted(name, value, target, heard.units.get(name))
            except MessageError as error:
                reasons.append(str(error))
                continue
            values = found.setdefault(target.instrument, {})
            if target.node is None:
                values[target.quantity] = converted
                continue
            array = values.setdefault(target.quantity, [None] * target.nodes)
            assert isinstance(array, list)
            assert not isinstance(converted, list)
            array[target.node] = converted
        return [
            (instrument, Message(message.time, values, message.sequence))
            for instrument, values in found.items()
        ]


def in_zone(message: Message, zone: ZoneInfo) -> Message:
    """Return a message whose time is read in the zone that the site says.

    Raises
    ------
    MessageError
        When the zone's clocks were changed then, so that the time can mean two moments or none.
    """
    time: datetime = message.time.replace(tzinfo=zone)
    if time.utcoffset() != time.replace(fold=1).utcoffset():
        raise MessageError(
            Reason(
                Text(
                    "time {time} lies where the clocks of {zone} change; let the"
                    " logger send its zone",
                    {"time": message.time.isoformat(), "zone": str(zone.key)},
                )
            )
        )
    return Message(time, message.values, message.sequence)


def _converted(
    name: str, value: float | list[float | None] | None, target: _Target, told: str | None
) -> float | list[float | None] | None:
    if told is not None and target.unit is not None and told != target.unit:
        raise MessageError(
            Reason(
                Text(
                    "channel {channel} comes in {unit}; site.yaml says {expected}",
                    {"channel": repr(name), "unit": str(told), "expected": str(target.unit)},
                )
            )
        )
    if isinstance(value, list):
        raise MessageError(
            Reason(Text("channel {channel} has an array; legal: a number", {"channel": repr(name)}))
        )
    unit = told or target.unit
    if value is None or unit is None or unit == target.wire_unit:
        return value
    try:
        scale, offset = conversion(unit, target.wire_unit)
    except ConfigurationError as error:
        raise MessageError(
            Reason(
                Text(
                    "channel {channel} comes in {unit}, which does not convert to {expected}",
                    {"channel": repr(name), "unit": str(unit), "expected": str(target.wire_unit)},
                )
            )
        ) from error
    return value * scale + offset
