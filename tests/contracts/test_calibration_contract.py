"""What every calibration method owes; one suite for all of them."""

from __future__ import annotations

import math

import pytest

from ingest.calibration import Calibration, Surroundings, in_force, parse_calibration
from ingest.registry import load_family

METHODS = load_family("ingest.calibrations", Calibration)
#: Numbers of each method, and a reading that an instrument may send.
BLOCKS: dict[str, dict[str, object]] = {
    "flow_rating_curve": {"coefficient": 100, "exponent": 2},
    "flow_v_notch": {},
    "linear_signal": {"slope": 0.024, "intercept": 50},
    "rain_tipping_bucket": {"mm_per_tip": 0.2},
    "thermistor_polynomial": {"a": -23.5, "b": 227.6, "c": -341.2},
    "thermistor_steinhart_hart": {},
    "tilt_in_place": {"gauge_lengths_m": [2]},
    "tilt_two_face": {},
    "vibrating_wire_linear": {"gauge_factor": -0.05, "zero_reading": 9000},
    "vibrating_wire_polynomial": {"a": 0, "b": -0.05, "c": 450},
}
READING = {
    "digits": 8000.0, "frequency": 2828.0, "thermistor_resistance": 3000.0, "signal": 2000.0,
    "stage": 0.3, "tips": 3.0, "tilt_a": 1.0, "face_a0": 30.0, "face_a180": -30.0,
    "temperature": 8.0,
}  # fmt: skip
AROUND = Surroundings(air_pressure=100.0, depths=(2.0,))


def block(method: str, **more: object) -> Calibration:
    said = {"method": method, "quantity": "result", "since": "2026-01-01"}
    return parse_calibration({**said, **BLOCKS[method], **more})


@pytest.mark.parametrize("method", METHODS)
def test_a_method_names_its_source(method: str) -> None:
    assert "Source: " in (METHODS[method].__doc__ or "")


@pytest.mark.parametrize("method", METHODS)
def test_a_result_is_a_number_and_without_an_input_it_is_not_known(method: str) -> None:
    made = block(method)
    (value,) = made.profile([READING], AROUND)
    assert value is not None
    assert math.isfinite(value)
    for missing in made.inputs:
        rest = {name: number for name, number in READING.items() if name != missing}
        assert made.profile([rest], AROUND) == [None]


@pytest.mark.parametrize("method", METHODS)
def test_a_version_is_what_the_block_says(method: str) -> None:
    made = block(method)
    turned = parse_calibration(dict(reversed(made.model_dump(mode="json").items())))
    assert turned.version == made.version
    assert block(method, note="another sheet").version != made.version


@pytest.mark.parametrize("method", METHODS)
def test_the_newest_block_of_a_quantity_holds(method: str) -> None:
    old, new = block(method), block(method, since="2026-05-01")
    for blocks in ((old, new), (new, old)):
        assert in_force(blocks, new.start) == {"result": new}
        assert in_force(blocks, old.start) == {"result": old}
    assert in_force((new,), old.start) == {}
