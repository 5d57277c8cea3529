from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from ingest.figure import Figure, unknown
from ingest.site import Site
from ingest.store import Store
from ingest.text import Text
from tests.twin.ground import START, day, measure
from tests.twin.test_settlement_between import state as point_state
from twin.current import Current
from twin.grading_readiness import grading_state
from twin.history import History
from twin.models.terzaghi_consolidation import average_consolidation
from twin.plan import Plan
from twin.settlement import Forecast, forecast, models, settlements
from twin.settlement.background import Background
from twin.settlement.points import _slope, _tell
from twin.state import FillState

DAYS = np.arange(120.0)


def noisy(curve: np.ndarray, seed: int = 1) -> np.ndarray:
    return np.asarray(curve + np.random.default_rng(seed).normal(0, 0.1, curve.shape))


def creep(days: np.ndarray, per_decade: float = 40.0) -> np.ndarray:
    return np.asarray(per_decade * np.log10(1 + days / 2))


def reasons(found: Forecast) -> set[str]:
    return {reason.template for reason in found.refusals.values()}


def test_every_model_is_found_by_the_name_of_its_file() -> None:
    assert list(models()) == [
        "consolidation_with_creep",
        "settlement_asaoka",
        "settlement_creep_of_lifts",
        "settlement_hyperbolic",
        "settlement_log_creep",
        "terzaghi_consolidation",
    ]


@pytest.mark.parametrize("model", models().values(), ids=lambda model: model.name)
def test_laws_of_every_model(model: object) -> None:
    """A fitted curve passes through the data, does not fall, and ends at its ultimate value."""
    time = np.arange(5.0, 200.0)
    curve = 100 * average_consolidation(time / 150) if "creep" not in model.name else creep(time)
    fit = model.fit(time, np.stack([curve, 2 * curve]))
    predicted = model.predict(fit, time)
    late = time > 100
    assert predicted[0, late] == pytest.approx(curve[late], rel=0.05)
    assert predicted[1] == pytest.approx(2 * predicted[0], rel=1e-6)
    ahead = model.predict(fit, np.linspace(200, 5000, 50))
    assert (np.diff(ahead[0]) >= -1e-9).all()
    assert model.ultimate(fit)[0] >= predicted[0, -1]
    assert str(model.validity())
    assert np.isnan(model.ultimate(model.fit(time, -curve[None, :]))).all() or (
        model.ultimate(model.fit(time, -curve[None, :]))[0] < 0
    )


def test_terzaghi_finds_the_ultimate_of_its_own_curve() -> None:
    time = np.arange(1.0, 150.0)
    fit = models()["terzaghi_consolidation"].fit(
        time, 80 * average_consolidation(time * 0.005)[None, :]
    )
    assert fit[0] == pytest.approx([0, 80, 0.005], rel=3e-3, abs=0.02)


def test_hyperbola_finds_its_own_parameters() -> None:
    time = np.arange(1.0, 150.0)
    fit = models()["settlement_hyperbolic"].fit(time, (time / (0.5 + 0.01 * time))[None, :])
    assert fit[0] == pytest.approx([0.5, 0.01], rel=1e-9)


def test_creep_is_continued_and_its_interval_holds_the_truth() -> None:
    found = forecast(noisy(creep(DAYS)), START)
    assert found.model == "settlement_log_creep"
    truth = creep(np.array([15 * 365.25]))[0]
    assert found.ultimate == pytest.approx(truth, rel=0.1)
    assert found.low <= truth <= found.high
    assert found.low <= found.ultimate <= found.high
    assert found.time[0] == day(120)
    for low, middle, high in zip(found.curve_low, found.curve, found.curve_high, strict=True):
        assert low <= middle <= high


def test_the_same_curve_gives_the_same_forecast() -> None:
    curve = noisy(creep(DAYS))
    one, other = forecast(curve, START), forecast(curve, START)
    assert (one.ultimate, one.low, one.high) == (other.ultimate, other.low, other.high)


def test_too_few_days_are_refused() -> None:
    found = forecast(noisy(creep(DAYS[:20])), START)
    assert found.model == ""
    assert reasons(found) == {"Only {count} of {needed} daily values since the load last changed"}


def test_no_reading_at_all_is_refused() -> None:
    assert forecast(np.full(30, np.nan), START).model == ""


def test_a_new_load_is_refused_until_it_has_settled() -> None:
    curve = creep(DAYS)
    curve[105:] += 25 * (1 - np.exp(-(DAYS[105:] - 105) / 4))
    found = forecast(noisy(curve), START)
    assert found.model == ""
    assert reasons(found) == {
        "Settlement sped up on {date}: the load or the water is still changing"
    }
    told = date.fromisoformat(str(found.refusals["settlement_asaoka"].values["date"]))
    assert abs((told - day(105).date()).days) <= 7


def test_after_a_new_load_time_counts_from_it() -> None:
    days = np.arange(200.0)
    curve = creep(days) + np.where(days > 80, creep(np.maximum(days - 80, 0), 60), 0)
    found = forecast(noisy(curve), START)
    assert found.model
    assert 70 <= (found.origin - START).days <= 92


def test_an_old_fill_of_unknown_age_is_refused_by_what_needs_its_age() -> None:
    found = forecast(noisy(0.3 * DAYS), START)
    assert "the age of the fill is not known" in str(found.refusals["settlement_log_creep"])
    assert "the age of the fill is not known" in str(found.refusals["terzaghi_consolidation"])
    assert found.model == ""


@pytest.mark.parametrize("seed", range(4))
def test_early_consolidation_is_refused_by_every_method(seed: int) -> None:
    """At U = 35 % nothing may be told: what fits as well by luck would be half the truth."""
    curve = 300 * average_consolidation(DAYS / 1200)
    found = forecast(noisy(curve, seed), START)
    assert found.model == ""
    reason = found.refusals["terzaghi_consolidation"]
    assert "degree of consolidation" in str(reason)
    assert reason.values["degree"] < reason.values["limit"] == 50
    assert str(found.refusals["settlement_asaoka"]).startswith(
        "terzaghi_consolidation continues the curve better"
    )


@pytest.mark.parametrize("seed", range(8))
def test_what_has_no_shape_never_gives_an_absurd_forecast(seed: int) -> None:
    random = np.random.default_rng(seed)
    curve = np.cumsum(random.normal(0.2, 1.0, 200))
    found = forecast(curve, START)
    if found.model:
        assert found.ultimate <= 5 * max(curve[-1], 5.0) + 5
    else:
        assert set(found.refusals) == set(models())


@pytest.fixture
def settled(abaza: Site, store: Store) -> Store:
    curve = noisy(creep(DAYS))
    measure(
        abaza,
        store,
        "sp-650-01",
        "settlement",
        [(float(d) + 0.25, float(mm)) for d, mm in zip(DAYS, curve, strict=True)],
    )
    return store


def filled(**last: str | float | None) -> FillState:
    """Return a fill of which nothing but the date of its last load is known."""
    nothing = unknown("1", Text("Nothing to show"))
    fields = dict.fromkeys(FillState.__struct_fields__, nothing)
    completion = Figure(unit="date", **last)  # type: ignore[arg-type]
    return FillState(**{**fields, "tiers": [], "completion": completion})  # type: ignore[arg-type]


COMPLETE = filled(value="2036-12-31", low="2036-01-01", high="2038-01-01")


def test_state_of_a_point(abaza: Site, plan: Plan, settled: Store) -> None:
    at = day(120.25)
    current = Current(abaza, settled, at=at, known_at=at)
    states = settlements(current, History(abaza, settled, at=at, known_at=at), plan, COMPLETE)
    assert len(states) == len(abaza.with_quantity("settlement"))
    state = states[0]
    assert state.point == "sp-650-01"
    assert state.settlement.quality == "measured"
    assert state.model == "settlement_log_creep"
    assert state.ultimate.quality == "forecast"
    assert state.ultimate.value - state.settlement.value == pytest.approx(state.remaining.value)
    assert state.consolidation.value == pytest.approx(state.settlement.value / state.ultimate.value)
    assert state.consolidation.low <= state.consolidation.value <= state.consolidation.high
    # A slope over 30 days of 40*log10(1 + t/2) about t = 105 d.
    assert state.rate.value == pytest.approx(40 / np.log(10) / 107, rel=0.1)
    # One year after the last load: slower than 2 mm a month by then.
    assert state.grading.value == "2037-12-31"
    assert (state.grading.low, state.grading.high) == ("2036-12-31", "2039-07-02")
    assert state.grading.confidence == 0.9
    assert state.rate.low < state.rate.value < state.rate.high
    assert state.rate.high - state.rate.low < 0.02
    assert states[1].settlement.value is None
    assert str(states[1].settlement.reason) == "sp-650-02 has not delivered a value"
    assert states[1].grading.unit == "date"


def test_a_degree_of_consolidation_says_of_what(abaza: Site, plan: Plan, settled: Store) -> None:
    at = day(120.25)
    current = Current(abaza, settled, at=at, known_at=at)
    history = History(abaza, settled, at=at, known_at=at)
    state = settlements(current, history, plan, COMPLETE)[0]
    said = str(state.consolidation.validity)
    assert said.startswith("Of the settlement foreseen for 20")
    assert "15 years after the load last changed, by every method alike" in said


def test_a_hyperbola_beyond_its_published_range_says_so() -> None:
    """From 60 to 90 % of its own end, as the published line; past it the state tells the degree."""
    size, time = 200.0, np.arange(200.0)
    for degree, beyond in ((0.8, False), (0.97, True)):
        half = 200 * (1 - degree) / degree
        found = forecast(np.concatenate([np.zeros(20), size * time / (half + time)]), START)
        assert found.model == "settlement_hyperbolic"
        assert found.fitted.degree == pytest.approx(degree, abs=0.01)
        said = found.fitted.model.beyond(found.fitted.degree)
        assert (said is not None) == beyond
        state = point_state("sp-650-01", size * degree)
        _tell(state, found, size * degree, found.last)
        assert ("beyond the 60 to 90 %" in str(state.ultimate.validity)) == beyond
        assert f"{round(100 * found.fitted.degree)} %" in str(state.consolidation.validity)


@pytest.mark.parametrize(("known", "confidence"), [(True, 0.9), (False, None)])
def test_an_interval_that_leaves_out_the_old_ground_claims_no_confidence(
    known: bool, confidence: float | None
) -> None:
    time = np.arange(200.0)
    found = forecast(np.concatenate([np.zeros(20), 200 * time / (60 + time)]), START)
    assert found.model
    state = point_state("sp-650-01", 150.0)
    found = replace(found, before=Background(rate=0.01, error=0.001, known=known))
    _tell(state, found, 150.0, found.last)
    for figure in (state.ultimate, state.remaining, state.consolidation):
        assert figure.confidence == confidence
        assert figure.low < figure.high
    assert ("is not in it" in str(state.remaining.validity)) != known


def test_one_interval_of_grading_has_one_confidence(
    abaza: Site, plan: Plan, settled: Store
) -> None:
    """The dates of the last load hold 80 %: so do those of the point and of its tier."""
    at = day(120.25)
    fill = filled(value="2036-12-31", low="2036-01-01", high="2038-01-01", confidence=0.8)
    current = Current(abaza, settled, at=at, known_at=at)
    states = settlements(current, History(abaza, settled, at=at, known_at=at), plan, fill)
    graded = grading_state(None, None, plan, fill, states[:1], at)
    assert graded is not None
    zone = graded.zones[0].date
    point = states[0].grading
    assert (zone.low, zone.high) == (point.low, point.high)
    assert zone.confidence == point.confidence == 0.8


def test_what_rests_on_a_stale_reading_is_stale(abaza: Site, plan: Plan, settled: Store) -> None:
    at = day(122.0)
    current = Current(abaza, settled, at=at, known_at=at)
    state = settlements(current, History(abaza, settled, at=at, known_at=at), plan, COMPLETE)[0]
    assert state.settlement.quality == "stale"
    assert isinstance(state.remaining.value, float)
    assert (state.remaining.quality, state.consolidation.quality) == ("stale", "stale")
    assert state.ultimate.quality == "forecast"


def test_grading_is_not_known_while_completion_is_not(
    abaza: Site, plan: Plan, settled: Store
) -> None:
    at = day(120.25)
    current = Current(abaza, settled, at=at, known_at=at)
    history = History(abaza, settled, at=at, known_at=at)
    open_end = settlements(current, history, plan, filled(value=None))[0]
    assert str(open_end.grading.reason) == "It is not known when the last load is placed here"
    no_plan = settlements(current, history, None, None)[0]
    assert str(no_plan.grading.reason) == "The site has no plan"


def test_a_silent_point_has_no_forecast(abaza: Site, plan: Plan, settled: Store) -> None:
    at = day(120.25) + 2 * (day(8) - day(0))
    current = Current(abaza, settled, at=at, known_at=at)
    history = History(abaza, settled, at=at, known_at=at)
    state = settlements(current, history, plan, COMPLETE)[0]
    assert state.settlement.quality == "unavailable"
    assert state.ultimate.value is None
    assert "silent since" in str(state.ultimate.reason)


def test_the_interval_of_a_rate_holds_it_as_often_as_it_says() -> None:
    """With white noise nine times of ten; with noise that lasts for days not much less."""
    random = np.random.default_rng(4)
    days = np.arange(30.0)
    for alike, least in ((0.0, 0.87), (0.5, 0.82)):
        noise = random.normal(0, 0.3, (1000, 60))
        for at in range(1, 60):
            noise[:, at] += alike * noise[:, at - 1]
        found = [_slope(days, 0.05 * days + each) for each in noise[:, 30:]]
        held = np.mean([abs(slope - 0.05) <= half for slope, half in found])
        assert least <= held <= 0.97


def test_the_slope_of_a_rate_by_hand() -> None:
    """Residuals 1, -1, 1, -1, ... are not alike: the plain standard error of a slope counts."""
    days = np.arange(10.0)
    slope, half = _slope(days, 2 * days + np.tile([1.0, -1.0], 5))
    # Sum of squares of x 82.5; of x times the residuals -5; what they leave 10 - 25/82.5.
    assert slope == pytest.approx(2 - 5 / 82.5)
    left = (10 - 25 / 82.5) / 8
    # t(0.95, 8) = 1.8595.
    assert half == pytest.approx(1.8595 * (left / 82.5) ** 0.5, rel=1e-4)


def test_the_day_from_which_a_point_is_slow_has_an_interval() -> None:
    """40 mm a decade: slower than 0.05 mm a day after 40 / ln 10 / 0.05 - 2 = 345 days."""
    found = forecast(noisy(creep(DAYS)), START)
    value, low, high = found.slow_after(0.05, START + 120 * (day(1) - day(0)))
    assert low < value < high
    assert low <= day(345).date() <= high
    assert abs((value - day(345).date()).days) < 60
    assert found.slow_after(5.0, day(120)) == (day(120).date(),) * 3
    assert found.slow_after(1e-9, day(120))[0] is None
    assert forecast(noisy(0.3 * DAYS), START).slow_after(0.05, day(120)) == (None, None, None)
