"""Sparkplug B: its payload, and what one has to remember of an edge node.

The payload is protobuf; the message types below are those fields of the Eclipse Tahu definition
(`sparkplug_b.proto`, specification 3.0.0, chapter 6.4) that a reading can come in. All others are
passed over as fields that are not known, which is how protobuf means it.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, NamedTuple

import msgspec
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.message import DecodeError

from ingest.message import MessageError
from ingest.text import Reason, Text

#: After this time a rebirth is asked for again. Design assumption.
ASK_AGAIN = timedelta(seconds=30)
REBIRTH = "Node Control/Rebirth"

_FIELD = descriptor_pb2.FieldDescriptorProto
_BOOLEAN = 11
#: Bits of the signed data types Int8, Int16, Int32 and Int64; negative values come as unsigned.
_SIGNED_BITS = {1: 32, 2: 32, 3: 32, 4: 64}


def _messages() -> tuple[type[Any], type[Any]]:
    file = descriptor_pb2.FileDescriptorProto(
        name="postmine_sparkplug_b.proto", package="postmine.sparkplug_b", syntax="proto2"
    )
    payload = file.message_type.add(name="Payload")
    metric = file.message_type.add(name="Metric")
    for message, name, number, kind in (
        (payload, "timestamp", 1, _FIELD.TYPE_UINT64),
        (payload, "seq", 3, _FIELD.TYPE_UINT64),
        (metric, "name", 1, _FIELD.TYPE_BYTES),  # text, which may be no UTF-8
        (metric, "alias", 2, _FIELD.TYPE_UINT64),
        (metric, "timestamp", 3, _FIELD.TYPE_UINT64),
        (metric, "datatype", 4, _FIELD.TYPE_UINT32),
        (metric, "is_historical", 5, _FIELD.TYPE_BOOL),
        (metric, "is_transient", 6, _FIELD.TYPE_BOOL),
        (metric, "is_null", 7, _FIELD.TYPE_BOOL),
    ):
        message.field.add(name=name, number=number, type=kind, label=_FIELD.LABEL_OPTIONAL)
    payload.field.add(
        name="metrics",
        number=2,
        type=_FIELD.TYPE_MESSAGE,
        label=_FIELD.LABEL_REPEATED,
        type_name=".postmine.sparkplug_b.Metric",
    )
    metric.oneof_decl.add(name="value")
    for name, number, kind in (
        ("int_value", 10, _FIELD.TYPE_UINT32),
        ("long_value", 11, _FIELD.TYPE_UINT64),
        ("float_value", 12, _FIELD.TYPE_FLOAT),
        ("double_value", 13, _FIELD.TYPE_DOUBLE),
        ("boolean_value", 14, _FIELD.TYPE_BOOL),
        ("string_value", 15, _FIELD.TYPE_BYTES),
        ("bytes_value", 16, _FIELD.TYPE_BYTES),
        ("dataset_value", 17, _FIELD.TYPE_BYTES),
        ("template_value", 18, _FIELD.TYPE_BYTES),
    ):
        metric.field.add(
            name=name, number=number, type=kind, label=_FIELD.LABEL_OPTIONAL, oneof_index=0
        )
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    found = [
        message_factory.GetMessageClass(pool.FindMessageTypeByName(f"postmine.sparkplug_b.{name}"))
        for name in ("Payload", "Metric")
    ]
    return found[0], found[1]


Payload, Metric = _messages()


class Value(NamedTuple):
    """One metric with its name found.

    Parameters
    ----------
    time
        Milliseconds since 1970, None where neither metric nor payload says it.
    value
        Number, truth value or bytes; None for a blank.
    """

    name: str
    time: int | None
    value: Any


def parse(payload: bytes) -> Any:
    """Return a payload.

    Raises
    ------
    MessageError
        When it is none.
    """
    try:
        return Payload.FromString(payload)
    except (DecodeError, RecursionError, ValueError) as error:
        raise MessageError(
            Reason(Text("payload is not Sparkplug B: {error}", {"error": str(error)}))
        ) from error


def rebirth_request(received: datetime) -> bytes:
    """Return the command that asks an edge node for its births."""
    payload = Payload(timestamp=int(received.timestamp() * 1000))
    metric = payload.metrics.add(name=REBIRTH.encode(), datatype=_BOOLEAN)
    metric.timestamp, metric.boolean_value = payload.timestamp, True
    encoded: bytes = payload.SerializeToString()
    return encoded


class Life(msgspec.Struct):
    """What is known of the present life of an edge node.

    Parameters
    ----------
    sequence
        Of its last message.
    death
        Number under which its death will be told.
    born, last
        Times of its birth and of its latest message [ms since 1970].
    names, types
        Name by alias, and data type by name, of each device.
    """

    alive: bool = False
    sequence: int | None = None
    death: int | None = None
    born: int | None = None
    last: int | None = None
    names: dict[str, dict[int, str]] = {}
    types: dict[str, dict[str, int]] = {}


class EdgeNode:
    """What one edge node has told: its births' aliases, and where its sequence stands.

    Aliases hold from a birth on. After a gap in the sequence a birth may have been missed, so they
    are not used until the next one: a value under a wrong name is worse than none.
    """

    def __init__(self, life: Life | None = None) -> None:
        self.life = life or Life()
        self._asked: datetime | None = None

    def birth(self, payload: Any) -> None:
        """Begin anew with the node's own birth; its devices are to be born again too."""
        self._asked = None
        born = _time(payload)
        self.life = Life(
            alive=True, sequence=payload.seq, death=_death_number(payload), born=born, last=born
        )

    def ends_by(self, payload: Any) -> bool:
        """Return whether a death is that of the present life, and not a late one of another."""
        number = _death_number(payload)
        if number is not None and self.life.death is not None and number != self.life.death:
            return False
        self.life.alive = False
        return True

    def follows(self, payload: Any) -> bool:
        """Return whether this message is the next one, or one of this life once more.

        A broker that was killed sends its last moments again; such a message is known by its time.
        """
        life, time, sequence = self.life, _time(payload), payload.seq
        last = life.sequence
        if life.alive and last is not None and sequence in (last, (last + 1) % 256):
            life.sequence = sequence
            if time is not None and (life.last is None or time > life.last):
                life.last = time
            return True
        if (
            life.alive
            and time is not None
            and life.born is not None
            and life.last is not None
            and life.born <= time < life.last
        ):
            return True
        life.sequence, life.alive = sequence, False
        return False

    def asks(self, received: datetime) -> bool:
        """Return whether it is time to ask for a rebirth."""
        if self._asked is not None and timedelta() <= received - self._asked < ASK_AGAIN:
            return False
        self._asked = received
        return True

    def learn(self, device: str, payload: Any) -> None:
        """Take names, aliases and types of a birth."""
        names: dict[int, str] = {}
        types: dict[str, int] = {}
        for metric in payload.metrics:
            name = _text(metric.name)
            if metric.HasField("alias"):
                names[metric.alias] = name
            types[name] = metric.datatype
        self.life.names[device], self.life.types[device] = names, types

    def values(self, device: str, payload: Any, wrong: list[str]) -> list[Value]:
        """Return the metrics of a message; add what cannot be understood to `wrong`."""
        names, types = self.life.names.get(device, {}), self.life.types.get(device, {})
        found = []
        for metric in payload.metrics:
            if metric.is_transient:
                continue  # not meant to be stored (specification 3.0.0, 6.4.6)
            try:
                name = _text(metric.name) if metric.name else self._named(metric, names)
            except MessageError as error:
                wrong.append(str(error))
                continue
            if name == "bdSeq" or name.startswith(("Node Control/", "Device Control/")):
                continue
            if metric.HasField("timestamp"):
                time: int | None = metric.timestamp
            elif metric.is_historical:
                wrong.append(
                    Reason(
                        Text(
                            "metric {name} is historical and has no time", {"name": repr(name[:64])}
                        )
                    )
                )
                continue
            else:
                time = payload.timestamp if payload.HasField("timestamp") else None
            found.append(Value(name, time, _value(metric, metric.datatype or types.get(name, 0))))
        return found

    def _named(self, metric: Any, names: dict[int, str]) -> str:
        if self.life.alive and metric.alias in names:
            return names[metric.alias]
        raise MessageError(
            Reason(
                Text(
                    "metric with alias {alias}, whose birth is not known; a rebirth is asked for",
                    {"alias": metric.alias},
                )
            )
        )


def _value(metric: Any, datatype: int) -> Any:
    kind = metric.WhichOneof("value")
    if metric.is_null or kind is None:
        return None
    value = getattr(metric, kind)
    bits = _SIGNED_BITS.get(datatype)
    if bits and kind in ("int_value", "long_value") and value >> (bits - 1):
        return value - (1 << bits)
    return value


def _time(payload: Any) -> int | None:
    return payload.timestamp if payload.HasField("timestamp") else None


def _death_number(payload: Any) -> int | None:
    for metric in payload.metrics:
        if metric.name == b"bdSeq":
            number = _value(metric, metric.datatype)
            return number if isinstance(number, int) else None
    return None


def _text(name: bytes) -> str:
    try:
        return name.decode()
    except UnicodeDecodeError as error:
        raise MessageError(Reason(Text("a metric's name is not UTF-8 text"))) from error
