"""Runs the services of a site as processes: in order, restarted when they fall, stopped cleanly."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ingest.child_process import end_with_parent
from ingest.errors import PostmineError

_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 1.0, 30.0
_STOP_S = 10.0
#: A service that has run this long has started well; its next fall is forgiven anew [s].
_STEADY_S = 60.0


class StartFailed(PostmineError):
    """A service ended before it was ready; its own words are above, or in its log."""


@dataclass
class Service:
    """One process.

    Parameters
    ----------
    arguments
        What follows `postmine` on the command line.
    ready
        Whether the service has come up.
    needs
        Names of the services that must be ready before this one starts.
    once
        The service has an end of its own and is not started again after a clean one.
    """

    name: str
    arguments: Sequence[str]
    ready: Callable[[], bool] = lambda: True
    needs: tuple[str, ...] = ()
    once: bool = False
    process: subprocess.Popen[bytes] | None = field(default=None, repr=False)
    finished: bool = False
    started: float = 0.0
    pause_s: float = _FIRST_PAUSE_S
    next_start: float = 0.0


class Supervisor:
    """Keeps services running until it is told to stop.

    Parameters
    ----------
    services
        In the order in which they start; they stop in the other.
    environment
        Settings (`POSTMINE_*`) on top of this process's own.
    logs
        Folder for one log file a service; None leaves their words on this terminal.
    say
        Takes a line for the user.
    """

    def __init__(
        self,
        services: Sequence[Service],
        *,
        environment: Mapping[str, str],
        logs: Path | None,
        say: Callable[[str], None],
    ) -> None:
        self.services = list(services)
        self._environment = {**os.environ, **environment}
        self._logs, self._say = logs, say

    def start(self, stop: threading.Event, timeout_s: float = 120.0) -> None:
        """Start every service as soon as what it needs is ready, and wait for all.

        Raises
        ------
        StartFailed
            When one ends, or does not become ready in time.
        """
        deadline = time.monotonic() + timeout_s
        ready: set[str] = set()
        while len(ready) < len(self.services) and not stop.is_set():
            for service in self.services:
                if service.process is None and ready.issuperset(service.needs):
                    self._launch(service)
                if service.process is None or service.name in ready:
                    continue
                code = service.process.poll()
                if code is not None and not (service.once and code == 0):
                    raise StartFailed(self._last_words(service, f"ended with exit code {code}"))
                if service.ready():
                    ready.add(service.name)
            if time.monotonic() > deadline:
                late = next(found for found in self.services if found.name not in ready)
                raise StartFailed(self._last_words(late, f"not ready in {timeout_s:.0f} s"))
            stop.wait(0.1)

    def watch(self) -> None:
        """Look after every service once: start again what has fallen, with growing pauses."""
        now = time.monotonic()
        for service in self.services:
            if service.finished:
                continue
            if service.process is None:
                if now >= service.next_start:
                    self._launch(service)
                continue
            code = service.process.poll()
            if code is None:
                if now - service.started > _STEADY_S:
                    service.pause_s = _FIRST_PAUSE_S
                continue
            if service.once and code == 0:
                service.finished = True
                continue
            service.process = None
            service.next_start = now + service.pause_s
            self._say(
                self._last_words(
                    service,
                    f"ended with exit code {code}; starts again in {service.pause_s:.0f} s",
                )
            )
            service.pause_s = min(2 * service.pause_s, _LONGEST_PAUSE_S)

    def stop(self) -> None:
        """End every service, last started first, and wait until all are gone."""
        for service in reversed(self.services):
            process = service.process
            if process is None or process.poll() is not None:
                continue
            process.terminate()
            try:
                process.wait(_STOP_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def _launch(self, service: Service) -> None:
        with contextlib.ExitStack() as stack:
            output = None
            if self._logs is not None:
                self._logs.mkdir(parents=True, exist_ok=True)
                output = stack.enter_context((self._logs / f"{service.name}.log").open("ab"))
            # A session of its own: Ctrl-C reaches us alone, and we end them in order.
            service.process = subprocess.Popen(
                [sys.executable, "-m", "dashboard.cli", *service.arguments],
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
                preexec_fn=end_with_parent,
            )
        service.started = time.monotonic()

    def _last_words(self, service: Service, what: str) -> str:
        text = f"{service.name}: {what}"
        if self._logs is not None:
            path = self._logs / f"{service.name}.log"
            with contextlib.suppress(OSError):
                lines = path.read_text(encoding="utf-8", errors="replace").strip().splitlines()
                if lines:
                    text += f"\n  {lines[-1]}"
            text += f"\n  log: {path}"
        return text
