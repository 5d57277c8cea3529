"""What a file does not say of itself: which column is which quantity of which instrument.

A map is a YAML file: format, time zone, decimal mark, blanks, and a block per column (CSV, TOA5)
or per kind of reading (AGS4).
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from functools import cached_property
from pathlib import Path
from typing import Literal, NamedTuple
from zoneinfo import ZoneInfo

from pydantic import Field, field_validator, model_validator

from ingest.errors import ConfigurationError
from ingest.site import KeyName, Site, WireName
from ingest.units import conversion
from ingest.yaml_file import Configured, read_yaml

_OFFSET = re.compile(r"([+-])(\d\d):(\d\d)")
_NUMBER = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?")
_LONGEST_NUMBER = 60
#: Other people's names of units that ours have.
_UNIT_WORDS = {
    "%": "percent",
    "Deg C": "degC",
    "DegC": "degC",
    "oC": "degC",
    "°C": "degC",
    "deg C": "degC",
    "mS/m": "mS/m",
    "pH units": "pH",
    "µS/cm": "uS/cm",
}


class Column(Configured):
    """What one column, or one kind of reading, is.

    Parameters
    ----------
    node
        Depth [m] or name of the node, of an instrument that has nodes.
    unit
        Unit in the file; by default the instrument type's unit on the wire.
    sign
        -1 where the file counts the other way.
    """

    instrument: WireName
    quantity: KeyName
    node: float | str | None = None
    unit: str | None = None
    sign: Literal[1, -1] = 1


class MonitoringType(Configured):
    """What an AGS4 MOND_TYPE is at this site; its unit stands in the file."""

    quantity: KeyName
    unit: str | None = None
    sign: Literal[1, -1] = 1


class TimeColumns(Configured):
    """Where a CSV file has its time.

    Parameters
    ----------
    columns
        One column, or two (date and time), which are joined by a space.
    format
        As of `strptime`, with a year of four digits; by default ISO 8601.
    """

    columns: tuple[str, ...] = ("time",)
    format: str | None = None

    @model_validator(mode="after")
    def _check(self) -> TimeColumns:
        if not 1 <= len(self.columns) <= 2:
            raise ValueError("columns: one, or two (date and time)")
        if self.format is not None and "%Y" not in self.format:
            raise ValueError("format: a year of four digits (%Y); two digits are a guess")
        return self


class ImportMap(Configured):
    """How files of one source are read.

    Parameters
    ----------
    format
        Name of the importer.
    time_zone
        Of times that carry none: an offset such as +07:00 (what a logger keeps all year), or a
        name such as Asia/Krasnoyarsk.
    blanks
        Texts that mean "no value".
    header_row, first_row
        Lines of a CSV file with the names of the columns and with the first values.
    columns
        CSV and TOA5: by the column's name in the file. Other columns are left out.
    points
        AGS4: instrument by "LOCA_ID/MONG_ID"; without it MONG_ID is the instrument's name.
    types
        AGS4: what each MOND_TYPE is; other types are left out.
    """

    format: Literal["csv", "toa5", "ags4"]
    time_zone: str | None = None
    encoding: Literal["utf-8", "cp1251", "cp1252", "cp866", "koi8-r", "latin-1"] = "utf-8"
    delimiter: str = Field(default=",", min_length=1, max_length=1)
    decimal: Literal[".", ","] = "."
    blanks: tuple[str, ...] = ("", "NAN", "NaN", "INF", "-INF")
    header_row: int = Field(default=1, ge=1, le=1000)
    first_row: int | None = Field(default=None, ge=2, le=1001)
    time: TimeColumns = TimeColumns()
    columns: dict[str, Column] = Field(default_factory=dict)
    points: dict[str, WireName] = Field(default_factory=dict)
    types: dict[str, MonitoringType] = Field(default_factory=dict)

    @field_validator("time_zone")
    @classmethod
    def _known_zone(cls, value: str | None) -> str | None:
        if value is not None:
            _zone(value)
        return value

    @field_validator("delimiter")
    @classmethod
    def _usable(cls, value: str) -> str:
        if value in '"\r\n' or value.isalnum():
            raise ValueError('one mark such as , ; or "\\t"')
        return value

    @model_validator(mode="after")
    def _check(self) -> ImportMap:
        if self.decimal == self.delimiter:
            raise ValueError("delimiter: another mark than the decimal one")
        if self.format != "ags4" and not self.columns:
            raise ValueError("columns: at least one")
        if self.first_row is not None and self.first_row <= self.header_row:
            raise ValueError("first_row: below header_row")
        return self

    @cached_property
    def zone(self) -> tzinfo | None:
        """The zone of times without one; None: such times are refused."""
        return None if self.time_zone is None else _zone(self.time_zone)


def load_map(path: Path, site: Site) -> ImportMap:
    """Return a map whose instruments and quantities are those of the site.

    Raises
    ------
    ConfigurationError
        When the file is wrong, or names what the site does not have.
    """
    found = read_yaml(path, ImportMap)
    for name, column in found.columns.items():
        try:
            place(site, column)
        except ConfigurationError as error:
            raise ConfigurationError(f"columns.{name}: {error}", file=path) from error
    for name, instrument in found.points.items():
        if instrument not in site.instruments:
            raise ConfigurationError(f"points.{name}: {_unknown(site, instrument)}", file=path)
    return found


class Place(NamedTuple):
    """Where the values of a column go: `stored = value * scale + offset`."""

    instrument: str
    quantity: str
    node: int | None
    nodes: int
    scale: float
    offset: float


def place(site: Site, column: Column) -> Place:
    """Return where a column's values go.

    Raises
    ------
    ConfigurationError
        When the site has no such instrument, quantity or node, or the unit does not fit.
    """
    instrument = site.instruments.get(column.instrument)
    if instrument is None:
        raise ConfigurationError(_unknown(site, column.instrument))
    quantities = site.type_of(column.instrument).quantities
    quantity = quantities.get(column.quantity)
    if quantity is None:
        raise ConfigurationError("quantity", value=column.quantity, legal=", ".join(quantities))
    node = node_index(instrument.nodes, column.node)
    unit = column.unit or quantity.unit
    scale, offset = conversion(_UNIT_WORDS.get(unit, unit), quantity.canonical_unit)
    return Place(
        column.instrument,
        column.quantity,
        node,
        instrument.node_count,
        column.sign * scale,
        offset,
    )


def node_index(nodes: tuple[float | str, ...], node: float | str | None) -> int | None:
    """Return the index of a node by its depth or name; None where there are no nodes.

    Raises
    ------
    ConfigurationError
        When there is no such node, or none is given where there are several.
    """
    if not nodes:
        if node is None:
            return None
        raise ConfigurationError("node", value=node, legal="none: the instrument has no nodes")
    for index, known in enumerate(nodes):
        if known == node:
            return index
    raise ConfigurationError("node", value=node, legal=", ".join(map(str, nodes)))


def read_number(text: str, blanks: tuple[str, ...], decimal: str) -> float | None:
    """Return the number of a cell, None for a blank.

    Raises
    ------
    ValueError
        When it is neither.
    """
    text = text.strip()
    if text in blanks:
        return None
    plain = text
    if decimal == ",":
        plain = "" if "." in text else text.replace(",", ".", 1)
    if len(plain) <= _LONGEST_NUMBER and _NUMBER.fullmatch(plain):
        number = float(plain)
        if abs(number) != float("inf"):
            return number
    raise ValueError(f"{shown(text)} is no number with the decimal mark {decimal!r}, and no blank")


def read_time(text: str, zone: tzinfo | None, form: str | None = None) -> datetime:
    """Return the time of a cell in UTC.

    Raises
    ------
    ValueError
        When it is none, has no zone and the map neither, or a change of clocks makes it two.
    """
    text = text.strip()
    try:
        time = datetime.fromisoformat(text) if form is None else datetime.strptime(text, form)  # noqa: DTZ007
    except ValueError as error:
        wanted = "ISO 8601" if form is None else form
        raise ValueError(f"{shown(text)} is no time; expected: {wanted}") from error
    try:
        if time.tzinfo is None:
            if zone is None:
                raise ValueError(f"{shown(text)} has no time zone; set time_zone in the map")
            time = time.replace(tzinfo=zone)
            if time.utcoffset() != time.replace(fold=1).utcoffset():
                raise ValueError(
                    f"{shown(text)} falls into a change of clocks in {zone}: it is twice or never;"
                    " set time_zone to the logger's own offset, such as +07:00"
                )
        return time.astimezone(UTC)
    except OverflowError as error:
        raise ValueError(f"{shown(text)} is out of the calendar") from error


def shown(text: str) -> str:
    """Return a cell for a message: quoted, and not longer than people read."""
    return repr(text if len(text) <= 40 else f"{text[:37]}...")


def _zone(name: str) -> tzinfo:
    offset = _OFFSET.fullmatch(name)
    if offset:
        minutes = int(offset[2]) * 60 + int(offset[3])
        if int(offset[2]) <= 14 and int(offset[3]) < 60:
            return timezone((-1 if offset[1] == "-" else 1) * timedelta(minutes=minutes))
    else:
        try:
            return ZoneInfo(name)
        except (KeyError, ValueError, OSError):
            pass
    raise ValueError("an offset such as +07:00, or a name such as Asia/Krasnoyarsk")


def _unknown(site: Site, instrument: str) -> str:
    return f"instrument {instrument!r} is not known at the site {site.name}; add it to site.yaml"
