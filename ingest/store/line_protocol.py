"""Rows and computed points as InfluxDB's line protocol: one line a row, times in ns."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from ingest.clock import to_ns
from ingest.store import Derived, Row
from ingest.store.flux import DERIVED

_TAG = str.maketrans({",": r"\,", "=": r"\=", " ": r"\ ", "\n": r"\ "})
_numbers = msgspec.json.Encoder()
_STRING = str.maketrans({"\\": r"\\", '"': r"\""})


def row_lines(rows: Sequence[Row]) -> list[str]:
    """Return one line per row: measurement = type, tags = instrument and node, field = quantity.

    Names of types, instruments and quantities hold nothing that must be escaped.
    """
    if not rows:
        return []
    # One pass of an encoder in C writes every number; what it writes is turned into fields.
    written = _numbers.encode([row.values for row in rows]).decode()
    fields = written[2:-2].replace('":', "=").replace(',"', ",").split("},{")
    return [
        f"{row.type},instrument={row.instrument},node={row.node} "
        f"{field[1:]}{',' if field else ''}received={row.received}i"
        f"{'' if row.sequence is None else f',sequence={row.sequence}i'} {row.time}"
        for row, field in zip(rows, fields, strict=True)
    ]


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
