"""A sign of life of each service in the run's folder, for health checks and the page."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from pathlib import Path

import msgspec

#: A service that has been silent for longer is taken for dead [s].
SILENT_S = 30.0
_BEAT_S = 2.0


class Beat(msgspec.Struct, kw_only=True):
    """The last sign of life of a service.

    Parameters
    ----------
    numbers
        What the service counts, for `/metrics`: what only grows ends in `_total` and begins anew
        with the process.
    """

    service: str
    pid: int
    ok: bool
    detail: str
    age_s: float = 0.0
    numbers: dict[str, float] = {}

    @property
    def alive(self) -> bool:
        """Whether the service is running and content."""
        return self.ok and self.age_s <= SILENT_S


class Heartbeat:
    """Writes the sign of life of one service, at most every two seconds."""

    def __init__(self, data_dir: Path, service: str) -> None:
        self._path = data_dir / "health" / f"{service}.json"
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._service = service
        self._next = 0.0
        self._last: tuple[bool, str] | None = None

    def beat(
        self, *, ok: bool = True, detail: str = "", numbers: Mapping[str, float] | None = None
    ) -> None:
        """Say that the service is alive; a change of `ok` is written at once."""
        now = time.monotonic()
        if now < self._next and self._last is not None and self._last[0] == ok:
            return
        self._next, self._last = now + _BEAT_S, (ok, detail)
        beat = Beat(
            service=self._service,
            pid=os.getpid(),
            ok=ok,
            detail=detail,
            numbers=dict(numbers or {}),
        )
        part = self._path.with_suffix(".part")
        part.write_bytes(msgspec.json.encode(beat))
        part.replace(self._path)


def read_beat(data_dir: Path, service: str) -> Beat | None:
    """Return the last sign of life of a service, None if it has never given one."""
    path = data_dir / "health" / f"{service}.json"
    try:
        beat = msgspec.json.decode(path.read_bytes(), type=Beat)
        age_s = time.time() - path.stat().st_mtime
    except (OSError, msgspec.DecodeError):
        return None
    beat.age_s = max(age_s, 0.0)
    return beat


def read_beats(data_dir: Path) -> list[Beat]:
    """Return the last sign of life of every service of a run, by name."""
    names = sorted(path.stem for path in (data_dir / "health").glob("*.json"))
    return [beat for name in names if (beat := read_beat(data_dir, name)) is not None]
