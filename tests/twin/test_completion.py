from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from twin.completion import (
    NEEDED_MONTHS,
    PastMonths,
    earned_schedule,
    moment,
    past_months,
    paths,
    quantile,
)
from twin.loads import Loads
from twin.plan import Plan

DEADLINE = datetime(2037, 1, 1, tzinfo=UTC)


def after(months: int) -> datetime:
    return datetime(2022 + months // 12, 1 + months % 12, 1, tzinfo=UTC)


def test_too_few_months_give_no_paths(plan: Plan) -> None:
    past = PastMonths(np.ones(NEEDED_MONTHS - 1), 1)
    assert paths(past, plan.calendars[0], after(5), 200.0) is None


def test_months_as_planned_end_as_planned(plan: Plan) -> None:
    calendar = plan.calendars[0]
    past = PastMonths(np.ones(12), 1)
    now = after(12) + timedelta(days=9, hours=7)
    found = paths(past, calendar, now, calendar.volume(now))
    assert found is not None
    reached = found.reached(calendar.total)
    assert np.ptp(reached) == 0
    assert moment(float(reached[0])) == DEADLINE
    # After the plan's end the last year is repeated: 512.3 a year.
    full = moment(float(found.reached(27_000)[0]))
    assert full is not None
    years = (full - DEADLINE) / timedelta(days=365.25)
    assert years == pytest.approx((27_000 - 7684.5) / 512.3, abs=0.02)
    assert found.reached(1e6)[0] == np.inf


@pytest.mark.parametrize("months", [6, 12, 24, 36])
def test_the_interval_holds_what_comes_as_often_as_it_says(plan: Plan, months: int) -> None:
    """80 % of futures drawn like the past lie in the interval; Hahn and Meeker's normal one too."""
    calendar = plan.calendars[0]
    rng = np.random.default_rng(7)
    now, end = after(months), np.array([DEADLINE.timestamp()])
    done = calendar.volume(now)
    left, ahead = calendar.total - done, 180 - months
    hits = 0
    for _ in range(100):
        past = PastMonths(1 + 0.15 * rng.standard_normal(months), 1)
        found = paths(past, calendar, now, done)
        assert found is not None
        volumes = np.sort(found.volumes(end)[:, 0])
        truth = done + left * (1 + 0.15 * rng.standard_normal(ahead)).mean()
        hits += quantile(volumes, 0.1) <= truth <= quantile(volumes, 0.9)
    assert 65 <= hits <= 92


def test_two_years_tell_the_seasons_apart(plan: Plan) -> None:
    """Winters at half the plan, summers at one and a half: a path follows the season."""
    calendar = plan.calendars[0]
    season = np.where(np.isin(np.arange(24) % 12, [11, 0, 1, 2]), 0.5, 1.25)
    now = after(24)
    found = paths(PastMonths(season, 1), calendar, now, 1000.0)
    assert found is not None
    edges = np.array([after(24 + month).timestamp() for month in range(13)])
    monthly = np.diff(np.median(found.volumes(edges), axis=0))
    assert monthly[[0, 1]].max() < 0.75 * monthly[[5, 6, 7]].min()


def test_months_without_a_plan_keep_the_others_in_their_season(plan: Plan) -> None:
    """Nothing is planned for January and February; in June half of the plan is placed."""
    shares = np.array([0, 0, *[0.1] * 10])
    edges = [after(month) for month in range(180 + 1)]
    calendar = replace(
        plan.calendars[0],
        knots=tuple(edges),
        volumes=tuple(np.concatenate(([0.0], np.cumsum(np.tile(500 * shares, 15)))).tolist()),
    )
    now = after(26)
    days = [edges[0] + timedelta(days=count) for count in range((now - edges[0]).days + 1)]
    volume = np.array(
        [500 * shares[each.month - 1] * (0.5 if each.month == 6 else 1) / 31 for each in days]
    )[:, None]
    past = past_months(Loads(edges[0], now, ["rock"], volume, volume, volume), calendar)
    assert past.first == 3
    assert past.count == 22
    months = (np.arange(past.count) + past.first - 1) % 12 + 1
    assert set(months[past.ratios < 0.6]) == {6}


def test_the_same_months_give_the_same_paths(plan: Plan) -> None:
    past = PastMonths(np.array([0.9, 1.1, 0.7, 1.0, 1.2, 0.8, 1.0]), 1)
    one, other = (paths(past, plan.calendars[0], after(7), 300.0) for _ in range(2))
    assert one is not None
    assert other is not None
    assert (one.added == other.added).all()


@settings(max_examples=20)
@given(
    st.lists(st.floats(0, 3), min_size=6, max_size=40),
    st.floats(0, 5000),
    st.floats(0, 20_000),
)
def test_paths_never_fall_and_a_larger_volume_comes_later(
    plan: Plan, ratios: list[float], done: float, more: float
) -> None:
    now = after(len(ratios)) + timedelta(days=3)
    found = paths(PastMonths(np.array(ratios), 1), plan.calendars[0], now, done)
    assert found is not None
    assert (np.diff(found.added, axis=1) >= 0).all()
    assert (found.reached(done + more) <= found.reached(done + more + 10)).all()
    assert (found.reached(done + more) >= now.timestamp() - 1e-3).all()


def test_quantiles_are_values_of_the_sample() -> None:
    values = np.arange(1.0, 11.0)
    assert [quantile(values, share) for share in (0.1, 0.5, 0.9, 1.0)] == [1, 5, 9, 10]
    assert moment(np.inf) is None


def test_earned_schedule(plan: Plan) -> None:
    calendar = plan.calendars[0]
    at = datetime(2022, 12, 31, tzinfo=UTC)
    planned = calendar.volume(datetime(2022, 11, 1, tzinfo=UTC))
    assert earned_schedule(calendar, at, planned) == timedelta(days=-60)
    assert earned_schedule(calendar, at, 9000) is None
    assert earned_schedule(calendar, plan.start - timedelta(days=1), 0) is None
