"""SenML (RFC 8428): packs in JSON and CBOR, resolved to records that stand alone."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

import cbor2
import msgspec

from ingest.message import MessageError
from ingest.text import Reason, Text

#: RFC 8428, section 4.4: versions above this one are not ours to read.
VERSION = 10
#: RFC 8428, section 4.5.3: smaller times are relative to now [s].
RELATIVE_BELOW = 2**28
#: A pack is an array of maps; links and other extensions are not nested deeper than this.
DEEPEST = 8

#: RFC 8428, table 4: labels of CBOR.
_LABELS = {
    -6: "bs",
    -5: "bv",
    -4: "bu",
    -3: "bt",
    -2: "bn",
    -1: "bver",
    0: "n",
    1: "u",
    2: "v",
    3: "vs",
    4: "vb",
    5: "s",
    6: "t",
    7: "ut",
    8: "vd",
}
_NUMBERS = ("bt", "bv", "bs", "bver", "v", "s", "t", "ut")
_TEXTS = ("bn", "bu", "n", "u", "vs")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9\-:./_]*", re.ASCII)
_json = msgspec.json.Decoder(list[dict[str, Any]])


class Record(NamedTuple):
    """One resolved record.

    Parameters
    ----------
    time
        Seconds since 1970.
    value
        A number, text, truth value, or (base64 or bytes) data; None where it has only a sum.
    sum
        Integrated value, where it is given.
    """

    name: str
    unit: str | None
    time: float
    value: float | str | bool | bytes | None
    sum: float | None = None


def read_pack(payload: bytes) -> list[dict[str, Any]]:
    """Return the records of a pack as they were written; the first byte tells JSON from CBOR.

    Raises
    ------
    MessageError
        When it is neither.
    """
    if payload[:1] and payload[0] >> 5 == 4:
        return _read_cbor(payload)
    try:
        return _json.decode(payload)
    except RecursionError as error:
        raise MessageError(Reason(Text("JSON nested too deeply"))) from error
    except UnicodeDecodeError as error:
        raise MessageError(Reason(Text("payload is not UTF-8 text"))) from error
    except msgspec.ValidationError as error:
        raise MessageError(
            Reason(Text("payload is no SenML pack: {error}", {"error": str(error)}))
        ) from error
    except msgspec.DecodeError as error:
        raise MessageError(
            Reason(Text("payload is neither SenML JSON nor CBOR: {error}", {"error": str(error)}))
        ) from error


def resolve(pack: list[dict[str, Any]], now: float) -> list[Record]:
    """Return the records with their base values in them (RFC 8428, section 4.6).

    Parameters
    ----------
    now
        When the pack came, in seconds since 1970, for relative times [s].

    Raises
    ------
    MessageError
        When a record breaks the rules: then nothing after it can be resolved for sure.
    """
    base: dict[str, Any] = {"bn": "", "bt": 0, "bu": None, "bv": None, "bs": None}
    records: list[Record] = []
    for index, written in enumerate(pack):
        _check(index, written)
        base.update((key, written[key]) for key in base if key in written)
        if written.get("bver", VERSION) > VERSION:
            raise MessageError(
                Reason(
                    Text(
                        "SenML version {version}; legal: up to {most}",
                        {"version": repr(written["bver"]), "most": VERSION},
                    )
                )
            )
        value = _value(written)
        total = written.get("s")
        if value is None and total is None and not {"n", "u", "t"} & written.keys():
            continue  # base values alone
        if base["bv"] is not None and (value is None or _is_number(value)):
            value = base["bv"] + (value or 0)
        if base["bs"] is not None:
            total = base["bs"] + (total or 0)
        if value is None and total is None:
            raise MessageError(Reason(Text("record {index} has no value", {"index": index})))
        name = base["bn"] + written.get("n", "")
        if not _NAME.fullmatch(name):
            raise MessageError(
                Reason(
                    Text(
                        "record {index} is named {name}; legal: RFC 8428, 4.5.1",
                        {"index": index, "name": repr(name[:64])},
                    )
                )
            )
        time = base["bt"] + written.get("t", 0)
        if time < RELATIVE_BELOW:
            time += now
        records.append(Record(name, written.get("u", base["bu"]), time, value, total))
    return records


def _check(index: int, written: dict[str, Any]) -> None:
    for key in _NUMBERS:
        value = written.get(key)
        if key in written and not (_is_number(value) and -1e300 < value < 1e300):  # type: ignore[operator]
            raise MessageError(
                Reason(Text("record {index}: {key} is not a number", {"index": index, "key": key}))
            )
    for key in _TEXTS:
        if key in written and not isinstance(written[key], str):
            raise MessageError(
                Reason(Text("record {index}: {key} is not a text", {"index": index, "key": key}))
            )
    if "vb" in written and not isinstance(written["vb"], bool):
        raise MessageError(
            Reason(Text("record {index}: vb is not true or false", {"index": index}))
        )
    if "vd" in written and not isinstance(written["vd"], str | bytes):
        raise MessageError(Reason(Text("record {index}: vd is not data", {"index": index})))
    if sum(key in written for key in ("v", "vs", "vb", "vd")) > 1:
        raise MessageError(Reason(Text("record {index} has more than one value", {"index": index})))
    for key in written:
        if key.endswith("_"):
            raise MessageError(
                Reason(
                    Text(
                        "record {index} has {key}, which is not known here",
                        {"index": index, "key": repr(key[:64])},
                    )
                )
            )


def _value(written: dict[str, Any]) -> float | str | bool | bytes | None:
    for key in ("v", "vs", "vb", "vd"):
        if key in written:
            value: float | str | bool | bytes = written[key]
            return value
    return None


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _read_cbor(payload: bytes) -> list[dict[str, Any]]:
    _bounded(payload)
    try:
        pack = cbor2.loads(payload)
    except Exception as error:  # cbor2 raises many kinds for malformed bytes
        raise MessageError(
            Reason(Text("payload is not CBOR: {error}", {"error": type(error).__name__}))
        ) from error
    if not isinstance(pack, list):
        raise MessageError(Reason(Text("payload is no SenML pack: it is not an array")))
    records = []
    for index, written in enumerate(pack):
        if not isinstance(written, dict):
            raise MessageError(
                Reason(
                    Text("payload is no SenML pack: record {index} is not a map", {"index": index})
                )
            )
        named = {
            _LABELS.get(key, key) if isinstance(key, int) else key: written[key] for key in written
        }
        if not all(isinstance(key, str | int) for key in named):
            raise MessageError(
                Reason(
                    Text(
                        "record {index} has a label that is neither text nor number",
                        {"index": index},
                    )
                )
            )
        records.append({str(key): value for key, value in named.items()})
    return records


def _bounded(payload: bytes) -> None:
    """Walk over CBOR without building anything: lengths, nesting, and no tags.

    A few bytes can promise 2**64 items or nest without end; what passes here is no larger in
    memory than a small multiple of the payload.
    """
    position, end = 0, len(payload)
    open_items: list[int] = [1]  # how many items are still to come per level; -1: until a break
    while open_items:
        if open_items[-1] == 0:
            open_items.pop()
            continue
        if position >= end:
            raise MessageError(Reason(Text("payload is not CBOR: it ends too early")))
        head = payload[position]
        position += 1
        major, info = head >> 5, head & 31
        if head == 0xFF and open_items[-1] == -1:
            open_items.pop()
            continue
        if open_items[-1] > 0:
            open_items[-1] -= 1
        size = {24: 1, 25: 2, 26: 4, 27: 8}.get(info, 0)
        if info in (28, 29, 30) or (info == 31 and major not in (4, 5)):
            raise MessageError(Reason(Text("payload is not CBOR, or streams its texts")))
        count = int.from_bytes(payload[position : position + size], "big") if size else info
        position += size
        if major in (2, 3):
            position += count
        elif major in (4, 5):
            if len(open_items) > DEEPEST:
                raise MessageError(Reason(Text("CBOR nested too deeply")))
            if info != 31 and count * (major - 3) > end - position:
                raise MessageError(Reason(Text("payload is not CBOR: it ends too early")))
            open_items.append(-1 if info == 31 else count * (major - 3))
        elif major == 6:
            raise MessageError(Reason(Text("CBOR has a tag; legal here: plain numbers and texts")))
    if position != end:
        raise MessageError(
            Reason(Text("payload is not CBOR: bytes follow the pack, or it ends too early"))
        )
