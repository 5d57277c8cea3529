"""What was settling before the load goes on below its settlement."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pytest

from ingest.site import load_site
from simulators.process import Ground, generator
from simulators.scenario import load_scenario
from tests.twin.ground import START
from twin.settlement import curve, forecast
from twin.settlement.background import NEEDED, OLDER, YOUNGEST_D, Background, background, crept

STEPS = 144  # a day


def test_creep_of_an_age_is_the_logarithm_of_sowers() -> None:
    """alpha*log10(t2/t1): 0.5 % of 20 m from the age of 1000 to 10 000 d is 100 mm."""
    rate = 100 / np.log(10) / 1000
    assert crept(rate, 1000.0, np.array([0.0, 9000.0])) == pytest.approx([0.0, 100.0])


def rested(before: int, rate: float = 0.05, noise: float = 0.3) -> np.ndarray:
    """Return ground that settles slowly, and 40 mm a tenfold of time from a day on."""
    days = np.arange(before + 200.0)
    load = np.where(days > before, 40 * np.log10(1 + np.maximum(days - before, 0) / 3), 0.0)
    slow = crept(rate, 2 * YOUNGEST_D, days)
    return np.asarray(slow + load + np.random.default_rng(3).normal(0, noise, len(days)))


def test_the_rate_before_the_load_is_found_within_its_error() -> None:
    found = []
    for before in (50, 80, 120):
        means = rested(before)
        one = background(means, curve.changes(means))
        assert one.known
        found.append((one.rate - 0.05 / (1 + before / 2 / YOUNGEST_D), one.error))
    off, error = np.array(found).T
    assert (np.abs(off) < 3 * error + 0.002).all()
    assert error[0] > 2 * error[2] > 0


def test_gross_errors_do_not_move_the_rate() -> None:
    means = rested(80)
    changed = curve.changes(means)
    clean = background(means, changed)
    means[10:60:10] += 30.0
    spoilt = background(means, changed)
    assert spoilt.rate == pytest.approx(clean.rate, abs=3 * clean.error)


def test_with_few_days_before_the_load_it_is_not_known() -> None:
    means = rested(NEEDED)
    assert background(means, curve.changes(means)) == Background()
    assert background(means, [0]) == Background()
    assert not forecast(means, START).before.known


def test_draws_lie_between_the_youngest_age_and_ten_times_it() -> None:
    rate, age = Background(0.05, 0.01, 400.0, known=True).drawn(np.random.default_rng(1), 2000)
    assert 400 <= age.min() < 420
    assert 0.95 * OLDER * 400 < age.max() <= OLDER * 400
    assert rate.mean() == pytest.approx(0.05, abs=0.001)
    assert rate.min() >= 0
    assert not Background().drawn(np.random.default_rng(1), 5)[0].any()


def test_on_the_simulated_ground_the_interval_holds_what_settles() -> None:
    """Rolling origins, every point and every span of two months or more without a load on it."""
    rows = []
    for seed in (1, 2):
        rows += told(seed)
    value, low, high, true, grown, known = np.array(rows).T
    assert len(rows) > 150
    assert np.mean((low <= true) & (true <= high)) >= 0.88
    assert np.mean((true > high)[known == 1]) <= 0.08
    ratio = (value - true + grown) / grown
    assert 0.85 <= np.median(ratio[known == 1]) <= 1.15


def told(seed: int) -> list[tuple[float, float, float, float, float, bool]]:
    """Return forecast, interval and truth [mm] at the end of spans, growth [mm], and if known."""
    scenario, site = load_scenario("abaza_first_year"), load_site("abaza")
    ground = Ground(site, scenario.start, 86_400 // STEPS, 365 * STEPS, seed)
    for name in ("weather", "deliveries", "fill", "compression"):
        getattr(scenario.processes, name).run(ground, generator(seed, f"process:{name}"))
    placed = np.diff(ground.of_site("mass")[STEPS - 1 :: STEPS], prepend=0.0)
    rng = np.random.default_rng(seed)
    rows = []
    for point in site.with_quantity("settlement"):
        true = ground.truth["settlement", point.name][::STEPS]
        stress = ground.truth["added_stress", point.name][STEPS - 1 :: STEPS]
        loaded = np.flatnonzero(np.diff(stress, prepend=0.0) > 0)
        means = true + rng.normal(0, 0.3, len(true))
        for begin, end in zip(loaded, [*loaded[1:], 365], strict=True):
            for now in range(begin + 31, end - 29, 15):
                weighed = np.where(np.arange(now) < now - 7, placed[:now], np.nan)
                one = forecast(means[:now], START, weighed)
                if one.model:
                    days = [(time - START) / timedelta(days=1) for time in one.time]
                    value, low, high = (
                        float(np.interp(end - 1, days, each))
                        for each in (one.curve, one.curve_low, one.curve_high)
                    )
                    rows.append(
                        (
                            value,
                            low,
                            high,
                            true[end - 1],
                            true[end - 1] - true[now],
                            one.before.known,
                        )
                    )
    return rows
