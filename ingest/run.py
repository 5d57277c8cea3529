"""A run: a site, a data folder and a clock of its own. Live and replayed data never mix."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal

import msgspec

from ingest.clock import EPOCH, Clock, WallClock
from ingest.errors import ConfigurationError, ServiceError
from ingest.settings import Settings
from ingest.site import Site, load_site
from ingest.store import Store
from ingest.store.open import open_store
from ingest.text import Text

ClockKind = Literal["wall", "replay"]


class RunClock:
    """The clock of a replay run: where the replay stands, as the store knows it."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def now(self) -> datetime:
        """Return the replay's time; 1970 before it has begun."""
        return self._store.run_time() or EPOCH


@dataclass(frozen=True)
class Run:
    """What every service of a run works on."""

    name: str
    site: Site
    settings: Settings
    store: Store
    clock: Clock
    clock_kind: ClockKind
    state_every_s: float

    @property
    def replayed(self) -> bool:
        """Whether the run follows the clock of a replay."""
        return self.clock_kind == "replay"

    def close(self) -> None:
        """Release the store."""
        self.store.close()


def open_run(
    settings: Settings,
    *,
    clock: ClockKind | None = None,
    name: str | None = None,
    state_every_s: float | None = None,
    existing: bool = False,
) -> Run:
    """Open the run of the settings' data folder; the first opening decides what it is.

    Parameters
    ----------
    clock
        What a new run follows: "wall" (default) or "replay". An existing run keeps its own.
    name
        Name of a new run; the site's name by default.
    state_every_s
        Time between two states [s]; by default what the site says.
    existing
        There must be a run: nothing is made in a folder without one.

    Raises
    ------
    ConfigurationError
        When there must be a run and is none, or the folder belongs to another site, or to a run
        with another name or clock.
    ServiceError
        When the folder cannot be used.
    """
    site = load_site(settings.site)
    path = settings.data_dir / "run.json"
    if existing:
        check_run(settings.data_dir)
    try:
        settings.data_dir.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            write_json(
                path,
                {
                    "name": name or site.name,
                    "site": site.name,
                    "clock": clock or "wall",
                    "state_every_s": state_every_s or site.state_every_s,
                },
            )
        known = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ServiceError(f"data folder {settings.data_dir} cannot be used: {error}") from error
    except ValueError as error:
        raise ConfigurationError("run.json", legal="JSON", file=path, cure=str(error)) from error
    if known["site"] != site.name:
        raise ConfigurationError(
            f"data folder {settings.data_dir}: its site",
            value=known["site"],
            legal=site.name,
            cure="give another --data-dir; one folder holds one run",
        )
    if name is not None and known["name"] != name:
        raise ConfigurationError(
            f"data folder {settings.data_dir}: its run",
            value=known["name"],
            legal=name,
            cure="give another --data-dir; two replays must not mix",
        )
    if clock is not None and known["clock"] != clock:
        raise ConfigurationError(
            f"data folder {settings.data_dir}: its clock",
            value=known["clock"],
            legal=clock,
            cure="give another --data-dir; live and replayed data must not mix",
        )
    store = open_store(settings, site)
    return Run(
        name=known["name"],
        site=site,
        settings=settings,
        store=store,
        clock=RunClock(store) if known["clock"] == "replay" else WallClock(),
        clock_kind=known["clock"],
        state_every_s=known["state_every_s"],
    )


def check_run(data_dir: Path) -> None:
    """Refuse a folder that holds no run: its name may be misspelt.

    Raises
    ------
    ConfigurationError
        When there is none.
    """
    if (data_dir / "run.json").exists():
        return
    raise ConfigurationError(
        "--data-dir or POSTMINE_DATA_DIR",
        value=str(data_dir),
        legal="a folder that holds a run",
        cure="postmine run, demo, import or simulate --out store begin one",
    )


def run_clock_kind(data_dir: Path) -> ClockKind:
    """Return what clock the run of a folder follows; "wall" where there is no run."""
    path = data_dir / "run.json"
    if not path.exists():
        return "wall"
    kind: ClockKind = json.loads(path.read_text(encoding="utf-8"))["clock"]
    return kind


class OwnBroker(msgspec.Struct, kw_only=True, frozen=True):
    """The broker that a run has started, as it is noted in the run's folder.

    Parameters
    ----------
    said
        What a kill of it can cost, then why and the cure; empty: nothing.
    """

    url: str
    kind: str = ""
    said: tuple[Text, ...] = ()


def remember_broker(data_dir: Path, broker: OwnBroker) -> None:
    """Note the run's own broker, for `postmine replay`, health and the like."""
    write_json(data_dir / "broker.json", msgspec.to_builtins(broker))


def own_broker(settings: Settings) -> OwnBroker | None:
    """Return the broker that the run has started; None where it uses another one, or none yet."""
    path = settings.data_dir / "broker.json"
    try:
        noted = msgspec.json.decode(path.read_bytes(), type=OwnBroker)
    except (OSError, msgspec.DecodeError):
        return None
    given = settings.mqtt_url.get_secret_value()
    return noted if given in ("", noted.url) else None


def broker_url(settings: Settings) -> str:
    """Return the broker's address: as set, else of the run's own broker, else port 1883 here."""
    given = settings.mqtt_url.get_secret_value()
    if given:
        return given
    noted = own_broker(settings)
    return noted.url if noted else "mqtt://127.0.0.1:1883"


def write_json(path: Path, content: object) -> None:
    """Write a small file so that nobody ever reads half of it."""
    part = path.with_suffix(f".{os.getpid()}.part")
    part.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    part.replace(path)
