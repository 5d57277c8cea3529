"""The stated 90 % interval against curves whose end is known."""

from __future__ import annotations

import numpy as np
import pytest

from tests.twin.ground import START
from tests.twin.settlement_truth import KINDS, truth
from twin.settlement import Forecast, forecast

CASES = 60


def told(kind: str) -> list[tuple[Forecast, float, float]]:
    rng = np.random.default_rng(2022)
    found = []
    for _ in range(CASES):
        means, placed, ultimate, in_a_year = truth(kind, rng)
        one = forecast(means, START, placed)
        if one.model:
            found.append((one, ultimate, in_a_year))
    return found


@pytest.fixture(scope="module")
def forecasts() -> dict[str, list[tuple[Forecast, float, float]]]:
    return {kind: told(kind) for kind in KINDS}


def test_the_interval_of_the_ultimate_holds_the_truth_as_often_as_it_says(forecasts) -> None:
    held = {
        kind: np.mean([one.low <= ultimate <= one.high for one, ultimate, _ in cases])
        for kind, cases in forecasts.items()
    }
    assert 0.80 <= np.mean(list(held.values())) <= 0.97, held
    assert min(held.values()) >= 0.80, held


def test_the_fan_of_a_year_ahead_holds_the_truth(forecasts) -> None:
    held = []
    for cases in forecasts.values():
        for one, _, in_a_year in cases:
            day = np.argmin([abs((time - one.time[0]).days - 365) for time in one.time])
            held.append(one.curve_low[day] <= in_a_year <= one.curve_high[day])
    assert np.mean(held) >= 0.90


@pytest.mark.parametrize(
    ("kind", "method"),
    [
        ("terzaghi", "terzaghi_consolidation"),
        ("hyperbola", "settlement_hyperbolic"),
        ("creep", "settlement_log_creep"),
        ("lifts", "settlement_creep_of_lifts"),
    ],
)
def test_the_error_out_of_the_sample_finds_the_kind_of_curve(forecasts, kind, method) -> None:
    cases = forecasts[kind]
    assert len(cases) >= 0.85 * CASES
    assert np.mean([one.model == method for one, *_ in cases]) >= 0.75


def test_an_interval_says_something(forecasts) -> None:
    """An interval that holds everything would hold the truth too."""
    for cases in forecasts.values():
        widths = [(one.high - one.low) / ultimate for one, ultimate, _ in cases]
        assert np.median(widths) < 0.6
