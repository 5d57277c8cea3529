"""What the messages of a simulation hold."""

from __future__ import annotations

import json

import numpy as np
import pytest

from ingest.message import decode_messages
from ingest.site import Quantity, Site
from simulators.measure import ACCURACY, tipped
from simulators.run import Simulation, simulate
from simulators.scenario import Scenario


@pytest.fixture(scope="module")
def fortnight(abaza: Site, faulty: Scenario) -> Simulation:
    return simulate(faulty.model_copy(update={"faults": ()}), abaza)


def test_readings_in_equal_readings_out(fortnight: Simulation, abaza: Site) -> None:
    found: dict[str, int] = dict.fromkeys(abaza.instruments, 0)
    for message in fortnight.messages():
        root, version, site, instrument, last = message.topic.split("/")
        assert (root, version, site, last) == ("postmine", "v1", "abaza", "readings")
        body = json.loads(message.payload)
        _, refused = decode_messages(message.payload)
        assert not refused
        row = found[instrument]
        found[instrument] += 1
        assert body["sequence"] == row + 1
        quantities = abaza.type_of(instrument).quantities
        assert set(body["values"]) == {
            name for name, quantity in quantities.items() if not quantity.supporting
        }
        series = fortnight.series[instrument]
        for quantity, value in body["values"].items():
            sent = value if isinstance(value, list) else [value]
            stored = series.values[quantity][row]
            assert len(sent) == abaza.instruments[instrument].node_count
            assert [None if one != one else one for one in stored.tolist()] == sent
    assert found == {name: series.second.size for name, series in fortnight.series.items()}


def test_a_load_stands_at_its_stream_and_is_blank_elsewhere(
    fortnight: Simulation, abaza: Site
) -> None:
    loads = [
        json.loads(message.payload)["values"]["load_mass"]
        for message in fortnight.messages()
        if "/wb-01/" in message.topic
    ]
    assert len(loads) > 1000
    for load in loads:
        assert sum(value is not None for value in load) == 1
    weighed = sum(value for load in loads for value in load if value is not None)
    assert weighed == pytest.approx(fortnight.ground.loads.mass.sum(), rel=1e-3)


def test_noise_has_its_size_and_values_are_whole_steps(first_year: Simulation) -> None:
    seen = first_year.frame("pz-650-05", "pore_pressure")[0]
    true = first_year.truth("pore_pressure")["pz-650-05"].reindex(seen.index)
    accuracy = ACCURACY["pore_pressure"]
    expected = np.hypot(accuracy.noise, accuracy.resolution / np.sqrt(12))
    assert (seen - true).std() == pytest.approx(expected, rel=0.1)
    assert (seen - true).mean() == pytest.approx(0.0, abs=0.01)
    steps = seen / accuracy.resolution
    assert np.abs(steps - steps.round()).max() < 1e-6


def test_rain_gauge_loses_less_than_one_tip(first_year: Simulation) -> None:
    seen = first_year.frame("rain-01", "rain")[0]
    assert seen.min() >= 0
    fallen = first_year.ground.of_site("precipitation")[:-6].sum()
    assert 0 <= fallen - seen.sum() < ACCURACY["rain"].resolution


def test_tips_are_counted_between_readings() -> None:
    assert tipped("rain", np.array([0.0, 0.19, 0.4, 0.4, 1.01])).tolist() == [0, 0, 0.4, 0, 0.6]


def test_messages_travel_in_the_units_of_the_wire(abaza: Site, faulty: Scenario) -> None:
    """A site whose piezometers report in psi gets psi; the frame stays canonical."""
    kind = abaza.instrument_types["piezometer"]
    pressure = Quantity(
        name="pore_pressure",
        title=kind.quantities["pore_pressure"].title,
        unit="psi",
        valid_range=(-15, 150),
    )
    other = kind.model_copy(update={"quantities": {**kind.quantities, "pore_pressure": pressure}})
    site = abaza.model_copy(
        update={"instrument_types": {**abaza.instrument_types, "piezometer": other}}
    )
    simulation = simulate(faulty.model_copy(update={"faults": ()}), site)
    first = next(m for m in simulation.messages() if "/pz-650-01/" in m.topic)
    sent = json.loads(first.payload)["values"]["pore_pressure"]
    assert sent * 6.894757 == pytest.approx(
        simulation.frame("pz-650-01", "pore_pressure").iloc[0, 0], rel=1e-6
    )
