"""From a gateway's message to rows: devices, channels, units, zones and clocks."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from ingest.clock import ManualClock, from_ns
from ingest.errors import ConfigurationError
from ingest.intake import Arrival, Intake, subscriptions
from ingest.site import Site, load_site
from tests.conftest import DATA
from tests.ingest.decoders.samples import DEVICE_BIRTH, NODE_BIRTH, NOW, samples, sparkplug

SITE = (DATA / "gateway_site" / "site.yaml").read_text(encoding="utf-8")


@pytest.fixture
def intake(gateway_site: Site) -> Intake:
    return Intake(gateway_site, ManualClock(NOW))


def own(instrument: str, time: str, values: dict[str, float]) -> Arrival:
    payload = json.dumps({"time": time, "values": values}).encode()
    return Arrival(f"postmine/v1/gateways/{instrument}/readings", payload)


def test_real_messages_of_all_dialects_become_rows(intake: Intake) -> None:
    accepted = intake.accept(Arrival(sample.topic, sample.payload) for sample in samples())
    assert [letter.reason for letter in accepted.dead_letters] == []
    assert {row.instrument for row in accepted.rows} == {"lv-1", "lv-2"}


def test_a_lorawan_device_feeds_its_instrument_in_canonical_units(intake: Intake) -> None:
    (sample,) = [each for each in samples() if each.dialect == "chirpstack_v4"]
    (row,) = intake.accept([Arrival(sample.topic, sample.payload)]).rows
    assert row.values == pytest.approx({"depth": 4.232, "temperature": 12.9, "battery": 3.168})
    assert row.sequence == 20
    assert from_ns(row.time) == datetime(2024, 11, 10, 12, 51, 50, tzinfo=UTC)


def test_channels_of_one_logger_may_be_nodes_and_other_instruments(intake: Intake) -> None:
    topic = "logger-7/v1/devices/me/telemetry"
    document = {"ts": 1772362800000, "values": {"t1": 4.5, "t2": 280.15, "level": 120}}
    accepted = intake.accept([Arrival(topic, json.dumps(document).encode())])
    assert accepted.dead_letters == []
    assert [(row.instrument, row.node, row.values) for row in accepted.rows] == [
        ("tc-1", 0, {"temperature": 4.5}),
        ("tc-1", 1, {"temperature": pytest.approx(7.0)}),
        ("lv-2", 0, {"depth": pytest.approx(1.2)}),
    ]


@pytest.mark.parametrize(
    ("arrival", "reason"),
    [
        (
            Arrival("v1/gateway/telemetry", b'{"logger-7":[{"levle":1}]}'),
            "channel 'levle' of device 'logger-7'; legal: t1, t2, level; name it under channels:",
        ),
        (
            Arrival("v1/gateway/telemetry", b'{"logger-8":[{"level":1}]}'),
            "device 'logger-8' of dialect thingsboard is not known at this site; add it",
        ),
        (
            Arrival("senml/x", b'[{"n":"urn:dev:ow:10e2073a01080063:temp","u":"K","v":280}]'),
            "channel 'temp' comes in K; site.yaml says degC",
        ),
        (
            Arrival("senml/x", b'[{"n":"urn:dev:ow:10e2073a01080063","u":"Cel","t":2e9,"v":2}]'),
            "lies in the future",
        ),
        (
            Arrival("v1/gateway/telemetry", b'{"logger-7":[{"ts":1000,"values":{"level":1}}]}'),
            "the logger has lost the time; set the logger's clock",
        ),
        (own("lv-1", "1980-01-06T00:01:00Z", {"depth": 1}), "the logger has lost the time"),
        (own("lv-1", "26-03-01T11:00:00Z", {"depth": 1}), "Invalid RFC3339"),
        (own("lv-1", "2026-03-01T11:00:00", {"depth": 1}), "has no time zone"),
        (own("logger-9", "2025-10-26T02:30:00", {"ch1": 1}), "clocks of Europe/Amsterdam change"),
        (own("logger-9", "2025-03-30T02:30:00", {"ch1": 1}), "clocks of Europe/Amsterdam change"),
        (Arrival("elsewhere/x", b"{}"), "topic 'elsewhere/x'; legal: postmine/v1"),
    ],
)
def test_what_cannot_be_understood_names_the_cure(
    intake: Intake, arrival: Arrival, reason: str
) -> None:
    accepted = intake.accept([arrival])
    assert accepted.rows == []
    (letter,) = accepted.dead_letters
    assert reason in letter.reason


def test_a_time_without_zone_is_read_in_the_zone_of_its_source(intake: Intake) -> None:
    accepted = intake.accept(
        [
            own("lv-2", "2026-03-01T18:00:00", {"depth": 1}),
            own("logger-9", "2025-07-01T12:00:00", {"ch1": 2}),
            own("logger-9", "2025-07-01T12:00:00Z", {"ch1": 3}),
        ]
    )
    assert accepted.dead_letters == []
    assert [(from_ns(row.time), row.instrument, row.values) for row in accepted.rows] == [
        (NOW - timedelta(hours=1), "lv-2", {"depth": 1.0}),
        (datetime(2025, 7, 1, 10, tzinfo=UTC), "lv-2", {"depth": 2.0}),
        (datetime(2025, 7, 1, 12, tzinfo=UTC), "lv-2", {"depth": 3.0}),
    ]


def test_what_a_dialect_asks_for_comes_out(intake: Intake) -> None:
    assert [each.topic for each in intake.at_start()] == ["spBv1.0/mine/NCMD/edge-1"]
    born = intake.accept(
        [
            Arrival("spBv1.0/mine/NBIRTH/edge-1", NODE_BIRTH),
            Arrival("spBv1.0/mine/DBIRTH/edge-1/probe", DEVICE_BIRTH),
        ]
    )
    assert list(born.outgoing) == []
    assert born.rows[0].values == {"depth": 4.2, "temperature": 5.0}
    assert [status.sender for status in born.statuses] == ["mine/edge-1/probe"]
    gap = sparkplug(9, {"alias": 1, "double_value": 4.5})
    lost = intake.accept([Arrival("spBv1.0/mine/DDATA/edge-1/probe", gap)])
    assert [each.topic for each in lost.outgoing] == ["spBv1.0/mine/NCMD/edge-1"]
    assert "a rebirth is asked for" in lost.dead_letters[0].reason


def test_the_topics_follow_the_gateways(gateway_site: Site, small_site: Site) -> None:
    topics = subscriptions(gateway_site)
    assert "application/+/device/+/event/up" in topics
    assert "loriot/uplinks" in topics
    assert "spBv1.0/+/DDATA/+/+" in topics
    assert "postmine/#" not in topics
    assert subscriptions(small_site) == []


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("own: {}", "own: {dialect: modbus}", r"gateways.own.dialect is 'modbus'; legal: chirp"),
        ("dialect: senml\n", "dialect: xml\n", r"site.yaml:\d+: key devices.*dialect is 'xml'"),
        ("instrument: lv-1\n    frame", "instrument: lv-9\n    frame", r"'lv-9'; legal: lv-1"),
        ("frame: decentlab_dl_ctd10", "frame: ctd", r"frame is 'ctd'; legal: decentlab_dl_ctd10"),
        ("water_depth: {q", "depth: {q", r"channels.depth is 'depth'; legal: water_depth"),
        ("water_depth: {quantity: depth}", "water_depth: {quantity: head}", r"'head'; legal: dep"),
        ("level: {quantity: depth, unit: cm}", "level: {quantity: depth, unit: V}", r"converts to"),
        ("node: 1.0", "node: 7.0", r"node is 7.0; legal: 1.0, 2.0"),
        (
            "t1: {quantity: temperature, instrument: tc-1, node: 1.0}",
            "t1: {quantity: depth, node: 1.0}",
            r"no node: lv-2 has none",
        ),
        ("id: logger-9", "id: lv-2", r"id is 'lv-2'; legal: each device once"),
        ("time_zone: Europe/Amsterdam", "time_zone: Amsterdam", r"a time zone such as"),
        (
            "dialect: senml\n",
            "dialect: senml\n    frame: decentlab_dl_pr36\n",
            r"no frame for senml",
        ),
    ],
)
def test_a_wrong_device_stops_the_start(tmp_path: Path, old: str, new: str, message: str) -> None:
    assert old in SITE
    (tmp_path / "site.yaml").write_text(SITE.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(ConfigurationError, match=message):
        load_site(tmp_path)
