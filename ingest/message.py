"""The message on the wire: topics and payloads of `postmine/v1`, decoded from bytes.

A payload is one object or an array of them (a logger that flushes its memory)::

    {"time": "2026-03-01T00:00:00Z", "values": {"pore_pressure": 83.2}, "sequence": 1234}

An instrument with nodes sends one array per quantity, a value per node. A `null` is a blank: no
reading, and never zero.
"""

from __future__ import annotations

from datetime import datetime
from typing import Literal, NamedTuple

import msgspec

from ingest.text import Reason, Text

TOPIC_ROOT = "postmine/v1"
#: Everything under our root is heard, so that a mistyped topic becomes a dead letter.
SUBSCRIPTION = "postmine/#"
#: More parts do not fit the largest payload if each of them says a time and a value.
MOST_PARTS = 20_000
TopicKind = Literal["readings", "status", "clock"]


class Message(msgspec.Struct, forbid_unknown_fields=True):
    """One moment of one instrument."""

    time: datetime
    values: dict[str, float | list[float | None] | None]
    sequence: int | None = None


class Status(msgspec.Struct, forbid_unknown_fields=True):
    """Retained word of a gateway or instrument about itself; "offline" is its last will."""

    state: Literal["online", "offline"]
    time: datetime | None = None
    battery_v: float | None = None
    firmware: str | None = None


class RunClock(msgspec.Struct, forbid_unknown_fields=True):
    """In a replay run: all that was received before `time` has been sent."""

    time: datetime


class Topic(NamedTuple):
    """What a topic says: `instrument` is empty for a clock."""

    site: str
    instrument: str
    kind: TopicKind


class MessageError(ValueError):
    """A topic or payload that cannot be understood; the text is the dead letter's reason."""


_messages = msgspec.json.Decoder(list[Message] | Message)
_one = msgspec.json.Decoder(Message)
_parts = msgspec.json.Decoder(list[msgspec.Raw])
_status = msgspec.json.Decoder(Status)
_clock = msgspec.json.Decoder(RunClock)


def readings_topic(site: str, instrument: str) -> str:
    """Return the topic on which an instrument's readings are sent."""
    return f"{TOPIC_ROOT}/{site}/{instrument}/readings"


def status_topic(site: str, sender: str) -> str:
    """Return the topic on which a gateway or instrument tells of itself (retained)."""
    return f"{TOPIC_ROOT}/{site}/{sender}/status"


def clock_topic(site: str) -> str:
    """Return the topic on which a replay tells its time."""
    return f"{TOPIC_ROOT}/{site}/clock"


def parse_topic(topic: str) -> Topic:
    """Return what a topic says.

    Raises
    ------
    MessageError
        When it is none of ours.
    """
    parts = topic.split("/")
    if parts[:2] == ["postmine", "v1"]:
        if len(parts) == 5 and parts[4] in ("readings", "status"):
            return Topic(parts[2], parts[3], parts[4])  # type: ignore[arg-type]
        if len(parts) == 4 and parts[3] == "clock":
            return Topic(parts[2], "", "clock")
    raise MessageError(
        Reason(
            Text(
                "topic {topic}; legal: {root}/SITE/INSTRUMENT/readings or .../status",
                {"topic": repr(topic), "root": TOPIC_ROOT},
            )
        )
    )


def decode_messages(payload: bytes) -> tuple[list[Message], list[tuple[int, str]]]:
    """Return the messages of a payload, and (index, reason) of the parts that are wrong.

    Raises
    ------
    MessageError
        When nothing of the payload can be understood.
    """
    try:
        decoded = _messages.decode(payload)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        return _decode_parts(payload, error)
    except RecursionError as error:
        raise MessageError(Reason(Text("JSON nested too deeply"))) from error
    return (decoded if isinstance(decoded, list) else [decoded]), []


def _decode_parts(payload: bytes, first: Exception) -> tuple[list[Message], list[tuple[int, str]]]:
    """Decode an array part by part, so that one wrong part does not cost the others."""
    try:
        parts = _parts.decode(payload)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise MessageError(_reason(first)) from first
    if len(parts) > MOST_PARTS:
        raise MessageError(
            Reason(
                Text(
                    "array of {count} parts; legal: up to {most}",
                    {"count": len(parts), "most": MOST_PARTS},
                )
            )
        ) from first
    good: list[Message] = []
    wrong: list[tuple[int, str]] = []
    for index, part in enumerate(parts):
        try:
            good.append(_one.decode(part))
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            wrong.append((index, _reason(error)))
    return good, wrong


def decode_status(payload: bytes) -> Status:
    """Return the status of a payload.

    Raises
    ------
    MessageError
        When it is none.
    """
    try:
        return _status.decode(payload)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise MessageError(_reason(error)) from error


def decode_clock(payload: bytes) -> datetime:
    """Return the time of a replay's clock.

    Raises
    ------
    MessageError
        When it is none, or has no time zone.
    """
    try:
        time = _clock.decode(payload).time
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise MessageError(_reason(error)) from error
    if time.tzinfo is None:
        raise MessageError(naive_time(time))
    return time


def naive_time(time: datetime) -> Reason:
    """Return what is wrong with a time that has no zone."""
    return Reason(
        Text(
            "time {time} has no time zone; legal: ISO 8601 with one, such as ...T12:00:00Z",
            {"time": repr(time.isoformat())},
        )
    )


def _reason(error: Exception) -> str:
    if isinstance(error, UnicodeDecodeError):
        return Reason(Text("payload is not UTF-8 text"))
    told: dict[str, str | int | float] = {"error": str(error)}
    if isinstance(error, msgspec.ValidationError):
        return Reason(Text("payload does not fit the message contract: {error}", told))
    return Reason(Text("payload is not JSON: {error}", told))
