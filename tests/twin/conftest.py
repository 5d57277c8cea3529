from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from ingest.site import Site, load_site
from ingest.store import Store
from ingest.store.embedded import EmbeddedStore
from twin.plan import Plan, load_plan


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
