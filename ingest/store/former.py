"""Rows that were pruned, fetched from InfluxDB: what a reading that comes late belongs to."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from functools import cache
from typing import Any, Literal

import pandas as pd

from ingest.site import Site
from ingest.store import Row, flux
from ingest.store.influxdb import InfluxServer

#: Span of one question for a long history [ns], about a month.
STRETCH_NS = 30 * 86_400 * 1_000_000_000


class FormerRows:
    """Reads whole rows of one bucket, as they were written.

    Parameters
    ----------
    until
        Rows that were measured later were not pruned [ns].
    withdrawn
        Returns where a result of an instrument is not known any more: (node, time).
    """

    def __init__(
        self,
        server: InfluxServer,
        bucket: str,
        site: Site,
        until: int,
        withdrawn: Callable[[str, str], set[tuple[int, int]]],
    ) -> None:
        self._server, self._bucket, self._site, self._until = server, bucket, site, until
        self._withdrawn = cache(withdrawn)

    def around(
        self, instruments: Collection[str], first: int, last: int, values: int, reach_ns: int
    ) -> list[Row]:
        """Return the rows of a stretch, of a time around it, and of some values on each side."""
        start, stop = first - reach_ns, min(last + reach_ns, self._until) + 1
        rows = self.between(instruments, start, stop)
        inside: dict[tuple[str, int, str], list[int]] = {}
        for row in rows:
            for quantity in row.values:
                inside.setdefault((row.instrument, row.node, quantity), []).append(row.time)
        moments: set[tuple[str, str, int, int]] = set()
        sides: tuple[tuple[Literal["tail", "limit"], int, int], ...] = (
            ("tail", flux.FIRST, start),
            ("limit", stop, self._until + 1),
        )
        for side, low, high in sides:
            if low >= high:
                continue
            beyond = self._server.query(
                flux.neighbours(
                    self._bucket,
                    self._kinds(instruments),
                    instruments,
                    self._quantities(instruments),
                    low,
                    high,
                    side,
                    values,
                )
            ).get("value")
            if beyond is None:
                continue
            for instrument, node, quantity, time in _records(
                beyond, "instrument", "node", "field", "time"
            ):
                times = inside.get((instrument, node, quantity), [])
                near = [each for each in times if (each < first if side == "tail" else each > last)]
                if len(near) < values:
                    kind = self._site.instruments[instrument].type
                    moments.add((kind, instrument, node, time))
        return rows + list(self._at(sorted(moments)))

    def between(self, instruments: Collection[str], start: int, stop: int) -> list[Row]:
        """Return the rows with start <= time < stop."""
        if start >= stop:
            return []
        return self._rows(
            self._server.query(
                flux.stretch(
                    self._bucket,
                    self._kinds(instruments),
                    instruments,
                    self._quantities(instruments),
                    start,
                    stop,
                    sequence=True,
                )
            )
        )

    def history(self, instruments: Collection[str]) -> Iterator[list[Row]]:
        """Yield all rows that were pruned, a month at a time."""
        ends = self._server.query(flux.ends(self._bucket, self._kinds(instruments)))
        if "first" not in ends:
            return
        mine = ends["first"][ends["first"]["instrument"].isin(list(instruments))]
        if mine.empty:
            return
        start = int(mine["time"].min())
        while start <= self._until:
            stop = min(start + STRETCH_NS, self._until + 1)
            yield self.between(instruments, start, stop)
            start = stop

    def _at(self, moments: Sequence[tuple[str, str, int, int]]) -> Iterator[Row]:
        """Yield the rows of single moments: (type, instrument, node, time)."""
        for _, instrument, node, time in moments:
            found = self.between([instrument], time, time + 1)
            yield from (row for row in found if row.node == node)

    def _kinds(self, instruments: Collection[str]) -> set[str]:
        return {self._site.instruments[name].type for name in instruments}

    def _quantities(self, instruments: Collection[str]) -> set[str]:
        kinds = self._kinds(instruments)
        return {name for kind in kinds for name in self._site.instrument_types[kind].quantities}

    def _rows(self, answer: dict[str, pd.DataFrame]) -> list[Row]:
        if "received" not in answer:
            return []
        key = ("instrument", "node", "time")
        sequences = {each[:3]: each[3] for each in _records(answer.get("sequence"), *key, "value")}
        values: dict[tuple[Any, ...], dict[str, float]] = {}
        for instrument, node, time, quantity, value in _records(
            answer.get("value"), *key, "field", "value"
        ):
            if (node, time) not in self._withdrawn(instrument, quantity):
                values.setdefault((instrument, node, time), {})[quantity] = float(value)
        return [
            Row(
                self._site.instruments[instrument].type,
                instrument,
                node,
                time,
                received,
                sequences.get((instrument, node, time)),
                values.get((instrument, node, time), {}),
            )
            for instrument, node, time, received in _records(answer["received"], *key, "value")
        ]


def _records(frame: pd.DataFrame | None, *columns: str) -> Iterator[tuple[Any, ...]]:
    if frame is None:
        return iter(())
    return zip(*(frame[name].tolist() for name in columns), strict=True)
