"""Readings as files: CSV, Parquet and AGS4, with units, flags and both times.

A line is a row of the store, (instrument, node, time), with a column per quantity and one with its
flags; a blank is an empty cell. Values are in canonical units, which the columns' names say. What
`postmine import` reads of such a CSV file is the same store again.
"""

from __future__ import annotations

import csv
import io
import itertools
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple, TextIO

from ingest.clock import iso, to_ns
from ingest.errors import ConfigurationError, ServiceError
from ingest.site import Site
from ingest.store import Reading, Store

_PAGE = 5_000
_PARQUET_BATCH = 20_000
_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True)
class Selection:
    """Which readings: start <= time < end, of instruments and quantities.

    Parameters
    ----------
    known_at
        Readings and corrections received later are left out.
    """

    site: Site
    instruments: tuple[str, ...]
    quantities: tuple[str, ...]
    start: datetime | None = None
    end: datetime | None = None
    known_at: datetime | None = None

    @classmethod
    def of(
        cls,
        site: Site,
        *,
        instruments: Sequence[str] | None = None,
        quantities: Sequence[str] | None = None,
        start: datetime | None = None,
        end: datetime | None = None,
        at: datetime | None = None,
        known_at: datetime | None = None,
    ) -> Selection:
        """Return a selection of what the site has; `at` is the last time.

        Raises
        ------
        ConfigurationError
            When the site has no such instrument, the instruments no such quantity, or it has
            other units in other instruments.
        """
        for name in instruments or ():
            if name not in site.instruments:
                raise ConfigurationError(
                    "instrument", value=name, legal=_few(list(site.instruments))
                )
        chosen = tuple(dict.fromkeys(instruments or site.instruments))
        measured = dict.fromkeys(
            quantity for name in chosen for quantity in site.type_of(name).quantities
        )
        for name in quantities or ():
            if name not in measured:
                raise ConfigurationError("quantity", value=name, legal=_few(list(measured)))
        if at is not None:
            until = at + _MICROSECOND
            end = until if end is None else min(end, until)
        wanted = tuple(dict.fromkeys(quantities or measured))
        for quantity in wanted:
            units = {
                found.canonical_unit
                for name in chosen
                if (found := site.type_of(name).quantities.get(quantity))
            }
            if len(units) > 1:
                raise ConfigurationError(
                    "instruments",
                    value=f"{quantity} in {', '.join(sorted(units))}",
                    legal="instruments with one unit for it",
                    cure="name those that you want",
                )
        return cls(site, chosen, wanted, start, end, known_at)

    def unit(self, quantity: str) -> str:
        """Return the canonical unit of a quantity of the selection."""
        for name in self.instruments:
            found = self.site.type_of(name).quantities.get(quantity)
            if found is not None:
                return found.canonical_unit
        raise KeyError(quantity)


class Line(NamedTuple):
    """One row: what one measuring point said at one moment."""

    time: datetime
    received: datetime
    instrument: str
    node: int
    values: dict[str, float]
    flags: dict[str, tuple[str, ...]]


def read_lines(store: Store, selection: Selection) -> Iterator[Line]:
    """Yield the rows of a selection, by instrument, time and node, a page at a time."""
    for name in selection.instruments:
        measured = selection.site.type_of(name).quantities
        wanted = [quantity for quantity in selection.quantities if quantity in measured]
        yield from _merge([_readings(store, selection, name, each) for each in wanted])


def _readings(
    store: Store, selection: Selection, instrument: str, quantity: str
) -> Iterator[Reading]:
    after: tuple[int, int] | None = None
    while True:
        page = store.readings(
            instrument,
            quantity,
            start=selection.start,
            end=selection.end,
            known_at=selection.known_at,
            limit=_PAGE,
            after=after,
        )
        yield from page
        if len(page) < _PAGE:
            return
        after = (to_ns(page[-1].time), page[-1].node)


def _merge(series: list[Iterator[Reading]]) -> Iterator[Line]:
    """Bring the quantities of one instrument together into rows."""
    import heapq

    ordered = heapq.merge(*series, key=lambda reading: (reading.time, reading.node))
    for (time, node), group in itertools.groupby(ordered, key=lambda each: (each.time, each.node)):
        readings = list(group)
        yield Line(
            time,
            max(reading.received for reading in readings),
            readings[0].instrument,
            node,
            {reading.quantity: reading.value for reading in readings},
            {reading.quantity: reading.flags for reading in readings if reading.flags},
        )


def header(selection: Selection) -> list[str]:
    """Return the names of the columns of CSV and Parquet."""
    names = ["time", "received", "instrument", "node"]
    for quantity in selection.quantities:
        names += [f"{quantity} [{selection.unit(quantity)}]", f"{quantity} flags"]
    return names


def csv_text(store: Store, selection: Selection) -> Iterator[str]:
    """Yield a CSV file in parts: one header row, then a line a row."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(header(selection))
    for count, line in enumerate(read_lines(store, selection), 1):
        writer.writerow(_cells(selection, line))
        if count % 500 == 0:
            yield _take(buffer)
    yield _take(buffer)


def _cells(selection: Selection, line: Line) -> list[str]:
    nodes = selection.site.instruments[line.instrument].nodes
    node = str(nodes[line.node]) if nodes else ""
    cells = [iso(line.time), iso(line.received), line.instrument, node]
    for quantity in selection.quantities:
        value = line.values.get(quantity)
        cells += ["" if value is None else repr(value), " ".join(line.flags.get(quantity, ()))]
    return cells


def _take(buffer: io.StringIO) -> str:
    text = buffer.getvalue()
    buffer.seek(0)
    buffer.truncate()
    return text


def write_export(
    store: Store, selection: Selection, form: str, path: Path, *, now: datetime
) -> int:
    """Write a file and return its number of rows; a file that is half written never stands there.

    Parameters
    ----------
    form
        One of `FORMATS`.
    now
        The date of production that AGS4 wants.

    Raises
    ------
    ConfigurationError
        When pyarrow is missing for Parquet, or AGS4 cannot hold a time.
    ServiceError
        When the file cannot be written.
    """
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        try:
            count = FORMATS[form](store, selection, part, now)
            part.replace(path)
        finally:
            with suppress(OSError):
                part.unlink(missing_ok=True)
    except OSError as error:
        raise ServiceError(f"{path} cannot be written: {error.strerror or error}") from error
    return count


def _write_csv(store: Store, selection: Selection, path: Path, _now: datetime) -> int:
    lines = -1  # the header is no row
    with path.open("w", encoding="utf-8", newline="") as file:
        for text in csv_text(store, selection):
            file.write(text)
            lines += text.count("\n")
    return lines


def _write_parquet(store: Store, selection: Selection, path: Path, _now: datetime) -> int:
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError as error:
        raise ConfigurationError(
            "--format",
            value="parquet",
            legal="csv, ags4 without pyarrow",
            cure="install it with: pip install 'postmine[parquet]'",
        ) from error
    moment = pa.timestamp("us", tz="UTC")
    fields = [("time", moment), ("received", moment), ("instrument", pa.string())]
    fields.append(("node", pa.string()))
    for quantity in selection.quantities:
        fields.append((f"{quantity} [{selection.unit(quantity)}]", pa.float64()))
        fields.append((f"{quantity} flags", pa.string()))
    schema = pa.schema(fields, metadata={"site": selection.site.name})
    lines = read_lines(store, selection)
    count = 0
    with pq.ParquetWriter(path, schema) as writer:
        while batch := list(itertools.islice(lines, _PARQUET_BATCH)):
            count += len(batch)
            rows = [_parquet_row(selection, line) for line in batch]
            columns = [pa.array(column, kind) for column, (_, kind) in _columns(rows, fields)]
            writer.write_table(pa.Table.from_arrays(columns, schema=schema))
    return count


def _parquet_row(selection: Selection, line: Line) -> list[object]:
    nodes = selection.site.instruments[line.instrument].nodes
    node = str(nodes[line.node]) if nodes else None
    row: list[object] = [line.time, line.received, line.instrument, node]
    for quantity in selection.quantities:
        row += [line.values.get(quantity), " ".join(line.flags.get(quantity, ()))]
    return row


def _columns(rows: list[list[object]], fields: list[Any]) -> Iterator[tuple[list[object], Any]]:
    for index, field in enumerate(fields):
        yield [row[index] for row in rows], field


#: MOND_TYPE of our quantities, by the abbreviations of the AGS4 4.1.1 dictionary. Quantities that
#: it does not have are written under their own names, which ABBR then explains, as rule 16 asks.
MOND_TYPES = {
    "air_temperature": ("TEMP", "Atmospheric temperature"),
    "atmospheric_pressure": ("BAR", "Barometric pressure at time of monitoring"),
    "conductivity": ("EC", "Electrical conductivity"),
    "displacement_a": ("DSPA", "Displacement in direction A"),
    "displacement_b": ("DSPB", "Displacement in direction B"),
    "flow": ("FLOW", "Flow"),
    "head": ("LEV", "Absolute position (Level)"),
    "ph": ("PH", "Potential of Hydrogen (pH)"),
    "pore_pressure": ("PRES", "Pressure"),
    "rain": ("RAIN", "Rainfall"),
    "settlement": ("DSPC", "Displacement in direction C"),
    "temperature": ("DOWNTEMP", "Downhole temperature"),
    "turbidity": ("TURB", "Turbidity"),
}
_SECONDS = "yyyy-mm-ddThh:mm:ss"
_AGS_UNITS = {
    "degC": "degrees Celsius",
    "kPa": "kilopascals",
    "m": "metres",
    "mm": "millimetres",
    "yyyy-mm-dd": "year month day",
    _SECONDS: "year month day hours minutes seconds",
}
_AGS_TYPES = {
    "ID": "Unique identifier",
    "X": "Text",
    "PA": "Text listed in ABBR group",
    "PU": "Text listed in UNIT group",
    "DT": "Date time in international format",
    "XN": "Text / numeric",
    "2DP": "Value; required number of decimal places",
}


def _write_ags4(store: Store, selection: Selection, path: Path, now: datetime) -> int:
    """Write PROJ, TRAN, LOCA, MONG, MOND and the groups that explain their words; times are UTC."""
    site, count = selection.site, 0
    with path.open("w", encoding="utf-8", newline="") as file:
        group = _ags_group(file)
        project = ("PROJ_ID", "ID", "", site.name), ("PROJ_NAME", "X", "", site.title["en"])
        group("PROJ", project, [[each[3] for each in project]])
        remark = "Times are UTC. LOCA_ID is the zone, MONG_ID the instrument. DSPC is settlement."
        transmission = (
            ("TRAN_ISNO", "X", "", "1"),
            ("TRAN_DATE", "DT", "yyyy-mm-dd", f"{now:%Y-%m-%d}"),
            ("TRAN_PROD", "X", "", "postmine"),
            ("TRAN_STAT", "X", "", "Export"),
            ("TRAN_DESC", "X", "", "Monitoring readings"),
            ("TRAN_AGS", "X", "", "4.1.1"),
            ("TRAN_RECV", "X", "", site.name),
            ("TRAN_DLIM", "X", "", "|"),
            ("TRAN_RCON", "X", "", "+"),
            ("TRAN_REM", "X", "", remark),
        )
        group("TRAN", transmission, [[each[3] for each in transmission]])
        zones = dict.fromkeys(site.instruments[name].zone for name in selection.instruments)
        group("LOCA", (("LOCA_ID", "ID", ""),), [[zone] for zone in zones])
        points = [
            [site.instruments[name].zone, name, depth, site.instruments[name].type]
            for name in selection.instruments
            for depth in _depths(site, name)
        ]
        key = ("LOCA_ID", "ID", ""), ("MONG_ID", "X", ""), ("MONG_DIS", "2DP", "m")
        group("MONG", (*key, ("MONG_DETL", "X", "")), points)
        group(
            "MOND",
            (
                *key,
                ("MOND_DTIM", "DT", _SECONDS),
                ("MOND_TYPE", "PA", ""),
                ("MOND_REF", "X", ""),
                ("MOND_RDNG", "XN", ""),
                ("MOND_UNIT", "PU", ""),
                ("MOND_NAME", "X", ""),
                ("MOND_REM", "X", ""),
            ),
            _ags_readings(read_lines(store, selection), selection, written := [0]),
        )
        count = written[0]
        units = dict.fromkeys([*map(selection.unit, selection.quantities), "m"])
        units |= dict.fromkeys(["yyyy-mm-dd", _SECONDS])
        group(
            "UNIT",
            (("UNIT_UNIT", "X", ""), ("UNIT_DESC", "X", "")),
            [[unit, _AGS_UNITS.get(unit, unit)] for unit in units],
        )
        group(
            "TYPE",
            (("TYPE_TYPE", "X", ""), ("TYPE_DESC", "X", "")),
            [list(each) for each in _AGS_TYPES.items()],
        )
        words = [["MOND_TYPE", *_mond_type(name)] for name in selection.quantities]
        group(
            "ABBR",
            (("ABBR_HDNG", "X", ""), ("ABBR_CODE", "X", ""), ("ABBR_DESC", "X", "")),
            words,
        )
    return count


def _ags_readings(
    lines: Iterator[Line], selection: Selection, written: list[int]
) -> Iterator[list[str]]:
    for line in lines:
        written[0] += 1
        if line.time.microsecond:
            raise ConfigurationError(
                "--format",
                value="ags4",
                legal="csv, parquet",
                cure=f"AGS4 holds whole seconds, and {line.instrument} has a reading at"
                f" {iso(line.time)}",
            )
        instrument = selection.site.instruments[line.instrument]
        depths = _depths(selection.site, line.instrument)
        stream = selection.site.type_of(line.instrument).nodes == "stream"
        for quantity, value in line.values.items():
            flags = " ".join(line.flags.get(quantity, ()))
            yield [
                instrument.zone,
                line.instrument,
                depths[line.node] if len(depths) > 1 else depths[0],
                f"{line.time:%Y-%m-%dT%H:%M:%S}",
                _mond_type(quantity)[0],
                str(instrument.nodes[line.node]) if stream else "",
                repr(value),
                selection.unit(quantity),
                quantity,
                f"flags: {flags}" if flags else "",
            ]


def _mond_type(quantity: str) -> tuple[str, str]:
    """Return the abbreviation of a quantity, and what it means."""
    return MOND_TYPES.get(quantity, (quantity.upper(), quantity.replace("_", " ")))


def _depths(site: Site, name: str) -> list[str]:
    """Return the MONG_DIS of each node; one that is blank for an instrument without depths."""
    if site.type_of(name).nodes != "depth":
        return [""]
    return [f"{node:.2f}" for node in site.instruments[name].nodes if not isinstance(node, str)]


def _ags_group(file: TextIO) -> Callable[..., None]:
    writer = csv.writer(file, quoting=csv.QUOTE_ALL, lineterminator="\r\n")

    def write(name: str, headings: Sequence[Sequence[str]], rows: Any) -> None:
        writer.writerow(["GROUP", name])
        writer.writerow(["HEADING", *(heading[0] for heading in headings)])
        writer.writerow(["UNIT", *(heading[2] for heading in headings)])
        writer.writerow(["TYPE", *(heading[1] for heading in headings)])
        writer.writerows(["DATA", *row] for row in rows)
        file.write("\r\n")

    return write


def _few(names: list[str]) -> str:
    return ", ".join(names[:20]) + (f" and {len(names) - 20} more" if len(names) > 20 else "")


#: Writers by format; each returns the number of rows.
FORMATS: dict[str, Callable[[Store, Selection, Path, datetime], int]] = {
    "csv": _write_csv,
    "parquet": _write_parquet,
    "ags4": _write_ags4,
}
