"""Last trusted values at a moment, and whether they may still be shown as current."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from ingest.figure import Figure, unknown
from ingest.freshness import Freshness, freshness
from ingest.site import Site
from ingest.store import Store
from ingest.text import Text

#: The store's ranges end before their end; a reading of the moment itself belongs to the state.
_INSTANT = timedelta(microseconds=1)


class Current:
    """The last trusted value of every measuring point at `at`, as known at `known_at`."""

    def __init__(self, site: Site, store: Store, *, at: datetime, known_at: datetime) -> None:
        self.site, self.store = site, store
        self.at, self.known_at = at, known_at
        self.end = at + _INSTANT
        self._last: dict[tuple[str, str, int], tuple[datetime, float]] = {}
        for reading in store.latest(at=at, known_at=known_at):
            value = (reading.time, reading.value)
            if not set(site.untrusted_flags).isdisjoint(reading.flags):
                found = self._last_trusted(reading.instrument, reading.quantity, reading.node)
                if found is None:
                    continue
                value = found
            self._last[reading.instrument, reading.quantity, reading.node] = value

    def __len__(self) -> int:
        return len(self._last)

    def last(self, instrument: str, quantity: str, node: int = 0) -> tuple[datetime, float] | None:
        """Return time and value of the last trusted reading, None if there is none."""
        return self._last.get((instrument, quantity, node))

    def last_time(self, instrument: str, quantities: Iterable[str]) -> datetime | None:
        """Return when one of the quantities was last measured at any node."""
        times = [
            time
            for (name, quantity, _), (time, _) in self._last.items()
            if name == instrument and quantity in quantities
        ]
        return max(times, default=None)

    def freshness(self, instrument: str, last: datetime | None) -> Freshness:
        """Return how far a value of an instrument measured at `last` may be believed."""
        return freshness(last, self.site.type_of(instrument), self.at)

    def figure(self, instrument: str, quantity: str) -> Figure:
        """Return the last value of an instrument without nodes."""
        unit = self.site.type_of(instrument).quantities[quantity].canonical_unit
        last = self.last(instrument, quantity)
        if last is None:
            return silent(unit, instrument, None)
        measured = Figure(
            value=last[1], unit=unit, time=last[0], source=instrument, quality="measured"
        )
        return self.judged(measured, instrument, last[0])

    def judged(self, figure: Figure, instrument: str, last: datetime | None) -> Figure:
        """Return a figure that rests on an instrument last heard at `last`, marked accordingly."""
        state = self.freshness(instrument, last)
        if state == "unavailable":
            return silent(figure.unit, instrument, last)
        if state == "stale" and figure.value is not None:
            figure.quality = "stale"
        return figure

    def _last_trusted(
        self, instrument: str, quantity: str, node: int
    ) -> tuple[datetime, float] | None:
        silence = timedelta(seconds=self.site.type_of(instrument).unavailable_after_s)
        frame = self.store.frame(
            instrument,
            quantity,
            start=self.at - silence,
            end=self.end,
            known_at=self.known_at,
            trusted=True,
        )
        if node not in frame.columns:
            return None
        values = frame[node].dropna()
        if values.empty:
            return None
        return values.index[-1].to_pydatetime(), float(values.iloc[-1])


def silent(unit: str, instrument: str, last: datetime | None) -> Figure:
    """Return the figure of an instrument that has not spoken for too long, or never."""
    if last is None:
        reason = Text("{instrument} has not delivered a value", {"instrument": instrument})
    else:
        reason = Text(
            "{instrument} has been silent since {time}",
            {"instrument": instrument, "time": f"{last:%Y-%m-%d %H:%M} UTC"},
        )
    return unknown(unit, reason, time=last, source=instrument)
