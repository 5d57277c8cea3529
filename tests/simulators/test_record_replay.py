"""Files of messages, and sending them again."""

from __future__ import annotations

import gzip
import json
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

import simulators.replay
from ingest.errors import ConfigurationError
from simulators.record import Recorded, messages_of_csv, write_ndjson
from simulators.replay import Replayed, read_ndjson, replay

START = datetime(2022, 1, 1, tzinfo=UTC)
CLOCK = "postmine/v1/abaza/clock"


class Sent:
    """A publisher that keeps what it is given."""

    def __init__(self) -> None:
        self.messages: list[tuple[str, bytes]] = []
        self.flushed = 0

    def publish(self, topic: str, payload: bytes, retain: bool = False) -> None:
        assert not retain
        self.messages.append((topic, payload))

    def flush(self) -> None:
        self.flushed = len(self.messages)


def message(second: float, text: str = "{}") -> Recorded:
    return Recorded(START + timedelta(seconds=second), "t", text.encode())


@pytest.mark.parametrize("name", ["plain.ndjson", "packed.ndjson.gz"])
def test_file_gives_back_what_it_was_given(tmp_path: Path, name: str) -> None:
    messages = [
        message(0, '{"time":"2022-01-01T00:00:00Z","values":{"head":1.5}}'),
        message(0.25, '[{"a": null},\n {"b": [1, null]}]'),
        Recorded(START, "postmine/v1/ü/readings", "Тест".encode("cp1251")),
        message(2, "not JSON"),
        message(3, ""),
    ]
    path = tmp_path / name
    assert write_ndjson(messages, path) == 5
    back = list(read_ndjson(path))
    assert [m.received for m in back] == [m.received for m in messages]
    assert [m.topic for m in back] == [m.topic for m in messages]
    assert json.loads(back[1].payload) == json.loads(messages[1].payload)
    for index in (0, 2, 3, 4):
        assert back[index].payload == messages[index].payload
    again = tmp_path / f"again-{name}"
    write_ndjson(messages, again)
    assert again.read_bytes() == path.read_bytes()


def test_line_is_the_documented_one(tmp_path: Path) -> None:
    path = tmp_path / "a.ndjson"
    write_ndjson([message(1, '{"time":"x"}')], path)
    assert path.read_text(encoding="utf-8") == (
        '{"topic":"t","received":"2022-01-01T00:00:01Z","payload":{"time":"x"}}\n'
    )


@pytest.mark.parametrize(
    ("line", "cure"),
    [
        ("{", "truncated"),
        ('{"topic":"t","received":"2022-01-01T00:00:00","payload":{}}', "time zone"),
        ('{"topic":"t","received":"2022-01-01T00:00:00Z"}', "exactly one of payload"),
        ('{"topic":1,"received":"2022-01-01T00:00:00Z","payload":{}}', "Expected `str`"),
        ('{"topic":"t","received":"2022-01-01T00:00:00Z","payload":{},"q":1}', "unknown field"),
    ],
)
def test_malformed_line_names_file_and_line(tmp_path: Path, line: str, cure: str) -> None:
    path = tmp_path / "bad.ndjson"
    good = '{"topic":"t","received":"2022-01-01T00:00:00Z","payload":{}}'
    path.write_text(f"{good}\n\n{line}\n{good}\n", encoding="utf-8")
    with pytest.raises(ConfigurationError, match=rf"bad\.ndjson:3: .*{cure}"):
        list(read_ndjson(path))


def test_damaged_gzip_and_missing_file(tmp_path: Path) -> None:
    path = tmp_path / "cut.ndjson.gz"
    write_ndjson([message(second) for second in range(2000)], path)
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(ConfigurationError, match=r"cut\.ndjson\.gz.*damaged"):
        list(read_ndjson(path))
    path.write_bytes(b"plain text")
    with pytest.raises(ConfigurationError, match=r"cut\.ndjson\.gz:1: gzip"):
        list(read_ndjson(path))
    with pytest.raises(ConfigurationError, match="there is no such file"):
        list(read_ndjson(tmp_path / "none.ndjson"))


def test_clock_goes_before_the_messages_of_its_time() -> None:
    sent = Sent()
    done = replay(
        [message(0, "1"), message(0, "2"), message(5, "3")],
        sent,
        site="abaza",
        speed=0,
        send_clock=True,
    )
    assert done == Replayed(3, 0, START + timedelta(seconds=5))
    assert sent.messages == [
        (CLOCK, b'{"time":"2022-01-01T00:00:00Z"}'),
        ("t", b"1"),
        ("t", b"2"),
        (CLOCK, b'{"time":"2022-01-01T00:00:05Z"}'),
        ("t", b"3"),
    ]
    assert sent.flushed == 5


def test_without_clock_only_the_messages() -> None:
    sent = Sent()
    replay([message(0), message(9)], sent, site="abaza", speed=0, send_clock=False)
    assert [topic for topic, _ in sent.messages] == ["t", "t"]


def test_resume_skips_what_was_sent_before_that_moment() -> None:
    sent = Sent()
    reports: list[Replayed] = []
    done = replay(
        [message(second) for second in range(5)],
        sent,
        site="abaza",
        speed=0,
        send_clock=False,
        resume_after=START + timedelta(seconds=2),
        on_progress=reports.append,
    )
    assert done == Replayed(3, 2, START + timedelta(seconds=4))
    assert reports[-1] == done
    later = START + timedelta(seconds=1)
    nothing = replay([message(0)], sent, site="abaza", speed=0, send_clock=True, resume_after=later)
    assert nothing == Replayed(0, 1, None)


def test_speed_paces_and_the_clock_ticks_while_nothing_is_due(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(simulators.replay, "TICK_S", 0.02)
    sent = Sent()
    began = simulators.replay.time.monotonic()
    replay([message(0), message(20)], sent, site="abaza", speed=100, send_clock=True)
    assert simulators.replay.time.monotonic() - began >= 0.2
    clocks = [json.loads(payload)["time"] for topic, payload in sent.messages if topic == CLOCK]
    assert len(clocks) > 4
    assert clocks == sorted(clocks, key=datetime.fromisoformat)
    assert clocks[-1] == "2022-01-01T00:00:20Z"


def test_stop_ends_a_replay_that_waits() -> None:
    stop = threading.Event()
    sent = Sent()

    def stop_at_first(progress: Replayed) -> None:
        stop.set()

    done = replay(
        [message(0), message(1e9)],
        sent,
        site="abaza",
        speed=1,
        send_clock=False,
        stop=stop,
        on_progress=stop_at_first,
    )
    assert done.count == 1


def test_series_becomes_messages_with_blanks_as_null(tmp_path: Path) -> None:
    path = tmp_path / "head.csv"
    path.write_text(
        "Date,head\n2020-01-01 01:00:00,0.0033\n2020-01-02 01:00:00,\n2020-02-01 01:00:00,2\n",
        encoding="utf-8",
    )
    given = {"site": "s", "instrument": "w-1", "quantity": "head"}
    messages = list(messages_of_csv(path, scale=1000, time_zone="Europe/Amsterdam", **given))
    assert [m.payload for m in messages] == [
        b'{"time":"2020-01-01T00:00:00Z","values":{"head":3.3}}',
        b'{"time":"2020-01-02T00:00:00Z","values":{"head":null}}',
        b'{"time":"2020-02-01T00:00:00Z","values":{"head":2000.0}}',
    ]
    assert messages[0].topic == "postmine/v1/s/w-1/readings"
    some = messages_of_csv(path, start=datetime(2020, 1, 1, 2, tzinfo=UTC), **given)
    assert len(list(some)) == 2
    path.write_text("Date,head\n2020-01-01,1\n2020-01-02,high\n", encoding="utf-8")
    with pytest.raises(ConfigurationError, match=r"head\.csv:3: row .*a time and a number"):
        list(messages_of_csv(path, **given))


def test_packed_file_has_no_time_in_it(tmp_path: Path) -> None:
    path = tmp_path / "a.ndjson.gz"
    write_ndjson([message(0)], path)
    assert path.read_bytes()[4:8] == b"\0\0\0\0"
    assert gzip.decompress(path.read_bytes()).count(b"\n") == 1


def test_the_lead_is_not_paced() -> None:
    """At a speed at which it would take a day, the lead goes at once."""
    sent: list[str] = []

    class Broker:
        def publish(self, topic: str, payload: bytes, retain: bool = False) -> None:
            sent.append(topic)

        def flush(self) -> None:
            pass

    messages = [Recorded(START + timedelta(hours=hour), f"t/{hour}", b"{}") for hour in range(24)]
    done = replay(messages, Broker(), site="s", speed=1.0, send_clock=False, lead_d=1.0)
    assert done.count == len(sent) == 24
