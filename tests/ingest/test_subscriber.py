"""The subscriber against real brokers: nothing is acknowledged before it is said so."""

from __future__ import annotations

import getpass
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ingest.broker import Broker, find_mosquitto, free_port
from ingest.errors import ServiceError
from ingest.subscriber import Delivery, Subscriber, parse_mqtt_url
from simulators.publish import Publisher
from tests.broker import NO_MOSQUITTO, running_broker


@pytest.fixture(params=["mosquitto", "iotcore"])
def broker(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Broker]:
    with running_broker(request.param, tmp_path / "broker") as running:
        yield running


def connected(url: str, client_id: str = "test") -> Subscriber:
    subscriber = Subscriber(url, client_id, ["postmine/#"])
    subscriber.connect()
    return subscriber


def take_until(
    subscriber: Subscriber, enough: Callable[[list[Delivery]], bool], timeout_s: float = 20
) -> list[Delivery]:
    taken: list[Delivery] = []
    deadline = time.monotonic() + timeout_s
    while not enough(taken):
        assert time.monotonic() < deadline, f"only {len(taken)} messages came"
        taken += subscriber.take(0.2)
    return taken


def publish(url: str, payloads: list[bytes], topic: str = "postmine/v1/s/i/readings") -> None:
    with Publisher(url, "test-publisher") as publisher:
        for payload in payloads:
            publisher.publish(topic, payload)
        publisher.flush()


def payloads_of(deliveries: list[Delivery]) -> list[bytes]:
    return [d.arrival.payload for d in deliveries if d.arrival.topic.endswith("readings")]


def test_messages_come_in_order_and_whole(broker: Broker) -> None:
    subscriber = connected(broker.url)
    sent = [b"%d:" % number + b"x" * (number % 5000) for number in range(3000)]
    publish(broker.url, sent)
    taken: list[Delivery] = []
    deadline = time.monotonic() + 30
    while len(payloads_of(taken)) < len(sent):
        assert time.monotonic() < deadline
        deliveries = subscriber.take(0.2)
        subscriber.acknowledge(deliveries, subscriber.connection)
        taken += deliveries
    assert payloads_of(taken) == sent
    subscriber.close()


@pytest.mark.broker
def test_what_was_not_acknowledged_comes_again(tmp_path: Path) -> None:
    with running_broker("mosquitto", tmp_path / "broker") as broker:
        first = connected(broker.url, "same")
        publish(broker.url, [b"1", b"2", b"3"])
        taken = take_until(first, lambda found: len(payloads_of(found)) >= 3)
        kept = [d for d in taken if d.arrival.payload == b"1"]
        first.acknowledge(kept, first.connection)
        first.close()
        second = connected(broker.url, "same")
        again = take_until(second, lambda found: len(payloads_of(found)) >= 2)
        assert payloads_of(again) == [b"2", b"3"]
        second.close()


@pytest.mark.broker
def test_a_broker_that_comes_back_is_found_again(tmp_path: Path) -> None:
    with running_broker("mosquitto", tmp_path / "broker") as broker:
        subscriber = connected(broker.url, "steady")
        publish(broker.url, [b"before"])
        before = take_until(subscriber, lambda found: len(payloads_of(found)) >= 1)
        connection = subscriber.connection
    with running_broker("mosquitto", tmp_path / "broker", broker.port) as again:
        deadline = time.monotonic() + 30
        after: list[Delivery] = []
        while not (subscriber.connection > connection and subscriber.connected):
            assert time.monotonic() < deadline, "not connected again"
            after += subscriber.take(0.2)
        # Numbers of the old connection must not acknowledge messages of the new one.
        subscriber.acknowledge(before, connection)
        publish(again.url, [b"after"])
        after += take_until(subscriber, lambda found: len(payloads_of(after + found)) >= 2)
        assert payloads_of(after) == [b"before", b"after"]
        subscriber.close()


def test_no_broker_is_one_clear_line() -> None:
    port = free_port()
    with pytest.raises(ServiceError, match=rf"no MQTT broker at mqtt://127.0.0.1:{port}: .*set"):
        Subscriber(f"mqtt://127.0.0.1:{port}", "test", ["#"]).connect()


@pytest.mark.broker
def test_a_wrong_password_is_one_clear_line(tmp_path: Path) -> None:
    program = find_mosquitto()
    if program is None:
        pytest.skip(NO_MOSQUITTO)
    passwords = tmp_path / "passwords"
    passwords.write_text("gateway:right\n")
    subprocess.run(["mosquitto_passwd", "-U", str(passwords)], check=True)
    port = free_port()
    (tmp_path / "m.conf").write_text(
        f"user {getpass.getuser()}\nlistener {port} 127.0.0.1\n"
        f"allow_anonymous false\npassword_file {passwords}\n"
    )
    process = subprocess.Popen([program, "-c", str(tmp_path / "m.conf")], stderr=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 10
        while True:
            with pytest.raises(ServiceError) as caught:
                Subscriber(f"mqtt://gateway:wrong@127.0.0.1:{port}", "t", ["#"]).connect()
            if "no MQTT broker" not in str(caught.value):
                break
            assert time.monotonic() < deadline, "mosquitto did not start"
        assert "does not take us: Not authorized" in str(caught.value)
        assert "wrong" not in str(caught.value)
        subscriber = Subscriber(f"mqtt://gateway:right@127.0.0.1:{port}", "t", ["#"])
        subscriber.connect()
        assert subscriber.connected
        subscriber.close()
    finally:
        process.terminate()
        process.wait()


def test_addresses() -> None:
    address = parse_mqtt_url("mqtts://me:p%40ss@broker.example")
    assert (address.host, address.port, address.secure) == ("broker.example", 8883, True)
    assert (address.user, address.password) == ("me", "p@ss")
    assert str(address) == "mqtts://broker.example:8883"
    assert parse_mqtt_url("mqtt://127.0.0.1").port == 1883
