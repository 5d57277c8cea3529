"""Sparkplug B (Eclipse Sparkplug 3.0): births, data, deaths, and the request for a rebirth."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal

import msgspec

from ingest.decoder import (
    Decoded,
    Decoder,
    Heard,
    Outgoing,
    Sent,
    from_milliseconds,
    numeric,
)
from ingest.message import Message, MessageError, Status
from ingest.sparkplug import EdgeNode, Life, Value, parse, rebirth_request
from ingest.store import SenderStatus
from ingest.text import Reason, Text

_KINDS = ("NBIRTH", "NDATA", "NDEATH", "DBIRTH", "DDATA", "DDEATH")


class SparkplugB(Decoder):
    """Sparkplug B, protobuf: a device is `group/edge/device`, or `group/edge` for the node itself.

    Its sequence has to be followed in order, so one worker must hear all of it.
    """

    name = "sparkplug_b"
    topics = tuple(
        f"spBv1.0/+/{kind}/+" + ("/+" if kind.startswith("D") else "") for kind in _KINDS
    )

    def __init__(self, site: Any) -> None:
        super().__init__(site)
        #: Only nodes that the site knows are remembered, so that nobody can fill our memory.
        self._nodes = {_edge(device): EdgeNode() for device in self.devices}
        self._heard_something = False

    def at_start(self, now: datetime) -> Sequence[Outgoing]:
        """Ask nodes for their births, as far as they were told before we came."""
        return [_ask(edge, now) for edge, node in self._nodes.items() if not node.life.alive]

    def memory(self) -> bytes | None:
        """Return the lives of the nodes, if they have gone on."""
        if not self._heard_something:
            return None
        self._heard_something = False
        return msgspec.json.encode({edge: node.life for edge, node in self._nodes.items()})

    def recall(self, memory: bytes) -> None:
        """Go on with the lives of nodes that the site still has."""
        try:
            lives = msgspec.json.decode(memory, type=dict[str, Life])
        except msgspec.DecodeError:
            return  # they are asked for
        for edge in self._nodes.keys() & lives.keys():
            self._nodes[edge] = EdgeNode(lives[edge])

    def decode(self, sent: Sent) -> Decoded:
        """Return what node or device measured, and whether a rebirth is to be asked for."""
        parts = sent.topic.split("/")
        if len(parts) not in (4, 5) or parts[0] != "spBv1.0" or parts[2] not in _KINDS:
            raise MessageError(
                Reason(
                    Text(
                        "topic {topic}; legal: spBv1.0/GROUP/{kinds}/EDGE[/DEVICE]",
                        {"topic": repr(sent.topic), "kinds": "|".join(_KINDS)},
                    )
                )
            )
        kind, edge = parts[2], f"{parts[1]}/{parts[3]}"
        if (len(parts) == 5) != (kind[0] == "D"):
            raise MessageError(
                Reason(
                    Text(
                        "topic {topic}: {kind} is not of that level",
                        {"topic": repr(sent.topic), "kind": kind},
                    )
                )
            )
        device = f"{edge}/{parts[4]}" if len(parts) == 5 else edge
        node = self._nodes.get(edge)
        if node is None:
            self.known(device)
            raise MessageError(
                Reason(Text("edge node {edge} is not known at this site", {"edge": repr(edge)}))
            )
        payload = parse(sent.payload)
        self._heard_something = True
        if kind == "NDEATH":
            if not node.ends_by(payload):
                return Decoded()
            gone = [name for name in self.devices if _edge(name) == edge]
            return Decoded(statuses=[_status(name, "offline", sent.received) for name in gone])
        if kind == "NBIRTH":
            node.birth(payload)
            in_order = True
        else:
            in_order = node.follows(payload)
        if kind in ("NBIRTH", "DBIRTH") and in_order:
            node.learn(device, payload)
        asked = [] if in_order or not node.asks(sent.received) else [_ask(edge, sent.received)]
        state = {"BIRTH": "online", "DEATH": "offline"}.get(kind[1:])
        statuses = []
        if state is not None and device in self.devices:
            statuses = [_status(device, state, sent.received)]  # type: ignore[arg-type]
        if kind == "DDEATH" or (device == edge and device not in self.devices):
            return Decoded(statuses=statuses, outgoing=asked)
        wrong: list[str] = []
        heard: list[Heard] = []
        try:
            self.known(device)
            heard = self._heard(device, node.values(device, payload, wrong), wrong)
        except MessageError as error:
            wrong.append(str(error))
        return Decoded(heard, wrong, statuses, outgoing=asked)

    def _heard(self, device: str, values: Sequence[Value], wrong: list[str]) -> list[Heard]:
        """Return a message per moment."""
        moments: dict[int, dict[str, Any]] = {}
        for each in values:
            if each.time is None:
                wrong.append(
                    Reason(
                        Text(
                            "metric {metric} has no time, nor has its payload",
                            {"metric": repr(each.name[:64])},
                        )
                    )
                )
            else:
                moments.setdefault(each.time, {})[each.name] = each.value
        heard = []
        for milliseconds, items in moments.items():
            found = numeric(self.devices[device], items, wrong)
            if found:
                heard.append(Heard(device, Message(from_milliseconds(milliseconds), found)))
        return heard


def _edge(device: str) -> str:
    return "/".join(device.split("/")[:2])


def _ask(edge: str, received: datetime) -> Outgoing:
    group, _, node = edge.partition("/")
    return Outgoing(f"spBv1.0/{group}/NCMD/{node}", rebirth_request(received))


def _status(sender: str, state: Literal["online", "offline"], received: datetime) -> SenderStatus:
    return SenderStatus(
        sender=sender,
        state=state,
        received=received,
        document=msgspec.json.encode(Status(state=state, time=received)),
    )
