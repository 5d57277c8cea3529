"""AGS4: the monitoring groups MONG and MOND of the AGS data format, edition 4."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO, ClassVar, NamedTuple

from ingest.errors import ConfigurationError
from ingest.import_map import Column, ImportMap, Place, place, read_number, read_time, shown
from ingest.importer import Entry, Importer, ImportProblem, Refused, collect, table_rows
from ingest.site import Site

#: Headings of MOND that a reading needs, by the AGS4 4.1.1 dictionary (KEY and REQUIRED).
NEEDED = ("LOCA_ID", "MONG_ID", "MOND_DTIM", "MOND_TYPE", "MOND_RDNG", "MOND_UNIT")
_DESCRIPTORS = ("GROUP", "HEADING", "UNIT", "TYPE", "DATA")
_MOST_PLACES = 10_000


class Ags4(Importer):
    """AGS4 monitoring readings (MOND); the map says the zone, the points and the kinds of reading.

    Other groups are read over. MONG_DIS is the depth of the node of an instrument that has nodes.
    """

    name: ClassVar[str] = "ags4"

    @classmethod
    def recognises(cls, start: bytes) -> bool:
        """Return whether the file begins with a group."""
        return start.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b'"GROUP"')

    def read(
        self, file: BinaryIO, site: Site, import_map: ImportMap | None
    ) -> Iterator[Entry | Refused]:
        """Yield what the lines of MOND say, in their order."""
        if import_map is None:
            raise ImportProblem(
                0,
                "an AGS4 file does not say its time zone: give a map (--map MAP.yaml) with"
                " time_zone, points and types",
            )
        places: dict[tuple[str, ...], Place | str] = {}
        found = False
        for line, headings, cells in _data(file, import_map.encoding, "MOND"):
            found = True
            missing = [name for name in NEEDED if name not in headings]
            if missing:
                raise ImportProblem(line, f"group MOND has no heading {', '.join(missing)}")
            row = dict(zip(headings, cells, strict=True))
            kind = import_map.types.get(row["MOND_TYPE"])
            if kind is None:
                continue
            key = tuple(row.get(name, "") for name in _PLACE)
            where = places.get(key)
            if where is None:
                where = _place(site, import_map, row)
                if len(places) < _MOST_PLACES:
                    places[key] = where
            if isinstance(where, str):
                yield Refused(line, where)
                continue
            try:
                time = read_time(row["MOND_DTIM"], import_map.zone)
                value = read_number(row["MOND_RDNG"], import_map.blanks, ".")
            except ValueError as error:
                yield Refused(line, str(error), where.instrument)
                continue
            yield from collect(line, time, [(where, value)])
        if not found:
            raise ImportProblem(0, "no readings: the file has no group MOND with data")


_PLACE = ("LOCA_ID", "MONG_ID", "MONG_DIS", "MOND_TYPE", "MOND_UNIT")


def _place(site: Site, import_map: ImportMap, row: dict[str, str]) -> Place | str:
    """Return where a reading goes, or why it goes nowhere."""
    kind = import_map.types[row["MOND_TYPE"]]
    point = f"{row['LOCA_ID']}/{row['MONG_ID']}"
    name = import_map.points.get(point, row["MONG_ID"])
    instrument = site.instruments.get(name)
    if instrument is None:
        return f"point {shown(point)} is no instrument of this site; add it to points in the map"
    try:
        node: float | str | None = None
        if site.type_of(name).nodes == "depth":
            node = read_number(row.get("MONG_DIS", ""), ("",), ".")
        elif instrument.nodes:
            node = row.get("MOND_REF")
        return place(
            site,
            Column(
                instrument=name,
                quantity=kind.quantity,
                node=node,
                unit=kind.unit or row["MOND_UNIT"] or None,
                sign=kind.sign,
            ),
        )
    except (ConfigurationError, ValueError) as error:
        return str(error)


class _Line(NamedTuple):
    number: int
    headings: list[str]
    cells: list[str]


def _data(file: BinaryIO, encoding: str, wanted: str) -> Iterator[_Line]:
    """Yield the DATA lines of a group, after AGS4's rules 2 to 5 for groups and their lines.

    Raises
    ------
    ImportProblem
        When the file breaks these rules.
    """
    group: str | None = None
    headings: list[str] | None = None
    seen: set[str] = set()
    for line, row in table_rows(file, encoding=encoding, one_line=True):
        if not row:
            continue
        descriptor = row[0].strip()
        if descriptor not in _DESCRIPTORS:
            raise ImportProblem(
                line, f"{shown(row[0])} begins no line of AGS4; legal: {', '.join(_DESCRIPTORS)}"
            )
        if descriptor == "GROUP":
            if len(row) != 2 or not row[1]:
                raise ImportProblem(line, "a GROUP line has one name")
            group, headings = row[1], None
            if group in seen:
                raise ImportProblem(line, f"group {shown(group)} stands there twice")
            if len(seen) < 1000:
                seen.add(group)
        elif group is None:
            raise ImportProblem(line, f"a {descriptor} line before the first GROUP")
        elif descriptor == "HEADING":
            headings = row[1:]
            if len(set(headings)) != len(headings) or "" in headings:
                raise ImportProblem(line, f"a heading of {shown(group)} is empty or twice there")
        elif headings is None:
            raise ImportProblem(line, f"a {descriptor} line before HEADING in {shown(group)}")
        elif len(row) - 1 != len(headings):
            raise ImportProblem(
                line, f"{len(row) - 1} values for {len(headings)} headings of {shown(group)}"
            )
        elif descriptor == "DATA" and group == wanted:
            yield _Line(line, headings, row[1:])
