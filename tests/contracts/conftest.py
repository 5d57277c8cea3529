"""The stores that the contract suite runs over."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from ingest.site import Site
from ingest.store import Store
from ingest.store.embedded import EmbeddedStore


@pytest.fixture(params=["embedded"])
def store(request: pytest.FixtureRequest, tmp_path: Path, small_site: Site) -> Iterator[Store]:
    opened = EmbeddedStore(tmp_path / "run", small_site)
    yield opened
    opened.close()
