"""Forwarding to InfluxDB against raw line protocol, and reading buckets against the best Flux.

Each ratio is of the same server in the same run. The server is `influxd` from PATH in a temporary
folder, or POSTMINE_TEST_INFLUXDB_URL with POSTMINE_TEST_INFLUXDB_TOKEN.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import urllib.request
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks._measure import arguments, interleaved, median_of, seconds, show
from ingest.clock import to_ns
from ingest.forward import BLOCK_ROWS, Forwarder
from ingest.site import Site, load_site
from ingest.store import Row, flux
from ingest.store.embedded import EmbeddedStore
from ingest.store.influxdb_store import FOLLOWER, InfluxStore
from ingest.store.line_protocol import row_lines
from tests.influxdb_server import HOW, TestServer, running_server

START = datetime(2022, 1, 1, tzinfo=UTC)
STEP = timedelta(minutes=5)
BUCKETS = 1000


def batches(site: Site, readings: int, instruments: int) -> list[list[Row]]:
    """Return readings of piezometers (two quantities) in commits of 500 rows."""
    names = [name for name, item in site.instruments.items() if item.type == "piezometer"]
    names = names[:instruments]
    values = np.random.default_rng(1).normal(80, 5, (readings, 2)).tolist()
    rows = []
    for index in range(readings):
        at = to_ns(START + (index // len(names)) * STEP)
        pressure, temperature = values[index]
        rows.append(
            Row(
                "piezometer",
                names[index % len(names)],
                0,
                at,
                at,
                index,
                {"pore_pressure": pressure, "temperature": temperature},
            )
        )
    return [rows[first : first + 500] for first in range(0, len(rows), 500)]


def post(server: TestServer, bucket: str, blocks: list[bytes]) -> None:
    """Post line protocol by plain HTTP, as fast as one connection a block can."""
    for block in blocks:
        request = urllib.request.Request(
            f"{server.url}/api/v2/write?org={server.org}&bucket={bucket}&precision=ns",
            data=block,
            headers={"Authorization": f"Token {server.token}"},
        )
        with urllib.request.urlopen(request) as answer:
            answer.read()


def main() -> None:
    parser = arguments(__doc__ or "", repeats=7)
    parser.add_argument("--readings", type=int, default=100_000, help="rows to forward")
    parser.add_argument("--per-series", type=int, default=100_000, help="rows of the series read")
    options = parser.parse_args()
    if not shutil.which("influxd") and not os.environ.get("POSTMINE_TEST_INFLUXDB_URL"):
        print(HOW)
        return
    site = load_site("abaza")
    with tempfile.TemporaryDirectory() as folder, running_server(Path(folder) / "db") as server:
        spool = EmbeddedStore(Path(folder) / "run", site)

        def opened(bucket: str) -> InfluxStore:
            return InfluxStore(
                spool, site, url=server.url, token=server.token, org=server.org, bucket=bucket
            )

        every = batches(site, options.readings, 12)
        for batch in every:
            spool.append(batch)
        rows = [row for batch in every for row in batch]
        blocks = [
            "\n".join(row_lines(rows[first : first + BLOCK_ROWS])).encode()
            for first in range(0, len(rows), BLOCK_ROWS)
        ]

        def forward() -> float:
            store = opened(server.new_bucket())
            spool.move_cursor(FOLLOWER, 0)
            forwarder = Forwarder(spool, store)

            def drain() -> None:
                while forwarder.step():
                    pass

            took = seconds(drain)
            store.server.close()
            return len(rows) / took

        def raw() -> float:
            bucket = server.new_bucket()
            return len(rows) / seconds(lambda: post(server, bucket, blocks))

        written = interleaved({"raw": raw, "forward": forward}, options.repeats)

        bucket = server.new_bucket()
        store = opened(bucket)
        series = batches(site, options.per_series, 1)
        for first in range(0, len(series), BLOCK_ROWS // 500):
            block = [row for batch in series[first : first + BLOCK_ROWS // 500] for row in batch]
            store.server.write("\n".join(row_lines(block)).encode())
        instrument = series[0][0].instrument
        end = START + options.per_series * STEP
        width = (to_ns(end) - to_ns(START)) // BUCKETS
        by_hand = "\n".join(
            f'from(bucket: "{bucket}")'
            f" |> range(start: {START:%Y-%m-%dT%H:%M:%SZ}, stop: {end:%Y-%m-%dT%H:%M:%SZ})"
            f' |> filter(fn: (r) => r._measurement == "piezometer" and'
            f' r.instrument == "{instrument}" and r._field == "pore_pressure")'
            f" |> aggregateWindow(every: {width}ns, fn: {name}, createEmpty: false)"
            f' |> yield(name: "{name}")'
            for name in flux.AGGREGATES
        )
        request = urllib.request.Request(
            f"{server.url}/api/v2/query?org={server.org}",
            data=by_hand.encode(),
            headers={
                "Authorization": f"Token {server.token}",
                "Content-Type": "application/vnd.flux",
                "Accept": "application/csv",
            },
        )

        def by_hand_read() -> None:
            with urllib.request.urlopen(request) as answer:
                assert answer.read().count(b"\n") > BUCKETS

        def buckets(known_at: datetime | None = None) -> None:
            found = store.buckets(
                instrument, "pore_pressure", start=START, end=end, count=BUCKETS, known_at=known_at
            )
            assert len(found) == BUCKETS

        read = interleaved(
            {
                "hand": lambda: seconds(by_hand_read),
                "buckets": lambda: seconds(buckets),
                "known": lambda: seconds(lambda: buckets(end)),
                "frame": lambda: seconds(lambda: store.frame(instrument, "pore_pressure")),
                "latest": lambda: seconds(store.latest),
            },
            options.repeats,
        )
        store.close()
    show(
        [
            median_of("raw line protocol by HTTP", written["raw"], "rows/s"),
            median_of(
                "forwarding from the spool",
                written["forward"],
                "rows/s",
                against=written["raw"],
            ),
            median_of("1000 buckets, Flux by hand, unparsed", read["hand"], "s"),
            median_of("1000 buckets of the store", read["buckets"], "s", against=read["hand"]),
            median_of("1000 buckets as known at a time", read["known"], "s", against=read["hand"]),
            median_of(f"all {options.per_series} values as a frame", read["frame"], "s"),
            median_of("latest values of the site", read["latest"], "s"),
        ],
        as_json=options.json,
    )


if __name__ == "__main__":
    main()
