"""The HTTP server: one clear line when it cannot start, a page when it can."""

from __future__ import annotations

import socket
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from dashboard.server import listen
from ingest.errors import ServiceError

PROGRAM = """
import sys
from pathlib import Path
from dashboard.app import create_app
from dashboard.server import serve
from ingest.clock import WallClock
from ingest.settings import load_settings
from ingest.site import load_site
from ingest.store.embedded import EmbeddedStore

folder, site = Path(sys.argv[1]), load_site(sys.argv[2])
settings = load_settings(data_dir=folder)
app = create_app(site, EmbeddedStore(folder, site), None, WallClock(), settings)
serve(app, "127.0.0.1", 0, on_ready=lambda url: print(url, flush=True))
"""


def test_a_port_in_use_is_one_line_with_the_cure() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(ServiceError, match=f"port {port} of 127.0.0.1 is in use.*--port") as e:
            listen("127.0.0.1", port)
    assert "\n" not in str(e.value)


def test_an_address_of_another_machine_cannot_be_listened_on() -> None:
    with pytest.raises(ServiceError, match=r"192\.0\.2\.1 is not an address of this machine"):
        listen("192.0.2.1", 0)


def test_a_name_that_does_not_exist_is_named() -> None:
    with pytest.raises(ServiceError, match="'no such name'"):
        listen("no such name", 0)


def test_port_0_takes_a_free_one_and_a_stopped_server_leaves_its_port() -> None:
    with listen("127.0.0.1", 0) as first:
        port = first.getsockname()[1]
    assert port > 0
    listen("127.0.0.1", port).close()


def test_a_served_run_answers_and_stops_when_asked(tmp_path: Path, small_site) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(tmp_path), str(small_site.folder)],
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        assert url.startswith("http://127.0.0.1:")
        with urllib.request.urlopen(f"{url}/api/v1/health", timeout=60) as answer:
            assert answer.status == 200
        process.terminate()
        assert process.wait(timeout=30) in (0, -15)
    finally:
        process.kill()
        process.wait()
