from __future__ import annotations

import pytest

from ingest.site import Site, load_site
from simulators.run import Simulation, simulate
from simulators.scenario import Scenario, load_scenario


@pytest.fixture(scope="session")
def abaza() -> Site:
    return load_site("abaza")


@pytest.fixture(scope="session")
def first_year(abaza: Site) -> Simulation:
    return simulate(load_scenario("abaza_first_year"), abaza)


@pytest.fixture(scope="session")
def faulty() -> Scenario:
    return load_scenario("instrument_faults")
