"""Water on the state: what is explained, what closes, what is refused and why."""

from __future__ import annotations

import shutil
from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np
import pytest

from ingest.errors import ConfigurationError
from ingest.site import Site, load_site
from ingest.store import Store
from ingest.store.embedded import EmbeddedStore
from tests.twin.ground import ROCK, TAILINGS, day, measure, row, weigh
from twin.chemistry.account import account_of
from twin.chemistry.stations import bounds_of, in_force
from twin.hydrology.gamma_response import Response, Stresses
from twin.plan import Plan, load_plan
from twin.service import compute_state
from twin.state import TwinState, decode_state, encode_state
from twin.water_file import StreamChemistry, Use, UseLimit, load_water, water_of

TRUTH = Response(
    shape=1.5,
    time_d=10,
    loading_time_d=2,
    rest=40,
    water=2,
    evaporation=0,
    pressure=0,
    load=0,
    mean_pressure=0,
)


def state_at(site: Site, plan: Plan | None, store: Store, days: float) -> TwinState:
    return compute_state(site, plan, store, at=day(days), known_at=day(days))


def rain(days: int) -> np.ndarray:
    rng = np.random.default_rng(5)
    return np.where(rng.random(days) < 0.3, rng.exponential(6, days), 0.0)


def let_it_rain(site: Site, store: Store, days: int) -> np.ndarray:
    """Store warm days with rain, and return the level that answers to them [kPa]."""
    noon = np.arange(days) + 0.5
    fallen = rain(days)
    measure(site, store, "rain-01", "rain", zip(noon, fallen, strict=True))
    measure(site, store, "air-01", "air_temperature", zip(noon, 12 + np.sin(noon), strict=True))
    pressure = 91 + np.sin(noon)
    measure(site, store, "baro-01", "atmospheric_pressure", zip(noon, pressure, strict=True))
    return TRUTH.level(Stresses(fallen, np.zeros(days)))


def level(site: Site, store: Store, name: str, values: np.ndarray) -> None:
    noon = np.arange(len(values)) + 0.5
    measure(site, store, name, "pore_pressure", zip(noon, values, strict=True))


def test_a_rise_that_rain_explains_is_told_from_one_that_it_does_not(
    abaza: Site, plan: Plan, store: Store
) -> None:
    answer = let_it_rain(abaza, store, 260)
    noise = np.random.default_rng(6).normal(0, 0.2, (2, 260))
    level(abaza, store, "pz-650-01", answer + noise[0])
    rising = np.maximum(np.arange(260) - 245, 0) * 1.0
    level(abaza, store, "pz-650-02", answer + noise[1] + rising)
    state = state_at(abaza, plan, store, 260)
    explained, drifting, silent = state.groundwater[:3]
    assert explained.instrument == "pz-650-01"
    assert explained.refusal is None
    assert explained.efficiency.value > 0.9
    # Whole months alone are learned from: the day is in September.
    assert explained.calibrated_until == datetime(2022, 9, 1, tzinfo=UTC)
    assert explained.unexplained.low < 0 < explained.unexplained.high
    assert explained.rise is False
    assert explained.by_water.value == pytest.approx(answer[-1] - 40, abs=1.0)
    total = sum(
        figure.value
        for figure in (
            explained.rest,
            explained.by_water,
            explained.by_pressure,
            explained.by_load,
            explained.unexplained,
        )
    )
    assert total == pytest.approx(explained.level.value)
    assert drifting.rise is True
    assert drifting.unexplained.value == pytest.approx(14, abs=1.5)
    assert drifting.unexplained.low > 0
    assert drifting.unexplained_change_7d.value == pytest.approx(7, abs=1.5)
    assert str(silent.refusal).startswith("Only 0 of 120 days to learn from")
    assert silent.explained.value is None


def test_a_level_that_does_not_answer_to_rain_is_refused(
    abaza: Site, plan: Plan, store: Store
) -> None:
    let_it_rain(abaza, store, 200)
    wander = 40 + np.cumsum(np.random.default_rng(7).normal(0, 1, 200))
    level(abaza, store, "pz-650-01", wander)
    found = state_at(abaza, plan, store, 200).groundwater[0]
    assert "do not foretell this level" in str(found.refusal)
    assert found.unexplained.value is None
    assert found.level.value == pytest.approx(wander[-1])


def test_a_silent_gauge_is_no_dry_month(abaza: Site, plan: Plan, store: Store) -> None:
    answer = let_it_rain(abaza, store, 200)
    level(abaza, store, "pz-650-01", answer)
    for later in range(200, 230):
        store.append([row(abaza, "air-01", day(later + 0.5), {"air_temperature": 12.0})])
    state = state_at(abaza, plan, store, 230)
    assert str(state.groundwater[0].refusal) == "rain-01 has no value on 30 of 230 days"
    assert state.water_balance is not None
    assert str(state.water_balance.refusal) == "rain-01 has no value on 30 of 230 days"


def test_a_month_without_rain_gauge_is_not_dry(abaza: Site, plan: Plan, store: Store) -> None:
    """Few days of the whole are missing, but they are most of one month."""
    fallen, noon = rain(330), np.arange(330) + 0.5
    there = (noon < 213) | (noon > 237)
    measure(abaza, store, "rain-01", "rain", zip(noon[there], fallen[there], strict=True))
    measure(abaza, store, "air-01", "air_temperature", zip(noon, 12 + np.sin(noon), strict=True))
    pressure = 91 + np.sin(noon)
    measure(abaza, store, "baro-01", "atmospheric_pressure", zip(noon, pressure, strict=True))
    balance = state_at(abaza, plan, store, 330).water_balance
    assert balance is not None
    months = {each.month.month: each for each in balance.months}
    for figure in (months[8].precipitation, months[8].evaporation, months[8].residual):
        assert figure.value is None
    assert str(months[8].precipitation.reason) == "The weather of this month was not measured"
    assert months[9].precipitation.value == pytest.approx(fallen[243:273].sum() * 0.463)


def test_suction_is_no_level_of_water(abaza: Site, plan: Plan, store: Store) -> None:
    let_it_rain(abaza, store, 150)
    level(abaza, store, "pz-650-01", -np.linspace(0, 60, 150) + 0.1 * np.sin(np.arange(150)))
    dry = state_at(abaza, plan, store, 150).water_balance
    assert dry is not None
    # What is left is the water of the surface store alone, 30 mm on 463 thousand m2 at most.
    assert abs(dry.months[2].storage.value) < 30 * 0.463


def test_an_old_record_that_comes_later_changes_nothing_that_was_known(
    abaza: Site, plan: Plan, store: Store
) -> None:
    """Years of one piezometer are imported after the day that is asked for."""
    answer = let_it_rain(abaza, store, 150)
    level(abaza, store, "pz-650-01", answer)
    before = state_at(abaza, plan, store, 150)
    assert before.groundwater[0].refusal is None
    store.append(
        [
            row(abaza, "pz-650-02", day(-back), {"pore_pressure": 20.0}, received=day(160))
            for back in range(1, 400)
        ]
    )
    after = state_at(abaza, plan, store, 150)
    assert encode_state(after) == encode_state(before)


def test_the_balance_adds_up_and_says_what_was_not_measured(
    abaza: Site, plan: Plan, store: Store
) -> None:
    answer = let_it_rain(abaza, store, 150)
    level(abaza, store, "pz-650-01", answer)
    # A value that never changes would be flagged as stuck.
    flow = [(d + 0.5, 10.0 + 0.1 * np.sin(d)) for d in range(120)]
    measure(abaza, store, "ws-01", "flow", flow)
    balance = state_at(abaza, plan, store, 150).water_balance
    assert balance is not None
    assert [each.month.month for each in balance.months] == [1, 2, 3, 4]
    january = balance.months[0]
    assert january.precipitation.value == pytest.approx(rain(150)[:31].sum() * 0.463)
    assert january.outflow.value == pytest.approx(10 * 86.4 * 31 / 1000, rel=1e-3)
    assert january.inflow.quality == "assumed"
    left = (
        january.precipitation.value
        + january.inflow.value
        - january.evaporation.value
        - january.outflow.value
        - january.storage.value
    )
    assert january.residual.value == pytest.approx(left)
    assert january.residual.low < left < january.residual.high
    short = state_at(abaza, plan, store, 150 - 0.5).water_balance
    assert short is not None
    may = state_at(abaza, plan, store, 151).water_balance
    assert may is not None
    assert balance.residual.value == pytest.approx(
        sum(each.residual.value for each in balance.months)
    )


def test_what_was_placed_decides_the_blend(abaza: Site, plan: Plan, store: Store) -> None:
    weigh(abaza, store, [(1.0, TAILINGS, 300.0), (1.1, ROCK, 100.0)])
    chemistry = state_at(abaza, plan, store, 1.2).chemistry
    assert chemistry is not None
    tailings = next(each for each in chemistry.streams if "tailings" in each.stream)
    rock = next(each for each in chemistry.streams if "rock" in each.stream)
    # 2.25-2.35 % S; CaO 6.1-7.7 and MgO 5.7-6.2 %, at least 0.3 of it carbonate, at most what a
    # loss on ignition of 9.6 % has of carbon dioxide.
    assert tailings.acid_potential.low == pytest.approx(31.25 * 2.25)
    assert tailings.acid_potential.high == pytest.approx(31.25 * 2.35)
    assert tailings.neutralisation_potential.low == pytest.approx(75.1, abs=0.1)
    assert tailings.neutralisation_potential.high == pytest.approx(218.3, abs=0.1)
    assert tailings.ratio.low == pytest.approx(1.02, abs=0.01)
    assert tailings.ratio.high == pytest.approx(3.10, abs=0.01)
    assert tailings.net_neutralisation.low > 0 > tailings.net_acid_production.high
    assert str(rock.acid_potential.reason) == "The sulfur of this waste is not known"
    assert rock.verdict is None
    blend = chemistry.blend
    assert blend is not None
    assert blend.ratio.value == pytest.approx(tailings.ratio.value)
    assert "75%" in str(blend.ratio.validity)
    assert "if little of the carbonate reacts" in str(blend.verdict)


def test_without_sulfur_there_is_no_account_and_without_acid_no_ratio() -> None:
    silent = StreamChemistry(source="none")
    assert "sulfur" in str(account_of(silent))
    pure = StreamChemistry(
        sulfur_percent=(0, 0),
        cao_percent=(1, 1),
        mgo_percent=(0, 0),
        carbonate_share=(1, 1),
        source="x",
    )
    worse, better = account_of(pure)
    assert worse.ratio == better.ratio == float("inf")
    assert worse.acid_class == "unlikely"


def test_stations_have_loads_acidity_and_limits(abaza: Site, plan: Plan, store: Store) -> None:
    hours = np.arange(0, 40, 1 / 24)
    measured = {"ph": 7.0, "sulfate": 120.0, "iron": 0.05, "arsenic": 0.001, "flow": 20.0}
    store.append(
        [
            row(
                abaza,
                name,
                day(hour + 0.01),
                {quantity: float(value * wobble) for quantity, value in measured.items()},
            )
            for hour, wobble in zip(hours, 1 + 0.01 * np.sin(24 * hours), strict=True)
            for name in ("ws-02", "ws-03")
        ]
    )
    chemistry = state_at(abaza, plan, store, 40).chemistry
    assert chemistry is not None
    load = next(
        each for each in chemistry.loads if (each.station, each.quantity) == ("ws-03", "sulfate")
    )
    assert load.load.value == pytest.approx(120 * 20 * 0.0864, rel=2e-3)
    assert load.concentration.value == pytest.approx(120, rel=2e-3)
    # 10 % and 8 % of the instruments stay however many hours are averaged.
    assert load.load.high == pytest.approx(load.load.value * (1 + 1.96 * 0.128), rel=0.01)
    # The flow's 8 % is no error of the concentration.
    thick = load.concentration
    assert thick.high == pytest.approx(thick.value * (1 + 1.96 * 0.1), rel=1e-3)
    assert thick.low == pytest.approx(thick.value * (1 - 1.96 * 0.1), rel=1e-3)
    silent = next(each for each in chemistry.loads if each.station == "ws-01")
    assert str(silent.load.reason) == "Concentration and flow together in only 0 of 240 hours"
    kept = {(each.use, each.quantity, each.side): each for each in chemistry.limits}
    assert kept["drinking", "sulfate", "above"].kept is True
    broken = kept["fishery", "sulfate", "above"]
    assert broken.kept is False
    assert broken.days_beyond.value == 30
    assert broken.limit.source == "order 552 of the Russian Ministry of Agriculture (2016)"
    assert broken.compared is False
    acid = next(each for each in chemistry.acidity if each.station == "ws-03")
    assert acid.acidity.low < acid.acidity.value < acid.acidity.high
    assert str(acid.cost.reason) == "The price of lime is not configured"
    trend = next(each for each in chemistry.trends if each.station == "ws-03")
    assert str(trend.slope.reason) == "Only 1 of 8 months with values"


def test_the_load_of_a_silent_station_is_stale(abaza: Site, plan: Plan, store: Store) -> None:
    for hour in range(15 * 24):
        wobble = 1 + 0.01 * float(np.sin(hour))
        values = {"sulfate": 120.0 * wobble, "flow": 20.0 * wobble}
        store.append([row(abaza, "ws-03", day(hour / 24 + 0.01), values)])
    for days, quality, told in ((15.5, "derived", 15.0), (25.5, "stale", 15.0)):
        chemistry = state_at(abaza, plan, store, days).chemistry
        assert chemistry is not None
        load = next(
            each
            for each in chemistry.loads
            if (each.station, each.quantity) == ("ws-03", "sulfate")
        ).load
        assert load.value == pytest.approx(120 * 20 * 0.0864, rel=2e-3)
        assert (load.quality, load.time) == (quality, day(told))


def test_lime_is_as_old_as_the_flow_and_says_when_it_is_silent(
    abaza: Site, plan: Plan, store: Store
) -> None:
    measure(abaza, store, "ws-03", "flow", [(1.0, 20.0)])
    for at in (1.0, 1.7):
        store.append([row(abaza, "ws-03", day(at), {"ph": 5.0, "iron": 2.0})])
    chemistry = state_at(abaza, plan, store, 1.75).chemistry
    assert chemistry is not None
    acid = next(each for each in chemistry.acidity if each.station == "ws-03")
    assert (acid.acidity.quality, acid.acidity.time) == ("derived", day(1.7))
    assert (acid.lime.quality, acid.lime.time) == ("stale", day(1.0))
    store.append([row(abaza, "ws-03", day(2.2), {"ph": 5.0, "iron": 2.0})])
    chemistry = state_at(abaza, plan, store, 2.25).chemistry
    assert chemistry is not None
    acid = next(each for each in chemistry.acidity if each.station == "ws-03")
    assert acid.acidity.value is not None
    assert str(acid.lime.reason) == "ws-03 has been silent since 2022-01-02 00:00 UTC"


def test_a_day_is_judged_by_the_limit_of_its_day() -> None:
    def limit(since: date, above: float) -> UseLimit:
        return UseLimit(quantity="iron", above=above, since=since, source="x")

    both = (limit(date(2020, 1, 1), 0.5), limit(date(2024, 3, 1), 0.3))
    use = Use(title={"en": "x", "ru": "x"}, stations=("ws-03",), limits=both)
    days = [
        datetime(2019, 12, 31, tzinfo=UTC),
        *(datetime(2024, m, 29, tzinfo=UTC) for m in (2, 3)),
    ]
    found = bounds_of(use, both[1], days)
    assert np.isnan(found[0])
    assert found[1:].tolist() == [0.5, 0.3]


def test_limits_hold_from_their_day() -> None:
    def limit(since: date, above: float) -> UseLimit:
        return UseLimit(quantity="iron", above=above, since=since, source="x")

    both = (limit(date(2020, 1, 1), 0.5), limit(date(2024, 1, 1), 0.3))
    assert in_force(both, datetime(2019, 6, 1, tzinfo=UTC)) == []
    assert [each.above for each in in_force(both, datetime(2023, 6, 1, tzinfo=UTC))] == [0.5]
    assert [each.above for each in in_force(both, datetime(2024, 1, 1, tzinfo=UTC))] == [0.3]
    assert in_force(both[::-1], datetime(2025, 1, 1, tzinfo=UTC)) == [both[1]]


def test_water_computed_again_is_the_same_water(abaza: Site, plan: Plan, store: Store) -> None:
    answer = let_it_rain(abaza, store, 150)
    level(abaza, store, "pz-650-01", answer)
    first = encode_state(state_at(abaza, plan, store, 149.5))
    state_at(abaza, plan, store, 100)
    assert encode_state(state_at(abaza, plan, store, 149.5)) == first
    kept = decode_state(first)
    assert decode_state(encode_state(kept)) == kept


def test_a_site_without_water_yaml_says_so(tmp_path: Path) -> None:
    brabant = load_site("brabant")
    assert water_of(brabant, None) is None
    store = EmbeddedStore(tmp_path / "run", brabant)
    try:
        state = state_at(brabant, None, store, 10)
    finally:
        store.close()
    assert "names no weather" in str(state.groundwater[0].refusal)
    assert state.water_balance is None
    assert state.chemistry is None
    assert state.rebound == []


def changed(tmp_path: Path, old: str, new: str) -> Site:
    folder = tmp_path / "abaza"
    shutil.copytree(load_site("abaza").folder, folder)
    path = folder / "water.yaml"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    return load_site(folder)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("rain_gauge: rain-01", "rain_gauge: rain-09", "groundwater.rain_gauge"),
        ("degree_day_mm: 3.5", "degree_day_mm: -1", "weather.degree_day_mm"),
        ("outflow_stations: [ws-01]", "outflow_stations: [pz-650-01]", "balance.outflow_stations"),
        ("sulfur_percent: [2.25, 2.35]", "sulfur_percent: [2.35, 2.25]", "least and most"),
        ("  coal_ash_and_slag:", "  coal_ash:", "streams.coal_ash"),
        ("{quantity: ph, below: 6.0, since", "{quantity: ph, since", "either above or below"),
        ("efficiency: 0.8", "efficiency: 1.8", "lime.efficiency"),
    ],
)
def test_a_wrong_file_is_named_with_its_key(
    tmp_path: Path, old: str, new: str, message: str
) -> None:
    site = changed(tmp_path, old, new)
    with pytest.raises(ConfigurationError, match=message) as error:
        load_water(site, load_plan(site))
    assert "water.yaml" in str(error.value)


def test_a_rebound_is_forecast_with_the_day_of_its_design_level(tmp_path: Path) -> None:
    folder = tmp_path / "brabant"
    shutil.copytree(
        load_site("brabant").folder, folder, ignore=shutil.ignore_patterns("*.ndjson.gz")
    )
    (folder / "water.yaml").write_text(
        "source: test\n"
        "rebound:\n"
        "  - {stopped: 2022-01-01, wells: [ow-b49f0232-1, ow-b49f0232-2], design_level_m: 11.0,\n"
        "     source: design assumption}\n",
        encoding="utf-8",
    )
    site = load_site(folder)
    store = EmbeddedStore(tmp_path / "run", site)
    try:
        noise = np.random.default_rng(8).normal(0, 0.02, 200)
        levels = [(d + 0.5, 12 - 4 * np.exp(-(d + 0.5) / 90) + noise[d]) for d in range(1, 200)]
        measure(site, store, "ow-b49f0232-1", "head", levels)
        early, late = (state_at(site, None, store, days).rebound for days in (20, 200))
    finally:
        store.close()
    assert late[0].final.value == pytest.approx(12, abs=0.1)
    due = day(90 * np.log(4)).date().isoformat()
    assert late[0].reached.low <= due <= late[0].reached.high
    assert late[0].reached.quality == "forecast"
    assert late[0].design_level.quality == "assumed"
    assert early[0].final.reason is not None
    assert str(late[1].final.reason) == "Only 0 of 12 levels since pumping stopped"
