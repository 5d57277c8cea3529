"""What a question may look like, and what is said of one that cannot be answered."""

from __future__ import annotations

import base64
import binascii
import zlib
from collections.abc import Sequence
from datetime import datetime, timedelta

from ingest.clock import to_ns
from ingest.store import Reading

#: Most values of one page of readings.
LONGEST_PAGE = 10_000
#: Most buckets of one series.
MOST_BUCKETS = 5_000
MICROSECOND = timedelta(microseconds=1)
SECOND = timedelta(seconds=1)


class UnknownName(LookupError):
    """A name that this site does not have.

    Parameters
    ----------
    thing
        What is named ("instrument", "quantity of pz-650-01").
    value
        The name that was asked for.
    legal
        The names that there are.
    """

    def __init__(self, thing: str, value: str, legal: Sequence[str]) -> None:
        self.thing, self.value, self.legal = thing, value, list(legal)
        choice = f"; legal: {', '.join(legal)}" if legal else ""
        super().__init__(f"{thing} {value!r} is not known{choice}")


class BadQuestion(ValueError):
    """A parameter whose value cannot be answered.

    Parameters
    ----------
    parameter
        Its name on the wire.
    value
        What was given.
    cure
        What to give instead.
    """

    def __init__(self, parameter: str, value: object, cure: str) -> None:
        self.parameter, self.value, self.cure = parameter, value, cure
        super().__init__(f"{parameter} is {str(value)[:80]!r}: {cure}")


def check_span(start: datetime | None, end: datetime | None) -> None:
    """Refuse a span that ends before it begins."""
    if start is not None and end is not None and start >= end:
        raise BadQuestion("from", start.isoformat(), f"give a time before to ({end.isoformat()})")


def until(end: datetime | None, at: datetime | None) -> datetime | None:
    """Return the first moment that is too late: `end` itself, or the one after `at`."""
    if at is None:
        return end
    return at + MICROSECOND if end is None else min(end, at + MICROSECOND)


def make_cursor(last: Reading, series: str) -> str:
    """Return an opaque mark of the place after `last`; it serves this series alone."""
    text = f"{to_ns(last.time)}.{last.node}.{zlib.crc32(series.encode())}"
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def open_cursor(cursor: str, series: str) -> tuple[int, int]:
    """Return the (time in ns, node) that `make_cursor` marked.

    Raises
    ------
    BadQuestion
        When it is not one of our marks, or marks a place in another series.
    """
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        time, node, check = base64.b64decode(padded, altchars=b"-_", validate=True).split(b".")
        place = int(time), int(node)
        genuine = int(check) == zlib.crc32(series.encode())
    except (ValueError, binascii.Error) as error:
        raise BadQuestion(
            "cursor", cursor, "give the next of the page before, unchanged"
        ) from error
    if not genuine or not (0 <= place[0] < 2**63 and 0 <= place[1] < 2**31):
        raise BadQuestion("cursor", cursor, "it belongs to another series; begin without a cursor")
    return place
