"""InfluxDB away for an hour at 1000 readings a second, then back: reading goes on, nothing is lost.

While it is away readings come from the embedded store. When it is back the forwarder brings what
waits while new readings go on coming at the same rate; the time until nothing waits is measured,
and every reading is counted in InfluxDB at the end.

Usage: python benchmarks/outage.py [--readings N] [--rate N] [--json]
"""

from __future__ import annotations

import shutil
import sys
import tempfile
import threading
import time
from datetime import UTC, datetime
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks._measure import Result, arguments, seconds, show
from ingest.clock import to_ns
from ingest.forward import Forwarder
from ingest.site import load_site
from ingest.store import Row
from ingest.store.embedded import EmbeddedStore
from ingest.store.influxdb_store import InfluxStore
from tests.influxdb_server import HOW, LocalServer, TestServer, first_token

FIRST = to_ns(datetime(2026, 3, 1, tzinfo=UTC))
WELLS = [f"pz-650-{number:02d}" for number in range(1, 13)]
LONGEST_S = 600


def rows(first: int, count: int, rate: int) -> list[Row]:
    """Return readings by number; `rate` of them have a second."""
    made = []
    for number in range(first, first + count):
        time_ns = FIRST + number * (1_000_000_000 // rate)
        made.append(
            Row(
                "piezometer",
                WELLS[number % len(WELLS)],
                0,
                time_ns,
                time_ns,
                number,
                {"pore_pressure": number % 4001 / 8},
            )
        )
    return made


def main() -> None:
    parser = arguments(__doc__ or "", repeats=1)
    parser.add_argument("--readings", type=int, default=3_600_000, help="that wait")
    parser.add_argument("--rate", type=int, default=1000, help="readings a second")
    options = parser.parse_args()
    if shutil.which("influxd") is None:
        print(HOW)
        return
    site, rate = load_site("abaza"), options.rate
    with tempfile.TemporaryDirectory() as folder:
        local = LocalServer(Path(folder) / "influxdb")
        local.start()
        server = TestServer(local.url, first_token(local.url))
        spool = EmbeddedStore(Path(folder) / "run", site)
        store = InfluxStore(
            spool,
            site,
            url=server.url,
            token=server.token,
            org=server.org,
            bucket=server.new_bucket(),
        )
        local.stop()
        sent = 0
        while sent < options.readings:
            # A batch a second, as ingest would commit it.
            store.append(rows(sent, rate, rate))
            sent += rate
        away = seconds(store.latest)
        assert store.outage.lasts()
        assert len(store.latest()) == len(WELLS)
        size = sum(path.stat().st_size for path in (Path(folder) / "run").glob("readings.sqlite*"))
        done = threading.Event()
        added = [0]

        def go_on() -> None:
            began = time.monotonic()
            while not done.wait(max(0.0, began + added[0] / rate - time.monotonic())):
                store.append(rows(sent + added[0], rate, rate))
                added[0] += rate

        local.start()
        forwarder = Forwarder(spool, store)
        live = threading.Thread(target=go_on)
        began = time.monotonic()
        live.start()
        told = 0.0
        # A second's batch may have come since: nothing older may wait.
        while (behind := forwarder.behind()).changes > 1:
            forwarder.step()
            if time.monotonic() - told > 10:
                told = time.monotonic()
                print(f"{behind.changes} changes behind", file=sys.stderr, flush=True)
        took = time.monotonic() - began
        done.set()
        live.join()
        while forwarder.step():
            pass
        answer = store.server.query(
            f'from(bucket: "{store.server.bucket}") |> range(start: 2026-01-01T00:00:00Z)'
            ' |> filter(fn: (r) => r._measurement == "piezometer" and r._field == "pore_pressure")'
            " |> count() |> map(fn: (r) => ({r with _time: time(v: 0)}))"
            ' |> keep(columns: ["_time", "_value", "instrument"]) |> yield(name: "sum")'
        )
        there = int(answer["sum"]["value"].sum())
        time.sleep(2.0)
        assert not store.outage.lasts(), "readers have not returned to InfluxDB"
        store.close()
        local.stop()
    total = sent + added[0]
    show(
        [
            Result("readings that waited", sent, "readings"),
            Result("lost", total - there, "readings", target="0"),
            Result("until InfluxDB had caught up", took, "s", target=f"below {LONGEST_S}"),
            Result("forwarded meanwhile", total / took, "readings/s"),
            Result("latest values from the spool, InfluxDB away", 1000 * away, "ms"),
            Result("spool, a reading", size / sent, "bytes"),
        ],
        as_json=options.json,
    )
    raise SystemExit(0 if there == total and took < LONGEST_S else 1)


if __name__ == "__main__":
    main()
