"""Start `postmine` as a user does, and talk to it over HTTP."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "dashboard.cli", *arguments]


def environment(**settings: object) -> dict[str, str]:
    """The environment of this process without anybody's settings, with `settings` as ours."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith("POSTMINE_")}
    return kept | {f"POSTMINE_{key.upper()}": str(value) for key, value in settings.items()}


def run(*arguments: str, timeout_s: float = 300, **settings: object) -> subprocess.CompletedProcess:
    """Run a command to its end; its output is text."""
    return subprocess.run(
        command(*arguments),
        env=environment(**settings),
        capture_output=True,
        text=True,
        timeout=timeout_s,
        check=False,
    )


@contextmanager
def started(
    *arguments: str, log: Path, stop_with: signal.Signals = signal.SIGINT, **settings: object
) -> Iterator[subprocess.Popen]:
    """A command that runs until the end of the `with`, its words in `log`."""
    with log.open("ab") as words:
        process = subprocess.Popen(
            command(*arguments), env=environment(**settings), stdout=words, stderr=words
        )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.send_signal(stop_with)
            try:
                process.wait(60)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
                raise


def until(
    ask: Callable[[], Any], what: str, timeout_s: float = 300, log: Path | None = None
) -> Any:
    """Ask again until the answer is true, and return it."""
    deadline = time.monotonic() + timeout_s
    while not (answer := ask()):
        if time.monotonic() > deadline:
            words = log.read_text(errors="replace")[-3000:] if log and log.exists() else ""
            raise AssertionError(f"not within {timeout_s} s: {what}\n{words}")
        time.sleep(0.1)
    return answer


def get(port: int, path: str) -> Any:
    """Return the JSON of a GET, None while nobody answers."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=10) as answer:
            return json.load(answer)
    except OSError:
        return None
