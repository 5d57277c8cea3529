"""Water that is raised comes out of the ground, and what was never observed has no interval."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.text import Text
from tests.twin.conftest import PIEZOMETERS
from twin.slopes.section import at
from twin.what_if.changes import read_changes
from twin.what_if.observed import Observed, seasons
from twin.what_if.results import VariantResult
from twin.what_if.run import run
from twin.what_if.seepage import under_ground
from twin.what_if.start import Start

FACE = ((-100.0, 50.0), (-73.0, 50.0), (0.0, 0.0), (80.0, 0.0))

lines = st.lists(
    st.tuples(st.integers(-120, 120).map(float), st.floats(-20, 80)),
    min_size=1,
    max_size=5,
    unique_by=lambda point: point[0],
).map(lambda points: tuple(sorted(points)))

MEASURED = Observed((0.2, 2.3), dict.fromkeys(PIEZOMETERS, 600.0), 430)


@pytest.fixture(scope="module")
def start(fourteen_months: Start) -> Start:
    """Water never stood higher than 600 m, and seasons brought 0.2 to 2.3 times the mean."""
    return dataclasses.replace(fourteen_months, observed=MEASURED)


def with_(start: Start, key: str, value: float) -> VariantResult:
    return run(start, read_changes({key: value}, start.inputs))


def faces(found: VariantResult) -> list[float]:
    values = [each.factor_of_safety.value for each in found.slopes if each.measured]
    assert all(isinstance(each, float) for each in values)
    return [float(each or 0) for each in values]


@given(lines, lines)
def test_a_line_is_the_lower_of_itself_and_of_ground_or_todays(raised, today) -> None:
    bounded = under_ground(raised, today, FACE)
    xs = np.linspace(-130, 130, 521)
    line, before, ground = (at(each, xs) for each in (raised, today, FACE))
    wanted = np.minimum(line, np.maximum(ground, before))
    assert at(bounded, xs) == pytest.approx(wanted, abs=1e-6)


def test_a_level_line_above_the_toe_comes_out_of_the_face() -> None:
    bounded = under_ground(((0.0, 14.0),), ((0.0, -1.0),), FACE)
    xs = np.array([-90.0, -30.0, -10.0, 0.0, 40.0])
    # The face falls by 50 in 73: at -10 the ground is at 6.85.
    assert at(bounded, xs) == pytest.approx([14.0, 14.0, 500 / 73, 0.0, 0.0])


def test_an_artesian_head_that_is_measured_stays() -> None:
    today = ((0.0, 3.0), (40.0, 3.0))
    assert at(under_ground(((0.0, 9.0),), today, FACE), np.array([20.0])) == pytest.approx([3.0])


def test_raised_water_does_not_lift_the_ground_off_its_base(start: Start) -> None:
    """Heads above the ground beyond the toe would leave 0.61 of today's factor here."""
    wet = with_(start, "drainage.lowered_m", -20.0)
    base = [each for each in wet.slopes if each.measured and each.slide == "base"]
    dry = [each for each in run(start).slopes if each.measured and each.slide == "base"]
    for raised, now in zip(base, dry, strict=True):
        factor, today = raised.factor_of_safety.value, now.factor_of_safety.value
        assert isinstance(factor, float)
        assert isinstance(today, float)
        assert 0.7 * today < factor < 0.85 * today


@settings(max_examples=6)
@given(st.floats(0, 19), st.floats(0.5, 10))
def test_more_water_never_stands_better(start: Start, raised: float, more: float) -> None:
    low = faces(with_(start, "drainage.lowered_m", -raised))
    high = faces(with_(start, "drainage.lowered_m", -min(raised + more, 20.0)))
    # The circles are searched for each water anew: a search is good to a thousandth.
    assert all(after <= before * 1.001 for before, after in zip(low, high, strict=True))


def test_water_higher_than_was_measured_has_no_interval_and_a_note(start: Start) -> None:
    found = with_(start, "drainage.lowered_m", -6.0)
    for each in found.slopes:
        figure = each.factor_of_safety
        assert figure.value is not None
        assert (figure.low is None) == each.measured
        assert (figure.confidence is None) == each.measured
    measure = found.measure("factor_measured").figure
    assert (measure.low, measure.high) == (None, None)
    assert "was not measured, hence no interval" in str(measure.validity)
    assert [str(each) for each in found.notes] == [
        "The water would stand higher than in the last 430 days: factors of safety without an"
        " interval; it comes no higher than the ground, where it seeps out"
    ]


@pytest.mark.parametrize("raised", [-2.0, 3.0])
def test_water_as_it_was_measured_has_its_interval(start: Start, raised: float) -> None:
    found = with_(start, "drainage.lowered_m", raised)
    figure = found.measure("factor_measured").figure
    assert isinstance(figure.value, float)
    assert isinstance(figure.low, float)
    assert isinstance(figure.high, float)
    assert figure.low < figure.value < figure.high
    assert not any("higher" in str(each) for each in found.notes)


@pytest.mark.parametrize(("factor", "known"), [(0.1, False), (0.3, True), (2.2, True), (4, False)])
def test_rain_beyond_all_seasons_gives_no_factor_of_safety(
    start: Start, factor: float, known: bool
) -> None:
    found = with_(start, "rain.factor", factor)
    figure = found.measure("factor_measured").figure
    assert (figure.value is not None) == known
    assert len(found.notes) == (not known)
    if not known:
        assert figure.reason == found.notes[0]
        assert "0.2 to 2.3 times the mean" in str(figure.reason)


def test_where_the_seasons_are_not_known_the_reason_is_theirs(start: Start) -> None:
    reason = Text("Only {count} of {needed} days of weather", {"count": 9, "needed": 365})
    unknown = dataclasses.replace(start, observed=dataclasses.replace(MEASURED, seasons=reason))
    assert with_(unknown, "rain.factor", 1.2).measure("factor_measured").figure.reason == reason
    assert run(unknown).measure("factor_measured").figure.value is not None


def test_seasons_are_sums_of_ninety_days_over_a_mean_one() -> None:
    # All water of a year falls evenly in ninety days of it: the mean season has 90/365 of it.
    water = np.zeros(365)
    water[200:290] = 3.0
    assert seasons(water) == pytest.approx((0.0, 365 / 90))
    assert seasons(np.full(400, 2.0)) == pytest.approx((1.0, 1.0))
    assert "Only 359 of 360 days" in str(seasons(np.ones(359)))
    assert str(seasons(np.zeros(365))) == "No rain was measured"
