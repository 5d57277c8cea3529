"""Inverse velocity and control charts of an inclinometer."""

from __future__ import annotations

import numpy as np
import pytest

from ingest.clock import from_ns, to_ns
from ingest.site import Site
from ingest.store import Store
from tests.twin.ground import day, row
from twin.control_charts import cusum, ewma
from twin.current import Current
from twin.history import History
from twin.inverse_velocity import inverse_velocity
from twin.movement import movements
from twin.state import MovementState

DAYS = np.arange(61.0)


def failing(onset: float = 20.0, before: float = 0.3, rate: float = 0.07) -> np.ndarray:
    """Return displacements whose inverse velocity falls in a straight line from an onset on."""
    velocity = np.where(
        onset > DAYS, before, 1 / np.maximum(1 / before - rate * (DAYS - onset), 1e-3)
    )
    return np.cumsum(velocity)


def test_an_accelerating_slope_has_a_window_of_dates() -> None:
    """The true day is 20 + 1 / (0.3 * 0.07) = 67.6."""
    noise = np.random.default_rng(1).normal(0, 0.1, len(DAYS))
    found = inverse_velocity(DAYS, failing() + noise, smoothing=5)
    assert found.failure == pytest.approx(67.6, abs=2.0)
    assert found.earliest < 67.6 < found.latest
    assert 60 <= found.earliest < found.latest < 80
    assert found.onset == pytest.approx(18, abs=6)
    assert found.r2 > 0.9


@pytest.mark.parametrize(("ahead", "off"), [(5.0, 0.4), (15.0, 0.7), (30.0, 1.6)])
@pytest.mark.parametrize("creeping", [True, False])
def test_the_date_is_not_late(ahead: float, off: float, creeping: bool) -> None:
    """A date that lies behind the true one costs lives: creep before the onset must not shift it.

    From the onset on the inverse velocity falls in a straight line to the true day.
    """
    rng = np.random.default_rng(5)
    days = np.arange(60) - 59.5
    errors, held = [], []
    for _ in range(40):
        onset = -rng.uniform(15, 35) if creeping else -80.0
        before = (days - onset) / (0.02 * (ahead - onset))
        after = -np.log((ahead - days) / (ahead - onset)) / 0.02
        moved = np.where(days < onset, before, after) + rng.normal(0, 0.05, 60)
        found = inverse_velocity(days, moved, smoothing=5, now=0.0)
        assert found.failure is not None
        errors.append(found.failure - ahead)
        held.append(found.earliest <= ahead <= found.latest)
    assert abs(np.mean(errors)) < off
    assert np.mean(held) >= 0.9


def test_a_date_never_lies_before_the_day_on_which_it_is_told() -> None:
    """The fit may reach zero before today while its window is open: then it is any moment."""
    rng = np.random.default_rng(2)
    told = 0
    for _ in range(40):
        days = np.arange(60) - 59.5
        moved = -np.log(1.0 - days) / 0.02 + rng.normal(0, 1.0, 60)
        found = inverse_velocity(days, moved, smoothing=5, now=0.8)
        if found.failure is None:
            continue
        told += 1
        assert found.earliest is not None
        assert found.latest is not None
        assert 0.8 <= found.earliest <= found.failure <= found.latest
    assert told >= 10


def test_smoothing_decides_the_result() -> None:
    noise = np.random.default_rng(1).normal(0, 0.2, len(DAYS))
    rough = inverse_velocity(DAYS, failing() + noise, smoothing=1)
    smooth = inverse_velocity(DAYS, failing() + noise, smoothing=5)
    assert rough.failure is None
    assert smooth.failure is not None


@pytest.mark.parametrize(
    ("moved", "sentence"),
    [
        (0.5 * DAYS, "The movement does not accelerate"),
        (50 * np.log1p(DAYS), "The movement does not accelerate"),
        (0.0005 * DAYS**2, "The movement is slower than 0.2 mm/d: its inverse says nothing"),
        (0.5 * DAYS + 1e-4 * DAYS**3, "far to be named"),
        (np.where(DAYS > 55, failing(), np.nan), "velocities"),
        (np.full(61, np.nan), "Only 0 of 7 velocities"),
    ],
)
def test_there_is_no_date_without_a_reason(moved: np.ndarray, sentence: str) -> None:
    found = inverse_velocity(DAYS, moved, smoothing=3, horizon_d=20)
    assert (found.failure, found.earliest, found.latest) == (None, None, None)
    assert sentence in str(found.reason)


def test_a_crooked_inverse_is_refused() -> None:
    steps = np.where(DAYS % 8 < 4, 0.2, 2.0) * (1 + DAYS / 60)
    found = inverse_velocity(DAYS[:47], np.cumsum(steps)[:47], smoothing=1)
    assert found.failure is None
    assert found.reason is not None
    assert "R2" in str(found.reason) or "not accelerate" in str(found.reason)


def test_a_gap_does_not_stop_the_forecast() -> None:
    moved = failing()
    moved[[30, 31, 44]] = np.nan
    found = inverse_velocity(DAYS, moved, smoothing=3)
    assert found.failure == pytest.approx(67.6, abs=1.5)


def test_a_chart_keeps_what_it_gathered_over_a_gap() -> None:
    whole = cusum([10, 12, 12, 12], target=10, allowance=0.5, limit=4)
    gap = cusum([10, 12, np.nan, 12, 12], target=10, allowance=0.5, limit=4)
    assert whole.signal == 3
    assert gap.signal == 4
    assert (whole.onset, gap.onset) == (1, 1)
    assert gap.high[2] == gap.high[1]
    means = ewma([10, np.nan, 12], target=10, deviation=1)
    assert means.average[1] == means.average[0]


def test_a_fall_signals_too_unless_only_a_rise_is_asked_for() -> None:
    values = [10, 8, 8, 8, 8]
    assert cusum(values, target=10, allowance=0.5, limit=4).signal == 3
    assert cusum(values, target=10, allowance=0.5, limit=4, one_sided=True).signal is None


def test_a_weight_that_cannot_be_is_refused() -> None:
    with pytest.raises(ValueError, match="weight is 0"):
        ewma([1.0], target=0, deviation=1, weight=0)


def moving(site: Site, store: Store, displacement: np.ndarray) -> MovementState:
    """Return the state after 61 days on which every node above 20 m moved so."""
    nodes = [float(node) for node in site.instruments["ipi-01"].nodes]
    store.append(
        [
            row(
                site,
                "ipi-01",
                day(float(index)),
                {
                    "displacement_a": 0.6 * float(moved) * (depth < 20) + 1e-4 * index,
                    "displacement_b": 0.8 * float(moved) * (depth < 20) + 1e-4 * index,
                },
                node=node,
            )
            for index, moved in enumerate(displacement)
            for node, depth in enumerate(nodes)
        ]
    )
    at = day(60.25)
    current = Current(site, store, at=at, known_at=at)
    return movements(current, History(site, store, at=at, known_at=at))[0]


def test_the_state_names_the_window_and_the_day_of_the_signal(abaza: Site, store: Store) -> None:
    noise = np.random.default_rng(2).normal(0, 0.05, len(DAYS))
    state = moving(abaza, store, failing(onset=40.0, rate=0.12) + noise)
    assert state.failure is not None
    assert state.failure.quality == "forecast"
    assert state.failure.low <= state.failure.value <= state.failure.high
    assert state.failure.unit == "date"
    true = day(40 + 1 / (0.3 * 0.12)).date().isoformat()
    assert state.failure.low <= true <= state.failure.high
    assert state.onset is not None
    assert len(state.velocity) == len(state.velocity_time) > 50
    assert state.fit[0] > state.fit[1]
    charts = {chart.method: chart for chart in state.charts}
    for chart in charts.values():
        assert chart.signal is not None
        assert day(40) < chart.signal < day(58)
        assert chart.value > chart.limit
    assert charts["cusum"].onset is not None
    assert charts["cusum"].onset <= charts["cusum"].signal


def test_a_still_slope_gives_reasons_and_no_signal(abaza: Site, store: Store) -> None:
    noise = np.random.default_rng(3).normal(0, 0.05, len(DAYS))
    state = moving(abaza, store, 0.02 * DAYS + noise)
    assert state.failure is not None
    assert state.failure.value is None
    assert state.failure.reason is not None
    assert [chart.signal for chart in state.charts] == [None, None]


def test_a_young_run_has_no_charts_yet(abaza: Site, store: Store) -> None:
    state = moving(abaza, store, failing()[:5])
    assert all(chart.reason is not None for chart in state.charts)
    assert state.failure is not None
    assert "silent" in str(state.failure.reason)


def test_silence_is_silence(abaza: Site, store: Store) -> None:
    at = from_ns(to_ns(day(3)))
    current = Current(abaza, store, at=at, known_at=at)
    state = movements(current, History(abaza, store, at=at, known_at=at))[0]
    assert state.failure is not None
    assert str(state.failure.reason) == "ipi-01 has not delivered a value"


def test_two_readings_of_one_time_have_no_velocity_between_them() -> None:
    """Their median counts, whatever the order in which they came."""
    moved = failing()
    once = inverse_velocity(DAYS, moved, smoothing=3)
    assert once.failure is not None
    again = np.sort(np.concatenate([DAYS, DAYS[10:30:5], DAYS[10:30:5]]))
    for sign in (1, -1):
        error = np.zeros(len(again))
        copies = moved[np.searchsorted(DAYS, again)]
        for place in DAYS[10:30:5]:
            same = np.flatnonzero(again == place)
            error[same] = sign * np.array([-4.0, 0.0, 4.0])
        found = inverse_velocity(again, copies + error, smoothing=3)
        assert found.failure == pytest.approx(once.failure, abs=1e-9)
        assert np.isfinite(found.velocity).all()
        assert len(found.velocity) == len(once.velocity)
