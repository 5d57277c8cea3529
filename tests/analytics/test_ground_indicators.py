"""Indicators of computed series, and what the response plan makes of them."""

from __future__ import annotations

from datetime import date, timedelta

import msgspec
import pytest

from analytics.assessment import Indicator, Risk
from analytics.channel import Channel
from analytics.foretold import Foretold, oldest, remember
from analytics.frames import History
from analytics.indicator import Facts, indicator_models
from analytics.risk_model import Moment
from analytics.risk_models.threshold_exceedance import ThresholdExceedance
from analytics.service import checked_response_plan
from analytics.site_files import IndicatorLimit, ResponsePlan
from analytics.watch import Watch, channel_key
from ingest.figure import Figure
from ingest.site import Site, load_site
from tests.analytics.states import (
    T0,
    between,
    full_state,
    groundwater,
    hours,
    known,
    nothing,
    slope,
    tilt,
    twin_state,
)
from twin.state import TwinState


@pytest.fixture(scope="module")
def site() -> Site:
    return load_site("abaza")


def figures(name: str, site: Site, state: TwinState, facts: Facts | None = None) -> dict:  # type: ignore[type-arg]
    return indicator_models()[name].figures(site, state, facts or Facts())


def test_the_least_factor_and_the_least_reserve_are_of_different_slides(site: Site) -> None:
    """A face may have the least factor while a slide of the whole keeps less of what is asked."""
    state = twin_state(
        slopes=[
            slope("west", "face", between(known(1.2, "1"), 0.1), required=1.1),
            slope("west", "whole", between(known(1.25, "1"), 0.1), required=1.3),
            slope("east", "face", known(1.4, "1"), required=1.1),
            slope("upper", "face", known(0.8, "1"), stage="planned"),
        ]
    )
    factors = figures("factor_of_safety", site, state)
    assert {name: each.value for name, each in factors.items()} == {"west": 1.2, "east": 1.4}
    reserves = figures("stability_reserve", site, state)
    assert reserves["west"].value == pytest.approx(1.25 / 1.3)
    assert reserves["west"].low == pytest.approx(1.15 / 1.3)
    assert reserves["east"].value == pytest.approx(1.4 / 1.1)


def test_of_a_section_with_an_unknown_slide_the_least_is_not_known(site: Site) -> None:
    state = twin_state(
        slopes=[
            slope("west", "face", known(1.2, "1"), probability=known(0.02, "1")),
            slope("west", "base", nothing("1")),
            slope("east", "face", known(1.2, "1"), probability=known(0.02, "1")),
            slope("east", "base", known(1.5, "1"), probability=known(0.04, "1")),
        ]
    )
    for name in ("factor_of_safety", "stability_reserve", "probability_of_failure"):
        found = figures(name, site, state)
        assert found["west"].value is None
        assert str(found["west"].reason) == "No data"
    assert figures("probability_of_failure", site, state)["east"].value == 0.04


def test_a_rise_that_is_not_explained_counts_in_metres_beyond_its_interval(site: Site) -> None:
    def rise(value: float, half: float, unit: str, **more: object) -> Figure:
        state = twin_state(
            water_levels=[groundwater("pz-650-01", between(known(value, unit), half), **more)]
        )
        return figures("unexplained_head_rise", site, state)["pz-650-01"]

    assert rise(3.0, 1.0, "m", rise=True).value == pytest.approx(2.0)
    pressure = rise(24.62, 5.0, "kPa", rise=True, quantity="pore_pressure")
    assert pressure.value == pytest.approx(2.0, abs=1e-9)
    assert rise(0.5, 1.0, "m").value == 0.0
    assert rise(-5.0, 1.0, "m").value == 0.0
    unseen = rise(9.0, 1.0, "m", rise=None)
    assert unseen.value is None
    assert "More water than on any day" in str(unseen.reason)


def test_a_pair_speaks_for_the_point_that_settled_more(site: Site) -> None:
    state = twin_state(
        tilts=[
            tilt("sp-650-01", "sp-650-02", known(4.0, "mm/m"), known(-200.0, "mm")),
            tilt("sp-650-01", "sp-650-03", known(2.0, "mm/m"), known(-100.0, "mm")),
            tilt("sp-650-02", "sp-650-03", known(3.0, "mm/m"), known(150.0, "mm")),
            tilt("sp-650-03", "sp-650-04", nothing("mm/m"), nothing("mm")),
            tilt("sp-650-05", "sp-650-06", nothing("mm/m"), nothing("mm")),
        ]
    )
    found = figures("settlement_tilt", site, state)
    assert {name: each.value for name, each in found.items()} == {
        "sp-650-01": 4.0,
        "sp-650-03": 3.0,
        "sp-650-05": None,
    }


def settling(day: int, value: float, *, told: bool = True) -> TwinState:
    """Return a state whose point has settled some, with a forecast that rises 1 mm a day."""
    state = full_state(T0 + timedelta(days=day))
    (point,) = state.settlement
    point.settlement = known(value, "mm", state.time)
    if told:
        point.forecast_time = [state.time + timedelta(days=each) for each in (0, 30, 60, 90)]
        point.forecast = [value + each for each in (0, 30, 60, 90)]
        point.forecast_high = [each + 5 for each in point.forecast]
    return state


def beyond(site: Site, kept: dict[str, list[Foretold]], state: TwinState) -> Figure:
    remember(kept, state)
    facts = Facts(foretold=oldest(kept, state.time))
    return figures("settlement_beyond_forecast", site, state, facts)["sp-650-01"]


def test_settlement_is_held_against_what_was_told_weeks_ago(site: Site) -> None:
    kept: dict[str, list[Foretold]] = {}
    for day in range(14):
        early = beyond(site, kept, settling(day, 100.0 + day))
        assert early.value is None
        assert "No forecast of two to six weeks ago" in str(early.reason)
    for day in range(14, 120):
        found = beyond(site, kept, settling(day, 100.0 + day))
        assert found.value == pytest.approx(-5.0)  # as foretold: 5 mm below the upper bound
    assert len(kept["sp-650-01"]) <= 4
    for day in range(120, 134):
        found = beyond(site, kept, settling(day, 100.0 + day + 3 * (day - 119)))
    assert found.value == pytest.approx(-5 + 3 * 14)
    assert "was told on 2022-" in str(found.validity)
    # It is kept with the watch, and comes back the same.
    watch = msgspec.json.decode(msgspec.json.encode(Watch(foretold=kept)), type=Watch)
    assert watch.foretold == kept


def test_what_was_told_before_a_new_load_is_dropped(site: Site) -> None:
    kept: dict[str, list[Foretold]] = {}
    for day in range(30):
        beyond(site, kept, settling(day, 100.0 + day))
    assert beyond(site, kept, settling(30, 190.0, told=False)).value is None
    assert kept == {}
    assert beyond(site, kept, settling(31, 195.0)).value is None


# What the response plan makes of them.


def limit(indicator: str, danger: str, level: str, **bound: float) -> IndicatorLimit:
    return IndicatorLimit(
        indicator=indicator,
        danger=danger,
        level=level,
        since=date(2022, 1, 1),
        source="test",
        **bound,
    )


PLAN = ResponsePlan(
    limits=(
        limit("stability_reserve", "slope_stability", "advisory", below=1.05),
        limit("stability_reserve", "slope_stability", "warning", below=1.0),
        limit("factor_of_safety", "slope_stability", "alarm", below=1.0),
        limit("probability_of_failure", "slope_stability", "advisory", above=0.05),
    )
)


class Days:
    """States of a site, one after the other, with what is remembered between them."""

    def __init__(self, site: Site, plan: ResponsePlan = PLAN) -> None:
        self.site, self.plan, self.watch, self.count = site, plan, Watch(), 0

    def judge(self, *factors: Figure, sections: str = "we") -> dict[tuple[str, str], Risk]:
        time = T0 + hours(6 * self.count)
        self.count += 1
        slopes = [
            slope(name, "face", msgspec.structs.replace(each, time=time), required=1.2)
            for name, each in zip(sections, factors, strict=False)
        ]
        state = twin_state(time, slopes=slopes)
        indicators = [
            Indicator(name=name, title=model.title, group=model.group, subject=subject, value=value)
            for name, model in indicator_models().items()
            if name in {each.indicator for each in self.plan.limits}
            for subject, value in model.figures(self.site, state, Facts()).items()
        ]
        moment = Moment(
            site=self.site,
            state=state,
            indicators=indicators,
            watch=self.watch,
            plan=self.plan,
            history=History(),
        )
        return {(risk.name, risk.zone): risk for risk in ThresholdExceedance().assess(moment)}


WHERE = ("slope_stability", "tier_650")


def test_a_factor_below_what_is_asked_raises_and_returns_with_hysteresis(site: Site) -> None:
    days = Days(site)
    assert days.judge(known(1.5, "1"))[WHERE].level == "normal"
    assert days.judge(known(1.15, "1"))[WHERE].level == "normal", "once is not enough"
    raised = days.judge(known(1.15, "1"))[WHERE]
    assert raised.level == "warning"
    spoke = next(each for each in raised.evidence if each.indicator == "stability_reserve")
    assert (spoke.subject, spoke.instrument, spoke.limit) == ("w", "", 1.0)
    # 1.21 is back above the limit, but within the deadband of 2 % about it.
    for _ in range(8):
        assert days.judge(known(1.21, "1"))[WHERE].level == "warning"
    for _ in range(3):
        assert days.judge(known(1.5, "1"))[WHERE].level == "warning", "four states within it"
    assert days.judge(known(1.5, "1"))[WHERE].level == "normal"


def test_one_section_below_1_is_a_warning_until_another_voice_says_the_same(site: Site) -> None:
    days = Days(site)
    for _ in range(2):
        one = days.judge(known(0.9, "1"), known(1.5, "1"))[WHERE]
    assert one.level == "warning"
    assert "nothing else confirms it" in str(one.evidence[0].statement)
    days = Days(site)
    for _ in range(2):
        two = days.judge(known(0.9, "1"), known(0.95, "1"))[WHERE]
    assert two.level == "alarm"
    days = Days(site)
    days.watch.channels[channel_key("ipi-01", "displacement_a", 0)] = Channel(
        level="alarm", since=T0, time=T0, value=90.0, limit=80.0
    )
    for _ in range(2):
        moving = days.judge(known(0.9, "1"), known(1.5, "1"))
    assert moving[WHERE].level == "alarm", "movement there confirms it"
    assert moving["slope_movement", "tier_650"].level == "alarm", "and it confirms the movement"


def test_what_is_not_known_is_no_alarm_and_is_shown(site: Site) -> None:
    days = Days(site)
    for _ in range(4):
        unknown = days.judge(nothing("1"), nothing("1"))[WHERE]
    assert unknown.level == "unknown"
    assert str(unknown.reason) == "No data"
    said = {each.indicator: str(each.statement) for each in unknown.evidence}
    assert said["stability_reserve"] == "Not known for 2 of 2"
    for _ in range(3):
        part = days.judge(known(1.5, "1"), nothing("1"))[WHERE]
    assert part.level == "normal"
    (gap,) = [each for each in part.evidence if each.indicator == "factor_of_safety"][1:]
    assert str(gap.statement) == "Not known for 1 of 2"
    assert gap.value.value is None
    assert str(gap.value.reason) == "No data"


def test_a_warning_does_not_end_because_the_water_is_no_longer_known(site: Site) -> None:
    days = Days(site)
    for _ in range(2):
        days.judge(known(1.15, "1"))
    for _ in range(4 * 6):
        held = days.judge(nothing("1"))[WHERE]
    assert held.level == "warning"
    assert "its level is held" in str(held.evidence[0].statement)
    for _ in range(4 * 2):
        gone = days.judge(nothing("1"))[WHERE]
    assert gone.level == "unknown"


def test_the_plan_of_abaza_uses_what_is_computed(site: Site) -> None:
    plan = checked_response_plan(site)
    by_indicator = {
        name: {each.level: each for each in plan.limits if each.indicator == name}
        for name in {each.indicator for each in plan.limits}
    }
    for name in (
        "factor_of_safety",
        "stability_reserve",
        "probability_of_failure",
        "unexplained_head_rise",
        "settlement_beyond_forecast",
        "settlement_tilt",
    ):
        assert by_indicator[name], name
        assert all(each.source for each in by_indicator[name].values())
    assert by_indicator["factor_of_safety"]["alarm"].below == 1.0
    assert by_indicator["stability_reserve"]["warning"].below == 1.0
