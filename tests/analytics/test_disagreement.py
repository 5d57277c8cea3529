from __future__ import annotations

import pytest

from analytics.indicator import Facts
from analytics.indicators.pore_pressure_disagreement import PorePressureDisagreement
from ingest.site import load_site
from tests.analytics.states import known, nothing, pressure, twin_state

SITE = load_site("abaza")


def scores(changes: list[float]) -> dict[str, float | str | None]:
    state = twin_state(
        pressure=[
            pressure(f"pz-650-{number:02d}", known(change, "kPa"))
            for number, change in enumerate(changes, start=1)
        ]
    )
    figures = PorePressureDisagreement().figures(SITE, state, Facts())
    return {name: figure.value for name, figure in figures.items()}


def test_one_that_drifts_alone_stands_out() -> None:
    found = scores([20, 1, 0, -1, 0, 1])
    # median 0, MAD 1 of the neighbours, largest departure to the same side 1.
    assert found["pz-650-01"] == pytest.approx(0.6745 * (20 - 2 * 1) / 1)
    assert max(value for name, value in found.items() if name != "pz-650-01") < 3.5


def test_a_part_of_a_slope_that_rises_together_does_not() -> None:
    assert max(scores([45, 30, 38, 26, 0, 1, 0, -1, 0, 1]).values()) == 0


def test_it_works_to_both_sides() -> None:
    assert scores([-20, 1, 0, -1, 0, 1])["pz-650-01"] == scores([20, 1, 0, -1, 0, 1])["pz-650-01"]


def test_too_few_neighbours_give_no_score() -> None:
    state = twin_state(
        pressure=[pressure(f"pz-650-{n:02d}", known(1.0, "kPa")) for n in range(1, 5)]
        + [pressure("pz-650-05", nothing("kPa"))]
    )
    figures = PorePressureDisagreement().figures(SITE, state, Facts())
    assert str(figures["pz-650-01"].reason) == "Only 3 of 4 neighbours have a current value"
