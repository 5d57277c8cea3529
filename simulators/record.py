"""Messages in a file: one line of JSON for each, plain or gzip."""

from __future__ import annotations

import csv
import gzip
import io
import math
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, NamedTuple
from zoneinfo import ZoneInfo

import msgspec

from ingest.clock import iso
from ingest.errors import ConfigurationError
from ingest.message import readings_topic

_encode = msgspec.json.Encoder().encode


class Recorded(NamedTuple):
    """One message as it was received.

    Parameters
    ----------
    received
        When it reached us (aware UTC).
    topic
        MQTT topic.
    payload
        Bytes of the message: JSON, an object or an array of objects.
    """

    received: datetime
    topic: str
    payload: bytes


class Line(msgspec.Struct, forbid_unknown_fields=True):
    """A line of the file; a payload that is not JSON stands in `payload_base64`."""

    topic: str
    received: datetime
    payload: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    payload_base64: bytes | msgspec.UnsetType = msgspec.UNSET


def line_of(message: Recorded) -> bytes:
    """Return a message as a line, without the line feed."""
    head = b'{"topic":%b,"received":"%b",' % (
        _encode(message.topic),
        iso(message.received).encode(),
    )
    try:
        msgspec.json.decode(message.payload)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return head + b'"payload_base64":%b}' % _encode(message.payload)
    # JSON may hold line feeds between its tokens only; a line of the file may not.
    return head + b'"payload":%b}' % message.payload.replace(b"\n", b" ").replace(b"\r", b" ")


def write_ndjson(messages: Iterable[Recorded], path: Path) -> int:
    """Write messages to a file, compressed if its name ends in `.gz`; return their number.

    The same messages give the same bytes.
    """
    count = 0
    with _writer(path) as file:
        for message in messages:
            file.write(line_of(message) + b"\n")
            count += 1
    return count


@contextmanager
def _writer(path: Path) -> Iterator[IO[bytes] | gzip.GzipFile]:
    with path.open("wb") as plain, io.BufferedWriter(plain) as buffered:
        if path.suffix != ".gz":
            yield buffered
            return
        # No name and no time in the header, so that the bytes depend on the messages alone.
        with gzip.GzipFile(filename="", mode="wb", fileobj=buffered, mtime=0) as packed:
            yield packed


def messages_of_csv(
    path: Path,
    *,
    site: str,
    instrument: str,
    quantity: str,
    time_zone: str = "UTC",
    scale: float = 1.0,
    start: datetime | None = None,
    end: datetime | None = None,
) -> Iterator[Recorded]:
    """Yield a message for each row of a series: a header, then rows of time and value.

    A blank value becomes null; a missing row stays missing. Each message counts as received when
    it was measured, because such a file does not say more.

    Parameters
    ----------
    time_zone
        Zone of times that name none.
    scale
        What a value is multiplied by, to have the unit of the wire.
    start, end
        Rows with start <= time < end are taken (aware).

    Raises
    ------
    ConfigurationError
        When a row is not a time and a number; the error names file and line.
    """
    topic = readings_topic(site, instrument)
    zone = ZoneInfo(time_zone)
    with path.open(newline="", encoding="utf-8") as file:
        rows = csv.reader(file)
        next(rows, None)
        for row in rows:
            try:
                stamp, text = row
                time = datetime.fromisoformat(stamp)
                value = float(text) * scale if text.strip() else None
            except ValueError as error:
                raise ConfigurationError(
                    "row", value=row, legal="a time and a number", file=path, line=rows.line_num
                ) from error
            time = time if time.tzinfo else time.replace(tzinfo=zone)
            if (start and time < start) or (end and time >= end):
                continue
            if value is not None:
                # The product of two decimals, without the rounding of binary numbers.
                value = None if math.isnan(value) else round(value, 9)
            body = {"time": iso(time), "values": {quantity: value}}
            yield Recorded(time.astimezone(UTC), topic, _encode(body))
