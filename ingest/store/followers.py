"""Those who follow the changes of an embedded store: pruning waits for each of them."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from ingest.errors import ConfigurationError, ServiceError
from ingest.store.influxdb_store import DERIVED_FOLLOWER, FOLLOWER

_PATIENCE_S = 10.0


def followers(folder: Path) -> dict[str, int]:
    """Return the last change that each follower of readings has dealt with, but the forwarder's.

    Parameters
    ----------
    folder
        Data folder of the run.
    """
    with _states(folder) as db:
        rows = db.execute("SELECT follower, sequence FROM cursor ORDER BY follower").fetchall()
    return {name: sequence for name, sequence in rows if name not in (FOLLOWER, DERIVED_FOLLOWER)}


def forget(folder: Path, follower: str) -> None:
    """Forget a follower that is gone for ever, so that pruning waits for it no more.

    One that comes back after all begins with the changes that are left then.

    Raises
    ------
    ConfigurationError
        When there is no such follower.
    """
    known = followers(folder)
    if follower not in known:
        raise ConfigurationError(
            "follower", value=follower, legal=", ".join(known) or "none: pruning waits for nobody"
        )
    with _states(folder) as db, db:
        db.execute("DELETE FROM cursor WHERE follower = ?", (follower,))


@contextmanager
def _states(folder: Path) -> Iterator[sqlite3.Connection]:
    path = folder / "states.sqlite"
    if not path.exists():
        raise ServiceError(f"there is no run in {folder}; give its folder with --data-dir")
    try:
        with closing(sqlite3.connect(path, timeout=_PATIENCE_S)) as db:
            yield db
    except sqlite3.Error as error:
        raise ServiceError(f"{path} cannot be used: {error}") from error
