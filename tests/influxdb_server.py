"""A real InfluxDB 2 for tests: by address, else `influxd` from PATH, else a skip that says how."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import pytest

from ingest.store.influxdb import InfluxAdmin, is_fresh, set_up

ORG = "postmine-tests"
HOW = (
    "no InfluxDB 2: put influxd on PATH, or set POSTMINE_TEST_INFLUXDB_URL and"
    " POSTMINE_TEST_INFLUXDB_TOKEN (an operator's token), for example of the image influxdb:2"
)
_numbers = count()


@dataclass
class TestServer:
    """An InfluxDB on which tests make buckets of their own."""

    __test__ = False

    url: str
    token: str
    org: str = ORG

    def new_bucket(self, *, name: str = "", retention_s: int = 0) -> str:
        name = name or f"test-{os.getpid()}-{next(_numbers)}"
        admin = InfluxAdmin(self.url, token=self.token)
        try:
            admin.bucket(name, admin.organisation(self.org)[0], retention_s)
        finally:
            admin.close()
        return name


class LocalServer:
    """`influxd` from PATH in a folder of its own, which tests may kill and start again."""

    def __init__(self, folder: Path) -> None:
        found = shutil.which("influxd")
        if found is None:
            pytest.skip(HOW)
        self._command, self._folder = found, folder
        self._process: subprocess.Popen[bytes] | None = None
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self._port = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{self._port}"

    def start(self) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [
                    self._command,
                    f"--http-bind-address=127.0.0.1:{self._port}",
                    f"--bolt-path={self._folder / 'influxd.bolt'}",
                    f"--engine-path={self._folder / 'engine'}",
                    f"--sqlite-path={self._folder / 'influxd.sqlite'}",
                    "--reporting-disabled",
                ],
                stdout=log,
                stderr=log,
            )
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            try:
                with urllib.request.urlopen(f"{self.url}/ping", timeout=1):
                    return
            except (urllib.error.URLError, OSError):
                if self._process.poll() is not None:
                    break
                time.sleep(0.05)
        raise AssertionError(
            f"influxd does not start: {(self._folder / 'log').read_text()[-2000:]}"
        )

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        if self._process is not None:
            self._process.send_signal(how)
            self._process.wait(timeout=60)
            self._process = None


@contextmanager
def running_server(folder: Path) -> Iterator[TestServer]:
    """Yield the InfluxDB that tests share."""
    given = os.environ.get("POSTMINE_TEST_INFLUXDB_URL", "")
    if given:
        yield TestServer(given, os.environ["POSTMINE_TEST_INFLUXDB_TOKEN"])
        return
    local = LocalServer(folder)
    local.start()
    try:
        yield TestServer(local.url, first_token(local.url))
    finally:
        local.stop()


def first_token(url: str) -> str:
    """Set a fresh server up; return the operator's token."""
    assert is_fresh(url)
    return set_up(
        url, user="tests", password="only-for-tests", org=ORG, bucket="first", retention_s=0
    )
