"""Every Flux query that is sent to InfluxDB, and how its answer is read.

Each aggregate is a pipeline of its own, `from |> range |> filter |> aggregate`, so that the storage
engine computes it: Flux that keeps the rows in a variable and aggregates them later is forty times
slower. Answers are CSV without annotations and are parsed as columns.
"""

from __future__ import annotations

import io
from collections.abc import Collection, Iterable
from typing import Literal

import numpy as np
import pandas as pd

from ingest.errors import ServiceError

#: The first and the last time that InfluxDB can hold [ns since 1970].
FIRST, LAST = -9_223_372_036_854_775_806, 9_223_372_036_854_775_806

#: Fields of a row beside its quantities.
RECEIVED, SEQUENCE = "received", "sequence"
#: Measurement of the computed series.
DERIVED = "derived"
#: Measurement that says whose bucket it is.
OWNER = "postmine_run"

AGGREGATES = ("min", "mean", "max", "count")


def rows(
    bucket: str,
    kind: str,
    instrument: str,
    quantity: str,
    *,
    start: int,
    stop: int,
    node: int | None = None,
    received: bool = False,
    limit: int | None = None,
) -> str:
    """Return the query for one quantity's values (`value`), and when they came (`received`).

    `limit` is the number of values per node, from `start` on.
    """
    source = _source(bucket, start, stop)
    one = _is("_measurement", [kind]) + " and " + _is("instrument", [instrument])
    if node is not None:
        one += " and " + _is("node", [str(node)])
    keep = '|> keep(columns: ["_time", "node", "_value"])'
    page = "" if limit is None else f"|> limit(n: {limit}) "
    # The answer's name says what it holds: times need all their digits.
    wanted = {"received" if quantity == RECEIVED else "value": quantity}
    if received:
        wanted["received"] = RECEIVED
    return "\n".join(
        f"{source} |> filter(fn: (r) => {one} and {_is('_field', [field])})"
        f' {page}{keep} |> yield(name: "{name}")'
        for name, field in wanted.items()
    )


def buckets(
    bucket: str,
    kind: str,
    instrument: str,
    quantity: str,
    *,
    start: int,
    stop: int,
    width: int,
    known_at: int | None,
) -> str:
    """Return the query for `AGGREGATES` by buckets of `width` ns, one result each.

    With `known_at` there is one more, `late`: the times of what was received after it.
    """
    source = _source(bucket, start, stop)
    one = _is("_measurement", [kind]) + " and " + _is("instrument", [instrument])
    keep = '|> keep(columns: ["_time", "node", "_value"])'
    parts = [
        f"{source} |> filter(fn: (r) => {one} and {_is('_field', [quantity])})"
        f" |> aggregateWindow(every: {width}ns, offset: {start % width}ns, fn: {name},"
        f' createEmpty: false, timeSrc: "_start") {keep} |> yield(name: "{name}")'
        for name in AGGREGATES
    ]
    if known_at is not None:
        parts.append(
            f"{source} |> filter(fn: (r) => {one} and {_is('_field', [RECEIVED])}"
            f' and r._value > {known_at}) {keep} |> yield(name: "late")'
        )
    return "\n".join(parts)


def last(bucket: str, kinds: Collection[str], quantities: Collection[str], stop: int) -> str:
    """Return the query for the last value of each series before `stop`: `value`, `received`."""
    source, of = _source(bucket, FIRST, stop), _is("_measurement", kinds)
    return "\n".join(
        f"{source} |> filter(fn: (r) => {of} and {_is('_field', fields)}) |> last()"
        f' |> keep(columns: ["_time", "instrument", "node", "_field", "_value"])'
        f' |> yield(name: "{name}")'
        for name, fields in (("value", quantities), ("received", [RECEIVED]))
    )


def stretch(
    bucket: str,
    kinds: Collection[str],
    instruments: Collection[str],
    quantities: Collection[str],
    start: int,
    stop: int,
    *,
    sequence: bool = False,
) -> str:
    """Return the query for all values of several instruments: `value`, `received`, `sequence`."""
    source = _source(bucket, start, stop)
    of = _is("_measurement", kinds) + " and " + _is("instrument", instruments)
    wanted = {"value": quantities} if quantities else {}
    wanted["received"] = [RECEIVED]
    if sequence:
        wanted["sequence"] = [SEQUENCE]
    return "\n".join(
        f"{source} |> filter(fn: (r) => {of} and {_is('_field', fields)})"
        f' |> keep(columns: ["_time", "instrument", "node", "_field", "_value"])'
        f' |> yield(name: "{name}")'
        for name, fields in wanted.items()
    )


def neighbours(
    bucket: str,
    kinds: Collection[str],
    instruments: Collection[str],
    quantities: Collection[str],
    start: int,
    stop: int,
    side: Literal["tail", "limit"],
    count: int,
) -> str:
    """Return the query for the last (`tail`) or first (`limit`) values of each series: `value`."""
    of = _is("_measurement", kinds) + " and " + _is("instrument", instruments)
    return (
        f"{_source(bucket, start, stop)}"
        f" |> filter(fn: (r) => {of} and {_is('_field', quantities)}) |> {side}(n: {count})"
        ' |> keep(columns: ["_time", "instrument", "node", "_field", "_value"])'
        ' |> yield(name: "value")'
    )


def owner(bucket: str) -> str:
    """Return the query for the number of the run that writes to a bucket: `owner`."""
    return (
        f"{_source(bucket, FIRST, LAST)} |> filter(fn: (r) => {_is('_measurement', [OWNER])}"
        f' and {_is("_field", ["run"])}) |> last() |> keep(columns: ["_time", "_value"])'
        ' |> yield(name: "owner")'
    )


def received_at(bucket: str, moments: Iterable[tuple[str, str, int, int]]) -> str:
    """Return the query for when rows came: (type, instrument, node, time in ns) -> `received`."""
    return "\n".join(
        f"{_source(bucket, time, time + 1)} |> filter(fn: (r) => {_is('_measurement', [kind])}"
        f" and {_is('instrument', [instrument])} and {_is('node', [str(node)])}"
        f" and {_is('_field', [RECEIVED])})"
        f' |> keep(columns: ["_time", "instrument", "node", "_value"]) |> yield(name: "r{index}")'
        for index, (kind, instrument, node, time) in enumerate(moments)
    )


def ends(bucket: str, kinds: Collection[str]) -> str:
    """Return the query for the first and the last time of each series: `first`, `last`."""
    one = f"{_is('_measurement', kinds)} and {_is('_field', [RECEIVED])}"
    return "\n".join(
        f"{_source(bucket, FIRST, LAST)} |> filter(fn: (r) => {one}) |> {name}()"
        f' |> keep(columns: ["_time", "instrument", "node"]) |> yield(name: "{name}")'
        for name in ("first", "last")
    )


def derived(bucket: str, series: str, subject: str | None, start: int, stop: int) -> str:
    """Return the query for all fields of a computed series: `numbers`, `known_at`, `words`."""
    one = _is("_measurement", [DERIVED]) + " and " + _is("series", [series])
    if subject is not None:
        one += " and " + _is("subject", [subject])
    return "\n".join(
        f"{_source(bucket, start, stop)} |> filter(fn: (r) => {one} and {_is('_field', fields)})"
        f' |> keep(columns: ["_time", "subject", "_field", "_value"]) |> yield(name: "{name}")'
        for name, fields in (
            ("numbers", ["value", "low", "high"]),
            ("known_at", ["known_at"]),
            ("words", ["unit", "model", "version", "unknown"]),
        )
    )


def reachable(bucket: str) -> str:
    """Return a query that costs nothing and fails unless the bucket may be read."""
    return f"{_source(bucket, 0, 1)} |> limit(n: 1)"


def parse(answer: bytes) -> dict[str, pd.DataFrame]:
    """Return the tables of an answer by the name of their `yield`; an empty result is not there.

    Columns are those that the query keeps; `_time` becomes `time` [ns since 1970], `_value`
    `value`, and `node` an integer.

    Raises
    ------
    ServiceError
        When InfluxDB broke off in the middle of its answer.
    """
    # One table per result would be slow where there are many: those of one shape are read at once.
    bodies: dict[tuple[bytes, type], list[bytes]] = {}
    for section in answer.split(b"\r\n\r\n"):
        header, _, body = section.strip(b"\r\n").partition(b"\r\n")
        if b"error" in header.split(b","):
            raise ServiceError(f"InfluxDB could not answer: {body.decode('utf-8', 'replace')}")
        if body:
            result = body.split(b",", 2)[1].decode()
            bodies.setdefault((header, _TYPES.get(result, int)), []).append(body)
    found: dict[str, pd.DataFrame] = {}
    for (header, kind), parts in bodies.items():
        body = b"\r\n".join(parts)
        if len(body) < _SMALL and b'"' not in body:
            columns = _split(header, body, kind)
        else:
            columns = _read(header, body, kind)
        table = pd.DataFrame(
            {_COLUMNS[name]: values for name, values in columns.items() if name in _COLUMNS}
        )
        results = columns["result"]
        if len(parts) == 1:
            found[str(results[0])] = table
        else:
            for name in dict.fromkeys(results):
                found[str(name)] = table[results == name]
    return found


def _split(header: bytes, body: bytes, kind: type) -> dict[str, np.ndarray]:
    """Return the columns of a short table without quotes; a CSV reader takes longer to set up."""
    lines = [line.split(",") for line in body.decode().split("\r\n")]
    columns: dict[str, np.ndarray] = {}
    for name, cells in zip(header.decode().split(","), zip(*lines, strict=True), strict=True):
        if name == "_time":
            moments = np.array([cell.removesuffix("Z") for cell in cells], dtype="datetime64[ns]")
            columns[name] = moments.astype("int64")
        elif name == "node":
            columns[name] = np.array(list(map(int, cells)), dtype="int64")
        elif name == "_value" and kind is not str:
            columns[name] = np.array(list(map(kind, cells)))
        else:
            columns[name] = np.array(cells, dtype=object)
    return columns


def _read(header: bytes, body: bytes, kind: type) -> dict[str, np.ndarray]:
    """Return the columns of a table of any size."""
    frame = pd.read_csv(
        io.BytesIO(header + b"\r\n" + body),
        keep_default_na=False,
        dtype=_TEXTS | {"_value": kind},
    )
    moments = pd.to_datetime(frame["_time"], format="ISO8601", utc=True)
    frame["_time"] = moments.to_numpy(dtype="datetime64[ns]").astype("int64")
    return {str(name): frame[name].to_numpy() for name in frame}


#: What `_value` holds, by result; the others hold integers.
_TYPES: dict[str, type] = {"value": float, "numbers": float, "words": str} | dict.fromkeys(
    AGGREGATES, float
)
_TEXTS = dict.fromkeys(("result", "subject", "instrument", "_field"), str)
_COLUMNS = {
    "_time": "time",
    "node": "node",
    "instrument": "instrument",
    "subject": "subject",
    "_field": "field",
    "_value": "value",
}
#: Bytes up to which splitting lines is quicker than a CSV reader.
_SMALL = 200_000


def _source(bucket: str, start: int, stop: int) -> str:
    return (
        f"from(bucket: {_quoted(bucket)})"
        f" |> range(start: {_moment(start)}, stop: {_moment(max(stop, start + 1))})"
    )


def _is(column: str, values: Collection[str]) -> str:
    """Return a condition that a column holds one of the values."""
    conditions = " or ".join(f"r.{column} == {_quoted(value)}" for value in sorted(set(values)))
    return f"({conditions})"


def _moment(ns: int) -> str:
    bounded = min(max(ns, FIRST), LAST)
    return f"{np.datetime_as_string(np.datetime64(bounded, 'ns'))}Z"


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("${", "\\${")
    return '"' + escaped.replace("\n", "\\n").replace("\r", "\\r") + '"'
