"""Runs that the pages are shown: a full one and an empty one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from dashboard.queries import Queries
from tests.played_run import opened, play


@pytest.fixture(scope="session")
def played_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("played")
    play(folder)
    return folder


@pytest.fixture(scope="session")
def full(played_folder: Path) -> Iterator[Queries]:
    with opened(played_folder) as run:
        yield Queries(run.site, run.store, run.journal, run.clock, run.settings)


@pytest.fixture(scope="session")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Queries]:
    with opened(tmp_path_factory.mktemp("empty")) as run:
        yield Queries(run.site, run.store, run.journal, run.clock, run.settings)


@pytest.fixture(scope="session")
def without_plan(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Queries]:
    with opened(tmp_path_factory.mktemp("brabant"), "brabant") as run:
        yield Queries(run.site, run.store, run.journal, run.clock, run.settings)
