"""Laws that the true ground obeys."""

from __future__ import annotations

from datetime import date, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest

from ingest.site import Site
from simulators.process import Ground, generator, in_order
from simulators.processes.deliveries import Deliveries
from simulators.processes.drainage import salt_stock
from simulators.processes.fill import level_of, outline_area
from simulators.processes.weather import Storm, Weather, snow_pack, standard_pressure
from simulators.run import Simulation, simulate
from simulators.scenario import load_scenario


def ground(site: Site, days: int = 365, seed: int = 1) -> Ground:
    start = load_scenario("abaza_first_year").start
    return Ground(site=site, start=start, step_s=600, steps=days * 144, seed=seed)


# Weather


def test_precipitation_is_rain_melt_and_what_lies(first_year: Simulation) -> None:
    whole = first_year.ground.of_site
    for quantity in ("precipitation", "rain", "melt", "snow_pack"):
        assert whole(quantity).min() >= 0, quantity
    balance = whole("precipitation").sum() - whole("rain").sum() - whole("melt").sum()
    assert balance == pytest.approx(whole("snow_pack")[-1], abs=1e-6)


def test_snow_pack_equals_the_step_by_step_rule() -> None:
    rng = np.random.default_rng(3)
    snowfall = np.where(rng.random(500) < 0.3, rng.exponential(2.0, 500), 0.0)
    possible = np.where(rng.random(500) < 0.4, rng.exponential(2.0, 500), 0.0)
    pack, melt = snow_pack(snowfall, possible)
    lying = 0.0
    for step in range(500):
        before = lying + snowfall[step]
        lying = max(0.0, before - possible[step])
        assert pack[step] == pytest.approx(lying, abs=1e-9)
        assert melt[step] == pytest.approx(before - lying, abs=1e-9)


def test_random_rain_has_the_climate_s_mean(abaza: Site) -> None:
    sums, means = [], []
    for seed in range(30):
        one = ground(abaza, seed=seed)
        Weather().run(one, generator(seed, "process:weather"))
        sums.append(one.of_site("precipitation").sum())
        means.append(one.of_site("air_temperature").mean())
    weather = Weather()
    assert np.mean(sums) == pytest.approx(sum(weather.precipitation_mm), rel=0.08)
    assert np.mean(means) == pytest.approx(np.mean(weather.temperature_degC), abs=0.6)


def test_storm_brings_its_depth_in_its_time(abaza: Site) -> None:
    one = ground(abaza, days=10)
    begin = one.start + timedelta(days=4, minutes=5)
    storm = Storm(start=begin, duration_h=7.5, total_mm=33.0)
    Weather(random_rain=0, storms=(storm,)).run(one, generator(1, "w"))
    falling = one.of_site("precipitation")
    assert falling.sum() == pytest.approx(33.0, rel=1e-9)
    wet = np.flatnonzero(falling)
    assert wet[0] == 4 * 144
    assert wet[-1] == 4 * 144 + 45


@pytest.mark.parametrize(
    # International Standard Atmosphere (ICAO Doc 7488), geopotential altitude [kPa].
    ("level_m", "pressure_kPa"),
    [(0, 101.325), (1000, 89.8746), (2000, 79.4952)],
)
def test_standard_atmosphere(level_m: float, pressure_kPa: float) -> None:
    assert standard_pressure(level_m) == pytest.approx(pressure_kPa, abs=0.002)


# Deliveries


def test_a_year_has_the_project_s_342_working_days() -> None:
    deliveries = Deliveries()
    days = [date(2022, 1, 1) + timedelta(days=n) for n in range(365)]
    assert sum(deliveries.is_working_day(day) for day in days) == 342


def test_yearly_mass_follows_the_plan(abaza: Site) -> None:
    """Single years differ by breakdowns and wet days; their mean is the plan's 1181 thousand t."""
    masses = []
    for seed in range(16):
        one = ground(abaza, seed=seed)
        Weather().run(one, generator(seed, "process:weather"))
        Deliveries().run(one, generator(seed, "process:deliveries"))
        masses.append(one.of_site("mass")[-1] / 1000)
        streams = np.bincount(one.loads.stream, one.loads.mass) / 1000
        assert streams == pytest.approx([140.0, 1000.0, 7.1, 33.9], rel=0.08)
    assert np.mean(masses) == pytest.approx(1181.0, rel=0.025)
    assert min(masses) > 0.94 * 1181.0
    assert max(masses) < 1.06 * 1181.0
    assert np.std(masses) > 0.003 * 1181.0


def test_volume_in_the_dump_is_the_plan_s_for_the_plan_s_masses(first_year: Simulation) -> None:
    """512.3 thousand m3 for 1181 thousand t (table 4 of the project)."""
    whole = first_year.ground.of_site
    assert whole("volume")[-1] / whole("mass")[-1] == pytest.approx(512.3 / 1181.0, rel=0.01)


def test_loads_come_one_by_one_in_the_shift_of_a_working_day(first_year: Simulation) -> None:
    loads = first_year.ground.loads
    assert np.diff(loads.second).min() >= 30
    start = pd.Timestamp(first_year.ground.start)
    local = (start + pd.to_timedelta(loads.second, unit="s")).tz_convert(
        ZoneInfo(first_year.site.time_zone)
    )
    deliveries = Deliveries()
    assert all(deliveries.is_working_day(day) for day in set(local.date))
    hours = local.hour + local.minute / 60
    assert hours.min() >= 8
    assert hours.max() < 16.1  # the last trucks may queue at the bridge
    assert loads.mass.min() > 9
    assert loads.mass.max() < 33.5  # a BelAZ of 30 t, a tenth overloaded


# The fill


def test_tiers_have_the_project_s_area_and_do_not_overlap_much(abaza: Site) -> None:
    tiers = [abaza.zones[name] for name in abaza.of_zone_kind("tier")]
    assert len(tiers) == 8
    assert outline_area(abaza.zones["crater"]) == pytest.approx(463e3, rel=0.005)
    assert sum(map(outline_area, tiers)) == pytest.approx(463e3, rel=0.01)
    assert [tier.crest_m for tier in tiers] == [650, 680, 710, 740, 770, 800, 830, 850]


def test_level_rises_from_the_toe_to_the_crest(abaza: Site, first_year: Simulation) -> None:
    tiers = [abaza.zones[name] for name in abaza.of_zone_kind("tier")]
    first = outline_area(tiers[0]) * 55
    levels = level_of(np.array([0.0, first / 2, first, 1e9]), tiers)
    assert levels == pytest.approx([595, 622.5, 650, 850])
    level = first_year.ground.of_site("fill_level")
    assert np.diff(level).min() >= 0
    assert 600 < level[-1] < 605


def test_places_together_carry_all_loads(abaza: Site, first_year: Simulation) -> None:
    truth = first_year.truth("added_stress")
    area = outline_area(abaza.zones["tier_650"]) / len(truth.columns)
    carried = truth.iloc[-1].sum() * area / 9.81
    assert carried == pytest.approx(first_year.ground.of_site("mass")[-1], rel=1e-9)


def test_settlement_never_turns_back_and_goes_on_after_the_load(first_year: Simulation) -> None:
    settlement, stress = first_year.truth("settlement"), first_year.truth("added_stress")
    assert (settlement.diff().iloc[1:] >= 0).all(axis=None)
    assert (settlement.iloc[-1] > 100).all()
    for point in settlement:
        still = stress[point].diff() == 0
        creep = settlement[point].diff()[still]
        assert (creep > 0).mean() > 0.9, point


# Water and slopes


def test_linear_store_keeps_the_balance(abaza: Site) -> None:
    one = ground(abaza, days=20)
    inflow = np.random.default_rng(5).exponential(1.0, one.steps)
    held = one.memory(inflow, 3.0)
    keep = np.exp(-one.step_d / 3.0)
    assert inflow.sum() == pytest.approx((held * (1 - keep)).sum() + held[-1] * keep)


def test_salts_are_made_kept_or_flushed() -> None:
    taken = np.random.default_rng(6).uniform(0, 0.3, 400)
    stock, flushed = salt_stock(100.0, 2.0, taken)
    assert stock.min() >= 0
    assert flushed.min() >= 0
    assert pytest.approx(stock[-1] + flushed.sum()) == 100.0 + 2.0 * 400


def test_wet_month_raises_the_badly_drained_slope_most(first_year: Simulation) -> None:
    pressure = first_year.truth("pore_pressure")
    rise = pressure["2022-07-06":"2022-07-25"].max() - pressure["2022-07-05":"2022-07-05"].mean()
    weak = [f"pz-650-{n:02d}" for n in (9, 10, 11, 12)]
    assert rise[weak].min() > 20
    assert rise.drop(weak).max() < 12
    assert rise.min() > 0


def test_shear_zone_moves_what_lies_above_it(first_year: Simulation) -> None:
    moved = first_year.truth("displacement_a")
    depth = np.array(first_year.site.instruments["ipi-03"].nodes, dtype=float)
    columns = [("ipi-03", node) for node in range(depth.size)]
    assert (moved.diff().iloc[1:] >= 0).all(axis=None)
    july = moved.loc["2022-08-21", columns].iloc[0] - moved.loc["2022-07-05", columns].iloc[0]
    assert july[depth < 18].min() > 40
    assert july[depth > 27].max() < 1
    assert moved["ipi-01", 0].iloc[-1] < 10


def test_drain_answers_the_storms(first_year: Simulation) -> None:
    for quantity, factor in (("flow", 2.0), ("turbidity", 3.0), ("sulfate", 1.5)):
        drain = first_year.truth(quantity)["ws-01"]
        before, during = drain["2022-05":"2022-06"].mean(), drain["2022-07-06":"2022-07-25"].max()
        assert during > factor * before, quantity
    ph = first_year.truth("ph")["ws-01"]
    assert ph["2022-07-06":"2022-07-25"].min() < ph["2022-05":"2022-06"].min()


def test_processes_run_after_what_they_need() -> None:
    ordered = [one.name for one in in_order(load_scenario("abaza_first_year").members())]
    for process in load_scenario("abaza_first_year").members().values():
        for needed in process.needs:
            assert ordered.index(needed) < ordered.index(process.name)


def test_one_process_s_settings_leave_the_chance_of_others_alone(abaza: Site) -> None:
    scenario = load_scenario("instrument_faults")
    changed = scenario.model_copy(
        update={
            "processes": scenario.processes.model_copy(
                update={"shear_zone": scenario.processes.shear_zone.model_copy()}
            ),
            "faults": (),
        }
    )
    ours, theirs = simulate(scenario, abaza), simulate(changed, abaza)
    assert ours.truth("settlement").equals(theirs.truth("settlement"))
    assert ours.frame("air-01", "air_temperature").equals(theirs.frame("air-01", "air_temperature"))
