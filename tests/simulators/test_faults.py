"""Every fault does what it says, in its window and nowhere else."""

from __future__ import annotations

import json

import numpy as np
import pytest

from ingest.site import Site
from simulators.run import FLUSH, Simulation, simulate
from simulators.scenario import Scenario


@pytest.fixture(scope="module")
def spoilt(abaza: Site, faulty: Scenario) -> Simulation:
    return simulate(faulty, abaza)


@pytest.fixture(scope="module")
def sound(abaza: Site, faulty: Scenario) -> Simulation:
    return simulate(faulty.model_copy(update={"faults": ()}), abaza)


def inside(simulation: Simulation, number: int, instrument: str) -> np.ndarray:
    fault, start = simulation.scenario.faults[number], simulation.ground.start
    assert fault.instrument == instrument
    second = simulation.series[instrument].second
    return (second >= (fault.start - start).total_seconds()) & (
        second < (fault.end - start).total_seconds()
    )


def pair(spoilt: Simulation, sound: Simulation, instrument: str, quantity: str) -> tuple:
    return (
        spoilt.series[instrument].values[quantity][:, 0],
        sound.series[instrument].values[quantity][:, 0],
    )


def test_instruments_without_fault_are_untouched(spoilt: Simulation, sound: Simulation) -> None:
    faulty = {fault.instrument for fault in spoilt.scenario.faults}
    for name in set(spoilt.series) - faulty:
        for quantity, values in spoilt.series[name].values.items():
            assert np.array_equal(values, sound.series[name].values[quantity], equal_nan=True)


def test_stuck_repeats_the_first_value(spoilt: Simulation, sound: Simulation) -> None:
    window = inside(spoilt, 0, "pz-650-01")
    for quantity in ("pore_pressure", "temperature"):
        bad, good = pair(spoilt, sound, "pz-650-01", quantity)
        assert set(bad[window]) == {good[window][0]}
        assert np.array_equal(bad[~window], good[~window])
    assert len(set(pair(spoilt, sound, "pz-650-01", "pore_pressure")[1][window])) > 1


def test_drift_grows_by_its_rate_and_ends(spoilt: Simulation, sound: Simulation) -> None:
    window = inside(spoilt, 1, "pz-650-02")
    bad, good = pair(spoilt, sound, "pz-650-02", "pore_pressure")
    days = np.arange(window.sum()) / 24
    assert (bad - good)[window] == pytest.approx(4 * days, abs=0.051)
    assert np.array_equal(bad[~window], good[~window])
    bad, good = pair(spoilt, sound, "pz-650-02", "temperature")
    assert np.array_equal(bad, good)


def test_spikes_are_rare_and_of_their_size(spoilt: Simulation, sound: Simulation) -> None:
    window = inside(spoilt, 2, "ws-01")
    bad, good = pair(spoilt, sound, "ws-01", "turbidity")
    hit = bad != good
    assert 1 <= hit.sum() <= 0.3 * window.sum()
    assert not hit[~window].any()
    assert np.abs(bad - good)[hit] == pytest.approx(300, abs=0.11)


def test_dropout_sends_nothing(spoilt: Simulation, sound: Simulation) -> None:
    window = inside(spoilt, 3, "ipi-02")
    assert window.sum() == 8
    frame, whole = spoilt.frame("ipi-02", "displacement_a"), sound.frame("ipi-02", "displacement_a")
    assert frame.equals(whole[~window])
    topic = "postmine/v1/abaza/ipi-02/readings"
    numbers = [
        json.loads(message.payload)["sequence"]
        for message in spoilt.messages()
        if message.topic == topic
    ]
    missing = sorted(set(range(1, window.size + 1)) - set(numbers))
    assert missing == (np.flatnonzero(window) + 1).tolist()


def test_logger_sends_late_in_one_message_what_it_kept(
    spoilt: Simulation, sound: Simulation
) -> None:
    window = inside(spoilt, 4, "pz-650-07")
    fault = spoilt.scenario.faults[4]
    assert window.sum() == 36 <= FLUSH
    assert spoilt.frame("pz-650-07", "pore_pressure").equals(
        sound.frame("pz-650-07", "pore_pressure")
    )
    topic = "postmine/v1/abaza/pz-650-07/readings"
    bundles = [
        message
        for message in spoilt.messages()
        if message.topic == topic and message.payload.startswith(b"[")
    ]
    assert len(bundles) == 1
    readings = json.loads(bundles[0].payload)
    # The reading that was due when the link came back is in the same message.
    assert len(readings) == 36 + 1
    assert readings[0]["time"] == fault.start.strftime("%Y-%m-%dT%H:%M:%SZ")
    assert bundles[0].received >= fault.end
