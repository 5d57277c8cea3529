"""What must not be forecast: each reason with a curve that asks for it."""

from __future__ import annotations

import csv
import gzip
import json
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.site import load_site
from tests.conftest import DATA
from tests.twin.ground import START
from twin.settlement import Forecast, curve, forecast, models
from twin.settlement.methods import sign_runs

DAYS = np.arange(400.0)


def noisy(values: np.ndarray, seed: int = 1, sigma: float = 0.1) -> np.ndarray:
    return np.asarray(values + np.random.default_rng(seed).normal(0, sigma, values.shape))


def creep(days: np.ndarray, per_decade: float = 40.0) -> np.ndarray:
    return np.asarray(per_decade * np.log10(1 + np.maximum(days, 0) / 2))


def reasons(found: Forecast) -> set[str]:
    return {reason.template.split(":")[0][:40] for reason in found.refusals.values()}


def daily(times: list[datetime], values: list[float]) -> np.ndarray:
    day = np.array([(time - times[0]).days for time in times])
    means = np.full(day[-1] + 1, np.nan)
    means[day] = values
    return means


@pytest.fixture(scope="module")
def holly() -> np.ndarray:
    """Compaction of the Holly site by day [mm]."""
    with (DATA / "subsidence_holly_usgs" / "008N010W01Q005S.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    times = [datetime.strptime(row["datetime"], "%m/%d/%y") for row in rows]  # noqa: DTZ007
    return daily(times, [1000 * float(row["mean"]) for row in rows])


def test_a_pumped_aquifer_is_seasonal_and_never_forecast(holly: np.ndarray) -> None:
    """From two seasons on: one alone looks like a load and its consolidation."""
    found = [forecast(holly[:days], START) for days in range(760, len(holly), 45)]
    assert {one.model for one in found} == {""}
    seasonal = [
        "seasonal curve is no consolidation" in str(next(iter(one.refusals.values())))
        for one in found
    ]
    assert np.mean(seasonal) > 0.6


def test_a_rebound_is_never_forecast(holly: np.ndarray) -> None:
    found = forecast(50 - holly[:400], START)
    assert found.model == ""
    assert reasons(found) == {"The point rose by {up} mm while it settl"}
    assert found.refusals["settlement_asaoka"].values["up"] > 10


def test_a_curve_that_settled_and_rises_again_is_never_forecast() -> None:
    risen = creep(DAYS) - 0.2 * np.maximum(DAYS - 300, 0)
    assert reasons(forecast(noisy(risen), START)) == {"The point rose by {up} mm while it settl"}


@pytest.mark.parametrize("sign", [1, -1])
def test_heads_of_groundwater_are_no_consolidation_either_way_up(sign: int) -> None:
    folder = Path(load_site("brabant").folder)
    times, values = [], []
    with gzip.open(folder / "recording.ndjson.gz", "rt") as file:
        for line in file:
            message = json.loads(line)
            if "/ow-b49f0232-1/" in message["topic"]:
                payload = message["payload"]
                times.append(datetime.fromisoformat(payload["time"]))
                head = payload["values"]["head"]
                values.append(np.nan if head is None else sign * 100 * head)
    means = daily(times, values)
    known = np.flatnonzero(~np.isnan(means))
    whole = np.interp(np.arange(len(means)), known, means[known])
    found = [forecast(whole[:days], START) for days in range(400, 4000, 90)]
    assert {one.model for one in found} == {""}


def test_speeding_up_without_a_load_is_not_forecast() -> None:
    values = noisy(creep(DAYS) + creep(DAYS - 200, 60))
    placed = np.full(len(values), 0.0)
    placed[:150] = 900.0
    found = forecast(values, START, placed)
    (reason,) = reasons(found)
    assert reason.startswith("Settlement sped up on {date} though")
    placed[200] = 900.0
    assert forecast(values, START, placed).model


def test_what_is_not_weighed_yet_is_not_called_nothing() -> None:
    """Weighing begins with the plan; what came before it is not known."""
    values = noisy(creep(DAYS) + creep(DAYS - 200, 60))
    placed = np.full(len(values), np.nan)
    found = forecast(values, START, placed)
    assert found.model
    assert "Fewer than two lifts" in str(found.refusals["settlement_creep_of_lifts"])


def test_a_site_without_a_weighbridge_has_no_creep_of_lifts() -> None:
    values = noisy(creep(DAYS) + creep(DAYS - 200, 60))
    found = forecast(values, START)
    assert str(found.refusals["settlement_creep_of_lifts"]) == (
        "What is placed on the site is not weighed"
    )


def test_a_curve_of_another_kind_leaves_a_pattern_in_the_residuals() -> None:
    """Two steps of load within a few weeks that no detection separates: no law of one load."""
    wave = 30 * np.log10(1 + DAYS / 2) + 4 * np.sin(DAYS / 25)
    found = forecast(noisy(wave, sigma=0.02), START)
    assert found.model == ""


def test_runs_of_signs_by_hand() -> None:
    """+ + - - + +: three runs; 4 above, 2 below: 3.667 expected, variance 0.889 (by hand)."""
    runs, z = sign_runs(np.array([1.0, 1, -1, -1, 1, 1]))
    assert runs == 3
    expected = 1 + 2 * 4 * 2 / 6
    variance = (2 * 4 * 2) * (2 * 4 * 2 - 6) / (6**2 * 5)
    assert z == pytest.approx((3 - expected) / np.sqrt(variance))
    assert sign_runs(np.ones(30))[1] == float("-inf")


def test_creep_and_consolidation_are_not_seasonal() -> None:
    days = np.arange(1500.0)
    for values in (creep(days), 200 * (1 - np.exp(-days / 400)), 100 * days / (300 + days)):
        assert not any(curve.seasonal(noisy(values)[:until]) for until in range(730, 1500, 60))


def test_settlement_that_swings_with_the_year_is_seasonal() -> None:
    days = np.arange(1100.0)
    swinging = 0.03 * days + 3 * np.sin(2 * np.pi * days / 365.25)
    assert curve.seasonal(noisy(swinging))


def test_a_gap_of_a_year_is_no_season() -> None:
    values = noisy(creep(np.arange(1100.0)))
    values[200:700] = np.nan
    assert not curve.seasonal(values)


@settings(max_examples=40)
@given(
    seed=st.integers(0, 10_000),
    days=st.integers(0, 300),
    missing=st.floats(0, 0.9),
    drift=st.floats(-1, 1),
)
def test_any_curve_gets_an_answer_that_can_be_read(
    seed: int, days: int, missing: float, drift: float
) -> None:
    """A forecast holds its value, never rises again, and says why the others do not speak."""
    random = np.random.default_rng(seed)
    means = np.cumsum(random.normal(drift, 1.0, days)) if days else np.empty(0)
    means = np.where(random.random(days) < missing, np.nan, means)
    found = forecast(means, START)
    assert set(found.refusals) | {found.model} >= set(models()) - {found.model}
    if not found.model:
        assert set(found.refusals) == set(models())
        return
    assert found.low <= found.ultimate <= found.high
    assert (np.diff(found.curve) >= -0.011).all()
    for low, middle, high in zip(found.curve_low, found.curve, found.curve_high, strict=True):
        assert low <= middle <= high
