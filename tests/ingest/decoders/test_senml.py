"""SenML resolves as RFC 8428 says, in both of its codings."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from ingest.decoder import Sent, decoders
from ingest.message import MessageError
from ingest.senml import Record, read_pack, resolve
from ingest.site import Site
from tests.ingest.decoders.samples import NOW, SENML

#: The example's own time stands in its resolved form, where the pack is relative to now.
RELATIVE = {1: 1498780179, 2: 1498780179, 7: 1499109309, 9: 1498780179}


def as_written(record: Record) -> dict[str, object]:
    """Return a record with the labels of the RFC."""
    kind = {str: "vs", bool: "vb"}.get(type(record.value), "v")
    written = {"n": record.name, "t": record.time, kind: record.value}
    return written | ({"u": record.unit} if record.unit else {})


@pytest.mark.parametrize("number", range(1, 13))
def test_every_example_resolves_as_published(number: int) -> None:
    pack = read_pack((SENML / f"ex{number}.gen.json").read_bytes())
    expected = json.loads((SENML / f"ex{number}.gen.resolved.json").read_bytes())
    records = resolve(pack, RELATIVE.get(number, 0))
    resolved = [as_written(record) for record in records if record.value != "aGkgCg"]
    # The published form leaves out links and the data value, which are no measurements.
    expected = [{key: value for key, value in each.items() if key != "l"} for each in expected]
    assert resolved == expected


def test_the_last_example_has_no_published_resolution_but_its_own_sense() -> None:
    records = resolve(read_pack((SENML / "ex13.gen.json").read_bytes()), 0)
    assert [(each.name[-1], each.unit, each.time, each.value) for each in records] == [
        ("3", "/", 1320078429.0, 0.5),
        ("4", "/", 1320078429.0, 0.5),
        ("3", "/", 1320078429.1, 0),
        ("4", "/", 1320078429.1, 0),
    ]


@pytest.mark.parametrize("number", [3, 5])
def test_cbor_says_the_same_as_json(number: int) -> None:
    of_json = resolve(read_pack((SENML / f"ex{number}.gen.json").read_bytes()), 0)
    of_cbor = resolve(read_pack((SENML / f"ex{number}.gen.cbor").read_bytes()), 0)
    assert of_cbor == of_json


def test_sums_and_base_values_add_up() -> None:
    pack = [{"bn": "a", "bv": 10, "bs": 100, "v": 1.5, "s": 5}, {"v": -1}, {"t": -2, "v": 0}]
    found = resolve(pack, 1_700_000_000)
    assert [(each.value, each.sum) for each in found] == [(11.5, 105), (9, 100), (10, 100)]
    assert [each.time for each in found] == [1_700_000_000, 1_700_000_000, 1_699_999_998]


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (b"{}", "no SenML pack"),
        (b"\xff", "neither SenML JSON nor CBOR"),
        (b'[{"n":"a","v":"1"}]', "record 0: v is not a number"),
        (b'[{"n":"a","v":true}]', "record 0: v is not a number"),
        (b'[{"n":"a","v":1,"vs":"x"}]', "more than one value"),
        (b'[{"n":"a"}]', "record 0 has no value"),
        (b'[{"v":1}]', "record 0 is named ''"),
        (b'[{"n":"\\u0430","v":1}]', "is named"),
        (b'[{"n":"a","v":1,"lat_":2}]', "has 'lat_', which is not known"),
        (b'[{"bver":11,"n":"a","v":1}]', "version 11; legal: up to 10"),
        (b"\x80\x80", "bytes follow the pack"),
        (b"\x9b" + b"\xff" * 8, "ends too early"),
        (b"\x81" * 50_000, "CBOR nested too deeply"),
        (b"\x81\xa1\x02\xc2\x41\x01", "CBOR has a tag"),
        (b"\x81\x01", "record 0 is not a map"),
        (b"\x81\xa2\x00\x61a\x02\xf9\x7e\x00", "record 0: v is not a number"),
        (b"[" * 100_000, "SenML"),
    ],
)
def test_what_is_wrong_is_refused_with_its_reason(payload: bytes, reason: str) -> None:
    with pytest.raises(MessageError, match=reason):
        resolve(read_pack(payload), 0)


def test_a_device_is_the_beginning_of_a_name(gateway_site: Site) -> None:
    senml = decoders()["senml"](gateway_site)
    decoded = senml.decode(Sent("senml/a", (SENML / "ex2.gen.json").read_bytes(), NOW))
    (heard,) = decoded.heard
    assert (heard.device, heard.message.time) == ("urn:dev:ow:10e2073a01080063", NOW)
    assert heard.message.values == {"voltage": 120.1}
    assert heard.units["voltage"] == "V"
    assert decoded.refusals == []


def test_an_unnamed_series_is_told_by_its_unit(gateway_site: Site) -> None:
    senml = decoders()["senml"](gateway_site)
    decoded = senml.decode(Sent("senml/a", (SENML / "ex10.gen.json").read_bytes(), NOW))
    assert [(each.message.time, each.message.values) for each in decoded.heard] == [
        (datetime(2010, 6, 8, 18, 1, 16, tzinfo=UTC), {"Cel": 23.5}),
        (datetime(2010, 6, 8, 18, 1, 31, tzinfo=UTC), {"Cel": 23.6}),
    ]


def test_what_is_no_number_and_who_is_unknown_is_told(gateway_site: Site) -> None:
    senml = decoders()["senml"](gateway_site)
    seventh = senml.decode(Sent("senml/a", (SENML / "ex7.gen.json").read_bytes(), NOW))
    assert seventh.heard[0].message.values == {"temp": 23.1}
    assert [reason.split(" of ")[0] for reason in seventh.refusals] == [
        "channel 'label'",
        "channel 'open'",
        "channel 'nfv-reader'",
    ]
    unknown = senml.decode(Sent("senml/a", (SENML / "ex6.gen.json").read_bytes(), NOW))
    assert unknown.heard == []
    assert "'2001:db8::2/temperature'; add it under devices:" in unknown.refusals[0]
