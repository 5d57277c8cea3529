"""The rules of the bundled site flag the faults that are injected, and nothing else."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ingest.offline import store_messages
from ingest.run import Run, open_run
from ingest.settings import load_settings
from simulators.run import simulate
from simulators.scenario import Scenario, load_scenario


def played(scenario: Scenario, folder: Path) -> Run:
    run = open_run(load_settings(site="abaza", data_dir=folder), clock="replay", name="played")
    messages = simulate(scenario, run.site).messages()
    store_messages(run, ((each.received, each.topic, each.payload) for each in messages))
    return run


def flags(run: Run) -> Iterator[tuple[str, str, str, datetime]]:
    for instrument in run.site:
        for quantity in run.site.type_of(instrument.name).quantities:
            for reading in run.store.readings(instrument.name, quantity, limit=1_000_000):
                for flag in reading.flags:
                    yield instrument.name, quantity, flag, reading.time


def test_each_injected_fault_is_flagged_and_quiet_instruments_are_not(
    faulty: Scenario, tmp_path: Path
) -> None:
    run = played(faulty, tmp_path)
    found = list(flags(run))
    run.close()
    counts = Counter((name, flag) for name, _, flag, _ in found)
    assert set(counts) == {
        ("pz-650-01", "stuck"),
        ("pz-650-02", "too_fast"),  # the drift itself is for the comparison of instruments
        ("ipi-02", "gap"),
        ("pz-650-07", "late"),
        ("ws-01", "spike"),
        ("ws-01", "out_of_range"),
    }
    assert counts["pz-650-01", "stuck"] >= 45
    for fault, (name, flag) in (
        (faulty.faults[0], ("pz-650-01", "stuck")),
        (faulty.faults[2], ("ws-01", "spike")),
    ):
        times = [time for each, _, kind, time in found if (each, kind) == (name, flag)]
        assert all(fault.start <= time <= fault.end for time in times)


@pytest.mark.slow
def test_two_quiet_months_stay_unflagged(tmp_path: Path) -> None:
    whole = load_scenario("abaza_first_year")
    quiet = whole.model_copy(
        update={"end": datetime(2022, 3, 1, tzinfo=UTC), "faults": (), "truth": ()}
    )
    run = played(quiet, tmp_path)
    assert list(flags(run)) == []
    run.close()
