from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from itertools import count
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.site import Site
from ingest.store import Store
from ingest.store.embedded import EmbeddedStore
from tests.twin.ground import ASH, ROCK, SLUDGE, TAILINGS, day, row, weigh
from twin.backfill import fill
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
    assert str(state.level.validity).startswith("Of an even surface that would hold the volume")
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
    assert str(later.completion.reason) == ("A forecast needs 6 whole months of loads; there are 2")


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


@settings(max_examples=15)
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


def test_the_year_as_planned_stands_in_the_schedule(abaza: Site, plan: Plan, store: Store) -> None:
    daily = [
        (d + 0.5, stream, mass * 0.8 / 365) for d in range(400) for stream, mass in YEAR.items()
    ]
    weigh(abaza, store, daily)
    state = fill_at(abaza, plan, store, 400)
    assert state.plan_year is not None
    assert state.plan_year.value == 2
    assert state.planned_tier is not None
    assert state.planned_tier.value == "tier_650"
    # What was placed in 400 days at 0.8 of the pace was planned for day 320.
    assert state.schedule_variance is not None
    assert state.schedule_variance.value == pytest.approx(-80, abs=0.2)
    first, second, third = state.years[:3]
    assert (first.year, len(state.years)) == (2022, 15)
    assert first.placed is not None
    assert first.placed.value == pytest.approx(0.8 * 512.3, abs=0.1)
    assert second.placed is not None
    assert first.placed.value + second.placed.value == pytest.approx(state.volume_in_dump.value)
    assert third.placed is None
    assert third.by_tier["tier_650"] == pytest.approx(512.3)
    assert state.tiers[0].planned is not None
    assert state.tiers[0].planned.value == pytest.approx(state.planned_volume.value)
    assert state.front is not None
    assert state.front.tier == "tier_650"
    assert 0 < state.front.advanced.value < 1


def test_completion_is_a_distribution_for_three_ends(abaza: Site, plan: Plan, store: Store) -> None:
    daily = [
        (d + 0.5, stream, mass * (0.7 if (d // 40) % 2 else 1.2) / 365)
        for d in range(400)
        for stream, mass in YEAR.items()
    ]
    weigh(abaza, store, daily)
    state = fill_at(abaza, plan, store, 400)
    by_plan, full, deadline = state.completions
    assert (by_plan.end, full.end, deadline.end) == ("plan", "full", "deadline")
    assert state.completion == by_plan.expected
    for end in (by_plan, full):
        assert end.expected.low < end.expected.value < end.expected.high
        assert end.values == sorted(end.values)
        assert end.shares[0] == 0.05
    assert "2036" < by_plan.expected.value < "2045"
    assert full.expected.value > "2070"
    assert 0 < by_plan.probability.value < 0.6
    assert full.probability.value == 0
    # The plan's volume is placed by the deadline on as many paths as reach it by then.
    assert deadline.probability.value == by_plan.probability.value
    assert deadline.expected.low < deadline.expected.value < deadline.expected.high
    assert deadline.target.value == "2036-12-31"
    assert "too few to tell seasons apart" in str(by_plan.expected.validity)
    assert state.s_curve.forecast_low[-1] <= state.s_curve.forecast[-1]
    assert state.s_curve.forecast[0] == pytest.approx(state.volume_in_dump.value)
    assert fill_at(abaza, plan, store, 400) == state


def test_a_volume_that_is_placed_has_a_date_and_no_forecast(
    abaza: Site, plan: Plan, store: Store
) -> None:
    weigh(abaza, store, [(d + 0.5, TAILINGS, 28_000.0) for d in range(700)])
    state = fill_at(abaza, plan, store, 700)
    by_plan = state.completions[0]
    assert by_plan.probability.value == 1
    assert by_plan.expected.quality == "derived"
    per_day = 28 * 1 / (2.15 * 1.1)
    reached = date(2022, 1, 1) + timedelta(days=int(7684.5 / per_day))
    assert by_plan.expected.value == reached.isoformat()
    assert state.schedule_variance is not None
    assert state.schedule_variance.value is None
    assert not state.s_curve.forecast


def test_a_revision_of_the_plan_holds_in_the_state_from_its_day_on(
    abaza: Site, plan: Plan, store: Store
) -> None:
    weigh(abaza, store, [(d + 0.5, TAILINGS, 3000.0) for d in range(100)])
    old = plan.calendars[0]
    half = replace(
        old,
        since=day(60),
        source="revision",
        volumes=tuple(v / 2 for v in old.volumes),
        years={y: {t: v / 2 for t, v in c.items()} for y, c in old.years.items()},
    )
    revised = replace(plan, calendars=(old, half))
    before, after = (fill_at(abaza, revised, store, days) for days in (59, 61))
    assert before.planned_volume.source != "revision"
    assert after.planned_volume.source == "revision"
    assert after.planned_volume.value == pytest.approx(512.3 * 61 / 365 / 2)
    assert sum(s.planned_volume.value for s in after.streams) == pytest.approx(
        after.planned_volume.value
    )
    assert after.planned_since is not None
    assert after.planned_since.value == "2022-03-02"
    # Who knew on day 59 what will be placed on day 61 knew nothing of the revision.
    early = fill_at(abaza, revised, store, 61, known=59)
    assert early.planned_volume.source == old.source


def test_a_stream_that_a_revision_leaves_out_keeps_its_factor(
    abaza: Site, plan: Plan, store: Store
) -> None:
    weigh(abaza, store, [(5.0, ROCK, 28.5), (15.0, ROCK, 28.5)])
    old = plan.streams[0]
    rest = {name: s for name, s in old.by_name.items() if name != "waste_rock"}
    revised = replace(plan, streams=(old, replace(old, since=day(10), by_name=rest)))
    state = fill_at(abaza, revised, store, 16)
    assert state.volume_in_dump.value == pytest.approx(2 * 28.5 * 1.08 / 2.85 / 1000)
