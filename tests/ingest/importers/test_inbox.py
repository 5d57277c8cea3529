"""A watched folder takes files that have come to rest, and says beside them what it refused."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from ingest.heartbeat import Heartbeat
from ingest.inbox import Inbox, watching
from ingest.run import Run
from ingest.site import ImportRule
from tests.processes import until

MAP = """
format: csv
time_zone: UTC
columns: {p: {instrument: pz-1, quantity: pore_pressure}}
"""
GOOD = "time,p\n2026-02-01 00:00,1\n2026-02-01 01:00,2\n"


@pytest.fixture
def inbox(run: Run, tmp_path: Path) -> Inbox:
    (tmp_path / "map.yaml").write_text(MAP, encoding="utf-8")
    rules = (ImportRule(match="pz_*.csv", map="map.yaml"),)
    site = run.site.model_copy(update={"imports": rules, "folder": tmp_path})
    object.__setattr__(run, "site", site)
    return Inbox(run, tmp_path / "in")


def put(tmp_path: Path, name: str, text: str) -> Path:
    path = tmp_path / "in" / name
    path.write_text(text, encoding="utf-8")
    return path


def values(run: Run) -> list[float]:
    return [reading.value for reading in run.store.readings("pz-1", "pore_pressure")]


def test_a_file_is_taken_when_it_has_come_to_rest(inbox: Inbox, run: Run, tmp_path: Path) -> None:
    path = put(tmp_path, "pz_1.csv", GOOD[:20])
    assert inbox.step() == 0
    path.write_text(GOOD, encoding="utf-8")  # still growing
    assert inbox.step() == 0
    assert path.exists()
    assert inbox.step() == 1
    assert values(run) == [1.0, 2.0]
    assert (tmp_path / "in/done/pz_1.csv").read_text(encoding="utf-8") == GOOD
    assert not path.exists()
    assert inbox.detail().startswith("1 files imported, 0 refused, 0 waiting")


def test_what_is_refused_stands_beside_the_file(inbox: Inbox, run: Run, tmp_path: Path) -> None:
    put(tmp_path, "pz_1.csv", GOOD + "2026-02-01 02:00,broken\n")
    put(tmp_path, "pz_2.csv", "time,p\n2026-02-01 03:00\n")
    put(tmp_path, "other.csv", "a,b\n")
    inbox.step()
    assert inbox.step() == 3
    refused = tmp_path / "in" / "refused"
    told = {path.name: path.read_text(encoding="utf-8") for path in refused.glob("*.reason.txt")}
    assert told["pz_1.csv.reason.txt"].startswith("line 4 (pz-1): column p: 'broken' is no number")
    assert told["pz_2.csv.reason.txt"].startswith("nothing is stored: line 2: 1 values for 2")
    assert "give a map" in told["other.csv.reason.txt"]
    assert values(run) == [1.0, 2.0]
    assert {path.name for path in refused.glob("*.csv")} == {"pz_1.csv", "pz_2.csv", "other.csv"}


def test_a_name_that_comes_again_overwrites_nothing(inbox: Inbox, tmp_path: Path) -> None:
    for text in (GOOD, GOOD + "2026-02-01 02:00,3\n"):
        put(tmp_path, "pz_1.csv", text)
        inbox.step()
        inbox.step()
    assert {path.name for path in (tmp_path / "in/done").iterdir()} == {"pz_1.csv", "pz_1.2.csv"}


def test_files_that_are_still_written_are_left(inbox: Inbox, tmp_path: Path) -> None:
    put(tmp_path, "pz_1.csv.part", GOOD)
    put(tmp_path, ".pz_2.csv", GOOD)
    assert [inbox.step(), inbox.step()] == [0, 0]


def test_a_wrong_map_refuses_its_files_and_not_the_service(inbox: Inbox, tmp_path: Path) -> None:
    (tmp_path / "map.yaml").write_text("format: xls\n", encoding="utf-8")
    put(tmp_path, "pz_1.csv", GOOD)
    inbox.step()
    assert inbox.step() == 1
    reason = (tmp_path / "in/refused/pz_1.csv.reason.txt").read_text(encoding="utf-8")
    assert "map.yaml" in reason
    assert "'csv', 'toa5' or 'ags4'" in reason


def test_a_folder_is_watched_beside_what_else_a_service_does(
    inbox: Inbox, run: Run, tmp_path: Path
) -> None:
    stop, heartbeat = threading.Event(), Heartbeat(tmp_path / "beats", "import")
    with watching(run, tmp_path / "in", stop, heartbeat, poll_s=0.01):
        (tmp_path / "in" / "pz_1.csv").write_text(GOOD, encoding="utf-8")
        until(lambda: (tmp_path / "in" / "done" / "pz_1.csv").exists(), "the file is imported")
    assert values(run) == [1.0, 2.0]
    assert not [each for each in threading.enumerate() if each.name == "inbox"]
