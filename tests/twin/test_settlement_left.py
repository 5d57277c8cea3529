"""What is left when the plan's volume is reached is the points' own forecast at that date."""

from __future__ import annotations

import dataclasses
import pickle
from datetime import datetime, timedelta
from itertools import pairwise

import msgspec
import numpy as np
import pytest

from ingest.figure import Figure, unknown
from ingest.text import Text
from tests.twin.conftest import DAYS
from tests.twin.ground import START, day
from twin.history import DAY
from twin.models._base import HORIZON_D
from twin.settlement import Forecast, forecast
from twin.state import SettlementState
from twin.what_if.changes import read_changes
from twin.what_if.run import run
from twin.what_if.settlement_left import settlement_left
from twin.what_if.start import Start

PER_DECADE, BEGINS = 40.0, 2.0


def creep(days: np.ndarray) -> np.ndarray:
    """Sowers' law: 40 mm in a tenfold of time."""
    return np.asarray(PER_DECADE * np.log10(1 + days / BEGINS))


@pytest.fixture(scope="module")
def creeping() -> Forecast:
    """A point on which the load came at the end of January 2022."""
    noise = np.random.default_rng(1).normal(0, 0.1, DAYS)
    curve = np.concatenate([np.zeros(30), creep(np.arange(DAYS - 30) + 0.5)])
    found = forecast(curve + noise, START, np.where(np.arange(DAYS) == 30, 1000.0, 0.0))
    assert found.model == "settlement_log_creep"
    return found


@pytest.fixture(scope="module")
def start(fourteen_months: Start, creeping: Forecast) -> Start:
    nothing = unknown("mm", Text("No reading yet"))
    point = SettlementState(
        point="sp-1",
        zone="tier_650",
        settlement=nothing,
        rate=nothing,
        ultimate=Figure(value=creeping.ultimate, unit="mm", source="sp-1: settlement_log_creep"),
        remaining=nothing,
        consolidation=nothing,
        grading=nothing,
        model=creeping.model,
    )
    silent = msgspec.structs.replace(point, point="sp-2", model="")
    return dataclasses.replace(
        fourteen_months,
        state=msgspec.structs.replace(fourteen_months.state, settlement=[point, silent]),
        settling={"sp-1": creeping},
    )


def reached(when: datetime) -> Figure:
    return Figure(value=when.date().isoformat(), unit="date")


def left(start: Start, when: datetime) -> Figure:
    return settlement_left(start, reached(when))


def by_the_law(creeping: Forecast, when: datetime) -> float:
    since = (when - creeping.origin) / DAY
    return float(creep(np.array(HORIZON_D)) - creep(np.array(since)))


@pytest.mark.parametrize("years", [2, 5, 8, 12, 14.5])
def test_it_is_what_the_law_of_the_curve_leaves_at_that_date(
    start: Start, creeping: Forecast, years: float
) -> None:
    when = (creeping.origin + timedelta(days=years * 365.25)).replace(hour=0, minute=0)
    figure = left(start, when)
    assert isinstance(figure.value, float)
    assert isinstance(figure.low, float)
    assert isinstance(figure.high, float)
    truth = by_the_law(creeping, when)
    assert figure.value == pytest.approx(truth, rel=0.05)
    assert figure.low < truth < figure.high
    if years == 14.5:
        assert figure.value < 1.0  # 40 mm * log10(15 / 14.5) = 0.6 mm


def test_at_the_end_of_the_drawn_curve_it_is_the_ultimate_less_the_curve(
    start: Start, creeping: Forecast
) -> None:
    drawn = creeping.ultimate - creeping.curve[-1]
    assert left(start, creeping.time[-1]).value == pytest.approx(drawn, abs=0.1)


def test_less_is_left_at_a_later_date(start: Start) -> None:
    dates = [day(days) for days in range(DAYS + 30, 15 * 365, 200)]
    values = [left(start, each).value for each in dates]
    assert all(isinstance(each, float) for each in values)
    assert all(later < earlier for earlier, later in pairwise(values))


def test_beyond_the_time_for_which_the_method_holds_it_is_not_known(
    start: Start, creeping: Forecast
) -> None:
    assert left(start, creeping.until - DAY).value is not None
    figure = left(start, creeping.until + 2 * DAY)
    assert figure.value is None
    assert figure.low is figure.high is None
    assert f"{creeping.until:%Y-%m-%d}" in str(figure.reason)


def test_it_says_that_new_load_is_not_in_it_and_how_many_points_are_known(start: Start) -> None:
    said = str(left(start, day(4000)).validity)
    assert f"{day(4000):%Y-%m-%d}" in said
    assert "1 of 2 points" in said
    assert "still to be placed is not in it" in said


def test_of_a_volume_that_was_reached_long_ago_it_is_what_is_left_now(start: Start) -> None:
    assert left(start, day(10)).value == left(start, start.now).value


def test_without_a_date_or_a_forecast_it_is_not_known(start: Start) -> None:
    never = unknown("date", Text("With this variant the volume is not reached in 100 years"))
    assert settlement_left(start, never).reason == never.reason
    assert settlement_left(start, None).value is None
    assert settlement_left(dataclasses.replace(start, settling={}), reached(day(900))).value is None


def test_a_variant_that_is_done_sooner_leaves_more_also_in_another_process(start: Start) -> None:
    assert start.plan is not None
    plenty = {"fleet.loaders": 20, "fleet.bulldozers": 20, "fleet.trucks.belaz_75404": 60}
    told = []
    for each in (start, pickle.loads(pickle.dumps(start))):
        for factor in (1.5, 3.0):
            more = {f"streams.{name}.factor": factor for name in start.plan.stream_names}
            found = run(each, read_changes(plenty | more, each.inputs))
            date = found.measure("completion").figure
            told.append(found.measure("settlement_left").figure)
            assert told[-1] == settlement_left(each, date)
    assert told[:2] == told[2:]
    slow, fast = (each.value for each in told[:2])
    assert isinstance(slow, float)
    assert isinstance(fast, float)
    assert fast > 1.5 * slow > 1.0
