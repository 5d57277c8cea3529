"""Builds the broker journal, the plugin of mosquitto in broker_journal.c, where that can be done.

With it a message that mosquitto has acknowledged outlives a kill of mosquitto. It needs mosquitto
2.0, a C compiler and the headers of plugins (on Debian: mosquitto, gcc, libc6-dev, mosquitto-dev).
"""

from __future__ import annotations

import hashlib
import os
import platform
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

import platformdirs

from ingest.text import Text

_SOURCE = Path(__file__).with_suffix(".c")
_FLAGS = ("-std=c11", "-O2", "-Wall", "-Wextra", "-fPIC", "-shared")
_COMPILE_S = 120.0


class NoJournal(Exception):
    """The broker journal cannot be built here; `reason` says why, and how to change it."""

    def __init__(self, reason: Text) -> None:
        super().__init__(str(reason))
        self.reason = reason


def build_journal(mosquitto: str, folder: Path | None = None) -> Path:
    """Return the plugin's file, compiled if it is not there yet.

    Parameters
    ----------
    mosquitto
        The program that will load it.
    folder
        Where it is to lie; None: in the user's cache.

    Raises
    ------
    NoJournal
        When this mosquitto cannot load it, or it cannot be compiled.
    """
    if sys.platform != "linux":
        raise NoJournal(Text("the broker journal is made for Linux"))
    version = _version(mosquitto)
    if not version.startswith("2.0."):
        raise NoJournal(
            Text(
                "the broker journal is made for mosquitto 2.0, and this is {version}",
                {"version": version},
            )
        )
    source = _SOURCE.read_bytes()
    told = b"\0".join([source, version.encode(), platform.machine().encode()])
    name = f"broker_journal-{hashlib.sha256(told).hexdigest()[:16]}.so"
    folder = folder or Path(platformdirs.user_cache_dir("postmine"))
    path = folder / name
    if not path.exists():
        _compile(path)
    return path


def _compile(path: Path) -> None:
    compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
    if compiler is None:
        raise NoJournal(
            Text(
                "there is no C compiler for the broker journal; on Debian: apt install gcc"
                " libc6-dev mosquitto-dev"
            )
        )
    part = path.with_suffix(f".{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        done = subprocess.run(
            [compiler, *_FLAGS, "-o", str(part), str(_SOURCE)],
            capture_output=True,
            text=True,
            timeout=_COMPILE_S,
            check=False,
        )
        if done.returncode == 0:
            part.replace(path)
            return
        part.unlink(missing_ok=True)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise NoJournal(
            Text("the broker journal cannot be built: {error}", {"error": str(error)})
        ) from error
    first = next((line for line in done.stderr.splitlines() if "error" in line), "no reason given")
    told: dict[str, str | int | float] = {"error": first.strip()}
    if ".h" in first:
        raise NoJournal(
            Text(
                "the broker journal cannot be compiled: {error}; on Debian: apt install libc6-dev"
                " mosquitto-dev",
                told,
            )
        )
    raise NoJournal(Text("the broker journal cannot be compiled: {error}", told))


@cache
def _version(mosquitto: str) -> str:
    """Return the version of a mosquitto, as its help tells it."""
    try:
        told = subprocess.run(
            [mosquitto, "-h"], capture_output=True, text=True, timeout=20, check=False
        ).stdout
    except (OSError, subprocess.TimeoutExpired) as error:
        raise NoJournal(
            Text(
                "{program} does not tell its version: {error}",
                {"program": mosquitto, "error": str(error)},
            )
        ) from error
    words = told.partition("\n")[0].split()
    return words[-1] if words else "unknown"
