"""What leaves in a year and what it carries are on one basis."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ingest.figure import Figure
from ingest.site import Site
from ingest.store.embedded import EmbeddedStore
from tests.twin.ground import day, measure
from tests.twin.test_water_state import let_it_rain
from twin.plan import Plan
from twin.what_if.changes import read_changes
from twin.what_if.run import run
from twin.what_if.start import Start, gather

DAYS = 365

#: A flood in May runs thin, the low flow of December thick.
SEASON = np.cos(2 * np.pi * (np.arange(DAYS) - 135) / 365)
FLOW, SULFATE = 10 + 7 * SEASON, 400 - 200 * SEASON  # L/s, mg/L


def started(site: Site, plan: Plan, folder: Path, sulfate_days: int) -> Start:
    store = EmbeddedStore(folder, site)
    let_it_rain(site, store, DAYS)
    noon = np.arange(DAYS) + 0.5
    measure(site, store, "ws-01", "flow", zip(noon, FLOW, strict=True))
    told = list(zip(noon, SULFATE, strict=True))[-sulfate_days:]
    measure(site, store, "ws-01", "sulfate", told)
    found = gather(site, plan, store, at=day(DAYS), known_at=day(DAYS))
    store.close()
    return found


@pytest.fixture(scope="module")
def start(tmp_path_factory: pytest.TempPathFactory, abaza: Site, plan: Plan) -> Start:
    return started(abaza, plan, tmp_path_factory.mktemp("water"), DAYS)


def told(start: Start, **changes: float) -> tuple[Figure, Figure]:
    asked = read_changes({key.replace("__", "."): v for key, v in changes.items()}, start.inputs)
    found = run(start, asked)
    return found.measure("outflow").figure, found.measure("load.ws-01.sulfate").figure


def test_the_load_of_a_year_is_the_sum_of_its_days(start: Start) -> None:
    water, load = told(start)
    assert (water.unit, load.unit) == ("thousand m3/y", "t/y")
    assert water.value == pytest.approx(FLOW.sum() * 86.4e-3, rel=1e-3)
    assert load.value == pytest.approx((FLOW * SULFATE).sum() * 86.4e-6, rel=1e-3)


def test_water_and_load_of_one_answer_are_on_one_basis(start: Start) -> None:
    water, load = told(start)
    together = float(load.value or 0) / float(water.value or 1) * 1000  # mg/L
    assert together == pytest.approx((FLOW * SULFATE).sum() / FLOW.sum(), rel=1e-3)
    assert f"{together:.3g} mg/L" in str(load.validity)
    assert "12 whole months from 2022-01" in str(water.validity)
    # The low flow of the last thirty days, on which it does not rest, is much thicker.
    assert together < 0.75 * SULFATE[-30:].mean()


def test_the_interval_of_the_load_holds_that_of_the_water_and_more(start: Start) -> None:
    water, load = told(start)

    def half(figure: Figure) -> float:
        assert isinstance(figure.value, float)
        assert isinstance(figure.low, float)
        assert isinstance(figure.high, float)
        assert figure.low < figure.value < figure.high
        return (figure.high - figure.low) / 2 / figure.value

    assert half(water) == pytest.approx(1.96 * 0.08, rel=1e-6)
    # The flow errs by 8 %, the concentration by more than its instrument.
    rules = start.water.loads if start.water else None
    assert rules is not None
    least = np.hypot(0.08, rules.concentration_uncertainty)
    assert 1.96 * least < half(load) < 1.96 * least * 1.1
    assert load.confidence == water.confidence == 0.95


def test_more_rain_carries_more_in_the_same_proportion(start: Start) -> None:
    water, load = told(start)
    wetter, more = told(start, rain__factor=1.2)
    assert float(wetter.value or 0) > float(water.value or 0)
    assert float(more.value or 0) / float(load.value or 1) == pytest.approx(
        float(wetter.value or 0) / float(water.value or 1)
    )


def test_a_concentration_of_two_months_does_not_make_a_year(
    tmp_path: Path, abaza: Site, plan: Plan
) -> None:
    water, load = told(started(abaza, plan, tmp_path, 60))
    assert water.value is not None
    assert load.value is None
    assert str(load.reason) == (
        "Concentration and flow together in only 2 of 11 months of the outflow"
    )
