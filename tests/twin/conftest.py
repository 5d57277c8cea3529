from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from ingest.site import Site, load_site
from ingest.store import Store
from ingest.store.embedded import EmbeddedStore
from tests.twin.ground import ASH, ROCK, TAILINGS, day, measure, weigh
from twin.plan import Plan, load_plan
from twin.what_if.observed import Observed
from twin.what_if.start import Rise, Start, gather

#: Days of loads from which the runs of "What would happen if?" begin.
DAYS = 430
PIEZOMETERS = [f"pz-650-{number:02d}" for number in range(1, 13)]


@pytest.fixture(scope="session")
def abaza() -> Site:
    return load_site("abaza")


@pytest.fixture(scope="session")
def plan(abaza: Site) -> Plan:
    loaded = load_plan(abaza)
    assert loaded is not None
    return loaded


@pytest.fixture
def store(tmp_path: Path, abaza: Site) -> Iterator[Store]:
    opened = EmbeddedStore(tmp_path / "run", abaza)
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def fourteen_months(
    tmp_path_factory: pytest.TempPathFactory, abaza: Site, plan: Plan
) -> Iterator[Start]:
    """Fourteen months of loads, two breakdowns among them, and water in the fill."""
    store = EmbeddedStore(tmp_path_factory.mktemp("run"), abaza)
    rng = np.random.default_rng(3)
    factor = rng.normal(1.0, 0.1, DAYS)
    factor[100:115] = factor[300:320] = 0.2
    daily = ((ROCK, 140e3), (TAILINGS, 1e6), (ASH, 33.9e3))
    weigh(
        abaza,
        store,
        [
            (index + 0.5, stream, float(mass / 365 * max(factor[index], 0.0)))
            for index in range(DAYS)
            for stream, mass in daily
        ],
    )
    for name in PIEZOMETERS:
        measure(abaza, store, name, "pore_pressure", [(DAYS - 0.1, 60.0)])
    at = day(DAYS)
    found = gather(abaza, plan, store, at=at, known_at=at)
    # Nobody has measured the rain of these months: how it lifts the water is given.
    yield dataclasses.replace(
        found,
        rises=dict.fromkeys(PIEZOMETERS, Rise(0.5, 1.5)),
        observed=Observed((0.0, 5.0), dict.fromkeys(PIEZOMETERS, 800.0), DAYS),
    )
    store.close()
