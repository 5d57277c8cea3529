"""The broker journal: what mosquitto has acknowledged outlives a kill -9 of mosquitto."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from paho.mqtt import client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

from ingest import broker_journal
from ingest.broker import Broker, find_mosquitto, free_port, start_broker
from ingest.broker_journal import NoJournal, build_journal
from ingest.subscriber import Subscriber
from ingest.text import Text
from tests.broker import NO_MOSQUITTO
from tests.processes import until

pytestmark = pytest.mark.broker

TOPIC = "postmine/v1/small/pz-1/readings"


@pytest.fixture(autouse=True)
def plugin() -> Path:
    """The plugin as it is built here, else a skip that says what is missing."""
    program = find_mosquitto()
    if program is None:
        pytest.skip(NO_MOSQUITTO)
    try:
        return build_journal(program)
    except NoJournal as error:
        pytest.skip(str(error))


class House:
    """A mosquitto that is killed and started again on the same folder and port."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.port = folder, free_port()
        self.broker: Broker | None = None

    @property
    def url(self) -> str:
        return f"mqtt://127.0.0.1:{self.port}"

    @property
    def segments(self) -> list[Path]:
        return sorted(self.folder.glob("journal-*"))

    @property
    def log(self) -> str:
        path = self.folder / "mosquitto.log"
        return path.read_text() if path.exists() else ""

    @property
    def saved(self) -> bytes:
        """mosquitto's last snapshot."""
        path = self.folder / "mosquitto.db"
        return path.read_bytes() if path.exists() else b""

    def start(self, *, journal: bool = True) -> None:
        self.broker = start_broker(self.folder, self.port, journal=journal)

    def kill(self) -> None:
        assert self.broker is not None
        self.broker.process.send_signal(signal.SIGKILL)
        self.broker.process.wait()

    def stop(self) -> None:
        if self.broker is not None and self.broker.process.poll() is None:
            self.broker.stop()

    def listen(self, *topics: str, name: str = "reader") -> Subscriber:
        subscriber = Subscriber(self.url, name, topics or ["postmine/#"])
        subscriber.connect()
        return subscriber

    def away(self) -> None:
        """Make the session of a reader that is away, and have it on the disk."""
        self.listen().close()
        self.stop()
        self.start()

    def heard(self, subscriber: Subscriber, count: int) -> list[bytes]:
        """Take and acknowledge `count` messages, and whatever comes right behind them."""
        found: list[bytes] = []
        deadline = time.monotonic() + 30
        while len(found) < count:
            assert time.monotonic() < deadline, f"only {len(found)} of {count} came\n{self.log}"
            deliveries = subscriber.take(0.2)
            subscriber.acknowledge(deliveries, subscriber.connection)
            found += [each.arrival.payload for each in deliveries]
        return found + [each.arrival.payload for each in subscriber.take(0.2)]


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    found = House(tmp_path / "broker")
    found.start()
    yield found
    found.stop()


@contextmanager
def sender(house: House, protocol: int = mqtt.MQTTv311) -> Iterator[mqtt.Client]:
    client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id="sender", protocol=protocol)
    client.connect("127.0.0.1", house.port)
    client.loop_start()
    try:
        yield client
    finally:
        client.disconnect()
        client.loop_stop()


def publish(house: House, payloads: list[bytes], topic: str = TOPIC, **how: object) -> None:
    """Publish and return when the broker has acknowledged all."""
    with sender(house) as client:
        answers = [client.publish(topic, each, **{"qos": 1, **how}) for each in payloads]
        for answer in answers:
            answer.wait_for_publish(20)
            assert answer.is_published()


def numbered(count: int, first: int = 0) -> list[bytes]:
    return [b"%d" % number for number in range(first, first + count)]


def test_what_was_acknowledged_comes_after_a_kill(house: House) -> None:
    house.away()
    publish(house, numbered(500))
    house.kill()
    house.start()
    assert house.heard(house.listen(), 500) == numbered(500)


def test_without_the_journal_the_same_is_lost(house: House) -> None:
    """What the journal is for; the next snapshot would be a minute later."""
    house.away()
    house.stop()
    configuration = house.folder / "mosquitto.conf"
    lines = [line for line in configuration.read_text().splitlines() if "plugin" not in line]
    configuration.write_text("\n".join(lines) + "\n")
    process = subprocess.Popen([find_mosquitto() or "", "-c", str(configuration)])
    try:
        until(lambda: can_connect(house.port), "mosquitto is up")
        publish(house, numbered(500))
    finally:
        process.kill()
        process.wait()
    house.start()
    publish(house, [b"after"])
    assert house.heard(house.listen(), 1) == [b"after"]


def can_connect(port: int) -> bool:
    client = mqtt.Client(CallbackAPIVersion.VERSION2)
    try:
        client.connect("127.0.0.1", port)
    except OSError:
        return False
    client.disconnect()
    return True


def test_a_session_and_its_queue_outlive_kill_after_kill(house: House) -> None:
    """The first connection's session too: it is saved when the reader leaves."""
    house.listen().close()
    until(lambda: b"reader" in house.saved, "the session is saved", timeout_s=20)
    for turn in range(5):
        publish(house, numbered(100, 100 * turn))
        house.kill()
        house.start()
    reader = house.listen()
    # Killed twice between two snapshots, a message may come twice; never in another order.
    heard = [int(each) for each in house.heard(reader, 500)]
    assert sorted(set(heard)) == list(range(500))
    first_time = list(dict.fromkeys(heard))
    assert first_time == sorted(first_time)


def test_a_message_that_was_not_written_to_its_end_is_left_out(house: House) -> None:
    house.away()
    publish(house, numbered(10))
    house.kill()
    last = house.segments[-1]
    whole = last.read_bytes()
    last.write_bytes(whole[:-3])
    house.start()
    assert house.heard(house.listen(), 9) == numbered(9)
    assert "was not written to its end" in house.log


def test_damage_within_a_segment_ends_it_and_no_more(house: House) -> None:
    house.away()
    snapshot = house.folder / "mosquitto.db"
    before = snapshot.read_bytes()
    publish(house, numbered(3))
    house.kill()
    snapshot.write_bytes(before)  # it may hold the messages already, and the journal is asked here
    damaged = bytearray(house.segments[-1].read_bytes())
    damaged[damaged.index(b"readings")] ^= 1
    house.segments[-1].write_bytes(damaged)
    house.start()
    publish(house, [b"after"])
    assert house.heard(house.listen(), 1) == [b"after"]


def test_a_clean_stop_leaves_nothing_to_publish_again(house: House) -> None:
    house.away()
    publish(house, numbered(50))
    house.stop()
    assert house.segments == []
    house.start()
    assert house.heard(house.listen(), 50) == numbered(50)
    assert "anew" not in house.log


def test_segments_go_when_snapshots_hold_them(house: House) -> None:
    def size() -> int:
        return sum(path.stat().st_size for path in house.segments)

    with sender(house) as client:
        began, sent, largest = time.monotonic(), 0, 0
        snapshots = set()
        while len(snapshots) < 5:
            assert time.monotonic() - began < 60, "no snapshots are made"
            client.publish(TOPIC, b"x" * 1000, qos=1).wait_for_publish(20)
            sent += 1
            with_db = house.folder / "mosquitto.db"
            if with_db.exists():
                snapshots.add(with_db.stat().st_mtime_ns)
            largest = max(largest, size())
    assert len(house.segments) <= 3
    # Of five snapshots' messages, those of two at most were there at once.
    assert largest < 0.8 * sent * 1000


def test_a_disk_that_refuses_makes_the_broker_refuse(house: House) -> None:
    """A limit of file sizes stands for the full disk."""
    house.away()
    publish(house, [b"before"])
    assert house.broker is not None
    length = max(path.stat().st_size for path in house.segments)
    limit = length + 200
    limit_file_size(house.broker.process.pid, limit)
    with sender(house) as client:
        lost = client.publish(TOPIC, b"x" * 1000, qos=1)
        until(lambda: "cannot be kept" in house.log, "the broker says so", timeout_s=30)
        assert not lost.is_published()
        # The file was taken back to its last whole message: a short one still goes in.
        limit_file_size(house.broker.process.pid, -1)
        lost.wait_for_publish(30)
        assert lost.is_published()
    house.kill()
    house.start()
    assert house.heard(house.listen(), 2)[:2] == [b"before", b"x" * 1000]


def limit_file_size(pid: int, limit: int) -> None:
    program = shutil.which("prlimit")
    if program is None:
        pytest.skip("prlimit is not installed; on Debian: apt install util-linux")
    size = "unlimited" if limit < 0 else str(limit)
    subprocess.run([program, f"--fsize={size}:unlimited", "--pid", str(pid)], check=True)


@pytest.mark.parametrize("qos", [1, 2])
def test_topic_payload_and_retained_are_as_they_were(house: House, qos: int) -> None:
    house.away()
    binary = bytes(range(256)) * 300
    publish(house, [binary, b"", b"last"], "postmine/v1/small/gw-1/status", retain=True, qos=qos)
    publish(house, [b"forgotten", b""], "postmine/v1/small/gw-2/status", retain=True, qos=qos)
    house.kill()
    house.start()
    heard = [binary, b"", b"last", b"forgotten", b"", b"last"]  # the last one as what is retained
    assert house.heard(house.listen(), 6) == heard
    # Somebody new is told the last word, and nothing of the one that was taken back.
    new = house.listen(name="new")
    assert house.heard(new, 1) == [b"last"]


def test_a_last_will_that_was_published_is_not_undone(house: House) -> None:
    """Online, then dead, then the broker is killed: the last word stays the will."""
    client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id="gateway")
    client.will_set("postmine/v1/small/gw-1/status", b"offline", qos=1, retain=True)
    client.connect("127.0.0.1", house.port)
    client.loop_start()
    client.publish("postmine/v1/small/gw-1/status", b"online", qos=1, retain=True).wait_for_publish(
        20
    )
    until(lambda: b"online" in house.saved, "it is saved", timeout_s=20)
    sock = client.socket()
    assert sock is not None
    os.close(sock.detach())  # without a word
    client.loop_stop()
    until(lambda: b"offline" in house.saved, "its will is saved at once", timeout_s=20)
    house.kill()
    house.start()
    assert house.heard(house.listen(name="new"), 1) == [b"offline"]


SHARED = "$share/group/postmine/+/+/+/readings"


def test_what_came_for_a_group_comes_when_one_of_it_is_back(house: House) -> None:
    """mosquitto forgets shared subscriptions with every end of its process."""
    for name in ("one", "two"):
        house.listen(SHARED, name=name).close()
    publish(house, numbered(100))
    house.kill()
    house.start()
    publish(house, numbered(100, 100))
    publish(house, [b"of others"], "postmine/v1/small/gw-1/status", retain=True)
    until(lambda: b"gw-1" in house.saved, "a snapshot, which cannot hold what is awaited", 20)
    for _ in range(3):
        house.kill()
        house.start()
    publish(house, numbered(100, 200))
    house.stop()
    house.start()
    publish(house, numbered(100, 300))
    heard: set[int] = set()
    one, two = (house.listen(SHARED, name=name) for name in ("one", "two"))
    deadline = time.monotonic() + 30
    while heard != set(range(400)):
        assert time.monotonic() < deadline, f"{sorted(set(range(400)) - heard)} did not come"
        for each in (one, two):
            deliveries = each.take(0.1)
            each.acknowledge(deliveries, each.connection)
            heard |= {int(delivery.arrival.payload) for delivery in deliveries}
    # From now on snapshots take the place of segments again.
    publish(house, [b"400"])
    until(lambda: b"400" in house.saved, "it is saved", timeout_s=20)
    until(lambda: sum(path.stat().st_size for path in house.segments) < 1000, "segments go", 20)


def test_a_group_that_has_gone_is_not_awaited(house: House) -> None:
    listed = house.folder / "shared-subscriptions"
    leaves = house.listen(SHARED, name="leaves")
    assert "leaves" in listed.read_text()
    Subscriber(house.url, "forgotten", [SHARED], clean=True).connect()
    assert "forgotten" not in listed.read_text()
    leaves.close()
    left = Subscriber(house.url, "leaves", [], left=[SHARED])
    left.connect()
    until(lambda: not left.take(0.1) and not listed.read_text(), "it is left", timeout_s=20)
    left.close()
    house.kill()
    house.start()
    publish(house, [b"1"])
    assert "are kept until" not in house.log


def test_anybody_of_the_group_takes_what_came_and_a_session_that_ends_is_forgotten(
    house: House,
) -> None:
    listed = house.folder / "shared-subscriptions"
    house.listen(SHARED, name="one").close()
    until(lambda: b"one" in house.saved, "its session is saved", timeout_s=20)
    house.kill()
    house.start()
    publish(house, numbered(3))
    other = Subscriber(house.url, "other", [SHARED], clean=True)
    other.connect()
    assert house.heard(other, 3) == numbered(3)
    assert listed.read_text() == f"{SHARED}\tone\n", "only a session that is kept is awaited"
    Subscriber(house.url, "one", ["postmine/#"], clean=True).connect()
    assert listed.read_text() == ""


def test_qos_0_is_kept_for_a_reader_that_is_away(house: House) -> None:
    """It is not acknowledged, and so not in the journal; but ingest may be away for a moment."""
    house.away()
    with sender(house) as client:
        for payload in numbered(2000):
            client.publish(TOPIC, payload, qos=0)
        client.publish(TOPIC, b"end", qos=1).wait_for_publish(20)
    assert house.heard(house.listen(), 2001) == [*numbered(2000), b"end"]


def test_it_is_built_once_and_used_without_a_compiler(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = find_mosquitto() or ""
    monkeypatch.setattr(shutil, "which", lambda *_, **__: None)
    with pytest.raises(NoJournal, match="no C compiler for the broker journal; on Debian: apt"):
        build_journal(program, tmp_path)
    monkeypatch.undo()
    built = build_journal(program, tmp_path)
    made = built.stat().st_mtime_ns
    monkeypatch.setattr(shutil, "which", lambda *_, **__: None)
    assert build_journal(program, tmp_path) == built
    assert built.stat().st_mtime_ns == made


def test_the_broker_starts_without_it_and_says_what_that_costs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_program: str) -> Path:
        raise NoJournal(Text("there is no C compiler"))

    monkeypatch.setattr("ingest.broker.build_journal", refuse)
    broker = start_broker(tmp_path, free_port())
    try:
        assert "may lose the messages of its last second: there is no C comp" in broker.weakness
        assert "autosave_interval 1\n" in (tmp_path / "mosquitto.conf").read_text()
    finally:
        broker.stop()


def test_another_mosquitto_and_a_broken_source_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = tmp_path / "mosquitto"
    other.write_text("#!/bin/sh\necho mosquitto version 3.1.4\n")
    other.chmod(0o700)
    with pytest.raises(NoJournal, match=r"made for mosquitto 2\.0, and this is 3\.1\.4"):
        build_journal(str(other))
    source = tmp_path / "broker_journal.c"
    source.write_text("#include <no_such_header.h>\n")
    monkeypatch.setattr(broker_journal, "_SOURCE", source)
    with pytest.raises(NoJournal, match=r"no_such_header\.h.*apt install libc6-dev"):
        build_journal(find_mosquitto() or "", tmp_path)
    assert list(tmp_path.glob("*.so")) == []


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ("", "plugin_opt_folder is missing"),
        ("plugin_opt_folder {folder}\nplugin_opt_sync_ms soon", "sync_ms is soon; legal: 0 to"),
        ("plugin_opt_folder {folder}\nplugin_opt_sync 5", "plugin_opt_sync; legal: access, folder"),
        ("plugin_opt_folder {folder}\nplugin_opt_access none", "access is none; legal: all, file"),
    ],
)
def test_wrong_options_stop_the_start(
    tmp_path: Path, plugin: Path, options: str, words: str
) -> None:
    configuration = tmp_path / "mosquitto.conf"
    configuration.write_text(
        f"listener {free_port()} 127.0.0.1\nuser root\npersistence true\n"
        f"persistence_location {tmp_path}/\nlog_dest stderr\nplugin {plugin}\n"
        + options.format(folder=tmp_path)
    )
    done = subprocess.run(
        [find_mosquitto() or "", "-c", str(configuration)],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.returncode != 0
    assert words in done.stderr
