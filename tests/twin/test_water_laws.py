"""Laws of the water's models: nothing is lost, order does not matter, signs are kept."""

from __future__ import annotations

import math
import random
import re
from datetime import UTC, datetime
from itertools import combinations, permutations

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from ingest.text import Text
from twin.chemistry.acid_base_account import SULFURIC_ACID_PER_CARBONATE, AcidBase, blend
from twin.chemistry.acidity_kirby_cravotta import acidity_kirby_cravotta, lime_demand
from twin.chemistry.mann_kendall import mann_kendall
from twin.chemistry.stations import (
    constituent_load,
    flow_weighted_concentration,
    load_uncertainty,
)
from twin.hydrology.balance import PARTS, month_edges, residual
from twin.hydrology.evaporation_oudin import evaporation_oudin
from twin.hydrology.gamma_response import Response, Stresses, judge_response
from twin.hydrology.rebound_first_order import Rebound, fit_rebound
from twin.hydrology.snow_degree_day import snow_degree_day
from twin.hydrology.surface_store import surface_store
from twin.pressure import pore_pressure_ratio

DAYS = 60
depths = arrays(float, DAYS, elements=st.floats(0, 80))
temperatures = arrays(float, DAYS, elements=st.floats(-40, 35))
masses = st.floats(1, 1e6)
account = st.builds(AcidBase, st.floats(0.1, 500), st.floats(0, 900))


@given(depths, temperatures)
def test_snow_keeps_every_drop(precipitation: np.ndarray, temperature: np.ndarray) -> None:
    snow = snow_degree_day(precipitation, temperature, factor_mm=3.5, border_degC=1.0)
    total = snow.rain.sum() + snow.melt.sum() + snow.pack[-1]
    assert total == pytest.approx(precipitation.sum())
    assert min(snow.pack.min(), snow.melt.min()) >= -1e-9


@given(depths, arrays(float, DAYS, elements=st.floats(0, 12)), st.floats(1, 200))
def test_the_surface_keeps_every_drop(
    water: np.ndarray, potential: np.ndarray, capacity: float
) -> None:
    found = surface_store(water, potential, capacity)
    gained = found.held[-1] - capacity / 2
    assert water.sum() == pytest.approx(found.evaporation.sum() + found.seepage.sum() + gained)
    assert (found.evaporation <= potential + 1e-9).all()
    assert found.held.min() >= -1e-9
    assert found.held.max() <= capacity + 1e-9


@given(st.lists(st.floats(-1e4, 1e4), min_size=4, max_size=4))
def test_a_balance_that_closes_leaves_nothing(parts: list[float]) -> None:
    values = dict(zip(["precipitation", "evaporation", "inflow", "outflow"], parts, strict=True))
    values["storage"] = sum(PARTS[name] * value for name, value in values.items())
    left, spread = residual(values, dict.fromkeys(PARTS, 0.1))
    assert left == pytest.approx(0, abs=1e-6)
    assert spread >= 0.1 * max(abs(value) for value in values.values()) - 1e-9


def test_balances_of_months_add_up() -> None:
    january = {"precipitation": 10.0, "evaporation": 2, "inflow": 3, "outflow": 6, "storage": 4}
    march = {"precipitation": 1.0, "evaporation": 5, "inflow": 3, "outflow": 8, "storage": -7}
    both = {name: january[name] + march[name] for name in PARTS}
    none = dict.fromkeys(PARTS, 0.0)
    assert residual(both, none)[0] == residual(january, none)[0] + residual(march, none)[0]


@settings(max_examples=40)
@given(
    arrays(float, 25, elements=st.integers(0, 12).map(float)),
    st.permutations(range(25)),
    st.booleans(),
)
def test_kendall_turns_with_the_sign_and_with_time_and_needs_no_order(
    values: np.ndarray, order: list[int], seasonal: bool
) -> None:
    time = np.arange(25) / 12
    season = np.arange(25) % 12 if seasonal else None
    found = mann_kendall(time, values, season)
    for turned in (mann_kendall(time, -values, season), mann_kendall(-time, values, season)):
        assert turned.score == -found.score
        assert turned.variance == pytest.approx(found.variance)
        assert turned.p == pytest.approx(found.p)
        assert turned.slope == pytest.approx(-found.slope)
        assert (turned.low, turned.high) == pytest.approx((-found.high, -found.low))
    shuffled = mann_kendall(time[order], values[order], None if season is None else season[order])
    assert (shuffled.score, shuffled.slope) == (found.score, found.slope)
    assert found.low <= found.slope <= found.high
    lifted = mann_kendall(time, 3 * values + 7, season)
    assert lifted.score == found.score
    assert lifted.slope == pytest.approx(3 * found.slope)


@settings(max_examples=60)
@given(
    st.lists(st.tuples(st.integers(0, 5), st.integers(0, 6)), min_size=3, max_size=14),
    st.randoms(),
)
@example([(0, 0)] * 5, random.Random(0))  # the sum of the variance misses 0 by its last digits
def test_values_of_one_time_have_no_order(
    pairs: list[tuple[int, int]], random: random.Random
) -> None:
    found = mann_kendall(*np.array(pairs, float).T)
    assert found.score == sum(
        np.sign((t2 - t1) * (v2 - v1)) for (t1, v1), (t2, v2) in combinations(pairs, 2)
    )
    random.shuffle(pairs)
    again = mann_kendall(*np.array(pairs, float).T)
    for name in ("score", "variance", "p", "slope", "low", "high", "lag_one"):
        assert getattr(again, name) == pytest.approx(getattr(found, name), nan_ok=True)


@pytest.mark.parametrize(
    ("times", "values"),
    [
        ((1, 2, 3, 4, 5), (3, 1, 4, 1, 5)),
        ((1, 1, 2, 3, 3), (3, 1, 4, 2, 5)),
        ((1, 1, 1, 2, 3, 3), (2, 2, 2, 5, 5, 7)),
        ((1, 1, 1, 1, 1), (1, 2, 3, 4, 5)),
    ],
)
def test_the_variance_of_kendall_is_that_of_all_orders(
    times: tuple[int, ...], values: tuple[int, ...]
) -> None:
    """Without a trend every order of the values is as likely: S of all of them, counted."""
    scores = [mann_kendall(times, order).score for order in permutations(values)]
    assert np.mean(scores) == pytest.approx(0.0, abs=1e-12)
    assert mann_kendall(times, values).variance == pytest.approx(np.var(scores), rel=1e-12)


def test_a_season_is_no_trend_and_a_trend_is_found_under_a_season() -> None:
    months = np.arange(60)
    wave = np.round(10 * np.sin(2 * np.pi * months / 12), 6)
    season = months % 12
    assert mann_kendall(months / 12, wave, season).p == pytest.approx(1.0)
    rising = mann_kendall(months / 12, wave + 0.5 * months / 12, season)
    assert rising.p < 0.001
    assert rising.slope == pytest.approx(0.5)
    # Without seasons the wave hides it.
    assert mann_kendall(months / 12, wave + 0.5 * months / 12).p > 0.05


@given(st.lists(st.tuples(masses, account), min_size=1, max_size=6), st.randoms())
def test_a_blend_lies_between_its_parts_whatever_their_order(
    parts: list[tuple[float, AcidBase]], random: object
) -> None:
    found = blend(parts)
    potentials = [one.acid_potential for _, one in parts]
    assert min(potentials) - 1e-9 <= found.acid_potential <= max(potentials) + 1e-9
    turned = blend(parts[::-1])
    assert turned.acid_potential == pytest.approx(found.acid_potential)
    assert turned.ratio == pytest.approx(found.ratio)
    total = sum(mass * one.net_neutralisation_potential for mass, one in parts)
    mass = sum(mass for mass, _ in parts)
    assert found.net_neutralisation_potential == pytest.approx(total / mass, abs=1e-6)


@given(account)
def test_what_neutralises_has_both_signs_right(one: AcidBase) -> None:
    net = one.net_neutralisation_potential
    assert one.net_acid_producing_potential == pytest.approx(-net * SULFURIC_ACID_PER_CARBONATE)
    assert (one.ratio > 1) == (net > 0) or math.isclose(one.ratio, 1)


@pytest.mark.parametrize(
    ("ratio", "expected"), [(0.99, "likely"), (1, "possible"), (3, "possible"), (3.01, "unlikely")]
)
def test_the_borders_of_the_classes(ratio: float, expected: str) -> None:
    assert AcidBase(100, 100 * ratio).acid_class == expected


@given(st.floats(2, 9), st.floats(0, 500), st.floats(0, 500))
def test_acid_and_metal_take_lime(ph: float, iron2: float, iron3: float) -> None:
    acidity = acidity_kirby_cravotta(ph, iron2=iron2, iron3=iron3)
    assert acidity <= acidity_kirby_cravotta(ph - 0.5, iron2=iron2, iron3=iron3)
    assert acidity <= acidity_kirby_cravotta(ph, iron2=iron2, iron3=iron3 + 1)
    assert lime_demand(acidity, 20) == pytest.approx(2 * lime_demand(acidity, 10))
    assert lime_demand(acidity, 10, 0.5) == pytest.approx(2 * lime_demand(acidity, 10))


def test_a_load_goes_hour_by_hour() -> None:
    flow = np.array([1.0, 1, 1, 21])
    flushed, thinned = np.array([10.0, 10, 10, 50]), np.array([10.0, 10, 10, 2])
    product_of_means = flushed.mean() * flow.mean() * 0.0864
    assert constituent_load(flushed, flow)[0] == pytest.approx(1080 / 4 * 0.0864)
    assert constituent_load(flushed, flow)[0] > product_of_means
    assert constituent_load(thinned, flow)[0] < thinned.mean() * flow.mean() * 0.0864
    blank = np.array([np.nan, 10, 10, 50])
    assert constituent_load(blank, flow)[0] == pytest.approx(1070 / 3 * 0.0864)
    # Averaging does not lessen what both instruments have wrong all the time.
    assert load_uncertainty(1.0, 10**9, 0.1, 0.05) == pytest.approx(math.hypot(0.1, 0.05))
    assert load_uncertainty(1.0, 24, 0.1, 0.05) > 1


def test_a_concentration_is_weighted_by_flow_and_scatters_about_that() -> None:
    mean, scatter = flow_weighted_concentration(
        np.array([10.0, 20.0, np.nan]), np.array([3.0, 1.0, 5.0])
    )
    # 50/4; ((-2.5*3)^2 + (7.5*1)^2)/2 = 56.25, its root 7.5 over a mean flow of 2.
    assert (mean, scatter) == (12.5, pytest.approx(7.5 / 2 / 12.5))
    # Water of one concentration has it whatever the flow does, and however wrong its meter is.
    flow = np.array([1.0, 2, 300])
    assert flow_weighted_concentration(np.full(3, 7.0), flow) == (7.0, 0.0)
    varied = np.array([5.0, 6, 7])
    assert flow_weighted_concentration(varied, 1.2 * flow) == pytest.approx(
        flow_weighted_concentration(varied, flow)
    )
    assert np.isnan(flow_weighted_concentration(varied, np.zeros(3))).all()


def test_the_scatter_of_a_concentration_is_that_of_samples() -> None:
    """Means of 50 days each, drawn anew 4000 times, lie as far apart as is said."""
    random = np.random.default_rng(7)
    flow = random.lognormal(0, 0.5, (4000, 50))
    concentration = 100 * flow**-0.3 * random.lognormal(0, 0.2, flow.shape)
    found = [flow_weighted_concentration(*each) for each in zip(concentration, flow, strict=True)]
    means, scatters = np.array(found).T
    told = np.sqrt(np.mean((means * scatters) ** 2) / 50)
    assert told == pytest.approx(means.std(), rel=0.06)


def test_evaporation_has_a_summer_and_stops_in_the_cold() -> None:
    days = np.array([15.0, 196.0])
    winter, summer = evaporation_oudin(days, np.array([-18.0, 18.5]), 52.65)
    assert winter == 0
    assert summer == pytest.approx(3.9, abs=0.2)


def test_pore_pressure_ratio() -> None:
    assert pore_pressure_ratio(49.05, 10, 19.62) == pytest.approx(0.25)
    assert pore_pressure_ratio(-20, 10, 20) == 0
    with pytest.raises(ValueError, match="depth 0 m"):
        pore_pressure_ratio(10, 0, 20)


def weather(seed: int = 1, days: int = 500) -> Stresses:
    rng = np.random.default_rng(seed)
    water = np.where(rng.random(days) < 0.3, rng.exponential(6, days), 0.0)
    air = 95 + np.cumsum(rng.normal(0, 0.3, days)) * 0.2
    return Stresses(water, np.full(days, 1.0), air)


TRUTH = Response(
    shape=1.5,
    time_d=14,
    loading_time_d=2,
    rest=50,
    water=3,
    evaporation=0,
    pressure=-0.8,
    load=0,
    mean_pressure=95,
)


def test_a_response_is_found_again_and_a_rise_without_rain_is_told_from_it() -> None:
    given_ = weather()
    noise = np.random.default_rng(2).normal(0, 0.1, len(given_))
    level = TRUTH.level(given_) + noise
    judged = judge_response(level, given_)
    found = judged.response
    assert judged.efficiency > 0.97
    assert found.water == pytest.approx(3, rel=0.1)
    assert found.shape * found.time_d == pytest.approx(21, rel=0.15)
    assert found.pressure == pytest.approx(-0.8, abs=0.15)
    drifting = level + 0.05 * np.arange(len(level))
    off = drifting - found.level(given_)
    assert off[-1] > judged.band
    assert abs(level - found.level(given_))[-30:].max() < 2 * judged.band


def test_a_level_that_never_moved_is_not_foretold() -> None:
    stuck = judge_response(np.full(200, 5.3), weather()[:200])
    assert stuck.efficiency == 0.0


def test_days_in_pieces_are_the_days_whole() -> None:
    given_ = weather()
    parts = TRUTH.parts(given_)
    assert TRUTH.rest + sum(parts.values()) == pytest.approx(TRUTH.level(given_))
    # What comes tomorrow changes nothing of today.
    assert TRUTH.level(given_[:300]) == pytest.approx(TRUTH.level(given_)[:300])


@pytest.mark.parametrize("time_d", [20.0, 90.0])
def test_a_rebound_is_found_again_with_its_date(time_d: float) -> None:
    days = np.arange(0, 240, 5.0)
    noise = np.random.default_rng(3).normal(0, 0.02, len(days))
    level = 12 - 4 * np.exp(-days / time_d) + noise
    found = fit_rebound(days, level)
    assert isinstance(found, Rebound)
    assert found.final == pytest.approx(12, abs=0.1)
    assert found.time_d == pytest.approx(time_d, rel=0.05)
    due = -time_d * math.log((12 - 11) / 4)
    low, high = found.days_interval(11)
    assert low < due < high
    assert found.days_to(11) == pytest.approx(due, rel=0.05)
    assert found.days_to(12.5) == math.inf
    low, high = found.level_interval(100)
    assert low < float(found.level(100)) < high


@pytest.mark.parametrize(("correlation", "least"), [(0.0, 0.9), (0.5, 0.85), (0.8, 0.75)])
def test_the_intervals_of_a_rebound_hold_the_truth_although_months_resemble_each_other(
    correlation: float, least: float
) -> None:
    """The intervals say 95 %; wet and dry years make residuals that go together."""
    rng = np.random.default_rng(3)
    days = np.arange(15, 900, 30.0)
    held = {"final": [], "year": [], "day": []}
    for _ in range(150):
        noise = 0.3 * rng.standard_normal(len(days))
        for place in range(1, len(days)):
            new = (1 - correlation**2) ** 0.5 * noise[place]
            noise[place] = correlation * noise[place - 1] + new
        found = fit_rebound(days, 600 - 40 * np.exp(-days / 700) + noise)
        assert isinstance(found, Rebound)
        for key, truth, (low, high) in (
            ("final", 600.0, found.level_interval(1e9)),
            ("year", 600 - 40 * math.exp(-1265 / 700), found.level_interval(1265)),
            ("day", -700 * math.log(0.05), found.days_interval(598)),
        ):
            held[key].append(low <= truth <= high)
    assert min(np.mean(each) for each in held.values()) >= least


@pytest.mark.parametrize(
    ("level", "reason"),
    [
        (lambda days: 5 - 0.01 * days, "has not risen"),
        (lambda days: 5 + 0.01 * days, "has not bent yet"),
        (lambda days: 5 + 2 * np.sin(days / 7), "lost in the scatter|has not risen"),
    ],
)
def test_what_is_no_rebound_is_refused(level, reason: str) -> None:
    days = np.arange(0, 120, 3.0)
    found = fit_rebound(days, level(days))
    assert isinstance(found, Text)
    assert re.search(reason, str(found))


def test_too_few_levels_are_refused() -> None:
    found = fit_rebound(np.arange(5.0), np.arange(5.0))
    assert str(found) == "Only 5 of 12 levels since pumping stopped"


def test_months_begin_on_their_first_day() -> None:
    edges = month_edges(datetime(2022, 1, 20, tzinfo=UTC), datetime(2022, 4, 1, tzinfo=UTC))
    assert [(edge.month, edge.day) for edge in edges] == [(2, 1), (3, 1), (4, 1)]
