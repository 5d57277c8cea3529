"""Sparkplug B: what an edge node tells is followed from birth to death."""

from __future__ import annotations

from datetime import timedelta

import pytest

from ingest.decoder import Decoded, Decoder, Sent, decoders
from ingest.message import MessageError
from ingest.site import Site
from ingest.sparkplug import ASK_AGAIN, Payload
from tests.ingest.decoders.samples import DEVICE_BIRTH, NODE_BIRTH, NOW, sparkplug

PROBE = "mine/edge-1/probe"


@pytest.fixture
def edge(gateway_site: Site) -> Decoder:
    return decoders()["sparkplug_b"](gateway_site)


@pytest.fixture
def born(edge: Decoder) -> Decoder:
    node(edge, "NBIRTH", NODE_BIRTH)
    device(edge, "DBIRTH", DEVICE_BIRTH)
    return edge


def node(edge: Decoder, kind: str, payload: bytes, after_s: float = 0) -> Decoded:
    received = NOW + timedelta(seconds=after_s)
    return edge.decode(Sent(f"spBv1.0/mine/{kind}/edge-1", payload, received))


def device(edge: Decoder, kind: str, payload: bytes, after_s: float = 0) -> Decoded:
    received = NOW + timedelta(seconds=after_s)
    return edge.decode(Sent(f"spBv1.0/mine/{kind}/edge-1/probe", payload, received))


def level(seq: int, value: float = 4.5) -> bytes:
    return sparkplug(seq, {"alias": 1, "double_value": value})


def test_births_tell_names_values_and_who_is_there(edge: Decoder) -> None:
    first = node(edge, "NBIRTH", NODE_BIRTH)
    assert (first.heard, first.refusals, first.outgoing) == ((), (), [])
    second = device(edge, "DBIRTH", DEVICE_BIRTH)
    (heard,) = second.heard
    assert (heard.device, heard.message.time) == (PROBE, NOW)
    assert heard.message.values == {"Level": 4.2, "Temperature": 5.0}
    (status,) = second.statuses
    assert (status.sender, status.state) == (PROBE, "online")


def test_aliases_and_types_of_the_birth_hold_for_the_data(born: Decoder) -> None:
    payload = sparkplug(2, {"alias": 1, "double_value": 4.5}, {"alias": 2, "int_value": 2**32 - 7})
    decoded = device(born, "DDATA", payload)
    assert decoded.heard[0].message.values == {"Level": 4.5, "Temperature": -7.0}
    assert (decoded.refusals, decoded.outgoing) == ([], [])


def test_blank_transient_and_historical(born: Decoder) -> None:
    payload = sparkplug(
        2,
        {"alias": 1, "is_null": True},
        {"alias": 2, "int_value": 9, "is_transient": True},
        {"alias": 2, "int_value": 3, "is_historical": True, "timestamp": 1772280000000},
    )
    decoded = device(born, "DDATA", payload)
    assert [(each.message.time, each.message.values) for each in decoded.heard] == [
        (NOW, {"Level": None}),
        (NOW - timedelta(days=1), {"Temperature": 3.0}),
    ]
    payload = sparkplug(3, {"alias": 2, "int_value": 3, "is_historical": True})
    assert "is historical and has no time" in device(born, "DDATA", payload).refusals[0]


def test_the_sequence_goes_round_and_a_repetition_is_no_gap(born: Decoder) -> None:
    for seq in [*range(2, 256), 0, 1, 1]:
        decoded = device(born, "DDATA", level(seq))
        assert decoded.outgoing == []
        assert len(decoded.heard) == 1


def test_a_gap_asks_for_a_rebirth_and_mistrusts_aliases_until_it_comes(born: Decoder) -> None:
    lost = device(born, "DDATA", level(4))
    assert lost.heard == []
    assert "alias 1, whose birth is not known" in lost.refusals[0]
    (asked,) = lost.outgoing
    assert asked.topic == "spBv1.0/mine/NCMD/edge-1"
    (metric,) = Payload.FromString(asked.payload).metrics
    assert (metric.name, metric.boolean_value) == (b"Node Control/Rebirth", True)

    assert device(born, "DDATA", level(5), after_s=1).outgoing == [], "not asked at every message"
    later = ASK_AGAIN.total_seconds() + 1
    assert len(device(born, "DDATA", level(6), after_s=later).outgoing) == 1
    named = sparkplug(7, {"name": b"Level", "double_value": 4.6})
    assert device(born, "DDATA", named).heard[0].message.values == {"Level": 4.6}

    node(born, "NBIRTH", NODE_BIRTH)
    device(born, "DBIRTH", DEVICE_BIRTH)
    assert device(born, "DDATA", level(2)).heard[0].message.values == {"Level": 4.5}


def test_data_before_any_birth_asks_for_one(edge: Decoder) -> None:
    decoded = device(edge, "DDATA", level(9))
    assert decoded.heard == []
    assert [each.topic for each in decoded.outgoing] == ["spBv1.0/mine/NCMD/edge-1"]


def test_at_the_start_all_nodes_are_asked(edge: Decoder) -> None:
    assert [each.topic for each in edge.at_start(NOW)] == ["spBv1.0/mine/NCMD/edge-1"]


def test_a_death_ends_all_devices_but_a_late_one_does_not(born: Decoder) -> None:
    late = sparkplug(None, {"name": b"bdSeq", "datatype": 8, "long_value": 2}, time=None)
    assert node(born, "NDEATH", late).statuses == ()
    death = sparkplug(None, {"name": b"bdSeq", "datatype": 8, "long_value": 3}, time=None)
    (status,) = node(born, "NDEATH", death).statuses
    assert (status.sender, status.state) == (PROBE, "offline")
    assert device(born, "DDATA", level(2)).heard == []


def test_a_device_may_die_alone(born: Decoder) -> None:
    decoded = device(born, "DDEATH", sparkplug(2))
    assert [(each.sender, each.state) for each in decoded.statuses] == [(PROBE, "offline")]
    assert decoded.outgoing == []


@pytest.mark.parametrize(
    ("topic", "payload", "reason"),
    [
        ("spBv1.0/mine/NDATA", b"", "topic 'spBv1.0/mine/NDATA'; legal"),
        ("spBv1.0/mine/NDATA/edge-1/probe", b"", "NDATA is not of that level"),
        ("spBv1.0/mine/DDATA/edge-9/probe", b"", "'mine/edge-9/probe' .* is not known"),
        ("spBv1.0/mine/DDATA/edge-1/probe", b"\xff", "payload is not Sparkplug B"),
        ("spBv1.0/mine/NCMD/edge-1", b"", "legal: spBv1.0/GROUP/NBIRTH"),
    ],
)
def test_what_is_wrong_is_named(edge: Decoder, topic: str, payload: bytes, reason: str) -> None:
    with pytest.raises(MessageError, match=reason):
        edge.decode(Sent(topic, payload, NOW))


def test_an_unknown_device_of_a_known_node_does_not_break_the_sequence(born: Decoder) -> None:
    other = Sent("spBv1.0/mine/DDATA/edge-1/other", level(2), NOW)
    decoded = born.decode(other)
    assert "'mine/edge-1/other' of dialect sparkplug_b is not known" in decoded.refusals[0]
    assert device(born, "DDATA", level(3)).outgoing == []


def restarted(edge: Decoder, site: Site) -> Decoder:
    """The same dialect in another process."""
    memory = edge.memory()
    assert memory is not None
    assert edge.memory() is None, "there is nothing new"
    again = decoders()["sparkplug_b"](site)
    again.recall(memory)
    return again


def test_births_outlive_a_restart(born: Decoder, gateway_site: Site) -> None:
    again = restarted(born, gateway_site)
    assert again.at_start(NOW) == [], "who is alive is not asked"
    decoded = device(again, "DDATA", level(2))
    assert (decoded.heard[0].message.values, decoded.outgoing) == ({"Level": 4.5}, [])
    late = sparkplug(None, {"name": b"bdSeq", "datatype": 8, "long_value": 2}, time=None)
    assert node(again, "NDEATH", late).statuses == ()


def test_what_was_missed_during_a_restart_is_a_gap(born: Decoder, gateway_site: Site) -> None:
    again = restarted(born, gateway_site)
    decoded = device(again, "DDATA", level(3))
    assert decoded.heard == []
    assert len(decoded.outgoing) == 1
    third = restarted(again, gateway_site)
    assert len(third.at_start(NOW)) == 1, "it is still to be asked"


@pytest.mark.parametrize("memory", [b"", b"[]", b'{"mine/edge-1": 3}', b"\xff"])
def test_what_is_no_memory_is_passed_over(edge: Decoder, memory: bytes) -> None:
    edge.recall(memory)
    assert len(edge.at_start(NOW)) == 1


def test_what_a_killed_broker_sends_once_more_is_no_gap(born: Decoder) -> None:
    def later(seq: int, after_s: int) -> bytes:
        at = int((NOW + timedelta(seconds=after_s)).timestamp() * 1000)
        return sparkplug(seq, {"alias": 1, "double_value": float(seq)}, time=at)

    sent = [later(seq, seq) for seq in range(2, 12)]
    for payload in [*sent, *sent[4:], later(12, 12)]:
        decoded = device(born, "DDATA", payload)
        assert (len(decoded.heard), decoded.outgoing) == (1, [])
    # A message that was lost is one all the same.
    assert len(device(born, "DDATA", later(14, 14)).outgoing) == 1
    # And so is one of before the birth.
    node(born, "NBIRTH", NODE_BIRTH)
    assert len(device(born, "DDATA", later(9, -60)).outgoing) == 1
