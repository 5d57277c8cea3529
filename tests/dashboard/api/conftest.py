"""A run with readings, states, alarms and dead letters, served by the real application."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from analytics.alarms import Alarm, Transition
from analytics.journal import Journal
from dashboard.app import create_app
from ingest.clock import ManualClock, to_ns
from ingest.settings import Settings, load_settings
from ingest.site import Site, load_site
from ingest.store import DeadLetter, Row
from ingest.store.embedded import EmbeddedStore
from ingest.text import Text

START = datetime(2022, 1, 1, tzinfo=UTC)
NOW = START + timedelta(days=3)
HOURS = 72
#: When the late reading of `pz-1` at hour 10 arrived, and what it corrected.
LATE = START + timedelta(days=2)
SMALL = "/api/v1/sites/small"


@dataclass
class Served:
    """What a test may look behind."""

    site: Site
    store: EmbeddedStore
    journal: Journal
    clock: ManualClock
    settings: Settings
    client: TestClient


def row(
    instrument: str,
    hour: float,
    *,
    node: int = 0,
    received: datetime | None = None,
    **values: float,
) -> Row:
    time = to_ns(START + timedelta(hours=hour))
    kind = "test_inclinometer" if instrument.startswith("ipi") else "test_piezometer"
    return Row(kind, instrument, node, time, to_ns(received) if received else time, None, values)


def fill(served: Served) -> None:
    """pz-1 hourly (100 kPa and 1 kPa an hour), ipi-1 six-hourly, pz-2 silent; alarms, letters."""
    served.journal.record([alarm(number) for number in range(1, 6)])
    served.journal.record([alarm(1, site="elsewhere")])
    store = served.store
    store.append([row("pz-1", hour, pore_pressure=100.0 + hour) for hour in range(HOURS)])
    store.append(
        [
            row("ipi-1", hour, node=node, displacement_a=hour / 10 + node)
            for hour in range(0, HOURS, 6)
            for node in range(3)
        ]
    )
    store.append([row("pz-1", 10, received=LATE, pore_pressure=55.0)])
    wild = row("pz-1", 5.5, pore_pressure=5000.0)
    store.append([wild._replace(flags={"pore_pressure": "out_of_range"})])
    store.append(
        [],
        dead_letters=[
            DeadLetter(
                topic="postmine/v1/small/pz-9/readings",
                payload=b"\xff{}",
                size=3,
                reason=f"letter {number}",
                received=START + timedelta(hours=number),
            )
            for number in range(5)
        ],
    )


def alarm(number: int, site: str = "small") -> Transition:
    raised = START + timedelta(hours=number)
    raised_alarm = Alarm(
        site=site,
        risk=f"risk_{number}",
        title=Text("Pore pressure"),
        zone="dump",
        level="warning",
        highest="warning",
        raised=raised,
        last_change=raised,
    )
    return Transition(kind="raised", time=raised, alarm=raised_alarm)


@contextmanager
def serving(folder: Path, site: Site) -> Iterator[Served]:
    settings, clock = load_settings(data_dir=folder), ManualClock(NOW)
    store, journal = EmbeddedStore(folder, site), Journal(settings.journal_url)
    app = create_app(site, store, journal, clock, settings, refresh_s=0)
    with TestClient(app, raise_server_exceptions=False) as client:
        yield Served(site, store, journal, clock, settings, client)
    journal.close()
    store.close()


@pytest.fixture
def served(tmp_path: Path, small_site: Site) -> Iterator[Served]:
    """A run that the test may change."""
    with serving(tmp_path, small_site) as served:
        fill(served)
        yield served


@pytest.fixture(scope="session")
def client(tmp_path_factory: pytest.TempPathFactory, small_site: Site) -> Iterator[TestClient]:
    """The client of a run that nobody may change."""
    with serving(tmp_path_factory.mktemp("shared"), small_site) as served:
        fill(served)
        yield served.client


@pytest.fixture(scope="session")
def abaza(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    """The client of the bundled site with nothing stored."""
    with serving(tmp_path_factory.mktemp("abaza"), load_site("abaza")) as served:
        yield served.client
