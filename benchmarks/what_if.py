"""1 000 what-if runs: on one core, on two processes, and on two Dask workers.

Every variant differs (streams, trucks, pauses, drainage); the three ways must give the same bytes.
The yardstick is the volume ahead alone, written down in plain NumPy as the model reads: 1 000 paths
over 1 200 months, anew for every variant, without slopes, water, dates or a fleet's programme.
The state is made of fourteen months of loads and of water in the fill, without a network.

Usage: python benchmarks/what_if.py [--runs N] [--repeats N] [--json]
"""

from __future__ import annotations

import logging
import tempfile
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
from _measure import arguments, interleaved, median_of, seconds, show

from ingest.clock import to_ns
from ingest.site import load_site
from ingest.store import Row
from ingest.store.embedded import EmbeddedStore
from twin.plan import load_plan
from twin.what_if.changes import Changes, read_changes
from twin.what_if.results import encode_result
from twin.what_if.run import run_many
from twin.what_if.start import Start, ahead_of, gather

DAYS, WORKERS = 430, 2
BEGIN = datetime(2022, 1, 1, tzinfo=UTC)
TAILINGS = "streams.dry_magnetic_separation_tailings.factor"


def main() -> None:
    parser = arguments(__doc__, repeats=1)
    parser.add_argument("--runs", type=int, default=1000, help="how many variants")
    options = parser.parse_args()
    from dask.distributed import Client, LocalCluster

    start = beginning()
    variants = made(start, options.runs)
    found: dict[str, list[bytes]] = {}

    def yardstick() -> None:
        for number in range(options.runs):
            volumes_anew(start, 0.5 + number / options.runs)

    def plain() -> None:
        found["plain"] = [encode_result(each) for each in run_many(start, variants)]

    def processes() -> None:
        results = run_many(start, variants, map=pool.map)
        found["processes"] = [encode_result(each) for each in results]

    def dask() -> None:
        results = run_many(
            start,
            variants,
            map=lambda work, parts: client.gather(client.map(work, list(parts), pure=False)),
        )
        found["dask"] = [encode_result(each) for each in results]

    with (
        ProcessPoolExecutor(WORKERS) as pool,
        LocalCluster(
            n_workers=WORKERS,
            threads_per_worker=1,
            dashboard_address=None,
            silence_logs=logging.ERROR,
        ) as cluster,
        Client(cluster) as client,
    ):
        ways = {"yardstick": yardstick, "plain": plain, "processes": processes, "dask": dask}
        runs = interleaved(
            {name: (lambda work=work: seconds(work)) for name, work in ways.items()},
            options.repeats,
            warm_up=False,
        )
    assert found["plain"] == found["processes"] == found["dask"], "the results differ"
    count = f"{options.runs:,} what-if runs"
    show(
        [
            median_of(f"{count}, only the paths in plain NumPy", runs["yardstick"], "s"),
            median_of(f"{count}, one process", runs["plain"], "s", against=runs["yardstick"]),
            median_of(
                f"{count}, {WORKERS} processes",
                runs["processes"],
                "s",
                against=runs["plain"],
                target="the same bytes",
            ),
            median_of(
                f"{count}, {WORKERS} Dask workers",
                runs["dask"],
                "s",
                against=runs["plain"],
                target="the same bytes",
            ),
        ],
        as_json=options.json,
    )


def volumes_anew(start: Start, part: float) -> np.ndarray[Any, Any]:
    """Return the volume added up month by month when machines do a part of what they could."""
    ahead = ahead_of(start)
    assert ahead is not None
    able = part * np.maximum(ahead.ratios, 1.0)
    short = np.maximum(ahead.ratios - able, 0.0) * ahead.planned
    return np.cumsum(ahead.ratios * ahead.planned - short, axis=1)


def beginning() -> Start:
    """Return a start with a forecast of the fill and with slopes that know their water."""
    site = load_site("abaza")
    plan = load_plan(site)
    rng = np.random.default_rng(3)
    factor = np.maximum(rng.normal(1.0, 0.1, DAYS), 0.0)
    factor[100:115] = 0.2
    rows = [
        _row(
            site.instruments["wb-01"].type,
            "wb-01",
            day + 0.5,
            stream,
            "load_mass",
            mass * factor[day],
        )
        for day in range(DAYS)
        for stream, mass in ((0, 384.0), (1, 2740.0), (3, 93.0))
    ]
    for instrument in site.with_quantity("pore_pressure"):
        rows.append(_row(instrument.type, instrument.name, DAYS - 0.1, 0, "pore_pressure", 60.0))
    at = BEGIN + timedelta(days=DAYS)
    with tempfile.TemporaryDirectory() as folder:
        store = EmbeddedStore(Path(folder), site)
        store.append(rows)
        start = gather(site, plan, store, at=at, known_at=at)
        store.close()
    return start


def _row(kind: str, name: str, day: float, node: int, quantity: str, value: float) -> Row:
    time = to_ns(BEGIN + timedelta(days=day))
    return Row(kind, name, node, time, time, None, {quantity: float(value)})


def made(start: Start, count: int) -> list[tuple[str, Changes]]:
    """Return variants that all differ."""
    rng = np.random.default_rng(11)
    found = []
    for number in range(count):
        changes: dict[str, object] = {
            TAILINGS: round(float(rng.uniform(0.5, 2.0)), 4),
            "fleet.trucks.belaz_75404": int(rng.integers(1, 7)),
            "drainage.lowered_m": round(float(rng.uniform(0, 6)), 3),
        }
        if number % 3 == 0:
            year = int(rng.integers(2024, 2036))
            changes["dates.pauses"] = f"{year}-01-01..{year}-{rng.integers(2, 12):02d}-28"
        found.append((f"variant {number}", read_changes(changes, start.inputs)))
    return found


if __name__ == "__main__":
    main()
