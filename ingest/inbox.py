"""A watched folder: files that come to rest in it are imported and moved beside, with the reason.

The folder is looked at again and again instead of waiting for the system's word: that also works
on the network shares onto which loggers' software writes.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import structlog

from ingest.errors import ConfigurationError, ServiceError
from ingest.heartbeat import Heartbeat
from ingest.import_map import ImportMap
from ingest.importer import FileReport, import_file
from ingest.run import Run
from ingest.service_loop import run_steps

log = structlog.get_logger()

#: Names that programs give to files that they are still writing.
_PARTIAL = (".part", ".tmp", ".filepart", ".crdownload", ".partial")
DONE, REFUSED = "done", "refused"


class _Look(NamedTuple):
    size: int
    changed: int


class Inbox:
    """Imports what is put into a folder.

    A file is taken when two looks find it unchanged. It goes to `done/`, or, when any of it was
    refused, to `refused/` with the reasons in a text file beside it; what was good in it is stored,
    and after a correction it may be put in again.

    Parameters
    ----------
    folder
        It is made when it is missing.
    import_map
        For every file; None: by the site's `imports:`.

    Raises
    ------
    ServiceError
        When the folder cannot be used.
    """

    def __init__(self, run: Run, folder: Path, import_map: ImportMap | None = None) -> None:
        self._run, self._folder, self._map = run, folder, import_map
        self._looks: dict[Path, _Look] = {}
        self._done = self._refused = 0
        try:
            for name in (DONE, REFUSED):
                (folder / name).mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ServiceError(f"folder {folder} cannot be used: {error}") from error

    def step(self) -> int:
        """Import what has come to rest since the last look; return the number of files."""
        looks = dict(self._look())
        resting = [path for path, look in looks.items() if self._looks.get(path) == look]
        self._looks = looks
        for path in sorted(resting):
            self._take(path)
            self._looks.pop(path, None)
        return len(resting)

    def detail(self) -> str:
        """Say what was done, for the heartbeat."""
        return (
            f"{self._done} files imported, {self._refused} refused, {len(self._looks)} waiting in"
            f" {self._folder}"
        )

    def _look(self) -> Iterator[tuple[Path, _Look]]:
        try:
            for path in self._folder.iterdir():
                if path.name.startswith((".", "~")) or path.name.lower().endswith(_PARTIAL):
                    continue
                with contextlib.suppress(FileNotFoundError):
                    found = path.stat()
                    if path.is_file():
                        yield path, _Look(found.st_size, found.st_mtime_ns)
        except OSError as error:
            raise ServiceError(f"folder {self._folder} cannot be read: {error}") from error

    def _take(self, path: Path) -> None:
        try:
            report = import_file(self._run, path, self._map)
        except ConfigurationError as error:  # the map of this file alone is wrong
            report = FileReport(file=str(path), format="", dry_run=False, problem=str(error))
        try:
            moved = _move(path, self._folder / (DONE if report.ok else REFUSED))
            if not report.ok:
                words = moved.with_name(f"{moved.name}.reason.txt")
                words.write_text("\n".join(reasons(report)) + "\n", encoding="utf-8")
        except OSError as error:
            raise ServiceError(f"{path} cannot be moved: {error}") from error
        self._done += report.ok
        self._refused += not report.ok
        log.info(
            "file_imported" if report.ok else "file_refused",
            file=path.name,
            moved_to=str(moved),
            problem=report.problem,
            stored=sum(count.stored for count in report.instruments.values()),
            refused=report.refused,
        )


@contextlib.contextmanager
def watching(
    run: Run, folder: Path, stop: threading.Event, heartbeat: Heartbeat, *, poll_s: float = 2.0
) -> Iterator[Inbox]:
    """Import what is put into a folder, beside what else a service does, until `stop` is set.

    Leaving it waits for the file that is being imported.
    """
    inbox = Inbox(run, folder)
    left = threading.Event()

    def follow() -> None:
        run_steps(inbox.step, _Either(stop, left), heartbeat, poll_s=poll_s, detail=inbox.detail)

    thread = threading.Thread(target=follow, name="inbox")
    thread.start()
    try:
        yield inbox
    finally:
        left.set()
        thread.join()


class _Either(threading.Event):
    """Set when one of two events is."""

    def __init__(self, first: threading.Event, second: threading.Event) -> None:
        super().__init__()
        self._first, self._second = first, second

    def is_set(self) -> bool:
        """Return whether one of them is set."""
        return self._first.is_set() or self._second.is_set()

    def wait(self, timeout: float | None = None) -> bool:
        """Wait for the second one, or for the time."""
        self._second.wait(timeout)
        return self.is_set()


def reasons(report: FileReport) -> list[str]:
    """Return what was refused of a file and why, a line each."""
    if report.problem is not None:
        return [f"nothing is stored: {report.problem}"]
    told = [
        f"line {refusal.line}{f' ({refusal.instrument})' if refusal.instrument else ''}:"
        f" {refusal.reason}"
        for refusal in report.refusals
    ]
    if report.refused > len(told):
        told.append(f"and {report.refused - len(told)} more")
    return told


def _move(path: Path, folder: Path) -> Path:
    """Move a file without overwriting one of the same name."""
    target, number = folder / path.name, 1
    while target.exists():
        number += 1
        target = folder / f"{path.stem}.{number}{path.suffix}"
    return path.rename(target)
