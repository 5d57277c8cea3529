"""A real browser on a real server, both on this machine alone."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
import uvicorn

from dashboard.app import create_app
from dashboard.server import listen
from tests.played_run import Played, opened, play

ARGUMENTS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--no-first-run",
    "--disable-component-update",
    "--disable-sync",
]
CURE = "needs Chromium: `apt-get install chromium`, or put it on PATH under that name"


class Served(NamedTuple):
    url: str
    run: Played


@pytest.fixture(scope="session")
def browser():
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        pytest.skip(CURE)
    api = pytest.importorskip("playwright.sync_api", reason="pip install playwright")
    with api.sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        yield started
        started.close()


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder: Path = tmp_path_factory.mktemp("browser")
    play(folder)
    with opened(folder) as run:
        app = create_app(run.site, run.store, run.journal, run.clock, run.settings)
        bound = listen("127.0.0.1", 0)
        config = uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=1)
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [bound]}, daemon=True)
        thread.start()
        yield Served(f"http://127.0.0.1:{bound.getsockname()[1]}", run)
        server.should_exit = True
        thread.join(timeout=20)
        bound.close()
