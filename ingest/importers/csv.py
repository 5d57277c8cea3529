"""CSV: any table by a map of its columns, and our own export without one."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import BinaryIO, ClassVar

from ingest.errors import ConfigurationError
from ingest.import_map import Column, ImportMap, Place, place, read_number, read_time
from ingest.importer import Entry, Importer, ImportProblem, Refused, collect, table_rows
from ingest.site import Site

#: The columns with which `postmine export` begins.
EXPORT_COLUMNS = ("time", "received", "instrument", "node")
_VALUE_COLUMN = re.compile(r"([a-z][a-z0-9_]*) \[(.+)\]")
_BLANKS = ("",)
_MOST_PLACES = 10_000


class Csv(Importer):
    """CSV by a map of its columns (zone, sign, unit, decimal mark, blanks), or our own export.

    Of an export neither `received` nor the flags are taken over: the values are received now, and
    judged anew.
    """

    name: ClassVar[str] = "csv"

    @classmethod
    def recognises(cls, start: bytes) -> bool:
        """Return whether the file begins as our export does."""
        return start.startswith(",".join(EXPORT_COLUMNS).encode())

    def read(
        self, file: BinaryIO, site: Site, import_map: ImportMap | None
    ) -> Iterator[Entry | Refused]:
        """Yield what the lines say, in their order."""
        if import_map is None:
            return _read_export(file, site)
        return _read_mapped(file, site, import_map)


def _read_mapped(file: BinaryIO, site: Site, given: ImportMap) -> Iterator[Entry | Refused]:
    rows = table_rows(file, encoding=given.encoding, delimiter=given.delimiter)
    names: list[str] | None = None
    columns: list[tuple[int, str, Place]] = []
    times: list[int] = []
    for line, row in rows:
        if names is None:
            if line < given.header_row:
                continue
            names = [name.strip() for name in row]
            wanted = [*given.time.columns, *given.columns]
            missing = [name for name in wanted if names.count(name) != 1]
            if line != given.header_row or missing:
                raise ImportProblem(
                    given.header_row,
                    f"no column, or two, named {', '.join(map(repr, missing))};"
                    f" the file has {', '.join(names)[:200]}",
                )
            times = [names.index(name) for name in given.time.columns]
            columns = [
                (names.index(name), name, place(site, column))
                for name, column in given.columns.items()
            ]
            continue
        if line < (given.first_row or 0) or not any(cell.strip() for cell in row):
            continue
        if len(row) != len(names):
            raise ImportProblem(
                line, f"{len(row)} values for {len(names)} columns: the line is cut or mixed"
            )
        try:
            said = " ".join(row[index].strip() for index in times)
            time = read_time(said, given.zone, given.time.format)
        except ValueError as error:
            yield Refused(line, str(error))
            continue
        values = []
        for index, name, where in columns:
            try:
                number = read_number(row[index], given.blanks, given.decimal)
            except ValueError as error:
                yield Refused(line, f"column {name}: {error}", where.instrument)
                continue
            values.append((where, number))
        yield from collect(line, time, values)
    if names is None:
        raise ImportProblem(given.header_row, "the file ends before the names of its columns")


def _read_export(file: BinaryIO, site: Site) -> Iterator[Entry | Refused]:
    rows = table_rows(file)
    _, names = next(rows, (1, []))
    if tuple(names[:4]) != EXPORT_COLUMNS:
        raise ImportProblem(
            1, f"does not begin with the columns {', '.join(EXPORT_COLUMNS)}; give a map (--map)"
        )
    quantities = []
    for index, name in enumerate(names):
        found = _VALUE_COLUMN.fullmatch(name)
        if found:
            quantities.append((index, found[1], found[2]))
    places: dict[tuple[str, str, str], Place] = {}
    for line, row in rows:
        if len(row) != len(names):
            raise ImportProblem(line, f"{len(row)} values for {len(names)} columns")
        name = row[2]
        instrument = site.instruments.get(name)
        if instrument is None:
            yield Refused(line, f"instrument {name[:64]!r} is not known at this site")
            continue
        known = site.type_of(name).quantities
        try:
            time = read_time(row[0], None)
            values = []
            for index, quantity, unit in quantities:
                number = read_number(row[index], _BLANKS, ".")
                if quantity not in known and number is None:
                    continue
                where = places.get((name, quantity, row[3]))
                if where is None:
                    column = Column(
                        instrument=name, quantity=quantity, node=_label(site, row), unit=unit
                    )
                    where = place(site, column)
                    if len(places) < _MOST_PLACES:
                        places[name, quantity, row[3]] = where
                values.append((where, number))
        except (ValueError, ConfigurationError) as error:
            yield Refused(line, str(error), name)
            continue
        yield from collect(line, time, values)


def _label(site: Site, row: list[str]) -> float | str | None:
    """Return the node of a line of an export: a depth, a name, or none."""
    if site.type_of(row[2]).nodes == "depth" and row[3]:
        return read_number(row[3], (), ".")
    return row[3] or None
