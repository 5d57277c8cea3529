"""A weighbridge that was out of order does not say that nothing came."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.errors import ConfigurationError
from ingest.site import Site, load_site
from ingest.store import Store
from tests.twin.ground import TAILINGS, day, weigh
from tests.twin.test_backfill import fill_at
from tests.twin.test_reconciliation import FACTOR, survey
from twin.completion import past_months
from twin.history import History
from twin.loads import Loads
from twin.outages import Outage, busy_day, rest, silent_runs
from twin.plan import Plan, load_plan
from twin.settlement.points import _placed

#: What comes on a day of the tests [thousand m3].
DAILY = 3 * FACTOR

#: First silent day, and how many.
FIRST, LONG = 60, 20


@pytest.fixture
def interrupted(abaza: Site, store: Store) -> Store:
    """Return a store with 3 000 t a day, of which 20 days are not weighed."""
    weigh(
        abaza,
        store,
        [(d + 0.5, TAILINGS, 3000.0) for d in range(200) if not FIRST <= d < FIRST + LONG],
    )
    return store


def test_a_silence_is_too_long_by_working_days() -> None:
    brought = np.array([0, 0, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0], dtype=float)
    working = np.ones(20, dtype=bool)
    # What was before the first load is no silence; three days may be; the last one still lasts.
    assert silent_runs(brought, working, 3.0) == [(10, 4), (15, 5)]
    working[[11, 16, 17]] = False
    assert silent_runs(brought, working, 3.0) == []
    assert silent_runs(np.zeros(9), np.ones(9, dtype=bool), 3.0) == []


@given(st.lists(st.integers(0, 2), max_size=60), st.integers(1, 5))
def test_every_day_of_a_silence_is_empty_and_no_load_is_in_two(daily, limit) -> None:
    brought = np.array(daily, dtype=float)
    runs = silent_runs(brought, np.ones(len(daily), dtype=bool), float(limit))
    silent = [index for first, days in runs for index in range(first, first + days)]
    assert len(silent) == len(set(silent))
    assert not brought[silent].any()
    assert all(days > limit for _, days in runs)


def test_a_busy_day_is_one_of_those_about_the_outage() -> None:
    brought = np.concatenate([np.full(100, 50.0), np.arange(1.0, 11.0), np.zeros(5)])
    assert busy_day(brought, 110, 5) == pytest.approx(50.0)
    assert busy_day(brought[100:], 10, 5) == pytest.approx(np.quantile(np.arange(1, 11), 0.9))
    assert busy_day(np.zeros(10), 3, 4) == 0.0


def test_days_of_rest_are_no_outage(abaza: Site, plan: Plan, store: Store) -> None:
    """Nobody hauls from 1 to 8 January 2023, days 365 to 372; until the 14th somebody should."""
    assert rest(day(364), 10, plan.rest_days).tolist() == [False, *[True] * 8, False]
    before = [(d + 0.5, TAILINGS, 3000.0) for d in range(300, 365)]
    weigh(abaza, store, before)
    weigh(abaza, store, [(375.5, TAILINGS, 3000.0)])
    assert fill_at(abaza, plan, store, 376).outages == []
    weigh(abaza, store, [(383.5, TAILINGS, 3000.0)])
    [found] = fill_at(abaza, plan, store, 384).outages
    assert (found.since, found.until) == (day(376), day(383))


def test_what_was_weighed_is_a_lower_bound(abaza: Site, plan: Plan, interrupted: Store) -> None:
    state = fill_at(abaza, plan, interrupted, 200)
    [outage] = state.outages
    assert (outage.instrument, outage.since, outage.until) == ("wb-01", day(60), day(80))
    # 8 March is a day of rest.
    hidden = (LONG - 1) * DAILY
    assert outage.hidden.high == pytest.approx(hidden)
    weighed = (200 - LONG) * DAILY
    volume = state.volume_in_dump
    assert (volume.value, volume.low) == (pytest.approx(weighed), pytest.approx(weighed))
    assert volume.high == pytest.approx(weighed + hidden)
    assert str(volume.validity).startswith("At least: wb-01 weighed nothing on 20 days")
    planned = state.planned_volume.value
    assert state.performance.value == pytest.approx(weighed / planned)
    assert state.performance.high == pytest.approx((weighed + hidden) / planned)
    assert state.variance.high - state.variance.value == pytest.approx(hidden)
    assert state.tiers[0].filled.high == pytest.approx(weighed + hidden)
    assert state.years[0].placed.high == pytest.approx(weighed + hidden)
    assert state.level.high > state.level.value
    curve = state.s_curve
    more = np.subtract(curve.actual_most, curve.actual)
    assert more[0] == 0
    assert more[-1] == pytest.approx(hidden)
    assert (np.diff(more) >= -1e-9).all()


def test_without_an_outage_nothing_is_hidden(abaza: Site, plan: Plan, store: Store) -> None:
    weigh(abaza, store, [(d + 0.5, TAILINGS, 3000.0) for d in range(0, 200, 4)])
    state = fill_at(abaza, plan, store, 198)
    assert (state.outages, state.s_curve.actual_most) == ([], [])
    assert (state.volume_in_dump.low, state.volume_in_dump.high) == (None, None)
    assert state.volume_in_dump.validity is None


def test_late_loads_settle_it(abaza: Site, plan: Plan, interrupted: Store) -> None:
    late = [(d + 0.5, TAILINGS, 3000.0) for d in range(FIRST, FIRST + LONG)]
    weigh(abaza, interrupted, late, delay_d=150)
    known = fill_at(abaza, plan, interrupted, 200, known=240)
    assert known.outages == []
    assert known.volume_in_dump.value == pytest.approx(200 * DAILY)
    assert known.volume_in_dump.high is None
    assert len(fill_at(abaza, plan, interrupted, 200, known=200).outages) == 1


def test_a_survey_bounds_what_was_not_weighed(abaza: Site, plan: Plan, interrupted: Store) -> None:
    weighed = (150 - LONG) * DAILY
    survey(abaza, interrupted, 150, weighed + 2 * DAILY, 0.1)
    state = fill_at(abaza, plan, interrupted, 200)
    room = state.surveys[0].difference.high
    assert 2 * DAILY < room < (LONG - 1) * DAILY
    assert state.volume_in_dump.high - state.volume_in_dump.value == pytest.approx(room)
    # A survey that finds less than what was weighed leaves no room at all.
    survey(abaza, interrupted, 160, weighed, 0.1)
    state = fill_at(abaza, plan, interrupted, 200)
    assert state.volume_in_dump.high is None
    assert state.s_curve.actual_most == []
    assert state.outages[0].hidden.high == 0.0


def test_a_survey_before_the_outage_says_nothing_of_it(
    abaza: Site, plan: Plan, interrupted: Store
) -> None:
    survey(abaza, interrupted, 50, 50 * DAILY, 0.1)
    volume = fill_at(abaza, plan, interrupted, 200).volume_in_dump
    assert volume.high - volume.value == pytest.approx((LONG - 1) * DAILY)


def test_the_pace_of_a_month_is_that_of_its_known_days(plan: Plan) -> None:
    """A third of a month unweighed is no slow month, and a month unweighed says nothing."""
    calendar = plan.calendars[0]
    daily = np.full(212, 512.3 / 365)
    daily[100:110] = 0.0
    daily[120:151] = 0.0
    column = daily[:, None]
    loads = Loads(plan.start, day(211), ["rock"], column, column, column)
    plain = past_months(loads, calendar)
    assert plain.ratios.min() == pytest.approx(0)
    known = replace(loads, outages=(Outage("wb-01", 100, 10), Outage("wb-01", 120, 31)))
    past = past_months(known, calendar)
    assert past.count == plain.count == 6
    assert past.ratios == pytest.approx(np.ones(6))


def test_the_completion_holds_what_may_have_been_placed(
    abaza: Site, plan: Plan, store: Store
) -> None:
    # Two months of a year are not weighed, beside a pace that is the plan's.
    pace = 512.3 / FACTOR / 365 * 1000
    loads = [(d + 0.5, TAILINGS, pace) for d in range(365) if not 120 <= d < 180]
    weigh(abaza, store, loads)
    state = fill_at(abaza, plan, store, 365)
    done = state.completion
    assert "without 60 days" in str(done.validity)
    assert "wb-01 out of order" in str(done.validity)
    assert done.low < done.value <= done.high
    # The pace of the known months is the plan's: what is late is what was not weighed.
    late = (date.fromisoformat(done.value) - date(2036, 12, 31)).days
    assert 40 <= late <= 80
    assert date.fromisoformat(done.low) <= date(2037, 1, 6)
    assert state.tiers[0].last_load.low < state.tiers[0].last_load.value
    assert done.confidence == pytest.approx(0.8)


def test_an_outage_in_the_last_month_is_no_lower_pace(
    abaza: Site, plan: Plan, interrupted: Store
) -> None:
    rate = fill_at(abaza, plan, interrupted, 85).rate
    assert rate.value == pytest.approx(DAILY * 365.25)
    assert "10 of 30 days" in str(rate.validity)


def test_a_point_that_speeds_up_in_an_outage_is_not_called_wet(
    abaza: Site, plan: Plan, interrupted: Store
) -> None:
    at = day(200)
    placed = _placed(History(abaza, interrupted, at=at, known_at=at), plan, 200)
    assert placed is not None
    assert np.isnan(placed[FIRST : FIRST + LONG]).all()
    assert placed[FIRST - 1] == pytest.approx(3000.0)


def test_a_wrong_day_of_rest_stops_the_start(tmp_path, abaza: Site) -> None:
    for path in abaza.folder.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    path = tmp_path / "plan.yaml"
    text = path.read_text(encoding="utf-8")
    assert '"11-04"' in text
    path.write_text(text.replace('"11-04"', '"11-31"'), encoding="utf-8")
    with pytest.raises(ConfigurationError, match=r"11-31.*month and day"):
        load_plan(load_site(str(tmp_path)))


def test_rest_falls_on_the_same_days_of_every_year() -> None:
    found = rest(datetime(2023, 1, 1, tzinfo=UTC), 731, ("02-29", "01-01"))
    assert np.flatnonzero(found).tolist() == [0, 365, 365 + 59]
