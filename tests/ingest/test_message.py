"""The message contract, byte by byte."""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.message import (
    Message,
    MessageError,
    Topic,
    clock_topic,
    decode_clock,
    decode_messages,
    parse_topic,
    readings_topic,
    status_topic,
)


def test_one_object_and_an_array_of_objects() -> None:
    one = b'{"time":"2026-03-01T00:00:00Z","values":{"pore_pressure":83.2},"sequence":1234}'
    message = Message(datetime(2026, 3, 1, tzinfo=UTC), {"pore_pressure": 83.2}, 1234)
    assert decode_messages(one) == ([message], [])
    assert decode_messages(b"[%b,%b]" % (one, one)) == ([message, message], [])


def test_a_blank_is_none_and_never_zero() -> None:
    payload = b'{"time":"2026-03-01T00:00:00Z","values":{"a":null,"b":[1,null,0]}}'
    ((message,), wrong) = decode_messages(payload)
    assert message.values == {"a": None, "b": [1.0, None, 0.0]}
    assert wrong == []


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (b"", "not JSON"),
        (b"{", "not JSON"),
        (b"\xff\xfe\x00", "not JSON|not UTF-8"),
        (b'{"time":"2026-03-01T00:00:00Z","values":{"a":NaN}}', "not JSON"),
        (b'{"time":"2026-03-01T00:00:00Z","values":{"a":1e999}}', "out of range"),
        (b'{"time":"2026-03-01T00:00:00Z","values":{"a":"1.5"}}', "got `str`"),
        (b'{"time":"2026-03-01T00:00:00Z","values":{"a":true}}', "got `bool`"),
        (b'{"time":"2026-03-01T00:00:00Z","values":[1]}', "got `array`"),
        (b'{"values":{"a":1}}', "missing required field `time`"),
        (b'{"time":"yesterday","values":{"a":1}}', "Invalid RFC3339"),
        (b'{"time":"2026-03-01T00:00:00Z","values":{},"rssi":-80}', "unknown field `rssi`"),
        (b"83.2", "got `float`"),
        (b"[" * 100_000, "got `array`"),
        (b"[" + b"1," * 20_000 + b"1]", "array of 20001 parts; legal: up to 20000"),
    ],
)
def test_what_is_wrong_is_refused_with_its_reason(payload: bytes, reason: str) -> None:
    with pytest.raises(MessageError, match=reason):
        decode_messages(payload)


def test_one_wrong_part_does_not_cost_the_others() -> None:
    good = b'{"time":"2026-03-01T00:00:00Z","values":{"a":1}}'
    messages, wrong = decode_messages(b'[%b,{"time":5},%b]' % (good, good))
    assert len(messages) == 2
    assert [index for index, _ in wrong] == [1]


@given(st.binary(max_size=300))
def test_no_payload_raises_anything_else(payload: bytes) -> None:
    with contextlib.suppress(MessageError):
        messages, wrong = decode_messages(payload)
        assert all(isinstance(message, Message) for message in messages)
        assert all(reason for _, reason in wrong)


def test_topics_round_trip() -> None:
    assert parse_topic(readings_topic("abaza", "pz-1")) == Topic("abaza", "pz-1", "readings")
    assert parse_topic(status_topic("abaza", "gw-1")) == Topic("abaza", "gw-1", "status")
    assert parse_topic(clock_topic("abaza")) == Topic("abaza", "", "clock")


@pytest.mark.parametrize(
    "topic", ["postmine", "postmine/v1/abaza", "postmine/v1/abaza/pz-1/reading", "a/b/c/d/readings"]
)
def test_other_topics_are_named(topic: str) -> None:
    with pytest.raises(MessageError, match=f"topic '{topic}'; legal: postmine/v1"):
        parse_topic(topic)


def test_a_clock_without_zone_is_refused() -> None:
    assert decode_clock(b'{"time":"2022-01-01T00:00:00Z"}') == datetime(2022, 1, 1, tzinfo=UTC)
    with pytest.raises(MessageError, match="no time zone"):
        decode_clock(b'{"time":"2022-01-01T00:00:00"}')
