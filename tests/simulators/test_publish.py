"""The publisher against a real broker."""

from __future__ import annotations

import queue
import shutil
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import paho.mqtt.client as mqtt
import pytest

from ingest.errors import ServiceError
from ingest.message import decode_status
from simulators.publish import IN_FLIGHT, Publisher

pytestmark = pytest.mark.broker


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@pytest.fixture(scope="module", params=["anonymous", "password"])
def url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    program = shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin")
    if program is None:
        pytest.skip("mosquitto is not on PATH")
    folder = tmp_path_factory.mktemp("mosquitto")
    port = free_port()
    lines = [f"listener {port} 127.0.0.1", "max_queued_messages 0"]
    user = ""
    if request.param == "anonymous":
        lines.append("allow_anonymous true")
    else:
        maker = shutil.which("mosquitto_passwd")
        if maker is None:
            pytest.skip("mosquitto_passwd is not on PATH")
        passwords = folder / "passwords"
        subprocess.run([maker, "-b", "-c", passwords, "mine", "p@ss/word"], check=True)
        passwords.chmod(0o644)
        lines += ["allow_anonymous false", f"password_file {passwords}"]
        user = "mine:p%40ss%2Fword@"
    if Path("/etc/passwd").exists():
        lines.append("user root")
    (folder / "conf").write_text("\n".join(lines) + "\n", encoding="utf-8")
    process = subprocess.Popen(
        [program, "-v", "-c", folder / "conf"],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert process.stdout is not None
    said = []
    for line in process.stdout:
        said.append(line)
        if "running" in line:
            break
    else:
        pytest.fail("mosquitto did not start: " + "".join(said))
    # Its log must be read, or the pipe fills up and the broker stands still.
    drain = subprocess.Popen(["cat"], stdin=process.stdout, stdout=subprocess.DEVNULL)
    yield f"mqtt://{user}127.0.0.1:{port}"
    process.terminate()
    process.wait(10)
    drain.wait(10)


class Listener:
    """A plain subscriber."""

    def __init__(self, url: str, topic: str) -> None:
        self.heard: queue.Queue[mqtt.MQTTMessage] = queue.Queue()
        subscribed: queue.Queue[bool] = queue.Queue()
        self.client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2)
        if "@" in url:
            self.client.username_pw_set("mine", "p@ss/word")
        self.client.on_message = lambda *arguments: self.heard.put(arguments[-1])
        self.client.on_subscribe = lambda *_: subscribed.put(True)
        self.client.connect("127.0.0.1", int(url.rsplit(":", 1)[1]))
        self.client.loop_start()
        self.client.subscribe(topic, qos=1)
        subscribed.get(timeout=10)

    def next(self) -> mqtt.MQTTMessage:
        return self.heard.get(timeout=10)

    def close(self) -> None:
        self.client.disconnect()
        self.client.loop_stop()


def test_everything_arrives_in_order(url: str) -> None:
    listener = Listener(url, "postmine/v1/order/#")
    count = 3 * IN_FLIGHT
    with Publisher(url, "sender-order") as publisher:
        for number in range(count):
            publisher.publish("postmine/v1/order/a/readings", str(number).encode())
        publisher.flush()
    assert [int(listener.next().payload) for _ in range(count)] == list(range(count))
    listener.close()


def test_status_is_retained_online_and_then_offline(url: str) -> None:
    topic = "postmine/v1/abaza/sender-status/status"
    with Publisher(url, "sender-status", site="abaza") as publisher:
        publisher.flush()
        late = Listener(url, topic)
        born = late.next()
        assert (born.payload, born.retain) == (b'{"state":"online"}', True)
        assert decode_status(born.payload).state == "online"
    assert late.next().payload == b'{"state":"offline"}'
    late.close()


def test_last_will_when_the_sender_dies(url: str) -> None:
    topic = "postmine/v1/abaza/sender-will/status"
    publisher = Publisher(url, "sender-will", site="abaza").__enter__()
    publisher.flush()
    listener = Listener(url, topic)
    assert listener.next().payload == b'{"state":"online"}'
    # A second client of the same name: the broker cuts the first one off without a farewell.
    publisher._client.reconnect_delay_set(60, 60)
    thief = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, client_id="sender-will")
    if "@" in url:
        thief.username_pw_set("mine", "p@ss/word")
    thief.connect("127.0.0.1", int(url.rsplit(":", 1)[1]))
    thief.loop_start()
    assert listener.next().payload == b'{"state":"offline"}'
    publisher._client.loop_stop()
    thief.disconnect()
    thief.loop_stop()
    listener.close()


def test_wrong_password_is_one_clear_line(url: str) -> None:
    if "@" not in url:
        pytest.skip("this broker asks for no password")
    wrong = url.replace("p%40ss%2Fword", "secret-guess")
    with (
        pytest.raises(ServiceError, match="refuses us: Not authorized") as caught,
        Publisher(wrong, "sender-wrong"),
    ):
        pass
    assert "secret-guess" not in str(caught.value)


def test_no_broker_is_one_clear_line() -> None:
    port = free_port()
    with (
        pytest.raises(ServiceError, match=rf"no MQTT broker answers at 127\.0\.0\.1:{port}"),
        Publisher(f"mqtt://user:hidden@127.0.0.1:{port}", "sender") as publisher,
    ):
        publisher.flush()
