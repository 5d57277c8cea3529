"""A service that has run for days says what one says that starts from nothing, byte for byte."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.clock import ManualClock
from ingest.site import Site
from ingest.store import Row, Store
from ingest.store.embedded import EmbeddedStore
from ingest.store.ground import FlagEntry
from tests.twin.ground import ROCK, TAILINGS, day, row
from twin.plan import load_plan
from twin.service import TwinService, compute_state
from twin.state import decode_state, encode_state

#: Days that lie behind when the service starts, and days that it runs.
BEHIND, RUNS = 45, 2
TWELVE_HOURS = 12 * 3600

#: What arrives late, is corrected or rejected: instrument, quantity, node, range of the values.
MEASURED = [
    ("sp-650-01", "settlement", 0, (0.0, 90.0)),
    ("pz-650-01", "pore_pressure", 0, (40.0, 80.0)),
    ("wb-01", "load_mass", TAILINGS, (10.0, 4000.0)),
    ("survey-01", "surveyed_volume", 0, (10.0, 90.0)),
    ("rain-01", "rain", 0, (0.0, 5.0)),
    ("ws-01", "ph", 0, (4.0, 9.0)),
]


def usual(site: Site) -> list[Row]:
    """Return the readings that come in time, one or two a day of each kind."""
    rows = []
    for half in range(2 * (BEHIND + RUNS)):
        at = half / 2 + 0.1
        rows += [
            row(site, "sp-650-01", day(at), {"settlement": 40 * math.log1p(at / 9)}),
            row(site, "sp-650-02", day(at), {"settlement": 30 * math.log1p(at / 5)}),
            row(site, "pz-650-01", day(at), {"pore_pressure": 60 + 5 * math.sin(at / 4)}),
            row(site, "wb-01", day(at), {"load_mass": 1400.0 + at}, node=TAILINGS),
            row(site, "wb-01", day(at), {"load_mass": 200.0}, node=ROCK),
            row(site, "rain-01", day(at), {"rain": float(half % 3)}),
            row(site, "air-01", day(at), {"air_temperature": 3.0}),
            row(
                site, "ws-01", day(at), {"ph": 7 + math.cos(at), "sulfate": 300 + at, "flow": 12.0}
            ),
        ]
        if half % 20 == 5:
            rows.append(row(site, "survey-01", day(at + 0.2), {"surveyed_volume": 1.2 * at}))
    return rows


late = st.tuples(
    st.sampled_from(MEASURED),
    st.integers(0, 2 * (BEHIND + RUNS) - 1),
    st.sampled_from([0.1, 0.1, 0.37]),  # the moment of a usual reading, which it corrects, or not
    st.floats(0, 1),
    st.floats(0, RUNS),
)
rejected = st.tuples(
    st.sampled_from(MEASURED),
    st.sampled_from(["set", "lift"]),
    st.integers(0, BEHIND + RUNS - 3),
    st.floats(0, RUNS),
)


@given(st.lists(late, min_size=6, max_size=20), st.lists(rejected, min_size=1, max_size=3))
@settings(max_examples=4)
@pytest.mark.slow
def test_late_corrected_and_rejected_values_reach_a_running_service_as_one_that_starts_anew(
    abaza: Site,
    late_ones: list[tuple[tuple[str, str, int, tuple[float, float]], int, float, float, float]],
    flags: list[tuple[tuple[str, str, int, tuple[float, float]], str, int, float]],
) -> None:
    plan = load_plan(abaza)
    with TemporaryDirectory() as folder:
        store = EmbeddedStore(Path(folder), abaza)
        try:
            running = started(abaza, store, late_ones, flags)
            clock = ManualClock(day(BEHIND + 0.01))
            service = TwinService(abaza, store, clock, state_every_s=TWELVE_HOURS)
            service.step()
            for now in running:
                clock.set(day(now + 0.01))
                service.step()
            times = kept_times(store)
            assert times[1:] == [day(BEHIND + half / 2) for half in range(1, 2 * RUNS)]
            for time in times:
                forget_all()
                anew = compute_state(abaza, plan, store, at=time, known_at=time)
                assert store.state("twin", known_at=time) == encode_state(anew)
        finally:
            store.close()


def started(
    site: Site,
    store: Store,
    late_ones: list[tuple[tuple[str, str, int, tuple[float, float]], int, float, float, float]],
    flags: list[tuple[tuple[str, str, int, tuple[float, float]], str, int, float]],
) -> Iterator[float]:
    """Store what lies behind, and then, half a day at a time, what comes; yield the days."""
    rows = usual(site)
    for (name, quantity, node, (low, high)), half, offset, share, after in late_ones:
        at = half / 2 + offset
        rows.append(
            row(
                site, name, day(at), {quantity: low + share * (high - low)}, node=node,
                received=day(max(at, BEHIND + after)),
            )
        )  # fmt: skip
    rows.sort(key=lambda each: each.received)
    entries = sorted(
        (
            FlagEntry(
                instrument=name, quantity=quantity, flag="rejected", action=action,  # type: ignore[arg-type]
                author="engineer", reason="read wrong", time=day(BEHIND + after),
                start=day(first), end=day(first + 2),
            )
            for (name, quantity, _, _), action, first, after in flags
        ),
        key=lambda each: each.time,
    )  # fmt: skip

    def take(until: float) -> None:
        limit = int(day(until).timestamp() * 1e9)
        due = [each for each in rows if each.received <= limit]
        del rows[: len(due)]
        store.append(due)
        while entries and entries[0].time <= day(until):
            store.write_flag(entries.pop(0))

    take(BEHIND)

    def go_on() -> Iterator[float]:
        for half in range(1, 2 * RUNS):
            take(BEHIND + half / 2)
            yield BEHIND + half / 2

    return go_on()


def kept_times(store: Store) -> list[datetime]:
    found: list[datetime] = []
    while (document := store.next_state("twin", found[-1] if found else None)) is not None:
        found.append(decode_state(document).time)
    return found


def forget_all() -> None:
    """Empty what the twin keeps of its inputs, as a new process has nothing of it."""
    for name, module in list(sys.modules.items()):
        if name.partition(".")[0] == "twin":
            for each in vars(module).values():
                if hasattr(each, "cache_clear"):
                    each.cache_clear()
