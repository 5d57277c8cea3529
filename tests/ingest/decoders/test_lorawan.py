"""Every uplink of the four network servers comes to the values that its vendor expects."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from ingest.decoder import Decoder, Sent, decoders
from ingest.frame_table import Frame, FrameChannel, load_frames
from ingest.message import MessageError
from ingest.site import Device, Site
from tests.ingest.decoders.samples import NOW, UPLINKS, uplinks

#: What a result says of the radio, and not of the ground.
RADIO = {"rssi", "snr"}


def decoder_for(site: Site, dialect: str, frame: str | None, eui: str) -> Decoder:
    """Return the dialect with one device that keeps all channels of its frame."""
    channels = load_frames()[frame].channels if frame else {}
    device = Device.model_validate(
        {
            "id": eui,
            "dialect": dialect,
            "instrument": "lv-1",
            "frame": frame,
            "channels": {name: {"quantity": "depth"} for name in channels},
        }
    )
    return decoders()[dialect](site.model_copy(update={"devices": (device,)}))


def expected(path: Path) -> tuple[str, float | None, dict[str, float]]:
    """Return DevEUI, time in ms and numbers of the device in a result."""
    result = json.loads(path.read_text())
    first = result[0] if isinstance(result, list) else result
    attributes, (telemetry,) = first["attributes"], first["telemetry"]
    ts = telemetry.get("ts")
    if isinstance(ts, str):
        ts = datetime.fromisoformat(ts).timestamp() * 1000
    values = {
        name: 1.0 if value == "trigger" else value
        for name, value in telemetry["values"].items()
        if not name.startswith("lora_")
    }
    return attributes.get("lora_dev_eui") or attributes["eui"], ts, values


@pytest.mark.parametrize(
    ("path", "dialect", "frame"),
    uplinks(),
    ids=lambda value: str(value.relative_to(UPLINKS)) if isinstance(value, Path) else None,
)
def test_every_uplink_comes_to_its_result(
    gateway_site: Site, path: Path, dialect: str, frame: str
) -> None:
    eui, ts, values = expected(path.with_name(path.name.replace("payload", "result")))
    decoder = decoder_for(gateway_site, dialect, frame, eui)
    decoded = decoder.decode(Sent("any", path.read_bytes(), NOW))
    assert decoded.refusals == []
    (heard,) = decoded.heard
    assert heard.device == eui.lower()
    assert heard.message.values == pytest.approx(values, rel=1e-12)
    assert heard.message.time.tzinfo is not None
    if ts is not None:  # one vendor takes the network server's time, the other the application's
        assert heard.message.time.timestamp() * 1000 == pytest.approx(ts, abs=500)


def test_there_are_uplinks_of_every_platform_and_frame() -> None:
    assert {dialect for _, dialect, _ in uplinks()} == {
        "chirpstack_v4",
        "the_things_stack_v3",
        "loriot",
        "thingpark",
    }
    assert {frame for _, _, frame in uplinks()} == set(load_frames())


@pytest.mark.parametrize("device", ["EM310-TILT", "EM500-SWL"])
def test_a_time_that_is_none_is_refused_and_not_guessed(gateway_site: Site, device: str) -> None:
    """The vendor's sample says 2020-0327T12:39:05Z, and its result makes a date of it."""
    path = UPLINKS / "Milesight" / device / "HTTP/uplink/payload.json"
    decoder = decoder_for(gateway_site, "chirpstack_v4", None, "24e1641092176759")
    with pytest.raises(MessageError, match=r"Invalid RFC3339.*time"):
        decoder.decode(Sent("any", path.read_bytes(), NOW))


def chirpstack(counter: int, time: datetime, data: str = "AgfZAAOQiICBAGQAAAxg") -> Sent:
    event = {
        "deviceInfo": {"devEui": "70b3d57ba0003bb8"},
        "time": time.isoformat(),
        "fCnt": counter,
        "data": data,
    }
    return Sent("any", json.dumps(event).encode(), NOW)


def test_one_uplink_that_comes_twice_has_one_time(gateway_site: Site) -> None:
    """So that the store sees a duplicate: same device, same counter, same frame."""
    decoder = decoders()["chirpstack_v4"](gateway_site)

    def time(sent: Sent) -> datetime:
        return decoder.decode(sent).heard[0].message.time

    second = timedelta(seconds=1)
    assert time(chirpstack(20, NOW)) == NOW
    assert time(chirpstack(20, NOW + second)) == NOW
    assert time(chirpstack(20, NOW + timedelta(hours=1))) == NOW + timedelta(hours=1)
    assert time(chirpstack(21, NOW + 2 * second)) == NOW + 2 * second
    other = chirpstack(21, NOW + 3 * second, "AgfZAAOQiYCBAGQAAAxg")
    assert time(other) == NOW + 3 * second


def test_loriot_tells_of_an_uplink_twice(gateway_site: Site) -> None:
    decoder = decoders()["loriot"](gateway_site)
    event = {"EUI": "0004A30B001ADCB5", "ts": 1501064048945, "fcnt": 1, "data": "0207d900020c60"}
    first = decoder.decode(Sent("any", json.dumps({"cmd": "rx", **event}).encode(), NOW))
    event["ts"] += 900
    second = decoder.decode(Sent("any", json.dumps({"cmd": "gw", **event}).encode(), NOW))
    assert first == second
    assert decoder.decode(Sent("any", b'{"cmd":"tx","EUI":"00"}', NOW)).heard == ()


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"deviceInfo": {"devEui": "70b3"}}, "DevEUI '70b3'; legal: sixteen"),
        ({"deviceInfo": {"devEui": "ffffffffffffffff"}}, "'ffffffffffffffff' .*not known.*devices"),
        ({"time": None}, "uplink has no time"),
        ({"data": "%%%"}, "data is not base64"),
        ({"data": "AA=="}, "frame of 1 bytes"),
        ({"data": "AQfZAAIMYA=="}, "protocol version 1; legal: 2"),
        ({"fCnt": "x"}, "no uplink of ChirpStack"),
    ],
)
def test_what_is_wrong_is_named(gateway_site: Site, changes: dict, reason: str) -> None:
    event = {**json.loads(chirpstack(1, NOW).payload), **changes}
    decoder = decoders()["chirpstack_v4"](gateway_site)
    with pytest.raises(MessageError, match=reason):
        decoder.decode(Sent("any", json.dumps(event).encode(), NOW))


def test_a_frame_that_breaks_off_keeps_what_came_before(gateway_site: Site) -> None:
    values, wrong = load_frames()["milesight_em500_swl"].decode(bytes.fromhex("0175640377"))
    assert values == {"battery": 100.0}
    assert wrong == ["frame of 5 bytes ends within water_level"]
    values, wrong = load_frames()["milesight_em500_swl"].decode(bytes.fromhex("01756499990102"))
    assert values == {"battery": 100.0}
    assert "item 9999 at byte 3 is not in the table" in wrong[0]
    values, wrong = load_frames()["decentlab_dl_kl66"].decode(
        bytes.fromhex("0203d400033bf600003bf60c60")
    )
    assert values["battery_voltage"] == pytest.approx(3.168)
    assert any(reason.startswith("frequency: ") for reason in wrong)


def test_the_servers_own_codec_may_decode(gateway_site: Site) -> None:
    event = {
        "deviceInfo": {"devEui": "1000000000000001"},
        "time": NOW.isoformat(),
        "object": {"level": 120, "mode": "normal"},
    }
    decoder = decoders()["chirpstack_v4"](gateway_site)
    (heard,) = decoder.decode(Sent("any", json.dumps(event).encode(), NOW)).heard
    assert heard.message.values == {"level": 120.0}
    del event["object"]
    with pytest.raises(MessageError, match=r"has no frame: in site\.yaml"):
        decoder.decode(Sent("any", json.dumps(event).encode(), NOW))


@pytest.mark.parametrize(
    "formula",
    ["__import__('os')", "w0 ** w0", "w0 ** 99", "w0.real", "(", "w0 if w0 else 1", "'a'"],
)
def test_a_formula_is_arithmetic_and_nothing_else(formula: str) -> None:
    with pytest.raises(ValueError, match="formula"):
        FrameChannel(unit="m", formula=formula)


@pytest.mark.parametrize("name", list(load_frames()))
def test_every_table_says_where_it_is_from(name: str) -> None:
    frame: Frame = load_frames()[name]
    assert frame.source
    assert frame.channels
