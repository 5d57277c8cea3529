"""Campbell Scientific TOA5: what LoggerNet and the loggers themselves write."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO, ClassVar

from ingest.import_map import ImportMap, place, read_number, read_time
from ingest.importer import Entry, Importer, ImportProblem, Refused, collect, table_rows
from ingest.site import Site

#: What the first line holds, by Campbell Scientific's manuals ("TOA5 header").
_ENVIRONMENT = (
    "TOA5",
    "station",
    "logger model",
    "serial number",
    "operating system",
    "program",
    "signature of the program",
    "table",
)
_HEADERS = ("environment", "names of the columns", "units", "processing")


class Toa5(Importer):
    """Campbell Scientific TOA5 with its four header lines; the map says the zone and the columns.

    "NAN", "INF" and "-INF" are blanks: no reading.
    """

    name: ClassVar[str] = "toa5"

    @classmethod
    def recognises(cls, start: bytes) -> bool:
        """Return whether the file begins with the word TOA5."""
        return start.removeprefix(b"\xef\xbb\xbf").startswith((b'"TOA5"', b"TOA5,"))

    def read(
        self, file: BinaryIO, site: Site, import_map: ImportMap | None
    ) -> Iterator[Entry | Refused]:
        """Yield what the lines say, in their order."""
        encoding = import_map.encoding if import_map else "utf-8"
        rows = table_rows(file, encoding=encoding, one_line=True)
        names = _header(rows)
        if import_map is None:
            raise ImportProblem(
                0,
                "a TOA5 file does not say its time zone nor whose columns these are: give a map"
                f" (--map MAP.yaml) for {', '.join(names[2:])}",
            )
        missing = [name for name in import_map.columns if name not in names]
        if missing:
            raise ImportProblem(
                2, f"no column {', '.join(map(repr, missing))}; the file has {', '.join(names)}"
            )
        places = [
            (names.index(name), name, place(site, column))
            for name, column in import_map.columns.items()
        ]
        for line, cells in rows:
            if len(cells) != len(names):
                raise ImportProblem(
                    line, f"{len(cells)} values for {len(names)} columns: the line is cut or mixed"
                )
            try:
                time = read_time(cells[0], import_map.zone)
                sequence = read_number(cells[1], (), ".") if names[1] == "RECORD" else None
            except ValueError as error:
                yield Refused(line, str(error))
                continue
            values = []
            for index, name, where in places:
                try:
                    number = read_number(cells[index], import_map.blanks, ".")
                except ValueError as error:
                    yield Refused(line, f"column {name}: {error}", where.instrument)
                    continue
                values.append((where, number))
            for entry in collect(line, time, values):
                if (
                    isinstance(entry, Entry)
                    and sequence is not None
                    and sequence.is_integer()
                    and 0 <= sequence < 2**53
                ):
                    entry.message.sequence = int(sequence)
                yield entry


def _header(rows: Iterator[tuple[int, list[str]]]) -> list[str]:
    """Return the names of the columns, of a header that is whole."""
    lines: list[list[str]] = []
    for number, what in enumerate(_HEADERS, 1):
        line, cells = next(rows, (number, None))
        if cells is None:
            raise ImportProblem(line, f"the file ends before the header's line with the {what}")
        if number == 1:
            _check_environment(cells)
        elif number == 2:
            _check_names(cells)
        elif len(cells) != len(lines[1]):
            raise ImportProblem(
                line, f"{len(cells)} {what} for {len(lines[1])} columns: the header is broken"
            )
        lines.append(cells)
    return lines[1]


def _check_environment(cells: list[str]) -> None:
    if not cells or cells[0] != "TOA5":
        raise ImportProblem(1, "does not begin with TOA5: no TOA5 file")
    if len(cells) != len(_ENVIRONMENT):
        raise ImportProblem(
            1, f"{len(cells)} fields; legal: {len(_ENVIRONMENT)} ({', '.join(_ENVIRONMENT)})"
        )


def _check_names(cells: list[str]) -> None:
    if cells[:1] != ["TIMESTAMP"]:
        raise ImportProblem(2, "the first column is not TIMESTAMP")
    if len(cells) < 2:
        raise ImportProblem(2, "no column besides TIMESTAMP")
    twice = sorted({name for name in cells if cells.count(name) > 1})
    if twice:
        raise ImportProblem(2, f"the column {', '.join(twice)} stands there twice")
    if "" in cells:
        raise ImportProblem(2, "a column has no name")
