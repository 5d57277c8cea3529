"""What every test may use: a small site, and the stores that are to be had here."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest
import structlog

from ingest.site import Site, load_site
from tests.influxdb_server import TestServer, running_server

DATA = Path(__file__).parent / "data"

# A test does not fail because the machine is busy.
hypothesis.settings.register_profile(
    "postmine", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("postmine")


@pytest.fixture(autouse=True)
def logs_as_at_the_start() -> Iterator[None]:
    """A command that a test runs in this process sends its logs to an output that then closes."""
    yield
    structlog.reset_defaults()


@pytest.fixture(scope="session")
def small_site() -> Site:
    return load_site(DATA / "small_site")


@pytest.fixture(scope="session")
def influxdb_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestServer]:
    with running_server(tmp_path_factory.mktemp("influxdb")) as server:
        yield server


@pytest.fixture(scope="session")
def gateway_site() -> Site:
    return load_site(DATA / "gateway_site")
