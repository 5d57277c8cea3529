"""A run on the small site, and maps for its files."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ingest.clock import ManualClock
from ingest.import_map import ImportMap, load_map
from ingest.run import Run
from ingest.settings import load_settings
from ingest.site import Site
from ingest.store.embedded import EmbeddedStore

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def make_run(folder: Path, site: Site) -> Run:
    return Run(
        name="small",
        site=site,
        settings=load_settings(data_dir=folder),
        store=EmbeddedStore(folder, site),
        clock=ManualClock(NOW),
        clock_kind="wall",
        state_every_s=3600,
    )


@pytest.fixture
def run(tmp_path: Path, small_site: Site) -> Iterator[Run]:
    made = make_run(tmp_path / "data", small_site)
    yield made
    made.close()


@pytest.fixture
def a_map(tmp_path: Path, small_site: Site) -> Callable[[str], ImportMap]:
    def make(text: str) -> ImportMap:
        path = tmp_path / "map.yaml"
        path.write_text(text, encoding="utf-8")
        return load_map(path, small_site)

    return make


@pytest.fixture
def a_file(tmp_path: Path) -> Callable[..., Path]:
    def make(content: str | bytes, name: str = "file.csv") -> Path:
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return make
