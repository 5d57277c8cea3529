from __future__ import annotations

from datetime import date, timedelta
from itertools import count
from pathlib import Path
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.site import Site
from ingest.store import Store
from ingest.store.embedded import EmbeddedStore
from tests.twin.ground import ASH, ROCK, SLUDGE, TAILINGS, day, row, weigh
from twin.backfill import fill
from twin.completion import Pace
from twin.current import Current
from twin.history import History
from twin.plan import Plan
from twin.state import FillState

YEAR = {ROCK: 140_000.0, TAILINGS: 1_000_000.0, SLUDGE: 7_100.0, ASH: 33_900.0}


def fill_at(
    site: Site, plan: Plan, store: Store, days: float, known: float | None = None
) -> FillState:
    at, known_at = day(days), day(days if known is None else known)
    current = Current(site, store, at=at, known_at=known_at)
    return fill(current, History(site, store, at=at, known_at=known_at), plan)


def test_the_masses_of_a_year_give_the_volume_of_the_plan(
    abaza: Site, plan: Plan, store: Store
) -> None:
    daily = [(d + 0.5, stream, mass / 365) for d in range(365) for stream, mass in YEAR.items()]
    weigh(abaza, store, daily)
    state = fill_at(abaza, plan, store, 365)
    assert state.volume_in_dump.value == pytest.approx(512.3, abs=0.05)
    assert state.planned_volume.value == pytest.approx(512.3)
    assert state.performance.value == pytest.approx(1, abs=1e-3)
    assert state.variance.value == pytest.approx(0, abs=0.05)
    assert state.rate.value == pytest.approx(512.3 * 365.25 / 365, abs=0.1)
    assert state.tier.value == "tier_650"
    assert state.level.value == pytest.approx(595 + 55 * 512.28 / 3839.5, abs=0.01)
    volumes = {one.stream: one.volume_in_dump.value for one in state.streams}
    assert volumes["waste_rock"] == pytest.approx(53.0, abs=0.1)
    assert sum(one.planned_volume.value for one in state.streams) == pytest.approx(512.3)
    # An even pace: the last day of the plan, give or take how months round.
    assert isinstance(state.completion.value, str)
    assert abs(date.fromisoformat(state.completion.value) - date(2036, 12, 31)) < timedelta(days=30)
    assert state.completion.low <= state.completion.value <= state.completion.high
    assert state.deadline.value == "2036-12-31"
    assert state.s_curve.actual[-1] == pytest.approx(state.volume_in_dump.value)
    assert state.s_curve.forecast[-1] == pytest.approx(7684.5, abs=1e-6)


def test_without_loads_the_volume_is_not_known(abaza: Site, plan: Plan, store: Store) -> None:
    state = fill_at(abaza, plan, store, 40)
    assert state.volume_in_dump.value is None
    assert str(state.volume_in_dump.reason) == "wb-01 has not delivered a value"
    assert state.planned_volume.value == pytest.approx(512.3 * 40 / 365)
    assert state.completion.value is None


def test_a_silent_weighbridge_makes_the_volume_stale_then_unavailable(
    abaza: Site, plan: Plan, store: Store
) -> None:
    weigh(abaza, store, [(1.0, ROCK, 28.0)])
    kind = abaza.type_of("wb-01")
    assert fill_at(abaza, plan, store, 1.5).volume_in_dump.quality == "derived"
    stale = fill_at(abaza, plan, store, 1.1 + kind.stale_after_s / 86_400)
    assert stale.volume_in_dump.quality == "stale"
    assert stale.volume_in_dump.time == day(1.0)
    gone = fill_at(abaza, plan, store, 1.1 + kind.unavailable_after_s / 86_400)
    assert gone.volume_in_dump.quality == "unavailable"
    assert gone.volume_in_dump.value is None
    assert "silent since 2022-01-02" in str(gone.volume_in_dump.reason)


def test_few_days_give_no_rate_and_few_months_no_completion(
    abaza: Site, plan: Plan, store: Store
) -> None:
    weigh(abaza, store, [(d + 0.5, TAILINGS, 3000.0) for d in range(59)])
    early = fill_at(abaza, plan, store, 10)
    assert str(early.rate.reason) == "Only 10 of 30 days since the plan began"
    later = fill_at(abaza, plan, store, 59)
    assert later.rate.value is not None
    assert str(later.completion.reason) == "A forecast needs 3 whole months of loads"


def test_flagged_loads_and_loads_before_the_plan_do_not_count(
    abaza: Site, plan: Plan, store: Store
) -> None:
    weigh(abaza, store, [(-3.0, ROCK, 28.0), (2.0, ROCK, 30.0)])
    flagged = row(
        abaza,
        "wb-01",
        day(2.1),
        {"load_mass": 9000.0},
        flags={"load_mass": "out_of_range"},
    )
    store.append([flagged])
    state = fill_at(abaza, plan, store, 3)
    assert state.streams[0].mass.value == pytest.approx(30.0)


def test_known_at_leaves_out_what_came_later(abaza: Site, plan: Plan, store: Store) -> None:
    weigh(abaza, store, [(1.0, ROCK, 20.0)])
    weigh(abaza, store, [(1.5, ROCK, 30.0)], delay_d=20)
    assert fill_at(abaza, plan, store, 2).streams[0].mass.value == pytest.approx(20.0)
    assert fill_at(abaza, plan, store, 2, known=30).streams[0].mass.value == pytest.approx(50.0)


_runs = count()


@settings(max_examples=15, deadline=None)
@given(
    loads=st.lists(
        st.tuples(st.floats(0, 50), st.sampled_from(range(4)), st.floats(1, 40)),
        min_size=1,
        max_size=30,
        unique_by=lambda load: (round(load[0], 4), load[1]),
    ),
    seed=st.integers(0, 100),
)
def test_mass_balance_holds_in_any_order_of_loads(
    tmp_path_factory: pytest.TempPathFactory,
    abaza: Site,
    plan: Plan,
    loads: list[tuple[float, int, float]],
    seed: int,
) -> None:
    loads = [*loads, (50.5, ROCK, 1.0)]
    shuffled = list(loads)
    Random(seed).shuffle(shuffled)
    states = []
    for order in (loads, shuffled):
        store = EmbeddedStore(_fresh(tmp_path_factory), abaza)
        for load in order:
            weigh(abaza, store, [load])
        states.append(fill_at(abaza, plan, store, 51))
        store.close()
    assert states[0] == states[1]
    mass = sum(stream.mass.value for stream in states[0].streams)
    assert mass == pytest.approx(sum(load[2] for load in loads))
    volume = states[0].volume_in_dump.value
    assert sum(s.volume_in_dump.value for s in states[0].streams) == pytest.approx(volume)
    assert sum(tier.filled.value for tier in states[0].tiers) == pytest.approx(volume)


def _fresh(factory: pytest.TempPathFactory) -> Path:
    return factory.mktemp(f"run{next(_runs)}")


def test_the_interval_of_the_pace_holds_the_mean_and_opens_with_time() -> None:
    pace = Pace(months=12, mean=1.4, spread=0.2)
    days = np.array([30.0, 365.0, 3650.0])
    low, middle, high = (pace.volume(days, side) for side in (-1, 0, 1))
    assert (low < middle).all()
    assert (middle < high).all()
    assert (np.diff(high - low) > 0).all()
    # Hahn and Meeker by hand: 1 month ahead of 12, t(0.95, 11) = 1.7959.
    month = 365.25 / 12
    margin = 1.7959 * 0.2 * month * (1 + 1 / 12) ** 0.5
    assert pace.volume(np.array([month]), 1)[0] == pytest.approx(1.4 * month + margin, rel=1e-4)
    assert pace.days_until(500, 1) < pace.days_until(500, 0) < pace.days_until(500, -1)


def test_a_pace_that_may_be_nothing_sets_no_latest_date() -> None:
    assert Pace(months=3, mean=0.1, spread=1.0).days_until(500, -1) == float("inf")
    assert Pace(months=3, mean=0.0, spread=0.0).days_until(500, 0) == float("inf")
