"""Readings for the twin's tests, put straight into a store."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from ingest.clock import to_ns
from ingest.site import Site
from ingest.store import Row, Store

START = datetime(2022, 1, 1, tzinfo=UTC)
ROCK, TAILINGS, SLUDGE, ASH = range(4)


def day(days: float) -> datetime:
    """Return the moment so many days after the plan's start."""
    return START + timedelta(days=days)


def row(
    site: Site,
    instrument: str,
    time: datetime,
    values: dict[str, float],
    *,
    node: int = 0,
    received: datetime | None = None,
    flags: dict[str, str] | None = None,
) -> Row:
    return Row(
        type=site.instruments[instrument].type,
        instrument=instrument,
        node=node,
        time=to_ns(time),
        received=to_ns(received or time),
        sequence=None,
        values=values,
        flags=flags or {},
    )


def weigh(
    site: Site, store: Store, loads: Iterable[tuple[float, int, float]], delay_d: float = 0.0
) -> None:
    """Store loads of (day, stream, mass in t)."""
    store.append(
        [
            row(
                site,
                "wb-01",
                day(at),
                {"load_mass": mass},
                node=stream,
                received=day(at + delay_d),
            )
            for at, stream, mass in loads
        ]
    )


def measure(
    site: Site, store: Store, instrument: str, quantity: str, values: Iterable[tuple[float, float]]
) -> None:
    """Store (day, value) of one quantity."""
    store.append([row(site, instrument, day(at), {quantity: float(value)}) for at, value in values])
