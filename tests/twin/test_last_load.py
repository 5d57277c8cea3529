"""When each tier takes its last load: weighed, foretold, planned, or never."""

from __future__ import annotations

from datetime import datetime

import numpy as np
import pytest

from ingest.figure import Figure
from tests.twin.ground import START, day
from twin.completion import past_months, paths
from twin.last_load import last_loads
from twin.loads import Loads
from twin.plan import Plan

#: What the plan brings in a day [thousand m3].
DAILY = 512.3 / 365


def brought(daily: np.ndarray) -> Loads:
    """Return loads whose volume is given by day [thousand m3]."""
    column = np.asarray(daily, dtype=float)[:, None]
    end: datetime = day(len(daily) - 1)
    return Loads(START, end, ["waste_rock"], column, column, column)


def told(plan: Plan, daily: np.ndarray, *, foretold: bool = True) -> dict[str, Figure]:
    loads = brought(daily)
    calendar = plan.calendars[0]
    placed = float(loads.cumulative[-1])
    ahead = paths(past_months(loads, calendar), calendar, loads.end, placed) if foretold else None
    return last_loads(plan, calendar, loads, ahead, "wb-01", lambda figure: figure)


def test_a_full_tier_had_its_last_load_when_it_became_full(plan: Plan) -> None:
    """3839.5 thousand m3 at 10 a day: the 384th day is 19 January 2023."""
    found = told(plan, np.full(700, 10.0))
    assert found["tier_650"].value == "2023-01-19"
    assert found["tier_650"].quality == "derived"


def test_a_tier_that_fills_is_foretold_with_an_interval(plan: Plan) -> None:
    pace = DAILY * (1 + 0.3 * np.sin(np.arange(800) / 40))
    found = told(plan, pace)
    last = found["tier_650"]
    assert (last.quality, last.confidence) == ("forecast", pytest.approx(0.8))
    assert last.low < last.value < last.high
    # The plan reaches 3839.5 in the middle of 2029, and the tier above ends with the plan in 2036.
    assert "2028-12" < last.value < "2030-01"
    assert "2036-06" < found["tier_680"].value < "2037-06"


def test_without_a_forecast_the_plan_counts(plan: Plan) -> None:
    found = told(plan, np.full(60, DAILY), foretold=False)
    assert found["tier_650"].value == "2029-06-30"
    assert (found["tier_650"].quality, found["tier_650"].low) == ("planned", None)
    assert found["tier_680"].value == "2037-01-01"


def test_a_tier_that_the_plan_does_not_reach_has_no_last_load(plan: Plan) -> None:
    found = told(plan, np.full(60, DAILY))
    assert found["tier_710"].value is None
    assert str(found["tier_710"].reason) == (
        "Nothing is planned for this tier, and nothing lies in it"
    )


def test_beyond_the_plan_the_last_load_is_the_last_that_was_weighed(plan: Plan) -> None:
    """7684.5 is planned; 100 more lie in the third tier, the last of them on day 781."""
    daily = np.concatenate([np.full(778, 10.0), [4.5], np.zeros(2), [0.0], np.zeros(20)])
    daily[781] = 100.0
    found = told(plan, daily)
    assert found["tier_710"].value == day(781).date().isoformat()
    assert found["tier_680"].value == day(768).date().isoformat()
