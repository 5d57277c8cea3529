"""The recording of real wells: what was blank, missing or dense there is so here."""

from __future__ import annotations

import itertools
import json
from collections import defaultdict
from datetime import datetime, timedelta

import pytest

from ingest.site import load_site
from simulators.replay import read_ndjson, replay

#: Counted in the source's files up to the end of the recording (see SOURCE.md beside it):
#: rows, and blank values among them.
SOURCE = {
    "ow-b49f0232-1": (19_234, 17),
    "ow-b49f0232-2": (19_232, 6),
    "ow-b49f0232-3": (14_699, 5),
    "ow-b49f0232-4": (934, 6),
    "ow-b49f0232-5": (14_695, 5),
    "rain-knmi": (12_099, 0),
}


@pytest.fixture(scope="module")
def series() -> dict[str, list[tuple[datetime, float | None]]]:
    site = load_site("brabant")
    found = defaultdict(list)
    for message in read_ndjson(site.folder / site.demo.recording):
        instrument = message.topic.split("/")[3]
        body = json.loads(message.payload)
        (value,) = body["values"].values()
        assert set(body["values"]) <= set(site.type_of(instrument).quantities)
        time = datetime.fromisoformat(body["time"])
        assert time == message.received
        found[instrument].append((time, value))
    return dict(found)


def test_every_row_and_every_blank_of_the_source(series: dict) -> None:
    counts = {
        name: (len(rows), sum(value is None for _, value in rows)) for name, rows in series.items()
    }
    assert counts == SOURCE


def test_gaps_stay_gaps(series: dict) -> None:
    def longest(name: str) -> list[int]:
        times = [time for time, _ in series[name]]
        return [
            (later - time).days
            for time, later in itertools.pairwise(times)
            if later - time > timedelta(days=45)
        ]

    assert longest("ow-b49f0232-1") == [62]
    assert longest("ow-b49f0232-2") == [62]
    assert longest("ow-b49f0232-3") == [62, 188]
    assert longest("ow-b49f0232-5") == [62, 189]


def test_fortnightly_becomes_hourly(series: dict) -> None:
    times = [time for time, _ in series["ow-b49f0232-1"]]
    hourly = [
        time for time, later in itertools.pairwise(times) if later - time == timedelta(hours=1)
    ]
    assert hourly[0] == datetime.fromisoformat("2011-01-14T12:00:00Z")
    assert len(hourly) > 18_000
    assert series["ow-b49f0232-4"][-1][0] < hourly[0]


def test_values_are_the_source_s(series: dict) -> None:
    assert series["ow-b49f0232-1"][0] == (datetime.fromisoformat("1971-10-14T12:00:00Z"), 6.66)
    assert series["ow-b49f0232-5"][0] == (datetime.fromisoformat("1971-10-14T12:00:00Z"), -0.13)
    # 0.0033 m of rain are 3.3 mm.
    assert series["rain-knmi"][0] == (datetime.fromisoformat("1980-01-01T00:00:00Z"), 3.3)


def test_replay_sends_every_line() -> None:
    class Counter:
        count = 0

        def publish(self, topic: str, payload: bytes, retain: bool = False) -> None:
            del payload, retain
            self.count += topic.endswith("/readings")

        def flush(self) -> None:
            pass

    site = load_site("brabant")
    sink = Counter()
    messages = read_ndjson(site.folder / site.demo.recording)
    done = replay(messages, sink, site="brabant", speed=0, send_clock=True)
    assert done.count == sink.count == sum(rows for rows, _ in SOURCE.values())
