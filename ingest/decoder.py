"""The family of payload dialects: from what a gateway sends to what its devices measured.

One file of `ingest/decoders/` is one dialect. A dialect takes bytes and knows nothing of the
network, the store or the site's instruments; `ingest.intake` maps its devices and channels.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

import msgspec

from ingest.clock import EPOCH
from ingest.message import Message, MessageError
from ingest.registry import load_family
from ingest.text import Reason, Text

if TYPE_CHECKING:
    from ingest.site import Device, Site
    from ingest.store import SenderStatus


Values = dict[str, float | list[float | None] | None]

#: A larger number is no measurement, and does not fit a float of 64 bits in every unit.
LARGEST_NUMBER = 1e300


class Sent(NamedTuple):
    """One message as it came, no longer than `ingest.intake.LARGEST_PAYLOAD`.

    Parameters
    ----------
    received
        When it came, for dialects whose times are relative to now.
    speaker
        The device that speaks on this topic, where the site says so.
    """

    topic: str
    payload: bytes
    received: datetime
    speaker: str | None = None


class Heard(NamedTuple):
    """What one device measured at one moment.

    Parameters
    ----------
    device
        The device's id in its dialect.
    message
        Its values by channel, in the channel's own unit.
    units
        Unit per channel, as far as the dialect tells it.
    """

    device: str
    message: Message
    units: Mapping[str, str] = {}


class Outgoing(NamedTuple):
    """A message that a dialect asks us to send, such as a request for a new birth."""

    topic: str
    payload: bytes


class Decoded(NamedTuple):
    """What a payload came to.

    Parameters
    ----------
    refusals
        Why parts of it could not be understood.
    run_time
        The clock of a replay.
    """

    heard: Sequence[Heard] = ()
    refusals: Sequence[str] = ()
    statuses: Sequence[SenderStatus] = ()
    run_time: datetime | None = None
    outgoing: Sequence[Outgoing] = ()


class Decoder(ABC):
    """One dialect of one site; it may remember what it heard, within bounds.

    `topics` are the filters it usually listens to; `carries_frames` says that its devices may be
    read by a table of `ingest/frames/`.
    """

    name: ClassVar[str]
    topics: ClassVar[tuple[str, ...]]
    carries_frames: ClassVar[bool] = False

    def __init__(self, site: Site) -> None:
        self.site = site
        self.devices: dict[str, Device] = {
            self.normal_id(device.id): device
            for device in site.devices
            if device.dialect == self.name
        }

    @classmethod
    def normal_id(cls, device: str) -> str:
        """Return the one spelling of a device's id."""
        return device

    @abstractmethod
    def decode(self, sent: Sent) -> Decoded:
        """Return what a message says.

        Raises
        ------
        MessageError
            When nothing of it can be understood, with the reason.
        """

    def at_start(self, now: datetime) -> Sequence[Outgoing]:
        """Return what is to be sent before anything is heard."""
        del now
        return ()

    def memory(self) -> bytes | None:
        """Return what has to be remembered over a restart; None: nothing, or nothing new."""
        return None

    def recall(self, memory: bytes) -> None:
        """Take what `memory` returned in an earlier process; what is no memory is passed over."""
        del memory

    def known(self, device: str) -> Device:
        """Return a device of the site.

        Raises
        ------
        MessageError
            When the site has no such device in this dialect.
        """
        found = self.devices.get(device)
        if found is None:
            raise MessageError(
                Reason(
                    Text(
                        "device {device} of dialect {dialect} is not known at this site; add it"
                        " under devices: in site.yaml",
                        {"device": repr(device[:256]), "dialect": self.name},
                    )
                )
            )
        return found


def numeric(device: Device, items: Mapping[str, Any], wrong: list[str]) -> Values:
    """Return the numbers among a device's values; add the names of the others to `wrong`.

    A blank (null) stays a blank. What the site ignores is left out without a word.
    """
    found: Values = {}
    for name, value in items.items():
        if name in device.ignore or ("*" in device.ignore and name not in device.channels):
            continue
        if value is None:
            found[name] = None
        elif (
            isinstance(value, int | float)
            and not isinstance(value, bool)
            and -LARGEST_NUMBER < value < LARGEST_NUMBER
        ):
            found[name] = float(value)
        else:
            wrong.append(
                Reason(
                    Text(
                        "channel {channel} of device {device} is not a number",
                        {"channel": repr(name[:64]), "device": repr(device.id)},
                    )
                )
            )
    return found


def from_milliseconds(value: float) -> datetime:
    """Return the time of milliseconds since 1970.

    Raises
    ------
    MessageError
        When it is no time.
    """
    try:
        return EPOCH + timedelta(milliseconds=value)
    except (OverflowError, ValueError) as error:
        raise MessageError(
            Reason(Text("time {value} ms since 1970 is not a time", {"value": repr(value)}))
        ) from error


def read_json(payload: bytes, decoder: msgspec.json.Decoder[Any], what: str) -> Any:
    """Return a payload as the decoder's structure.

    Raises
    ------
    MessageError
        When it is not JSON, or not of this structure.
    """
    try:
        return decoder.decode(payload)
    except RecursionError as error:
        raise MessageError(Reason(Text("JSON nested too deeply"))) from error
    except UnicodeDecodeError as error:
        raise MessageError(Reason(Text("payload is not UTF-8 text"))) from error
    except msgspec.ValidationError as error:
        raise MessageError(
            Reason(Text("payload is no {what}: {error}", {"what": what, "error": str(error)}))
        ) from error
    except msgspec.DecodeError as error:
        raise MessageError(
            Reason(Text("payload is not JSON: {error}", {"error": str(error)}))
        ) from error


def decoders() -> dict[str, type[Decoder]]:
    """Return all dialects by name."""
    return load_family("ingest.decoders", Decoder)  # type: ignore[type-abstract]


def matches(topic: str, filters: Iterable[str]) -> bool:
    """Return whether a topic matches one of the filters (MQTT 3.1.1, section 4.7)."""
    levels = topic.split("/")
    return any(_matches(levels, each.split("/")) for each in filters)


def _matches(levels: Sequence[str], pattern: Sequence[str]) -> bool:
    for index, part in enumerate(pattern):
        if part == "#":
            return True
        if index >= len(levels) or part not in ("+", levels[index]):
            return False
    return len(levels) == len(pattern)
