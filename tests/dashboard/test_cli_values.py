"""Flags and recalculation from the command line."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

from typer.testing import CliRunner

from dashboard.cli import app
from ingest.clock import to_ns
from ingest.run import open_run
from ingest.settings import load_settings
from ingest.store import Row

JUDGED = Path(__file__).parents[1] / "data" / "judged_site"
T0 = to_ns(datetime(2026, 3, 1, tzinfo=UTC))
HOUR = 3_600_000_000_000


def call(folder: Path, *words: str) -> str:
    done = CliRunner().invoke(app, [*words, "--site", str(JUDGED), "--data-dir", str(folder)])
    assert done.exit_code == 0, done.output
    return done.stdout


def test_a_flag_is_set_lifted_and_listed(tmp_path: Path) -> None:
    store = open_run(load_settings(site=str(JUDGED), data_dir=tmp_path)).store
    times = [T0 + hour * HOUR for hour in range(3)]
    store.append(
        [Row("piezometer", "pz-1", 0, t, t, None, {"pore_pressure": t % 7 * 1.0}) for t in times]
    )
    why = ("--author", "Engineer", "--reason", "Repair")
    said = call(
        tmp_path, "flag", "set", "pz-1", "pore_pressure", "rejected", *why,
        "--from", "2026-03-01T01:00:00Z",
    )  # fmt: skip
    assert said == "1: set rejected on pz-1 pore_pressure, Engineer: Repair\n"
    assert len(store.frame("pz-1", "pore_pressure")) == 1
    call(tmp_path, "flag", "lift", "pz-1", "pore_pressure", "rejected", *why)
    assert len(store.frame("pz-1", "pore_pressure")) == 3
    store.close()
    listed = json.loads(call(tmp_path, "flag", "list", "--json"))
    assert [each["action"] for each in listed] == ["lift", "set"]
    assert call(tmp_path, "recalculate") == "pz-1: 0 rows changed of 3 moments\n"
    assert call(tmp_path, "recalculate").startswith("nothing to do")
