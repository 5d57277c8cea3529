"""A range query with 1 000 buckets on 10 million readings, against the plain SQL.

100 instruments of 100 000 readings each; the query covers one of them whole. The plain way is the
same aggregate, written by hand, on a plain table with the same key.

Usage: python benchmarks/range_query.py [--readings N] [--repeats N] [--json]
"""

from __future__ import annotations

import sqlite3
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

from _measure import arguments, interleaved, median_of, seconds, show

from ingest.clock import to_ns
from ingest.site import Instrument, Site, load_site
from ingest.store.embedded import EmbeddedStore

START = datetime(2014, 1, 1, tzinfo=UTC)
STEP_NS = 600_000_000_000
INSTRUMENTS = 100
BUCKETS = 1000


def main() -> None:
    parser = arguments(__doc__, repeats=11)
    parser.add_argument("--readings", type=int, default=10_000_000)
    options = parser.parse_args()
    each = options.readings // INSTRUMENTS
    first = to_ns(START)
    end = START + timedelta(microseconds=each * STEP_NS // 1000)
    with tempfile.TemporaryDirectory() as folder:
        store = EmbeddedStore(Path(folder), _site())
        db = sqlite3.connect(Path(folder) / "readings.sqlite")
        plain = sqlite3.connect(Path(folder) / "plain.sqlite")
        plain.execute(
            "CREATE TABLE reading (instrument TEXT, time INTEGER, value REAL,"
            " PRIMARY KEY (instrument, time)) WITHOUT ROWID"
        )
        for number in range(INSTRUMENTS):
            name = f"pz-{number}"
            times = range(first, first + each * STEP_NS, STEP_NS)
            db.executemany(
                "INSERT INTO reading_piezometer (instrument, node, time, received,"
                " q_pore_pressure) VALUES (?, 0, ?, ?, ?)",
                ((name, time, time, 80.0 + time % 97) for time in times),
            )
            plain.executemany(
                "INSERT INTO reading VALUES (?, ?, ?)",
                ((name, time, 80.0 + time % 97) for time in times),
            )
        for filled in (db, plain):
            filled.commit()
        width = -(-each * STEP_NS // BUCKETS)

        def by_hand() -> None:
            rows = plain.execute(
                "SELECT (time - ?) / ?, min(value), avg(value), max(value), count(value)"
                " FROM reading WHERE instrument = ? AND time >= ? AND time < ? GROUP BY 1",
                (first, width, "pz-50", first, first + each * STEP_NS),
            ).fetchall()
            assert len(rows) == BUCKETS

        def ours() -> None:
            found = store.buckets("pz-50", "pore_pressure", start=START, end=end, count=BUCKETS)
            assert len(found) == BUCKETS

        runs = interleaved(
            {"ours": lambda: 1000 * seconds(ours), "plain": lambda: 1000 * seconds(by_hand)},
            options.repeats,
        )
        store.close()
    show(
        [
            median_of(
                f"{BUCKETS} buckets of {each:,} among {options.readings:,} readings",
                runs["ours"],
                "ms",
                against=runs["plain"],
                target="ratio at most 1.5",
            ),
            median_of("the plain SQL", runs["plain"], "ms"),
        ],
        as_json=options.json,
    )


def _site() -> Site:
    """Return Abaza with 100 piezometers in place of its instruments."""
    site = load_site("abaza")
    zone = next(iter(site.zones))
    instruments = {
        f"pz-{number}": Instrument(type="piezometer", zone=zone, name=f"pz-{number}")
        for number in range(INSTRUMENTS)
    }
    return site.model_copy(update={"instruments": instruments})


if __name__ == "__main__":
    main()
