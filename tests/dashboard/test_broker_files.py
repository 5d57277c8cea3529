"""A broker that knows its senders: a foreign topic does not get through, TLS does."""

from __future__ import annotations

import getpass
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from dashboard.broker_files import access_list, write_broker_files
from ingest.broker import _answers, find_mosquitto, free_port, mosquitto_configuration
from ingest.errors import ConfigurationError
from ingest.intake import Arrival
from ingest.message import SUBSCRIPTION
from ingest.site import Gateway, Site
from ingest.subscriber import Subscriber
from simulators.publish import Publisher
from tests.broker import NO_MOSQUITTO

GATEWAYS = {
    "north": Gateway(instruments=("pz-1",)),
    "south": Gateway(instruments=("pz-2", "ipi-1")),
    "lora": Gateway(dialect="chirpstack_v4"),
}


@pytest.fixture
def site(small_site: Site) -> Site:
    return small_site.model_copy(update={"gateways": GATEWAYS})


@contextmanager
def running(folder: Path, port: int) -> Iterator[dict[str, str]]:
    configuration = folder / "mosquitto.conf"
    # As root, mosquitto would become a user who cannot read the folder of a test.
    configuration.write_text(f"user {getpass.getuser()}\n" + configuration.read_text())
    process = subprocess.Popen([find_mosquitto() or "", "-c", str(configuration)])
    try:
        deadline = time.monotonic() + 20
        while not _answers(port):
            assert process.poll() is None, (folder / "sessions/mosquitto.log").read_text()
            assert time.monotonic() < deadline
            time.sleep(0.05)
        lines = (folder / "broker.env").read_text().splitlines()
        yield dict(line.split("=", 1) for line in lines)
    finally:
        process.terminate()
        process.wait(10)


def heard(subscriber: Subscriber, count: int) -> list[Arrival]:
    found: list[Arrival] = []
    deadline = time.monotonic() + 20
    while len(found) < count and time.monotonic() < deadline:
        found += [each.arrival for each in subscriber.take(0.2)]
    return found


@pytest.mark.broker
def test_a_gateway_writes_its_own_topics_and_no_others(site: Site, tmp_path: Path) -> None:
    if find_mosquitto() is None:
        pytest.skip(NO_MOSQUITTO)
    port = free_port()
    written = write_broker_files(site, tmp_path, host="127.0.0.1", port=port)
    # With the journal, which mosquitto asks about access too, the list still holds.
    assert "plugin_opt_access file" in (tmp_path / "mosquitto.conf").read_text() or (
        "may lose" in written["weakness"]
    )
    with running(tmp_path, port) as environment:
        reader = Subscriber(
            environment["POSTMINE_MQTT_URL"], "reader", [SUBSCRIPTION, "application/#"]
        )
        reader.connect()
        word = environment["GATEWAY_NORTH_PASSWORD"]
        with Publisher(f"mqtt://north:{word}@127.0.0.1:{port}", "north") as north:
            # The broker answers each of them; what is not allowed it drops.
            for topic in (
                "postmine/v1/small/pz-2/readings",
                "postmine/v1/elsewhere/pz-1/readings",
                "postmine/v1/small/south/status",
                "postmine/v1/small/clock",
                "application/1/device/2/event/up",
                "postmine/v1/small/pz-1/readings",
                "postmine/v1/small/north/status",
            ):
                north.publish(topic, b"{}")
        word = environment["GATEWAY_LORA_PASSWORD"]
        with Publisher(f"mqtt://lora:{word}@127.0.0.1:{port}", "lora") as lora:
            lora.publish("postmine/v1/small/pz-1/readings", b"{}")
            lora.publish("application/1/device/2/event/up", b"{}")
        topics = [arrival.topic for arrival in heard(reader, 3)]
        reader.close()
    assert topics == [
        "postmine/v1/small/pz-1/readings",
        "postmine/v1/small/north/status",
        "application/1/device/2/event/up",
    ]


@pytest.mark.broker
def test_a_self_signed_broker_is_spoken_to_by_tls(
    small_site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if find_mosquitto() is None:
        pytest.skip(NO_MOSQUITTO)
    port = free_port()
    write_broker_files(small_site, tmp_path, host="127.0.0.1", port=port, self_signed=True)
    with running(tmp_path, port) as environment:
        assert environment["POSTMINE_MQTT_URL"].startswith("mqtts://")
        monkeypatch.setenv("SSL_CERT_FILE", environment["SSL_CERT_FILE"])
        reader = Subscriber(environment["POSTMINE_MQTT_URL"], "reader", [SUBSCRIPTION])
        reader.connect()
        url = f"mqtts://gateway:{environment['GATEWAY_PASSWORD']}@127.0.0.1:{port}"
        with Publisher(url, "gateway") as gateway:
            gateway.publish("postmine/v1/small/pz-1/readings", b"{}")
        assert len(heard(reader, 1)) == 1
        reader.close()
    for secret in ("broker.key", "broker.env", "passwords"):
        assert (tmp_path / secret).stat().st_mode & 0o077 == 0


def test_a_site_without_gateways_has_one_that_speaks_for_all(small_site: Site) -> None:
    assert access_list(small_site).splitlines() == [
        "user ingest",
        "topic read postmine/#",
        "",
        "user gateway",
        "topic write postmine/v1/small/+/readings",
        "topic write postmine/v1/small/+/status",
    ]


def test_half_of_a_pair_and_missing_files_are_refused(small_site: Site, tmp_path: Path) -> None:
    def write(**given: object) -> None:
        write_broker_files(small_site, tmp_path, host="127.0.0.1", port=1883, **given)  # type: ignore[arg-type]

    with pytest.raises(ConfigurationError, match="both or neither"):
        write(certificate=tmp_path / "a.crt")
    with pytest.raises(ConfigurationError, match="a PEM file that exists"):
        write(certificate=tmp_path / "a.crt", key=tmp_path / "a.key")
    with pytest.raises(ConfigurationError, match="without --tls-cert"):
        write(certificate=tmp_path / "a.crt", key=tmp_path / "a.key", self_signed=True)


def test_our_own_listener_does_not_leave_loopback_without_authentication(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"'0\.0\.0\.0'; legal: a loopback address"):
        mosquitto_configuration(1883, tmp_path, access="allow_anonymous true", host="0.0.0.0")
