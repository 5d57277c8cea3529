from __future__ import annotations

from datetime import date

import pytest

from analytics.assessment import Indicator, Risk
from analytics.channel import Channel
from analytics.frames import History
from analytics.indicator import indicator_models
from analytics.risk_model import Moment
from analytics.risk_models.threshold_exceedance import ThresholdExceedance
from analytics.site_files import IndicatorLimit, ResponsePlan
from analytics.watch import Watch, channel_key
from ingest.figure import Figure
from ingest.site import Site, load_site
from tests.analytics.states import T0, hours, known, nothing, twin_state


@pytest.fixture(scope="module")
def site() -> Site:
    return load_site("abaza")


def channel(level: str, value: float, *, age_h: float = 0.5, limit: float = 100.0) -> Channel:
    return Channel(
        level=level, since=T0 - hours(30), time=T0 - hours(age_h), value=value, limit=limit
    )


def assess(
    site: Site,
    channels: dict[str, Channel],
    *,
    indicators: list[Indicator] = (),
    plan: ResponsePlan | None = None,
    watch: Watch | None = None,
    time=T0,
) -> dict[tuple[str, str], Risk]:
    watch = watch or Watch()
    for instrument, found in channels.items():
        quantity = {
            "pz": "pore_pressure",
            "ip": "displacement_a",
            "ra": "rain",
        }.get(instrument[:2])
        name, _, given = instrument.partition("/")
        watch.channels[channel_key(name, given or quantity, 0)] = found
        watch.last_reading[name] = found.time
    moment = Moment(
        site=site,
        state=twin_state(time),
        indicators=list(indicators),
        watch=watch,
        plan=plan or ResponsePlan(),
        history=History(),
    )
    return {(risk.name, risk.zone): risk for risk in ThresholdExceedance().assess(moment)}


def test_one_instrument_alone_makes_a_warning_and_says_so(site: Site) -> None:
    risks = assess(
        site,
        {
            "pz-650-01": channel("alarm", 130),
            "pz-650-02": channel("normal", 50),
            "pz-650-03": channel("normal", 50),
        },
    )
    risk = risks["pore_pressure", "tier_650"]
    assert risk.level == "warning"
    (spoke,) = risk.evidence
    assert (spoke.instrument, spoke.indicator, spoke.limit) == ("pz-650-01", "pore_pressure", 100)
    assert spoke.value.value == 130
    assert spoke.value.unit == "kPa"
    assert spoke.value.time == T0 - hours(0.5)
    assert "nothing else confirms it" in str(spoke.statement)


def test_the_node_that_moved_farthest_speaks_for_its_inclinometer(site: Site) -> None:
    watch = Watch()
    for node, moved in enumerate((53.0, 41.0, 44.0)):
        found = channel("warning", moved, limit=40.0)
        watch.channels[channel_key("ipi-03", "displacement_a", node)] = found
        watch.last_reading["ipi-03"] = found.time
    (spoke,) = assess(site, {}, watch=watch)["slope_movement", "tier_650"].evidence
    assert spoke.value.value == 53.0


def test_two_instruments_make_an_alarm(site: Site) -> None:
    risks = assess(site, {f"pz-650-0{n}": channel("alarm", 130) for n in (1, 2)})
    assert risks["pore_pressure", "tier_650"].level == "alarm"


def test_a_related_danger_confirms_as_far_as_it_goes(site: Site) -> None:
    one = {"pz-650-01": channel("alarm", 130)}
    moving = assess(site, {**one, "ipi-01": channel("alarm", 90)})
    assert moving["pore_pressure", "tier_650"].level == "alarm"
    assert moving["slope_movement", "tier_650"].level == "alarm"
    raining = assess(site, {**one, "rain-01": channel("warning", 40)})
    assert raining["pore_pressure", "tier_650"].level == "warning"
    elsewhere = assess(site, {**one, "ipi-04": channel("alarm", 90)})
    assert elsewhere["pore_pressure", "tier_650"].level == "warning", "ipi-04 stands on the rim"


def test_an_instrument_that_disagrees_with_its_neighbours_makes_an_advisory(site: Site) -> None:
    model = indicator_models()["pore_pressure_disagreement"]
    doubt = Indicator(
        name=model.name,
        title=model.title,
        group=model.group,
        subject="pz-650-01",
        value=known(8.0, "1"),
    )
    alone = assess(site, {"pz-650-01": channel("alarm", 130)}, indicators=[doubt])
    risk = alone["pore_pressure", "tier_650"]
    assert risk.level == "advisory"
    assert "disagrees with its neighbours" in str(risk.evidence[0].statement)
    both = assess(site, {f"pz-650-0{n}": channel("alarm", 130) for n in (1, 2)}, indicators=[doubt])
    assert both["pore_pressure", "tier_650"].level == "alarm", "two voices outweigh a doubt"

    moving = assess(
        site,
        {"pz-650-01": channel("alarm", 130), "ipi-01": channel("alarm", 90)},
        indicators=[doubt],
    )
    assert moving["pore_pressure", "tier_650"].level == "advisory"
    assert moving["slope_movement", "tier_650"].level == "warning", "a doubted one confirms nothing"


def test_water_and_movement_together_count_for_more(site: Site) -> None:
    both = assess(site, {"pz-650-01": channel("advisory", 110), "ipi-01": channel("advisory", 25)})
    for name in ("pore_pressure", "slope_movement"):
        assert both[name, "tier_650"].level == "warning"
        assert "related danger" in str(both[name, "tier_650"].evidence[0].statement)
    water_alone = {f"pz-650-0{n}": channel("advisory", 110) for n in (1, 2)}
    assert assess(site, water_alone)["pore_pressure", "tier_650"].level == "advisory"
    in_the_rain = assess(site, {**water_alone, "rain-01": channel("advisory", 15)})
    assert in_the_rain["pore_pressure", "tier_650"].level == "advisory"


def test_silence_holds_a_level_and_then_lets_it_go(site: Site) -> None:
    silent = {f"pz-650-0{n}": channel("alarm", 130, age_h=30) for n in (1, 2)}
    held = assess(site, silent)["pore_pressure", "tier_650"]
    assert held.level == "alarm"
    assert held.evidence[0].value.quality == "stale"
    assert "its level is held" in str(held.evidence[0].statement)
    gone = {f"pz-650-0{n}": channel("alarm", 130, age_h=24 * 8) for n in (1, 2)}
    unknown = assess(site, gone)["pore_pressure", "tier_650"]
    assert unknown.level == "unknown"
    assert str(unknown.reason) == "No instrument gives a current value"


def test_a_calm_level_is_not_held_in_silence(site: Site) -> None:
    risks = assess(site, {"pz-650-01": channel("normal", 50, age_h=30)})
    assert risks["pore_pressure", "tier_650"].level == "unknown"


def test_two_probes_of_one_water_station_confirm_each_other(site: Site) -> None:
    one = assess(site, {"ws-01/arsenic": channel("alarm", 0.2, limit=0.1)})
    assert one["drainage_chemistry", "drainage"].level == "warning"
    two = assess(
        site,
        {
            "ws-01/arsenic": channel("alarm", 0.2, limit=0.1),
            "ws-01/ph": channel("alarm", 5.0, limit=6.0),
        },
    )
    assert two["drainage_chemistry", "drainage"].level == "alarm"


def test_silent_instruments_stand_beside_the_data_risk(site: Site) -> None:
    risks = assess(site, {"pz-650-01": channel("normal", 50, age_h=30)})
    evidence = risks["data", ""].evidence
    assert [item.instrument for item in evidence] == ["pz-650-01"]
    assert evidence[0].value.value is None


def rain(value: Figure) -> Indicator:
    model = indicator_models()["rain_load"]
    return Indicator(name=model.name, title=model.title, group=model.group, subject="", value=value)


def test_an_indicator_is_judged_by_the_limit_in_force(site: Site) -> None:
    plan = ResponsePlan(
        limits=tuple(
            IndicatorLimit(
                indicator="rain_load",
                danger="rain_load",
                level="warning",
                since=since,
                above=above,
                source="test",
            )
            for since, above in ((date(2022, 1, 1), 50), (date(2022, 7, 3), 90))
        )
    )
    watch = Watch()
    levels = []
    for day in range(8):
        time = T0 + hours(24 * day)
        risks = assess(
            site, {}, indicators=[rain(known(70, "mm"))], plan=plan, watch=watch, time=time
        )
        levels.append(risks["rain_load", ""].level)
    assert levels == ["normal", "warning", *["warning"] * 3, "normal", "normal", "normal"]


def test_a_limit_that_is_not_yet_in_force_is_not_passed(site: Site) -> None:
    plan = ResponsePlan(
        limits=(
            IndicatorLimit(
                indicator="rain_load",
                danger="schedule",
                level="warning",
                since=date(2023, 1, 1),
                above=50,
                source="test",
            ),
        )
    )
    risk = assess(site, {}, indicators=[rain(known(70, "mm"))], plan=plan)["schedule", ""]
    assert risk.level == "unknown"
    assert str(risk.reason) == "No limit is in force yet"


def test_an_unknown_indicator_gives_an_unknown_risk_with_its_reason(site: Site) -> None:
    plan = ResponsePlan(
        limits=(
            IndicatorLimit(
                indicator="rain_load",
                danger="schedule",
                level="warning",
                since=date(2022, 1, 1),
                above=50,
                source="test",
            ),
        )
    )
    risk = assess(site, {}, indicators=[rain(nothing("mm"))], plan=plan)["schedule", ""]
    assert risk.level == "unknown"
    assert str(risk.reason) == "No data"


def test_without_limits_every_danger_is_unknown_and_says_why(site: Site) -> None:
    brabant = load_site("brabant")
    risks = assess(brabant, {})
    assert {risk.level for risk in risks.values()} == {"unknown"}
    assert str(risks["pore_pressure", "wells"].reason) == "No limit is recorded for it"
