"""What arrives becomes rows or dead letters, never an exception and never silence."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dashboard.i18n import translate
from ingest.clock import ManualClock, to_ns
from ingest.intake import KEPT_PAYLOAD, LARGEST_PAYLOAD, Accepted, Arrival, Intake
from ingest.site import Site

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
TIME = "2026-03-01T11:00:00Z"


@pytest.fixture
def intake(small_site: Site) -> Intake:
    return Intake(small_site, ManualClock(NOW))


def arrival(content: object, instrument: str = "pz-1", site: str = "small") -> Arrival:
    payload = content if isinstance(content, bytes) else json.dumps(content).encode()
    return Arrival(f"postmine/v1/{site}/{instrument}/readings", payload)


def only_reason(accepted: Accepted) -> str:
    (letter,) = accepted.dead_letters
    return letter.reason


def test_a_reading_becomes_a_row_with_both_times(intake: Intake) -> None:
    accepted = intake.accept(
        [
            arrival(
                {"time": TIME, "values": {"pore_pressure": 83.2, "temperature": 4}, "sequence": 7}
            )
        ]
    )
    (row,) = accepted.rows
    assert (row.type, row.instrument, row.node, row.sequence) == ("test_piezometer", "pz-1", 0, 7)
    assert row.time == to_ns(NOW - timedelta(hours=1))
    assert row.received == to_ns(NOW)
    assert row.values == {"pore_pressure": 83.2, "temperature": 4.0}
    assert accepted.dead_letters == []


def test_nodes_become_rows_in_canonical_units_and_blanks_none(intake: Intake) -> None:
    accepted = intake.accept(
        [arrival({"time": TIME, "values": {"displacement_a": [0.1, None, -0.2]}}, "ipi-1")]
    )
    assert [(row.node, row.values) for row in accepted.rows] == [
        (0, {"displacement_a": pytest.approx(1.0, abs=1e-12)}),
        (2, {"displacement_a": pytest.approx(-2.0, abs=1e-12)}),
    ]


def test_a_value_outside_the_range_is_kept_and_flagged(intake: Intake) -> None:
    accepted = intake.accept([arrival({"time": TIME, "values": {"pore_pressure": 5000}})])
    assert accepted.rows[0].values == {"pore_pressure": 5000.0}
    assert accepted.rows[0].flags == {"pore_pressure": "out_of_range"}


@pytest.mark.parametrize("sequence", [-5, 2**63])
def test_a_number_that_the_store_has_no_room_for_costs_the_number_and_not_the_reading(
    intake: Intake, sequence: int
) -> None:
    accepted = intake.accept(
        [arrival({"time": TIME, "values": {"pore_pressure": 50}, "sequence": sequence})]
    )
    (row,) = accepted.rows
    assert (row.values, row.sequence) == ({"pore_pressure": 50.0}, None)
    assert only_reason(accepted) == (
        f"sequence {sequence}; legal: 0 to {2**63 - 1}; the reading is kept without it"
    )


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        (arrival({"time": "2026-03-01T11:00:00", "values": {"pore_pressure": 1}}), "no time zone"),
        (
            arrival({"time": "2026-03-01T13:00:00Z", "values": {"pore_pressure": 1}}),
            r"lies in the future: it is 2026-03-01T12:00:00\+00:00 now, and 300 s later is taken",
        ),
        (arrival({"time": "1815-06-18T00:00:00Z", "values": {"pore_pressure": 1}}), "is before"),
        (arrival({"time": TIME, "values": {"pressure": 1}}), "'pressure'; legal: pore_pressure"),
        (arrival({"time": TIME, "values": {"pore_pressure": [1]}}), "pz-1 has no nodes"),
        (
            arrival({"time": TIME, "values": {"displacement_a": [1, 2]}}, "ipi-1"),
            "has 2 values; ipi-1 has 3 nodes",
        ),
        (
            arrival({"time": TIME, "values": {"displacement_a": 1}}, "ipi-1"),
            "has 1 values; ipi-1 has 3 nodes",
        ),
        (arrival({"time": TIME, "values": {}}, "pz-9"), "'pz-9' is not known"),
        (arrival({"time": TIME, "values": {}}, site="mars"), "site 'mars'; legal: small"),
        (arrival(b"\x00\xff binary"), "not JSON|not UTF-8"),
        (arrival(b"x" * (LARGEST_PAYLOAD + 1)), "payload of 1000001 bytes"),
        (Arrival("postmine/v1/small/pz-1", b"{}"), "topic"),
        (Arrival("postmine/v1/small/pz-1/status", b'{"state":"on"}'), "Invalid enum value 'on'"),
    ],
)
def test_what_cannot_be_understood_is_a_dead_letter(
    intake: Intake, wrong: Arrival, reason: str
) -> None:
    accepted = intake.accept([wrong])
    assert accepted.rows == []
    (letter,) = accepted.dead_letters
    with pytest.raises(AssertionError, match=reason):
        raise AssertionError(letter.reason)
    assert letter.topic == wrong.topic
    assert letter.payload == wrong.payload[:KEPT_PAYLOAD]
    assert (letter.size, letter.received) == (len(wrong.payload), NOW)


def test_what_is_good_in_a_message_is_kept(intake: Intake) -> None:
    accepted = intake.accept(
        [arrival({"time": TIME, "values": {"pore_pressure": 1, "humidity": 5}})]
    )
    assert accepted.rows[0].values == {"pore_pressure": 1.0}
    assert "humidity" in only_reason(accepted)


def test_a_blank_alone_is_neither_row_nor_dead_letter(intake: Intake) -> None:
    assert intake.accept([arrival({"time": TIME, "values": {"pore_pressure": None}})])[:2] == (
        [],
        [],
    )


def test_good_messages_pass_between_wrong_ones(intake: Intake) -> None:
    good = {"time": TIME, "values": {"pore_pressure": 1}}
    accepted = intake.accept([arrival(b"?"), arrival(good), arrival(b"!"), arrival(good, "pz-2")])
    assert [row.instrument for row in accepted.rows] == ["pz-1", "pz-2"]
    assert len(accepted.dead_letters) == 2


def test_a_replay_gives_the_time_of_arrival(small_site: Site) -> None:
    intake = Intake(small_site, ManualClock(NOW), replayed=True)
    clock = Arrival("postmine/v1/small/clock", b'{"time":"2022-05-01T06:00:00Z"}')
    reading = arrival({"time": "2022-05-01T05:00:00Z", "values": {"pore_pressure": 1}})
    accepted = intake.accept([clock, reading])
    assert accepted.run_time == datetime(2022, 5, 1, 6, tzinfo=UTC)
    assert accepted.rows[0].received == to_ns(accepted.run_time)
    assert intake.accept([reading]).rows[0].received == to_ns(accepted.run_time)


def test_a_live_run_does_not_listen_to_clocks(intake: Intake) -> None:
    accepted = intake.accept(
        [Arrival("postmine/v1/small/clock", b'{"time":"2022-05-01T06:00:00Z"}')]
    )
    assert accepted[:4] == ([], [], [], None)


def test_a_status_is_kept(intake: Intake) -> None:
    accepted = intake.accept(
        [Arrival("postmine/v1/small/gw-1/status", b'{"state":"online","battery_v":3.6}')]
    )
    (status,) = accepted.statuses
    assert (status.sender, status.state, status.received) == ("gw-1", "online", NOW)


json_values = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=5),
    lambda children: (
        st.lists(children, max_size=4)
        | st.dictionaries(
            st.sampled_from(["time", "values", "sequence", "pore_pressure"]), children, max_size=4
        )
    ),
    max_leaves=10,
)


@settings(max_examples=200)
@given(st.one_of(st.binary(max_size=80), json_values), st.sampled_from(["pz-1", "ipi-1", "x"]))
def test_nothing_gets_through_silently(small_site: Site, content: object, instrument: str) -> None:
    accepted = Intake(small_site, ManualClock(NOW)).accept([arrival(content, instrument)])
    for row in accepted.rows:
        assert all(isinstance(value, float) for value in row.values.values())
    for letter in accepted.dead_letters:
        assert letter.reason
        assert "postmine could not take" not in letter.reason


def test_reasons_can_be_translated_and_names_in_them_stay(intake: Intake) -> None:
    payload = b'{"time": "2022-01-01T00:00:00Z", "values": {"pressure": 1}}'
    arrivals = [
        Arrival("postmine/v1/small/pz-9/readings", payload),
        Arrival("postmine/v1/small/pz-1/readings", payload),
    ]
    for letter in intake.accept(arrivals).dead_letters:
        assert "; ".join(map(str, letter.said)) == letter.reason
    unknown, wrong = intake.accept(arrivals).dead_letters
    assert translate(unknown.said[0], "ru").startswith("прибор 'pz-9' неизвестен")
    assert "'pressure'" in translate(wrong.said[0], "ru")
    assert "величина" in translate(wrong.said[0], "ru")
