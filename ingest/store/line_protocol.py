"""Rows and computed points as InfluxDB's line protocol: one line a row, times in ns."""

from __future__ import annotations

from collections.abc import Iterable

from ingest.clock import to_ns
from ingest.store import Derived, Row
from ingest.store.flux import DERIVED

_TAG = str.maketrans({",": r"\,", "=": r"\=", " ": r"\ ", "\n": r"\ "})
_STRING = str.maketrans({"\\": r"\\", '"': r"\""})


def row_lines(rows: Iterable[Row]) -> list[str]:
    """Return one line per row: measurement = type, tags = instrument and node, field = quantity.

    Names of types, instruments and quantities hold nothing that must be escaped.
    """
    lines = []
    for kind, instrument, node, time, received, sequence, values, _ in rows:
        fields = ",".join([f"{name}={value!r}" for name, value in values.items()])
        number = "" if sequence is None else f",sequence={sequence}i"
        lines.append(
            f"{kind},instrument={instrument},node={node} "
            f"{fields}{',' if fields else ''}received={received}i{number} {time}"
        )
    return lines


def derived_lines(points: Iterable[Derived]) -> list[str]:
    """Return one line per point; `unknown` names what has no value.

    InfluxDB keeps a field until it is written again, so a number that is not known any more
    would otherwise come back.
    """
    lines = []
    for point in points:
        numbers = {"value": point.value, "low": point.low, "high": point.high}
        fields = [f"{name}={number!r}" for name, number in numbers.items() if number is not None]
        words = {
            "unit": point.unit,
            "model": point.model,
            "version": point.version,
            "unknown": " ".join(name for name, number in numbers.items() if number is None),
        }
        fields += [f'{name}="{word.translate(_STRING)}"' for name, word in words.items()]
        lines.append(
            f"{DERIVED},series={point.series.translate(_TAG)},"
            f"subject={point.subject.translate(_TAG)} {','.join(fields)},"
            f"known_at={to_ns(point.known_at)}i {to_ns(point.time)}"
        )
    return lines
