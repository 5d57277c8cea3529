"""What every payload dialect owes: understand its own, refuse the rest with a reason, never fall.

`test_hostile_payloads_are_refused` runs over mutations of real messages; with
POSTMINE_TEST_HOSTILE=1000000 it is the long run of the issue.
"""

from __future__ import annotations

import os
import random
import tracemalloc
from datetime import datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.clock import ManualClock
from ingest.decoder import Decoded, Decoder, Sent, decoders, matches
from ingest.intake import Arrival, Intake
from ingest.message import MessageError
from ingest.site import Site
from tests.ingest.decoders.samples import DEVICE_BIRTH, NOW, Sample, samples, sparkplug

FAMILY = decoders()
SAMPLES = samples()
HOSTILE = int(os.environ.get("POSTMINE_TEST_HOSTILE", "20000"))
#: A payload of a few hundred bytes must not take more than this [bytes].
MOST_MEMORY = 20_000_000


@pytest.fixture(params=FAMILY, ids=str)
def dialect(request: pytest.FixtureRequest, gateway_site: Site) -> Decoder:
    return FAMILY[request.param](gateway_site)


def own_samples(dialect: Decoder) -> list[Sample]:
    return [sample for sample in SAMPLES if sample.dialect == dialect.name]


def check(decoder: Decoder, sent: Sent) -> None:
    """Decode, and hold what comes out to the contract."""
    try:
        decoded = decoder.decode(sent)
    except MessageError as error:
        decoded = Decoded(refusals=[str(error)])
    for heard in decoded.heard:
        assert heard.device
        assert isinstance(heard.message.time, datetime)
        for value in heard.message.values.values():
            assert value is None or isinstance(value, float | list)
    assert all(decoded.refusals)


def test_it_says_what_it_is(dialect: Decoder) -> None:
    assert dialect.topics
    assert len(type(dialect).__doc__ or "") > 40, "the docstring says whose dialect it is"


def test_it_understands_its_own_messages(dialect: Decoder) -> None:
    assert own_samples(dialect), "give samples.py a real message of it"
    for sample in own_samples(dialect):
        decoded = dialect.decode(Sent(sample.topic, sample.payload, NOW))
        assert not decoded.refusals
        assert decoded.heard or dialect.name == "sparkplug_b"


def test_the_same_message_means_the_same_again(dialect: Decoder) -> None:
    for sample in own_samples(dialect):
        sent = Sent(sample.topic, sample.payload, NOW)
        assert dialect.decode(sent) == dialect.decode(sent)


@settings(max_examples=150)
@given(payload=st.binary(max_size=300), data=st.data())
def test_no_bytes_raise_anything_else(
    gateway_site: Site, payload: bytes, data: st.DataObject
) -> None:
    sample = data.draw(st.sampled_from(SAMPLES))
    check(FAMILY[sample.dialect](gateway_site), Sent(sample.topic, payload, NOW))


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"[" * 500_000,
        b'{"a":' * 150_000,
        b'{"logger-7":' * 50_000,
        b"\x81" * 900_000,
        b"\xa1\x00" * 400_000,
        b"\x9f" * 900_000,
        b"\x9b\x7f" + b"\xff" * 20,
        b"\x12\xff\xff\xff\xff\x0f",
        b"\x12\x02" * 300_000,
        b"\x1b\x1c" * 10_000,
        b'{"time":"' + b"9" * 900_000 + b'"}',
        b"[" + b"1," * 400_000 + b"1]",
        b"\x00" * 1_000_000,
        b'{"t1":1' + b"0" * 5_000 + b"}",
    ],
    ids=lambda payload: repr(payload[:8]),
)
def test_deep_long_and_promising_payloads_are_refused(dialect: Decoder, payload: bytes) -> None:
    for topic in {sample.topic for sample in own_samples(dialect)}:
        check(dialect, Sent(topic, payload, NOW, "logger-7"))


def mutated(payload: bytes, chance: random.Random) -> bytes:
    """Return a payload with some bytes changed, dropped, doubled, or parts of it swapped."""
    found = bytearray(payload)
    for _ in range(chance.randint(1, 6)):
        if not found:
            break
        at = chance.randrange(len(found))
        match chance.randrange(7):
            case 0:
                found[at] = chance.randrange(256)
            case 1:
                del found[at : at + chance.randint(1, 20)]
            case 2:
                found[at:at] = found[at : at + chance.randint(1, 40)]
            case 3:
                found[at:at] = chance.choice(
                    [b"null", b"-1", b"1e999", b'"', b"{", b"[", b"99999999999999999999", b"\xff"]
                )
            case 4:
                found[at] ^= 1 << chance.randrange(8)
            case 5:
                del found[at:]
            case 6:
                other = chance.choice(SAMPLES).payload
                found[at : at + 10] = other[at % len(other) : at % len(other) + 10]
    return bytes(found)


def test_hostile_payloads_are_refused(gateway_site: Site) -> None:
    """Through the whole intake: rows or dead letters, never an error of ours, bounded memory."""
    chance = random.Random(4)
    intake = Intake(gateway_site, ManualClock(NOW))
    messages = [*SAMPLES, Sample("sparkplug_b", "spBv1.0/mine/DBIRTH/edge-1/probe", DEVICE_BIRTH)]
    messages += [
        Sample(
            "sparkplug_b",
            "spBv1.0/mine/DDATA/edge-1/probe",
            sparkplug(2, {"alias": 1, "double_value": 4.5}),
        )
    ]
    tracemalloc.start()
    tracemalloc.clear_traces()
    rows = letters = 0
    try:
        for _ in range(HOSTILE // 200):
            batch = []
            for _ in range(200):
                sample = chance.choice(messages)
                batch.append(Arrival(sample.topic, mutated(sample.payload, chance)))
            accepted = intake.accept(batch)
            rows += len(accepted.rows)
            letters += len(accepted.dead_letters)
            for letter in accepted.dead_letters:
                assert letter.reason
                assert not letter.reason.startswith("postmine could not take"), letter
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert rows
    assert letters
    assert peak < MOST_MEMORY


@pytest.mark.parametrize(
    ("topic", "pattern", "fits"),
    [
        ("a/b/c", "a/b/c", True),
        ("a/b/c", "a/+/c", True),
        ("a/b/c", "a/#", True),
        ("a", "a/#", True),
        ("a/b/c", "a/+", False),
        ("a/b", "a/+/c", False),
        ("a/b", "b/#", False),
    ],
)
def test_topic_filters(topic: str, pattern: str, fits: bool) -> None:
    assert matches(topic, [pattern]) is fits
