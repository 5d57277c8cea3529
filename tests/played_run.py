"""A finished run with everything on it that a page can show: faults, alarms, forecasts refused."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from analytics.evaluate import evaluate
from analytics.journal import Journal
from ingest.clock import ManualClock
from ingest.run import open_run
from ingest.settings import Settings, load_settings
from ingest.site import Site, load_site
from ingest.store import DeadLetter
from ingest.store.embedded import EmbeddedStore
from simulators.scenario import load_scenario

DAY_S = 86_400.0


class Played(NamedTuple):
    site: Site
    store: EmbeddedStore
    journal: Journal
    clock: ManualClock
    settings: Settings
    end: datetime


def play(folder: Path) -> None:
    """Play a fortnight of faults into the run of a folder."""
    scenario = load_scenario("instrument_faults")
    open_run(load_settings(site="abaza", data_dir=folder), clock="replay").close()
    evaluate(scenario, load_site("abaza"), folder=folder, state_every_s=DAY_S)


@contextmanager
def opened(folder: Path, site: str = "abaza") -> Iterator[Played]:
    """Open a run, an empty one when nothing was played into the folder."""
    loaded = load_site(site)
    store = EmbeddedStore(folder, loaded)
    journal = Journal(f"sqlite:///{folder / 'journal.sqlite'}")
    end = load_scenario("instrument_faults").end
    if store.span() is not None and not store.dead_letters():
        letter = DeadLetter(
            topic="postmine/v1/abaza/pz-650-01/readings",
            payload=b"\xff{",
            size=2,
            reason="not JSON",
            received=end - timedelta(hours=1),
        )
        store.append([], [letter])
    clock = ManualClock(end)
    try:
        yield Played(loaded, store, journal, clock, load_settings(data_dir=folder), end)
    finally:
        journal.close()
        store.close()
