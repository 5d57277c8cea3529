from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from ingest.clock import ManualClock
from ingest.site import Site
from ingest.store import Store
from ingest.store.embedded import EmbeddedStore
from tests.twin.ground import ROCK, TAILINGS, day, measure, row, weigh
from twin.plan import load_plan
from twin.service import COMMIT_LAG_S, MOST_DUE, SERIES, TwinService, compute_state
from twin.state import decode_state, encode_state

SIX_HOURS = 6 * 3600


def replayed(store: Store, days: float) -> None:
    store.append([], run_time=day(days))


@pytest.fixture
def lively(abaza: Site, store: Store) -> Store:
    """Four days of loads, pressure and settlement in a replay run; some readings come late."""
    replayed(store, 0)
    weigh(abaza, store, [(0.3 + d / 3, (ROCK, TAILINGS)[d % 2], 25.0 + d) for d in range(10)])
    weigh(abaza, store, [(1.2, TAILINGS, 30.0)], delay_d=1.5)
    hours = np.arange(8, 4 * 24) / 24
    measure(abaza, store, "pz-650-01", "pore_pressure", [(float(t), 50 + t) for t in hours])
    measure(abaza, store, "sp-650-01", "settlement", [(float(t), 2 * t) for t in hours[::12]])
    replayed(store, 4)
    return store


def service(site: Site, store: Store, days: float) -> TwinService:
    return TwinService(site, store, ManualClock(day(days)), state_every_s=SIX_HOURS)


def states(store: Store, until: float) -> dict[float, bytes | None]:
    return {
        quarter / 4: store.state("twin", known_at=day(quarter / 4))
        for quarter in range(int(until * 4) + 1)
    }


def test_an_empty_run_has_nothing_due(abaza: Site, store: Store) -> None:
    assert service(abaza, store, 5).step() == 0
    assert store.state("twin") is None


def test_every_boundary_is_computed_once_from_the_first_reading_received(
    abaza: Site, lively: Store
) -> None:
    running = service(abaza, lively, 3)
    # The first load is received at 0.3 d: boundaries from 0.5 d to 2.75 d lie before the clock.
    assert running.step() == 10
    assert running.step() == 0
    first = lively.state("twin", known_at=day(0.5))
    assert first is not None
    assert decode_state(first).time == day(0.5)
    assert lively.state("twin", known_at=day(0.49)) is None
    last = lively.state("twin")
    assert last is not None
    assert decode_state(last).time == decode_state(last).known_at == day(2.75)


def test_steps_may_be_bounded_and_resumed_by_another_process(abaza: Site, lively: Store) -> None:
    assert service(abaza, lively, 3).step(most=4) == 4
    assert service(abaza, lively, 3).step() == 6


def test_a_state_recomputed_from_nothing_equals_the_running_one(abaza: Site, lively: Store) -> None:
    plan = load_plan(abaza)
    service(abaza, lively, 4).step()
    for quarter in range(2, 16):
        time = day(quarter / 4)
        kept = lively.state("twin", known_at=time)
        assert kept is not None
        anew = compute_state(abaza, plan, lively, at=time, known_at=time)
        assert kept == encode_state(anew)


def test_states_do_not_depend_on_how_fast_they_were_computed(
    abaza: Site, lively: Store, tmp_path: Path
) -> None:
    """Reading by reading, with a step after each, or all at once: the same bytes."""
    slow = EmbeddedStore(tmp_path / "slow", abaza)
    rows = [row for change in lively.changes(0) for row in change.rows]
    clock = ManualClock(day(0))
    running = TwinService(abaza, slow, clock, state_every_s=SIX_HOURS)
    for row_ in sorted(rows, key=lambda row_: row_.received):
        moment = day(0) + timedelta(microseconds=(row_.received - rows[0].received) // 1000)
        moment += timedelta(days=0.3)
        slow.append([], run_time=moment)
        clock.set(moment)
        running.step()
        slow.append([row_])
    clock.set(day(4))
    running.step()
    service(abaza, lively, 4).step()
    assert states(slow, 4) == states(lively, 4)
    slow.close()


def test_known_at_leaves_out_what_was_received_later(abaza: Site, lively: Store) -> None:
    plan = load_plan(abaza)
    then = compute_state(abaza, plan, lively, at=day(2), known_at=day(2))
    today = compute_state(abaza, plan, lively, at=day(2), known_at=day(4))
    assert then.fill is not None
    assert today.fill is not None
    late = today.fill.streams[1].mass.value - then.fill.streams[1].mass.value
    assert late == pytest.approx(30.0)


def test_derived_series_stand_beside_the_states(abaza: Site, lively: Store) -> None:
    service(abaza, lively, 4).step()
    volume = lively.derived("fill.volume", "abaza")
    assert len(volume) == 14
    assert volume["value"].is_monotonic_increasing
    assert set(volume["unit"]) == {"thousand m3"}
    assert lively.derived("fill.planned")["value"].iloc[-1] == pytest.approx(512.3 * 3.75 / 365)
    assert lively.derived("settlement.ultimate", "sp-650-01")["value"].isna().all()
    written = {point.series for _, points in lively.derived_changes(0) for point in points}
    assert {"fill.volume", "settlement.rate", "rain.24h"} <= written <= set(SERIES)


def test_a_replay_that_lags_leaves_nothing_out(abaza: Site, store: Store) -> None:
    replayed(store, 0)
    weigh(abaza, store, [(0.1, ROCK, 20.0)])
    assert service(abaza, store, 12.75).step() == 50 > MOST_DUE


def test_a_live_service_that_was_down_computes_the_newest_alone(abaza: Site, store: Store) -> None:
    weigh(abaza, store, [(0.1, ROCK, 20.0)])
    assert service(abaza, store, 1).step() == 1
    assert service(abaza, store, 20).step() == 1
    assert last_time(store) == day(19.75)
    assert service(abaza, store, 22).step() == 8


def test_a_live_site_has_its_first_state_at_once_and_then_one_a_boundary(
    abaza: Site, store: Store
) -> None:
    weigh(abaza, store, [(0.1, ROCK, 20.0)])
    clock = ManualClock(day(0.2))
    running = TwinService(abaza, store, clock, state_every_s=SIX_HOURS)
    assert running.step() == 1
    assert last_time(store) == day(0.2) - timedelta(seconds=COMMIT_LAG_S)
    assert running.step() == 0
    # What was received at the boundary may not be stored yet.
    clock.set(day(0.25) + timedelta(seconds=1))
    assert running.step() == 0
    clock.advance(2)
    assert running.step() == 1
    assert last_time(store) == day(0.25)


def last_time(store: Store) -> datetime:
    newest = store.state("twin")
    assert newest is not None
    return decode_state(newest).time


def test_a_site_without_a_plan_has_a_state_without_fill(small_site: Site, tmp_path: Path) -> None:
    store = EmbeddedStore(tmp_path / "small", small_site)
    store.append([row(small_site, "pz-1", day(1), {"pore_pressure": 40.0})])
    state = compute_state(small_site, None, store, at=day(1), known_at=day(1))
    assert state.fill is None
    assert state.pressure[0].level.value == 40.0
    assert state.readings == 1
    store.close()
