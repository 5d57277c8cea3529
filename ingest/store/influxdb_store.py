"""The store of a site that has an InfluxDB 2; the embedded store is its spool.

What is written goes to the spool first; `ingest.forward` brings it to InfluxDB. Readings, buckets
and computed series are read from InfluxDB; changes, cursors, dead letters, flags, what corrections
replaced, and states from the spool. While InfluxDB does not answer, everything is read from the
spool.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from time import monotonic
from typing import Any, Concatenate, NamedTuple, ParamSpec, TypeVar

import numpy as np
import pandas as pd
import structlog

from ingest.clock import from_ns, iso, to_ns
from ingest.errors import ConfigurationError, PostmineError, ServiceError
from ingest.site import Site
from ingest.store import (
    Appended,
    BucketValues,
    Change,
    DeadLetter,
    Delivery,
    Derived,
    Health,
    Reading,
    Recalculated,
    Row,
    SenderStatus,
    Values,
    flux,
    kept_series,
)
from ingest.store.embedded import (
    EmbeddedStore,
    bucket_frame,
    bucket_width,
    pivot,
)
from ingest.store.former import FormerRows
from ingest.store.ground import FlagEntry
from ingest.store.influxdb import Away, InfluxServer

#: The forwarder's cursor in the spool, and its cursor through computed series.
FOLLOWER, DERIVED_FOLLOWER = "influxdb", "influxdb_derived"

log = structlog.get_logger()

#: Pause between two looks whether a server that was away answers again [s].
_LOOK_EVERY_S = 2.0
_DAY_NS = 86_400 * 1_000_000_000
_FIRST_STRETCH_NS, _LONGEST_STRETCH_NS = _DAY_NS // 8, 4096 * _DAY_NS

#: Instrument, node, quantity.
_Key = tuple[str, int, str]


class _Outage:
    """Whether readers have to do without InfluxDB.

    That is from the first question that it leaves open until it answers again and has what had
    been received by then.
    """

    def __init__(self, spool: EmbeddedStore, server: InfluxServer) -> None:
        self._spool, self._server = spool, server
        self._lasts = False
        self._next_look = 0.0
        self._wanted: int | None = None

    def begin(self, why: Away) -> None:
        """Note that the server does not answer."""
        if not self._lasts:
            log.warning("influxdb_away", reason=str(why), readings="from the spool")
        self._lasts, self._wanted = True, None
        self._next_look = monotonic() + _LOOK_EVERY_S

    def found(self) -> bool:
        """Return whether it goes on; ask the server now and then when none is known of.

        For who waits for what is to be forwarded, and would never ask anything else.
        """
        if not self._lasts and monotonic() >= self._next_look:
            self._next_look = monotonic() + _LOOK_EVERY_S
            if not self._server.answers():
                self.begin(Away(f"InfluxDB at {self._server.address} does not answer"))
        return self._lasts

    def lasts(self) -> bool:
        """Return whether it goes on; ask the server now and then."""
        if not self._lasts or monotonic() < self._next_look:
            return self._lasts
        self._next_look = monotonic() + _LOOK_EVERY_S
        if not self._server.answers():
            self._wanted = None
        elif self._wanted is None:
            # What came while it was away has to be forwarded first, or the last values would
            # fall back to where they were.
            self._wanted = self._spool.last_sequence()
        if self._wanted is not None and self._spool.cursor(FOLLOWER) >= self._wanted:
            self._lasts = False
            log.info("influxdb_back", readings="from InfluxDB")
        return self._lasts


_P = ParamSpec("_P")
_T = TypeVar("_T")


def _or_from_spool(
    read: Callable[Concatenate[InfluxStore, _P], _T],
) -> Callable[Concatenate[InfluxStore, _P], _T]:
    """Make a reader answer from the spool, which has every reading, while InfluxDB is away."""

    @functools.wraps(read)
    def reader(self: InfluxStore, /, *given: _P.args, **named: _P.kwargs) -> _T:
        if not self.outage.lasts():
            try:
                return read(self, *given, **named)
            except Away as error:
                self.outage.begin(error)
        answer: _T = getattr(self.spool, read.__name__)(*given, **named)
        return answer

    return reader


class InfluxStore:
    """The store of a run whose readers read from InfluxDB.

    Parameters
    ----------
    spool
        The embedded store of the run; it is closed with this one.
    url, token, org, bucket
        See `InfluxServer`.

    Raises
    ------
    ConfigurationError
        When a quantity has the name of one of our own fields.
    """

    def __init__(
        self, spool: EmbeddedStore, site: Site, *, url: str, token: str, org: str, bucket: str
    ) -> None:
        for kind in site.instrument_types.values():
            for name in (flux.RECEIVED, flux.SEQUENCE):
                if name in kind.quantities:
                    raise ConfigurationError(
                        f"instrument type {kind.name}: quantity",
                        value=name,
                        legal=f"another name: {name!r} is a field of every row in InfluxDB",
                    )
        self.spool, self._site = spool, site
        self.server = InfluxServer(url, token, org, bucket)
        self._bucket = bucket
        self.outage = _Outage(spool, self.server)

    # -- writing, and what stays with the spool ---------------------------------------------------

    def append(
        self,
        rows: Sequence[Row],
        dead_letters: Sequence[DeadLetter] = (),
        run_time: datetime | None = None,
        statuses: Sequence[SenderStatus] = (),
    ) -> Appended:
        """Make a batch durable in the spool; it can be read when it has been forwarded."""
        return self.spool.append(rows, dead_letters, run_time, statuses)

    def write_derived(self, points: Iterable[Derived]) -> None:
        """Make points of computed series durable in the spool, to be forwarded."""
        self.spool.write_derived(points)

    def readable_until(self, now: datetime) -> datetime:
        """Return `now`, or when the first row was received that has not been forwarded."""
        if self.outage.lasts():
            return now
        pending = self.spool.changes(self.spool.cursor(FOLLOWER), limit=1)
        held = self.spool.held_since()
        if not (pending or held) or self.outage.found():
            return now
        waiting = [from_ns(min(row.received for row in each.rows)) for each in pending]
        return min([now, *waiting, *([held] if held else [])])

    def changes(self, since: int, limit: int = 1000) -> list[Change]:
        """Return the changes after a sequence number that can be read from InfluxDB."""
        if self.outage.lasts():
            return self.spool.changes(since, limit)
        forwarded, found = self.spool.cursor(FOLLOWER), self.spool.changes(since, limit)
        ready = [change for change in found if change.sequence <= forwarded]
        return found if len(ready) < len(found) and self.outage.found() else ready

    def cursor(self, follower: str) -> int:
        """Return the last change that a follower has dealt with, 0 at first."""
        return self.spool.cursor(follower)

    def move_cursor(self, follower: str, sequence: int) -> None:
        """Remember durably what a follower has dealt with."""
        self.spool.move_cursor(follower, sequence)

    def write_state(self, service: str, time: datetime, document: bytes) -> None:
        """Store what a service (twin, risk) knew at `time`, as JSON."""
        self.spool.write_state(service, time, document)

    def state(self, service: str, *, known_at: datetime | None = None) -> bytes | None:
        """Return the last state of a service, up to `known_at`; None if there is none."""
        return self.spool.state(service, known_at=known_at)

    def next_state(self, service: str, after: datetime | None) -> bytes | None:
        """Return a service's first state after a time (None: its very first); None at the end."""
        return self.spool.next_state(service, after)

    def dead_letters(
        self, *, limit: int = 100, before: int | None = None, waiting: bool = False
    ) -> list[DeadLetter]:
        """Return dead letters, newest first; `before` is the id that ended the page before.

        `waiting` leaves out those that were resolved.
        """
        return self.spool.dead_letters(limit=limit, before=before, waiting=waiting)

    def dead_payload(self, number: int) -> bytes | None:
        """Return the whole payload of a dead letter, None where not all of it is kept."""
        return self.spool.dead_payload(number)

    def resolve_dead_letters(self, ids: Sequence[int], time: datetime, author: str) -> None:
        """Mark dead letters as understood after all; they are kept."""
        self.spool.resolve_dead_letters(ids, time, author)

    def recalculate(self, now: datetime, *, again: bool = False) -> Iterator[Recalculated]:
        """Bring the history to the calibrations and rules of today, in the spool.

        What was pruned of an instrument is put back before; while InfluxDB is away the
        instrument has to wait for the next time.
        """
        if self.spool.pruned_until() is None:
            yield from self.spool.recalculate(now, again=again)
        else:
            with self.spool.pruning_waits():
                yield from self.spool.recalculate(now, again=again, ready=self._put_history_back)

    def _put_history_back(self, instrument: str) -> bool:
        """Put back what was pruned of an instrument and of those that bear on it."""
        try:
            for rows in self._former().history(self.spool.related(instrument)):
                self.spool.put_back(rows)
        except ServiceError as error:
            log.warning("not_recalculated", instrument=instrument, reason=str(error))
            return False
        return True

    def release_held(self) -> int:
        """Store a batch of readings that came for a time that was pruned; return how many.

        What they belong to is put back from InfluxDB before, so that duplicates, corrections,
        results and flags come out as if nothing had been pruned.

        Raises
        ------
        ServiceError
            When InfluxDB does not answer; the batch waits then.
        """
        found = self.spool.held()
        if found is None:
            return 0
        number, rows = found
        values, reach_ns = self.spool.reach()
        former = self._former()
        times: dict[frozenset[str], set[int]] = {}
        for row in rows:
            of = frozenset(self.spool.related(row.instrument))
            times.setdefault(of, set()).add(row.time)
        for instruments, moments in times.items():
            for first, last in _stretches(sorted(moments), 2 * reach_ns):
                self.spool.put_back(former.around(instruments, first, last, values, reach_ns))
        self.spool.release(number, rows)
        return len(rows)

    def _former(self) -> FormerRows:
        return FormerRows(
            self.server, self._bucket, self._site, self.spool.held_until(), self.spool.withdrawn
        )

    def write_flag(self, entry: FlagEntry) -> None:
        """Set or lift a flag on a stretch of readings, by an engineer's word.

        Raises
        ------
        ServiceError
            When the stretch was pruned from the spool, and InfluxDB does not answer.
        """
        former: list[Row] = []
        start, stop = _bounds(entry.start, entry.end)
        if entry.action == "set" and start <= self.spool.held_until():
            until = min(stop, self.spool.held_until() + 1)
            former = self._former().between([entry.instrument], start, until)
        self.spool.write_flag(entry, former)

    def flag_journal(self, *, limit: int = 100, before: int | None = None) -> list[FlagEntry]:
        """Return what engineers said of flags, newest first."""
        return self.spool.flag_journal(limit=limit, before=before)

    def flag_changes(
        self, instrument: str, quantity: str, *, after: datetime, until: datetime
    ) -> list[datetime]:
        """Return the times of readings whose flags changed at after < moment <= until."""
        return self.spool.flag_changes(instrument, quantity, after=after, until=until)

    def calculations(
        self,
        instrument: str,
        quantity: str,
        *,
        start: datetime,
        end: datetime,
        known_at: datetime | None = None,
    ) -> dict[tuple[int, datetime], str]:
        """Return the version of the calibration that made each value: (node, time) -> version."""
        return self.spool.calculations(
            instrument, quantity, start=start, end=end, known_at=known_at
        )

    def calibration(self, version: str) -> bytes | None:
        """Return the block of a calibration's version as JSON, None for an unknown one."""
        return self.spool.calibration(version)

    @_or_from_spool
    def delivery(self, instrument: str, *, start: datetime, end: datetime) -> Delivery:
        """Return how an instrument delivered for start < time <= end."""
        pruned = self.spool.pruned_until()
        if pruned is None or start >= pruned:
            return self.spool.delivery(instrument, start=start, end=end)
        came, numbers = self._came(instrument, to_ns(start) + 1, to_ns(end) + 1)
        here = self.spool.delivery(instrument, start=start, end=end)
        delay = (came["value"] - came["time"]).mean() / 1e9
        return Delivery(
            rows=len(came),
            moments=came["time"].nunique(),
            mean_delay_s=None if came.empty else float(delay),
            first=None if came.empty else from_ns(int(came["time"].min())),
            flagged=here.flagged,
            numbers=numbers,
        )

    def _came(self, instrument: str, start: int, stop: int) -> tuple[pd.DataFrame, tuple[int, ...]]:
        """Return when the rows of a stretch came (time, node, value [ns]), and their numbers."""
        kind = self._site.instruments[instrument].type
        asked = flux.stretch(self._bucket, [kind], [instrument], [], start, stop, sequence=True)
        answer = self.server.query(asked)
        came = answer.get("received", _NO_ROWS)[["time", "node", "value"]]
        sent = answer.get("sequence", _NO_ROWS)[["time", "node", "value"]]
        rows = came.merge(sent, on=["time", "node"], suffixes=("", "_number"))
        undone = pd.DataFrame(
            self.spool.undone_numbers(instrument, start, stop),
            columns=["time", "value_number", "value"],
        )
        both = pd.concat([part for part in (rows, undone) if len(part)] or [rows])
        first = both.groupby(["time", "value_number"])["value"].min().reset_index()
        first = first.sort_values(["value", "time"])
        return came, tuple(int(number) for number in first["value_number"])

    def statuses(self) -> list[SenderStatus]:
        """Return the last word of each sender, by name."""
        return self.spool.statuses()

    def run_time(self) -> datetime | None:
        """Return the clock of a replay run, None in a live one."""
        return self.spool.run_time()

    def counts(self) -> Mapping[str, int]:
        """Return the number of rows per instrument type."""
        return self.spool.counts()

    def health(self) -> Health:
        """Return whether InfluxDB can be read, and how far it has been filled; never raises."""
        spool = self.spool.health()
        ok, detail = spool.ok, spool.detail
        forwarded = 0
        if ok:
            forwarded = self.spool.cursor(FOLLOWER)
            behind = spool.last_sequence - forwarded
            detail = f"{self.server.address}, bucket {self._bucket}" + (
                f", {behind} changes behind" if behind else ""
            )
            try:
                self.server.check()
            except PostmineError as error:
                ok, detail = False, str(error)
            if self.outage.lasts():
                detail += f"; readings are read from the spool, {spool.detail}"
                pruned = self.spool.pruned_until()
                if pruned is not None:
                    detail += f"; what was received before {iso(pruned)} cannot be read until then"
        return Health(
            ok=ok,
            backend="influxdb",
            detail=detail,
            rows=spool.rows,
            last_sequence=spool.last_sequence,
            forwarded_sequence=forwarded,
            dead_letters=spool.dead_letters,
        )

    def close(self) -> None:
        """Release the connections and the spool."""
        self.server.close()
        self.spool.close()

    # -- reading ----------------------------------------------------------------------------------

    @_or_from_spool
    def latest(
        self, *, at: datetime | None = None, known_at: datetime | None = None
    ) -> list[Reading]:
        """Return the last measured value of each (instrument, node, quantity), up to `at`."""
        stop = flux.LAST if at is None else to_ns(at) + 1
        found = self._last(stop)
        gone = {
            key: last
            for key, last in found.items()
            if (key[1], last.time)
            in self.spool.withdrawn(key[0], key[2], start=last.time, end=last.time + 1)
        }
        found = {key: last for key, last in found.items() if key not in gone}
        found |= self._look_back(set(gone), stop, None)
        if known_at is not None:
            found = self._as_known(found, stop, known_at)
        result = []
        for instrument in self._site:
            for node in range(instrument.node_count):
                for quantity in self._site.instrument_types[instrument.type].quantities:
                    last = found.get((instrument.name, node, quantity))
                    if last is None:
                        continue
                    flags = self.spool.flagged(
                        instrument.name,
                        quantity,
                        start=last.time,
                        end=last.time + 1,
                        known_at=known_at,
                    )
                    result.append(
                        Reading(
                            instrument.name,
                            quantity,
                            node,
                            from_ns(last.time),
                            from_ns(last.received),
                            last.value,
                            flags.get((node, last.time), ()),
                        )
                    )
        return result

    @_or_from_spool
    def readings(
        self,
        instrument: str,
        quantity: str,
        *,
        start: datetime | None = None,
        end: datetime | None = None,
        known_at: datetime | None = None,
        node: int | None = None,
        limit: int = 1000,
        after: tuple[int, int] | None = None,
    ) -> list[Reading]:
        """Return values with start <= time < end, by (time, node)."""
        first, stop = _bounds(start, end)
        if after is not None:
            first = max(first, after[0] if after[1] >= 0 else after[0] + 1)
        parts: list[pd.DataFrame] = []
        missing = limit
        while missing > 0 and first < stop:
            rows, horizon = self._page(instrument, quantity, first, stop, known_at, node, missing)
            if after is not None and after[1] >= 0:
                rows = rows[(rows["time"] > after[0]) | (rows["node"] > after[1])]
            parts.append(rows.iloc[:missing])
            missing -= len(parts[-1])
            first = horizon
        found = pd.concat(parts) if parts else _NO_ROWS
        if found.empty:
            return []
        flags = self.spool.flagged(
            instrument,
            quantity,
            start=int(found["time"].min()),
            end=int(found["time"].max()) + 1,
            known_at=known_at,
        )
        return [
            Reading(
                instrument,
                quantity,
                at_node,
                from_ns(time),
                from_ns(received),
                value,
                flags.get((at_node, time), ()),
            )
            for time, at_node, received, value in zip(
                *(found[name].tolist() for name in _ROW_COLUMNS), strict=True
            )
        ]

    @_or_from_spool
    def frame(
        self,
        instrument: str,
        quantity: str,
        *,
        start: datetime | None = None,
        end: datetime | None = None,
        known_at: datetime | None = None,
        trusted: bool = True,
    ) -> pd.DataFrame:
        """Return values as a frame (index = time, aware UTC; columns = node index)."""
        first, stop = _bounds(start, end)
        rows = self._rows(instrument, quantity, first, stop, known_at, trusted=trusted)
        return pivot(rows[["time", "node", "value"]])

    @_or_from_spool
    def buckets(
        self,
        instrument: str,
        quantity: str,
        *,
        start: datetime,
        end: datetime,
        count: int,
        known_at: datetime | None = None,
        trusted: bool = False,
    ) -> pd.DataFrame:
        """Return `count` equal buckets of [start, end): node, start, min, mean, max, count.

        The engine aggregates what is believed now. Where a value is left out (flagged, or not
        known yet at `known_at`) the buckets from the first to the last such one are made anew
        from their rows.
        """
        first, stop, width = to_ns(start), to_ns(end), bucket_width(start, end, count)
        answer = self.server.query(
            flux.buckets(
                self._bucket,
                self._site.instruments[instrument].type,
                instrument,
                quantity,
                start=first,
                stop=stop,
                width=width,
                known_at=None if known_at is None else to_ns(known_at),
            )
        )
        table = self._aggregated(instrument, answer, first, width)
        times = answer["late"]["time"].tolist() if "late" in answer else []
        if known_at is not None:
            undone = self.spool.undone(instrument, quantity, known_at, start=first, end=stop)
            times += [row[0] for row in undone]
        if trusted:
            flagged = self.spool.flagged(
                instrument, quantity, start=first, end=stop, known_at=known_at, untrusted=True
            )
            times += [time for _, time in flagged]
        gone = self.spool.withdrawn(instrument, quantity, start=first, end=stop)
        times += [time for _, time in gone]
        if times:
            low, high = (min(times) - first) // width, (max(times) - first) // width
            rows = self._rows(
                instrument,
                quantity,
                first + low * width,
                min(first + (high + 1) * width, stop),
                known_at,
                trusted=trusted,
            )
            rows = rows.assign(bucket=(rows["time"] - first) // width)
            anew = rows.groupby(["node", "bucket"], as_index=False)["value"].agg(
                list(flux.AGGREGATES)
            )
            table = [row for row in table if not low <= row[1] <= high]
            table += list(_records(anew, "node", "bucket", *flux.AGGREGATES))
        columns = ["node", "bucket", *flux.AGGREGATES]
        return bucket_frame(pd.DataFrame(sorted(table), columns=columns), first, width)

    @_or_from_spool
    def values(
        self,
        instrument: str,
        quantity: str,
        *,
        start: datetime | None = None,
        end: datetime | None = None,
        known_at: datetime | None = None,
        trusted: bool = True,
    ) -> Values:
        """Return what `frame` does as plain arrays, by (time, node)."""
        first, stop = _bounds(start, end)
        rows = self._rows(instrument, quantity, first, stop, known_at, trusted=trusted)
        time, node = (rows[name].to_numpy(dtype=np.int64) for name in ("time", "node"))
        order = np.lexsort((node, time))
        return Values(time[order], node[order], rows["value"].to_numpy(dtype=float)[order])

    def bucket_values(
        self,
        instrument: str,
        quantity: str,
        *,
        start: datetime,
        end: datetime,
        count: int,
        known_at: datetime | None = None,
        trusted: bool = False,
    ) -> BucketValues:
        """Return count and mean of what `buckets` does as plain arrays."""
        frame = self.buckets(
            instrument,
            quantity,
            start=start,
            end=end,
            count=count,
            known_at=known_at,
            trusted=trusted,
        )
        starts = frame["start"].to_numpy("datetime64[ns]").astype(np.int64)
        return BucketValues(
            frame["node"].to_numpy(dtype=np.int64),
            (starts - to_ns(start)) // bucket_width(start, end, count),
            frame["mean"].to_numpy(dtype=float),
            frame["count"].to_numpy(dtype=np.int64),
        )

    @_or_from_spool
    def span(self) -> tuple[datetime, datetime] | None:
        """Return the first and the last measured time, None for an empty store."""
        answer = self.server.query(flux.ends(self._bucket, self._kinds()))
        ends = [
            frame[frame["instrument"].isin(list(self._site.instruments))]["time"]
            for frame in answer.values()
        ]
        if not ends or ends[0].empty:
            return None
        return from_ns(int(min(e.min() for e in ends))), from_ns(int(max(e.max() for e in ends)))

    @_or_from_spool
    def derived(
        self,
        series: str,
        subject: str | None = None,
        *,
        start: datetime | None = None,
        end: datetime | None = None,
        known_at: datetime | None = None,
    ) -> pd.DataFrame:
        """Return a computed series by time; what waits to be forwarded is read from the spool."""
        first, stop = _bounds(start, end)
        # Before InfluxDB is asked: what is forwarded meanwhile is then in both, not in neither.
        waiting = [
            point
            for point in self._waiting_points()
            if point.series == series
            and subject in (None, point.subject)
            and first <= to_ns(point.time) < stop
        ]
        stored = self._stored_points(series, subject, first, stop)
        newer = pd.DataFrame(
            [kept_series.row(point) for point in waiting], columns=list(kept_series.COLUMNS)
        )
        table = pd.concat([part for part in (stored, newer) if len(part)] or [stored])
        table = table.drop_duplicates(["subject", "time"], keep="last")
        if known_at is not None:
            table = table[table["known_at"] <= to_ns(known_at)]
        return kept_series.frame(table.sort_values(["time", "subject"], ignore_index=True))

    # -- inside -----------------------------------------------------------------------------------

    def _kinds(self) -> set[str]:
        return {instrument.type for instrument in self._site}

    def _waiting_points(self) -> Iterator[Derived]:
        """Yield the computed points that have not been forwarded, oldest first."""
        cursor = self.spool.cursor(DERIVED_FOLLOWER)
        while changes := self.spool.derived_changes(cursor):
            for cursor, points in changes:  # noqa: B007  (the next page follows the last one)
                yield from points

    def _stored_points(
        self, series: str, subject: str | None, start: int, stop: int
    ) -> pd.DataFrame:
        """Return the points of a series in InfluxDB: `kept_series.COLUMNS`, times in ns."""
        answer = self.server.query(flux.derived(self._bucket, series, subject, start, stop))
        if not answer:
            return pd.DataFrame(columns=list(kept_series.COLUMNS))
        key = ["subject", "time"]
        table = answer["words"].pivot(index=key, columns="field", values="value")
        table["known_at"] = answer["known_at"].set_index(key)["value"]
        for name in ("value", "low", "high"):
            table[name] = np.nan
        if "numbers" in answer:
            numbers = answer["numbers"].pivot(index=key, columns="field", values="value")
            for name in map(str, numbers):
                unknown = table["unknown"].str.split().apply(lambda words, n=name: n in words)
                table[name] = numbers[name].reindex(table.index).mask(unknown)
        return table.reset_index()[list(kept_series.COLUMNS)]

    def _rows(
        self,
        instrument: str,
        quantity: str,
        start: int,
        stop: int,
        known_at: datetime | None = None,
        *,
        trusted: bool = False,
    ) -> pd.DataFrame:
        """Return all values of a range by (time, node), with `received` when `known_at` is given.

        Columns: time [ns], node, received [ns], value.
        """
        kind = self._site.instruments[instrument].type
        answer = self.server.query(
            flux.rows(
                self._bucket,
                kind,
                instrument,
                quantity,
                start=start,
                stop=stop,
                received=known_at is not None,
            )
        )
        rows = _joined(answer) if known_at is not None else answer.get("value", _NO_ROWS)
        rows = self._corrected(rows, instrument, quantity, start, stop, known_at, None)
        if trusted and len(rows):
            flagged = self.spool.flagged(
                instrument, quantity, start=start, end=stop, known_at=known_at, untrusted=True
            )
            if flagged:
                keys = pd.MultiIndex.from_frame(rows[["node", "time"]])
                rows = rows[~keys.isin(list(flagged))]
        return rows

    def _page(
        self,
        instrument: str,
        quantity: str,
        start: int,
        stop: int,
        known_at: datetime | None,
        node: int | None,
        limit: int,
    ) -> tuple[pd.DataFrame, int]:
        """Return about `limit` values from `start` on, and the time up to which they are all."""
        kind = self._site.instruments[instrument].type
        # One more per node than is wanted: the page before may have ended within `start`.
        count = limit + 1
        of = (self._bucket, kind, instrument)
        values = self.server.query(
            flux.rows(*of, quantity, start=start, stop=stop, node=node, limit=count)
        ).get("value", _NO_ROWS)
        full = values.groupby("node")["time"].agg(["size", "max"])
        full = full[full["size"] >= count]
        horizon = int(full["max"].min()) + 1 if len(full) else stop
        values = values[values["time"] < horizon]
        rows = _NO_ROWS
        if len(values):
            came = self.server.query(
                flux.rows(
                    *of,
                    flux.RECEIVED,
                    start=start,
                    stop=int(values["time"].max()) + 1,
                    node=node,
                )
            )
            rows = _joined({"value": values, "received": came.get("received", _NO_ROWS)})
        return self._corrected(rows, instrument, quantity, start, horizon, known_at, node), horizon

    def _corrected(
        self,
        rows: pd.DataFrame,
        instrument: str,
        quantity: str,
        start: int,
        stop: int,
        known_at: datetime | None,
        node: int | None,
    ) -> pd.DataFrame:
        """Return rows as they were known, in order: what came later undone from the spool."""
        gone = self.spool.withdrawn(instrument, quantity, start=start, end=stop)
        if gone and len(rows):
            keys = pd.MultiIndex.from_frame(rows[["node", "time"]])
            rows = rows[~keys.isin(list(gone))]
        if known_at is not None:
            undone = pd.DataFrame(
                self.spool.undone(instrument, quantity, known_at, start=start, end=stop),
                columns=list(_ROW_COLUMNS),
            )
            if node is not None:
                undone = undone[undone["node"] == node]
            rows = rows[rows["received"] <= to_ns(known_at)]
            if len(undone):
                # What the spool says goes first: InfluxDB may not have a correction yet.
                rows = pd.concat([undone, rows] if len(rows) else [undone])
                rows = rows.drop_duplicates(["time", "node"]).dropna(subset=["value"])
        nodes = self._site.instruments[instrument].node_count
        rows = rows[rows["node"].between(0, nodes - 1)]
        rows = rows.sort_values(["time", "node"], ignore_index=True)
        return rows.astype({"value": float})

    def _aggregated(
        self, instrument: str, answer: dict[str, pd.DataFrame], first: int, width: int
    ) -> list[tuple[Any, ...]]:
        """Return the engine's aggregates: node, bucket, min, mean, max, count."""
        nodes = self._site.instruments[instrument].node_count
        low, mean, high, count = (
            {
                (node, time): value
                for node, time, value in _records(
                    answer.get(name, _NO_ROWS), "node", "time", "value"
                )
            }
            for name in flux.AGGREGATES
        )
        # A reading that comes between two of the four is in some of them only: it has to wait.
        return [
            (key[0], (key[1] - first) // width, low[key], mean[key], high[key], int(number))
            for key, number in count.items()
            if key[0] < nodes and key in low and key in mean and key in high
        ]

    def _last(self, stop: int) -> dict[_Key, _Last]:
        """Return the last value before `stop` of each (instrument, node, quantity)."""
        kinds = self._kinds()
        quantities = {q for kind in kinds for q in self._site.instrument_types[kind].quantities}
        answer = self.server.query(flux.last(self._bucket, kinds, quantities, stop))
        if "value" not in answer:
            return {}
        # The engine may answer one row before 1970 and one after it for the same series.
        came = {
            (instrument, node): (time, received)
            for time, instrument, node, received in _records(
                answer["received"].sort_values("time"), "time", "instrument", "node", "value"
            )
        }
        values = {
            (instrument, node, quantity): (time, value)
            for time, instrument, node, quantity, value in _records(
                answer["value"].sort_values("time"), "time", "instrument", "node", "field", "value"
            )
            if instrument in self._site.instruments
        }
        behind = {
            (self._site.instruments[instrument].type, instrument, node, time)
            for (instrument, node, _), (time, _) in values.items()
            if came[instrument, node][0] != time
        }
        older: dict[tuple[str, int, int], int] = {}
        if behind:
            for frame in self.server.query(flux.received_at(self._bucket, behind)).values():
                for time, instrument, node, received in _records(
                    frame, "time", "instrument", "node", "value"
                ):
                    older[instrument, node, time] = received
        return {
            (instrument, node, quantity): _Last(
                time,
                came[instrument, node][1]
                if came[instrument, node][0] == time
                else older[instrument, node, time],
                float(value),
            )
            for (instrument, node, quantity), (time, value) in values.items()
        }

    def _as_known(
        self, found: dict[_Key, _Last], stop: int, known_at: datetime
    ) -> dict[_Key, _Last]:
        """Return last values as they were known at a time: what came later is left out."""
        moment = to_ns(known_at)
        replaced: dict[_Key, _Last] = {}
        for instrument in self._site:
            for quantity in self._site.instrument_types[instrument.type].quantities:
                for time, node, received, value in self.spool.undone(
                    instrument.name, quantity, known_at, end=stop
                ):
                    if value is not None:
                        replaced[instrument.name, node, quantity] = _Last(time, received, value)
        doubtful = {key for key, last in found.items() if last.received > moment}
        known = {key: last for key, last in found.items() if key not in doubtful}
        known |= self._look_back(doubtful, stop, known_at)
        for key, last in replaced.items():
            if key not in known or known[key].time <= last.time:
                known[key] = last
        return known

    def _look_back(
        self, wanted: set[_Key], stop: int, known_at: datetime | None
    ) -> dict[_Key, _Last]:
        """Return last rows received up to a time, from ever longer stretches before `stop`."""
        found: dict[_Key, _Last] = {}
        if not wanted:
            return found
        # What was measured long after `known_at` cannot have been received by then.
        moment = flux.LAST if known_at is None else to_ns(known_at)
        last_of = [] if known_at is not None else [each.time for each in self._last(stop).values()]
        high = min(stop, moment + _DAY_NS, max(last_of, default=flux.LAST) + 1)
        withdrawn = {
            (instrument, node, quantity, time)
            for instrument, quantity in {(key[0], key[2]) for key in wanted}
            for node, time in self.spool.withdrawn(instrument, quantity)
        }
        low, length = stop, _FIRST_STRETCH_NS
        while (missing := wanted - found.keys()) and low > flux.FIRST:
            low = high - length if length < _LONGEST_STRETCH_NS else flux.FIRST
            length *= 8
            instruments = {instrument for instrument, _, _ in missing}
            answer = self.server.query(
                flux.stretch(
                    self._bucket,
                    {self._site.instruments[name].type for name in instruments},
                    instruments,
                    {quantity for _, _, quantity in missing},
                    low,
                    high,
                )
            )
            if "value" not in answer:
                continue
            came = answer["received"]
            came = came[came["value"] <= moment].rename(columns={"value": "received"})
            key = ["time", "instrument", "node"]
            rows = answer["value"].merge(came[[*key, "received"]], on=key).sort_values("time")
            if withdrawn:
                keys = pd.MultiIndex.from_frame(rows[["instrument", "node", "field", "time"]])
                rows = rows[~keys.isin(list(withdrawn))]
            rows = rows.drop_duplicates(["instrument", "node", "field"], keep="last")
            for instrument, node, quantity, time, received, value in _records(
                rows, "instrument", "node", "field", "time", "received", "value"
            ):
                if (instrument, node, quantity) in missing:
                    found[instrument, node, quantity] = _Last(time, received, value)
        return found


class _Last(NamedTuple):
    time: int
    received: int
    value: float


_ROW_COLUMNS = ("time", "node", "received", "value")
_NO_ROWS = pd.DataFrame(
    {
        "time": pd.Series(dtype="int64"),
        "node": pd.Series(dtype="int64"),
        "received": pd.Series(dtype="int64"),
        "value": pd.Series(dtype="float64"),
    }
)


def _stretches(times: Sequence[int], apart: int) -> Iterator[tuple[int, int]]:
    """Cut sorted times where they are far apart."""
    first = last = times[0]
    for time in times[1:]:
        if time - last > apart:
            yield first, last
            first = time
        last = time
    yield first, last


def _joined(answer: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """Return values with the time at which their row came."""
    values = answer.get("value", _NO_ROWS)[["time", "node", "value"]]
    came = answer.get("received", _NO_ROWS)[["time", "node", "value"]]
    joined = values.merge(came.rename(columns={"value": "received"}), on=["time", "node"])
    return joined[list(_ROW_COLUMNS)]


def _records(frame: pd.DataFrame, *columns: str) -> Iterator[tuple[Any, ...]]:
    """Return the rows of a frame as tuples of Python values."""
    return zip(*(frame[name].tolist() for name in columns), strict=True)


def _bounds(start: datetime | None, end: datetime | None) -> tuple[int, int]:
    return (
        flux.FIRST if start is None else to_ns(start),
        flux.LAST if end is None else to_ns(end),
    )
