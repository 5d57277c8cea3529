"""Readings that people make (dips, levelling): stored like any other, with author and note beside.

They pass the same checks as every message; the journal keeps who read and what they noted.
"""

from __future__ import annotations

import math
from datetime import datetime
from typing import NotRequired, TypedDict, Unpack

import msgspec
from sqlalchemy import BigInteger, Float, Integer, String, Text, select
from sqlalchemy.orm import Mapped, mapped_column

from analytics.database import Database, Key, Table
from ingest.clock import Clock, from_ns, to_ns
from ingest.errors import PostmineError
from ingest.import_map import Column, place
from ingest.importer import Refused, collect, in_canonical_units
from ingest.intake import Arrival, Intake
from ingest.message import readings_topic
from ingest.site import Site
from ingest.store import Row, Store

LONGEST_NOTE = 2000


class ReadingRefused(PostmineError):
    """A reading by hand is not stored; the text says why."""


class HandReading(msgspec.Struct, frozen=True, kw_only=True):
    """One reading by hand.

    Parameters
    ----------
    node
        Index of the node, None for an instrument without nodes.
    value
        In the canonical unit, which `unit` names.
    """

    instrument: str
    quantity: str
    node: int | None
    time: datetime
    received: datetime
    value: float
    unit: str
    author: str
    note: str = ""


class _HandRow(Table):
    __tablename__ = "hand_reading"

    id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=True)
    site: Mapped[str] = mapped_column(String(64), index=True)
    instrument: Mapped[str] = mapped_column(String(64), index=True)
    quantity: Mapped[str] = mapped_column(String(64))
    node: Mapped[int | None] = mapped_column(Integer)
    time_ns: Mapped[int] = mapped_column(BigInteger)
    received_ns: Mapped[int] = mapped_column(BigInteger)
    value: Mapped[float] = mapped_column(Float(53))
    unit: Mapped[str] = mapped_column(String(32))
    author: Mapped[str] = mapped_column(String(255))
    note: Mapped[str] = mapped_column(Text)


class HandReadings(Database):
    """The journal of readings by hand of a run."""

    def keep(self, site: str, reading: HandReading) -> HandReading:
        """Keep a reading; the same one again is kept once, and the first one is returned."""
        time_ns = to_ns(reading.time)
        same = select(_HandRow).where(
            _HandRow.site == site,
            _HandRow.instrument == reading.instrument,
            _HandRow.quantity == reading.quantity,
            _HandRow.node == reading.node if reading.node is not None else _HandRow.node.is_(None),
            _HandRow.time_ns == time_ns,
            _HandRow.value == reading.value,
            _HandRow.author == reading.author,
            _HandRow.note == reading.note,
        )
        with self.session(writes=True) as session:
            known = session.scalars(same).first()
            if known is not None:
                return _decode(known)
            session.add(
                _HandRow(
                    site=site,
                    instrument=reading.instrument,
                    quantity=reading.quantity,
                    node=reading.node,
                    time_ns=time_ns,
                    received_ns=to_ns(reading.received),
                    value=reading.value,
                    unit=reading.unit,
                    author=reading.author,
                    note=reading.note,
                )
            )
        return reading

    def last(
        self, site: str, instrument: str | None = None, *, limit: int = 100
    ) -> list[HandReading]:
        """Return the readings by hand, last measured first."""
        query = select(_HandRow).where(_HandRow.site == site)
        if instrument is not None:
            query = query.where(_HandRow.instrument == instrument)
        query = query.order_by(_HandRow.time_ns.desc(), _HandRow.id.desc()).limit(limit)
        with self.session() as session:
            return [_decode(row) for row in session.scalars(query)]


class ReadByHand(TypedDict):
    """What somebody has read.

    Parameters
    ----------
    column
        Instrument, quantity, node and unit of the value.
    time
        When it was made (aware).
    """

    column: Column
    value: float
    time: datetime
    author: str
    note: NotRequired[str]


def add_by_hand(
    site: Site, store: Store, journal: HandReadings, clock: Clock, **given: Unpack[ReadByHand]
) -> HandReading:
    """Store a reading that somebody made; doing it again changes nothing.

    Raises
    ------
    ConfigurationError
        When the site has no such instrument, quantity or node, or the unit does not fit.
    ReadingRefused
        When the checks of every message refuse it; nothing is stored then.
    """
    reading, rows = checked_by_hand(site, clock, **given)
    # The reading first: if the journal is away, doing it again adds the author and nothing else.
    store.append(rows)
    return journal.keep(site.name, reading)


def checked_by_hand(
    site: Site, clock: Clock, **given: Unpack[ReadByHand]
) -> tuple[HandReading, list[Row]]:
    """Return a reading that somebody made and its rows, as `add_by_hand` would store them.

    Raises
    ------
    ConfigurationError
        When the site has no such instrument, quantity or node, or the unit does not fit.
    ReadingRefused
        When the checks of every message refuse it.
    """
    author, note = given["author"].strip(), given.get("note", "").strip()
    if not author:
        raise ReadingRefused("the author's name is missing: the journal keeps it")
    if len(author) > 255 or len(note) > LONGEST_NOTE:
        raise ReadingRefused(f"longer than 255 characters (author) or {LONGEST_NOTE} (note)")
    if not math.isfinite(given["value"]):
        raise ReadingRefused(f"{given['value']} is no reading")
    where = place(site, given["column"])
    (entry,) = collect(0, given["time"], [(where, given["value"])])
    if isinstance(entry, Refused):
        raise ReadingRefused(entry.reason)
    payload = msgspec.json.encode(entry.message)
    accepted = Intake(in_canonical_units(site), clock).accept(
        [Arrival(readings_topic(site.name, where.instrument), payload)]
    )
    if accepted.dead_letters:
        raise ReadingRefused(accepted.dead_letters[0].reason)
    (row,) = (row for row in accepted.rows if row.instrument == where.instrument)
    reading = HandReading(
        instrument=where.instrument,
        quantity=where.quantity,
        node=where.node,
        time=from_ns(row.time),
        received=from_ns(row.received),
        value=row.values[where.quantity],
        unit=site.type_of(where.instrument).quantities[where.quantity].canonical_unit,
        author=author,
        note=note,
    )
    return reading, accepted.rows


def _decode(row: _HandRow) -> HandReading:
    return HandReading(
        instrument=row.instrument,
        quantity=row.quantity,
        node=row.node,
        time=from_ns(row.time_ns),
        received=from_ns(row.received_ns),
        value=row.value,
        unit=row.unit,
        author=row.author,
        note=row.note,
    )
