"""What every test may use: a small site, and the stores that are to be had here."""

from __future__ import annotations

from pathlib import Path

import pytest

from ingest.site import Site, load_site

DATA = Path(__file__).parent / "data"


@pytest.fixture(scope="session")
def small_site() -> Site:
    return load_site(DATA / "small_site")
