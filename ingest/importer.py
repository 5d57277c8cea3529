"""Files of readings: read, checked like every message, stored; reading one again changes nothing.

An importer is one file in `ingest/importers/`. A file is read twice: first to see that it is whole,
so that nothing of a broken one is stored, and then to store it.
"""

from __future__ import annotations

import csv
import math
import sqlite3
from abc import ABC, abstractmethod
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import BinaryIO, ClassVar, NamedTuple

import msgspec

from ingest.clock import from_ns, to_ns
from ingest.errors import PostmineError
from ingest.import_map import ImportMap, Place, load_map
from ingest.intake import Arrival, Intake
from ingest.message import Message, readings_topic
from ingest.registry import load_family
from ingest.run import Run
from ingest.site import InstrumentType, Quantity, Site
from ingest.store import Row, Store

#: A longer line is not one of a table [bytes].
LONGEST_LINE = 1_000_000
#: Most refused lines that a report names; it counts them all.
NAMED_REFUSALS = 1_000
_BATCH = 5_000
_MOST_LINES_A_ROW = 100
_PROGRESS_LINES = 500


class ImportProblem(PostmineError):
    """A file cannot be read as a whole; `line` counts from 1, 0: the file itself."""

    def __init__(self, line: int, reason: str) -> None:
        self.line, self.reason = line, reason
        super().__init__(f"line {line}: {reason}" if line else reason)


class Entry(NamedTuple):
    """What one line says of one instrument, in canonical units."""

    line: int
    instrument: str
    message: Message


class Refused(NamedTuple):
    """A line, or a cell of it, that is not stored."""

    line: int
    reason: str
    instrument: str = ""


class Importer(ABC):
    """Reads files of one format."""

    name: ClassVar[str]

    @classmethod
    @abstractmethod
    def recognises(cls, start: bytes) -> bool:
        """Return whether a file that begins so is one of this format."""

    @abstractmethod
    def read(
        self, file: BinaryIO, site: Site, import_map: ImportMap | None
    ) -> Iterator[Entry | Refused]:
        """Yield what the lines say, in their order.

        Raises
        ------
        ImportProblem
            When the file is broken: nothing of it is to be stored.
        """


def importers() -> dict[str, type[Importer]]:
    """Return every importer by the name of its format."""
    # An abstract base is no class that could be made, and that is what the registry is told.
    return load_family("ingest.importers", Importer)  # type: ignore[type-abstract]


# -- what a file came to --------------------------------------------------------------------------


class InstrumentCount(msgspec.Struct):
    """What became of one instrument's rows: a row is a measuring point at one moment."""

    stored: int = 0
    corrected: int = 0
    duplicates: int = 0
    refused: int = 0


class FileReport(msgspec.Struct, kw_only=True):
    """What an import did, or in a dry run would do.

    Parameters
    ----------
    problem
        Why nothing of the file was stored; None: it is whole.
    instruments
        Counts by instrument; lines that name no instrument stand under "".
    refusals
        The first refused lines.
    """

    file: str
    format: str
    dry_run: bool
    problem: str | None = None
    instruments: dict[str, InstrumentCount] = msgspec.field(default_factory=dict)
    refusals: list[Refused] = msgspec.field(default_factory=list)

    @property
    def refused(self) -> int:
        """Number of refused lines."""
        return sum(count.refused for count in self.instruments.values())

    @property
    def ok(self) -> bool:
        """Whether all of the file is stored."""
        return self.problem is None and not self.refused

    def to_dict(self) -> dict[str, object]:
        """Return the report as plain values."""
        made: dict[str, object] = msgspec.to_builtins(self)
        made["refusals"] = [refusal._asdict() for refusal in self.refusals]
        return made


def map_of(site: Site, path: Path) -> ImportMap | None:
    """Return the map that the site's `imports:` gives to a file of this name."""
    for rule in site.imports:
        if Path(path.name).match(rule.match):
            return load_map(site.folder / rule.map, site)
    return None


def import_file(
    run: Run,
    path: Path,
    import_map: ImportMap | None = None,
    *,
    dry_run: bool = False,
    progress: Callable[[int], None] = lambda _position: None,
) -> FileReport:
    """Import one file; storing it twice changes nothing.

    Parameters
    ----------
    import_map
        None: the one that the site's `imports:` gives to the file's name.
    dry_run
        Only say what would happen.
    progress
        Is told the position [bytes], which passes the file twice.

    Raises
    ------
    ConfigurationError
        When the map is wrong.
    ServiceError
        When the store cannot be written; a second import goes on where it stopped.
    """
    import_map = import_map or map_of(run.site, path)
    report = FileReport(file=str(path), format="", dry_run=dry_run)
    try:
        with path.open("rb") as file:
            importer = _choose(file.read(4096), import_map)
            report.format = importer.name
            for _ in _told(importer, file, run.site, import_map, progress, 0):
                pass
            size = file.tell()
            entries = _told(importer, file, run.site, import_map, progress, size)
            _store(run, entries, report)
    except ImportProblem as problem:
        report.problem = str(problem)
    except OSError as error:
        report.problem = f"cannot be read: {error.strerror or error}"
    return report


def _choose(start: bytes, import_map: ImportMap | None) -> Importer:
    known = importers()
    if import_map is not None:
        return known[import_map.format]()
    for kind in known.values():
        if kind.recognises(start):
            return kind()
    raise ImportProblem(
        0,
        "the format is not known; give a map that says it (--map MAP.yaml);"
        f" legal: {', '.join(known)}",
    )


def _told(
    importer: Importer,
    file: BinaryIO,
    site: Site,
    import_map: ImportMap | None,
    progress: Callable[[int], None],
    before: int,
) -> Iterator[Entry | Refused]:
    file.seek(0)
    for count, entry in enumerate(importer.read(file, site, import_map)):
        if count % _PROGRESS_LINES == 0:
            progress(before + file.tell())
        yield entry
    progress(before + file.tell())


def _store(run: Run, entries: Iterator[Entry | Refused], report: FileReport) -> None:
    """Put entries through the checks of every message, and into the store."""
    counts = defaultdict(InstrumentCount, report.instruments)
    intake = Intake(in_canonical_units(run.site), run.clock)
    rehearsal = _Rehearsal(run.store, run.site) if report.dry_run else None

    def refuse(refusal: Refused) -> None:
        counts[refusal.instrument].refused += 1
        if len(report.refusals) < NAMED_REFUSALS:
            report.refusals.append(refusal)

    try:
        while batch := list(islice(entries, _BATCH)):
            rows: defaultdict[str, list[Row]] = defaultdict(list)
            good: list[tuple[Entry, Arrival]] = []
            for entry in batch:
                if isinstance(entry, Refused):
                    refuse(entry)
                else:
                    topic = readings_topic(run.site.name, entry.instrument)
                    good.append((entry, Arrival(topic, msgspec.json.encode(entry.message))))
            accepted = intake.accept(arrival for _, arrival in good)
            if accepted.dead_letters:
                for refusal in _blame(accepted.dead_letters, good):
                    refuse(refusal)
            for row in accepted.rows:
                rows[row.instrument].append(row)
            for instrument, group in rows.items():
                done = rehearsal.append(group) if rehearsal else run.store.append(group)
                count = counts[instrument]
                count.stored += done[0]
                count.corrected += done[1]
                count.duplicates += done[2]
    finally:
        report.instruments = dict(sorted(counts.items()))
        if rehearsal:
            rehearsal.close()


def _blame(letters: Iterable[object], good: list[tuple[Entry, Arrival]]) -> Iterator[Refused]:
    """Yield the lines that the intake refused, with its reasons."""
    reasons = {
        (letter.topic, letter.payload): letter.reason  # type: ignore[attr-defined]
        for letter in letters
    }
    for entry, arrival in good:
        reason = reasons.get((arrival.topic, arrival.payload))
        if reason is not None:
            yield Refused(entry.line, reason, entry.instrument)


def in_canonical_units(site: Site) -> Site:
    """Return the site as if every wire spoke canonical units: importers convert once, exactly."""
    types: dict[str, InstrumentType] = {}
    for name, kind in site.instrument_types.items():
        quantities = {
            quantity.name: Quantity.model_validate(
                {
                    **quantity.model_dump(include=set(Quantity.model_fields)),
                    "unit": quantity.canonical_unit,
                    "valid_range": quantity.canonical_range,
                }
            )
            for quantity in kind.quantities.values()
        }
        types[name] = kind.model_copy(update={"quantities": quantities})
    return site.model_copy(update={"instrument_types": types})


class _Rehearsal:
    """Says what an append would do, without one.

    What the file itself has said before is kept in a temporary database on the disk, so that a
    long file needs no more memory than a short one.
    """

    def __init__(self, store: Store, site: Site) -> None:
        self._store, self._site = store, site
        self._said = sqlite3.connect("")
        self._said.execute(
            "CREATE TABLE said (instrument TEXT, node INTEGER, time INTEGER, row BLOB,"
            " PRIMARY KEY (instrument, node, time)) WITHOUT ROWID"
        )

    def append(self, rows: list[Row]) -> tuple[int, int, int]:
        """Return how many rows would be stored, corrected, and dropped as duplicates."""
        known = self._known(rows)
        stored = corrected = 0
        for row in rows:
            key = (row.instrument, row.node, row.time)
            said = self._said.execute(
                "SELECT row FROM said WHERE instrument = ? AND node = ? AND time = ?", key
            ).fetchone()
            present = known.get((row.node, row.time))
            if said is not None:
                present = msgspec.msgpack.decode(said[0], type=dict[str, float])
            if present is None:
                stored += 1
            elif any(present.get(name) != value for name, value in row.values.items()):
                corrected += 1
            else:
                continue
            now = msgspec.msgpack.encode({**(present or {}), **row.values})
            self._said.execute("INSERT OR REPLACE INTO said VALUES (?, ?, ?, ?)", (*key, now))
        return stored, corrected, len(rows) - stored - corrected

    def _known(self, rows: list[Row]) -> dict[tuple[int, int], dict[str, float]]:
        """Return what the store has where the rows would go."""
        instrument = rows[0].instrument
        first, last = min(row.time for row in rows), max(row.time for row in rows)
        found: defaultdict[tuple[int, int], dict[str, float]] = defaultdict(dict)
        for quantity in self._site.type_of(instrument).quantities:
            frame = self._store.frame(
                instrument,
                quantity,
                start=from_ns(first),
                end=from_ns(last + 1_000),
                trusted=False,
            )
            times = [to_ns(time.to_pydatetime()) for time in frame.index]
            for node in frame.columns:
                for time, value in zip(times, frame[node].tolist(), strict=True):
                    if value == value:  # not NaN: nothing stored for this node at this time
                        found[int(node), time][quantity] = value
        return dict(found)

    def close(self) -> None:
        """Drop the temporary database."""
        self._said.close()


# -- what importers share -------------------------------------------------------------------------


def table_rows(
    file: BinaryIO, *, encoding: str = "utf-8", delimiter: str = ",", one_line: bool = False
) -> Iterator[tuple[int, list[str]]]:
    """Yield (line, cells) of a table of delimited text, with bounded memory.

    Parameters
    ----------
    one_line
        A cell may not hold a line break.

    Raises
    ------
    ImportProblem
        When a line is too long, is not text, or its quotes do not fit.
    """
    state = {"line": 0, "pulled": 0}
    most = 1 if one_line else _MOST_LINES_A_ROW

    def lines() -> Iterator[str]:
        while raw := file.readline(LONGEST_LINE + 1):
            state["line"] += 1
            state["pulled"] += 1
            line = state["line"]
            if len(raw) > LONGEST_LINE:
                raise ImportProblem(line, f"longer than {LONGEST_LINE} bytes: no line of a table")
            if state["pulled"] > most:
                raise ImportProblem(line - 1, "a quoted cell is not closed")
            if line == 1 and encoding == "utf-8":
                raw = raw.removeprefix(b"\xef\xbb\xbf")
            try:
                yield raw.decode(encoding)
            except UnicodeDecodeError as error:
                raise ImportProblem(
                    line, f"not {encoding} text; set encoding in the map"
                ) from error

    reader = csv.reader(lines(), delimiter=delimiter, strict=True)
    while True:
        state["pulled"] = 0
        first = state["line"] + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise ImportProblem(first, f"not delimited text: {error}") from error
        yield first, cells


def collect(
    line: int, time: datetime, cells: Iterable[tuple[Place, float | None]]
) -> Iterator[Entry | Refused]:
    """Yield an entry per instrument of a line's values; a blank stays a blank."""
    values: defaultdict[str, dict[str, float | list[float | None] | None]] = defaultdict(dict)
    for place, value in cells:
        if value is not None:
            value = value * place.scale + place.offset
            if not math.isfinite(value):
                yield Refused(line, f"{place.quantity} is beyond every number", place.instrument)
                continue
        if place.node is None:
            values[place.instrument][place.quantity] = value
            continue
        array = values[place.instrument].setdefault(place.quantity, [None] * place.nodes)
        if isinstance(array, list):
            array[place.node] = value
    for instrument, given in values.items():
        yield Entry(line, instrument, Message(time=time.astimezone(UTC), values=given))
