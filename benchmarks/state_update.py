"""What a day of new data costs the twin when it knows one, five and fifteen years.

The site is simulated for fifteen years at the intervals of the scenario; readings go into an
embedded store as they are received. After so many years a running service computes the states of
each following day, four of them or as many as are asked for. A service that starts anew reads the
past once: that is told beside, and what a state with its series takes on the disk.

Usage: python benchmarks/state_update.py [--repeats DAYS] [--years 1 5 15] [--states-a-day 4]
       [--json]
"""

from __future__ import annotations

import sqlite3
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
from _measure import arguments, median_of, seconds, show

sys.path.insert(0, str(Path(__file__).parents[1]))

from ingest.clock import ManualClock
from ingest.site import Site, load_site
from ingest.store import Row
from ingest.store.embedded import EmbeddedStore
from simulators.run import Simulation, simulate
from simulators.scenario import load_scenario
from twin.service import TwinService

DAY = timedelta(days=1)
BEGIN = datetime(2022, 1, 1, tzinfo=UTC)
_SIZE = ("page_count", "page_size")


def main() -> None:
    parser = arguments(__doc__, repeats=12)
    parser.add_argument("--years", type=int, nargs="+", default=[1, 5, 15])
    parser.add_argument("--states-a-day", type=int, default=4)
    options = parser.parse_args()
    states = options.states_a_day
    site = load_site("abaza")
    results, first = [], None
    with tempfile.TemporaryDirectory() as folder:
        store = EmbeddedStore(Path(folder), site)
        days = simulated_days(site, max(options.years) + 1)
        now = BEGIN
        for years in sorted(options.years):
            target = BEGIN.replace(year=BEGIN.year + years)
            while now < target:
                store.append(next(days))
                now += DAY
            clock = ManualClock(now + timedelta(seconds=5))
            service = TwinService(site, store, clock, state_every_s=86_400 / states)
            begun = seconds(service.step)
            runs, before = [], stored_kb(Path(folder))
            for _ in range(options.repeats):
                store.append(next(days))
                took = 0.0
                for _ in range(states):
                    clock.set(clock.now() + DAY / states)
                    took += seconds(service.step)
                runs.append(took * 1000)
                now += DAY
            first = first or runs
            rows = sum(store.counts().values())
            what = f"{years} y, {rows / 1e6:.1f} million rows"
            results += [
                median_of(
                    f"a day's {states} states after {what}",
                    runs,
                    "ms",
                    against=first,
                    target="the same at any age",
                ),
                median_of(f"first state of a service that starts after {what}", [begun], "s"),
                median_of(
                    f"a state and its series on the disk after {what}",
                    [(stored_kb(Path(folder)) - before) / (options.repeats * states)],
                    "kB",
                ),
            ]
        store.close()
    show(results, as_json=options.json)


def stored_kb(folder: Path) -> float:
    """Return what states and series take [kB]."""
    with closing(sqlite3.connect(folder / "states.sqlite")) as db:
        pages, size = (db.execute(f"PRAGMA {name}").fetchone()[0] for name in _SIZE)
    return float(pages * size / 1000)


def simulated_days(site: Site, years: int) -> Iterator[list[Row]]:
    """Yield the rows that are received on each day, a year of simulation at a time."""
    scenario = load_scenario("abaza_first_year")
    for year in range(BEGIN.year, BEGIN.year + years):
        start = BEGIN.replace(year=year)
        end = BEGIN.replace(year=year + 1)
        one = scenario.model_copy(
            update={
                "start": start,
                "end": end,
                "faults": (),
                "truth": (),
                "seed": scenario.seed + year,
                "processes": scenario.processes.model_copy(
                    update={"weather": scenario.processes.weather.model_copy(update={"storms": ()})}
                ),
            }
        )
        received = rows_by_day(simulate(one, site), site)
        for day in range((end - start) // DAY):
            yield received[day]


def rows_by_day(simulation: Simulation, site: Site) -> dict[int, list[Row]]:
    """Return the rows of a simulation by the day on which they are received."""
    begin = int(simulation.scenario.start.timestamp())
    found: defaultdict[int, list[Row]] = defaultdict(list)
    for name, series in simulation.series.items():
        kind = site.instruments[name].type
        for index in np.flatnonzero(~np.isnan(series.received)):
            day = int(series.received[index] // 86_400)
            time = (begin + int(series.second[index])) * 1_000_000_000
            got = int((begin + float(series.received[index])) * 1_000_000_000)
            for node in range(site.instruments[name].node_count):
                values = {
                    quantity: float(table[index, node])
                    for quantity, table in series.values.items()
                    if not np.isnan(table[index, node])
                }
                if values:
                    found[day].append(Row(kind, name, node, time, got, None, values))
    for rows in found.values():
        rows.sort(key=lambda row: row.received)
    return found


if __name__ == "__main__":
    main()
