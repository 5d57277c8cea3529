"""A running `postmine demo` for the benchmarks that look at one from outside."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

START_LIMIT_S = 90
STOP_LIMIT_S = 30


class Demo(NamedTuple):
    """Where a demo answers, and its first process."""

    address: str
    pid: int


@contextmanager
def running_demo(warm_up_s: float) -> Iterator[Demo]:
    """Start a demo on a free port, let it play for `warm_up_s` [s], and stop it at the end."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [str(Path(sys.executable).parent / "postmine"), "demo", "--port", str(port)]
    with tempfile.TemporaryDirectory() as folder, Path(folder, "demo.log").open("w+b") as log:
        process = subprocess.Popen(
            [*command, "--data-dir", str(Path(folder, "run"))],
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        address = f"http://127.0.0.1:{port}"
        try:
            _wait(process, address, Path(log.name))
            time.sleep(warm_up_s)
            yield Demo(address, process.pid)
        finally:
            process.send_signal(signal.SIGINT)
            try:
                process.wait(STOP_LIMIT_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _wait(process: subprocess.Popen[bytes], address: str, log: Path) -> None:
    """Return when the page's API answers."""
    deadline = time.monotonic() + START_LIMIT_S
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urllib.request.urlopen(f"{address}/api/v1/sites", timeout=2) as answer:
                json.load(answer)
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
    sys.exit(f"the demo did not start:\n{log.read_text(encoding='utf-8', errors='replace')}")
