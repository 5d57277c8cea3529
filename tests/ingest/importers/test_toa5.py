"""Every good file of a logger goes in, every broken one is refused with a plain message."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ingest.import_map import ImportMap
from ingest.importer import import_file
from ingest.run import Run

FILES = Path(__file__).parents[2] / "data" / "toa5"
MAP = """
format: toa5
time_zone: "+07:00"
columns:
  {name}: {{instrument: pz-1, quantity: temperature}}
"""


def mapped(a_map: Callable[[str], ImportMap], name: str) -> ImportMap:
    return a_map(MAP.format(name=name))


@pytest.mark.parametrize(
    ("file", "column", "values"),
    [
        ("Example.dat", "BattV_Min", [12.99, 12.96]),
        ("TestLogger_Daily_1.dat", "PTemp_C_Max", [39.16, 40.91]),
        ("TestLogger_Hourly_1.dat", "AirT_C(42)", [26.29, 25.14, 23.64]),
    ],
)
def test_good_files_go_in(
    run: Run, a_map: Callable[[str], ImportMap], file: str, column: str, values: list[float]
) -> None:
    report = import_file(run, FILES / file, mapped(a_map, column))
    assert report.ok
    stored = run.store.readings("pz-1", "temperature")
    assert [reading.value for reading in stored][: len(values)] == values
    assert report.instruments["pz-1"].stored == len(stored)
    assert stored[0].received == datetime(2026, 3, 1, 12, tzinfo=UTC)


def test_the_time_is_local_as_the_map_says_and_the_record_is_the_sequence(
    run: Run, a_map: Callable[[str], ImportMap]
) -> None:
    import_file(run, FILES / "Example.dat", mapped(a_map, "BattV_Min"))
    first = run.store.readings("pz-1", "temperature")[0]
    assert first.time == datetime(2021, 6, 18, 17, tzinfo=UTC)
    (change,) = run.store.changes(0)
    assert [row.sequence for row in change.rows] == [0, 1]


@pytest.mark.parametrize(
    ("number", "reason"),
    [
        ("01", "line 1: the file ends before the header's line with the environment"),
        ("02", "line 1: "),
        ("03", "line 1: does not begin with TOA5"),
        ("04", "line 1: does not begin with TOA5"),
        ("05", "line 1: 9 fields; legal: 8"),
        ("06", "line 3: the file ends before the header's line with the units"),
        ("07", "line 2: the file ends before the header's line with the names"),
        ("08", "line 2: "),
        ("09", "line 3: "),
        ("10", "line 3: 7 units for 6 columns"),
        ("11", "line 3: 6 units for 7 columns"),
        ("12", r"line 2: the column AirT_C\(42\) stands there twice"),
    ],
)
def test_broken_files_are_refused_whole(
    run: Run, a_map: Callable[[str], ImportMap], number: str, reason: str
) -> None:
    report = import_file(
        run, FILES / f"TestLogger_Hourly_Bad{number}.dat", mapped(a_map, "PTemp_C_Max")
    )
    with pytest.raises(AssertionError, match=reason):
        raise AssertionError(report.problem)
    assert run.store.counts() == {} or sum(run.store.counts().values()) == 0


HEADER = (
    '"TOA5","s","CR6","1","os","prog","0","Hourly"\n"TIMESTAMP","RECORD","T"\n'
    '"TS","RN","Deg C"\n"","","Smp"\n'
)


def test_nan_is_a_blank_and_not_zero(
    run: Run, a_map: Callable[[str], ImportMap], a_file: Callable[..., Path]
) -> None:
    lines = '"2021-06-19 00:00:00",1,"NAN"\n"2021-06-19 01:00:00",2,"-INF"\n'
    report = import_file(run, a_file(HEADER + lines), mapped(a_map, "T"))
    assert report.ok
    assert run.store.readings("pz-1", "temperature") == []


def test_a_cut_last_line_refuses_the_file(
    run: Run, a_map: Callable[[str], ImportMap], a_file: Callable[..., Path]
) -> None:
    lines = '"2021-06-19 00:00:00",1,4.5\n"2021-06-19 01:0'
    report = import_file(run, a_file(HEADER + lines), mapped(a_map, "T"))
    with pytest.raises(AssertionError, match="line 6: "):
        raise AssertionError(report.problem)
    assert run.store.readings("pz-1", "temperature") == []


def test_without_a_map_the_cure_is_said(run: Run) -> None:
    report = import_file(run, FILES / "Example.dat")
    assert report.problem is not None
    assert "--map MAP.yaml" in report.problem
    assert "BattV_Min" in report.problem


def test_a_column_that_is_not_there_is_named(run: Run, a_map: Callable[[str], ImportMap]) -> None:
    report = import_file(run, FILES / "Example.dat", mapped(a_map, "Pressure"))
    with pytest.raises(AssertionError, match="line 2: no column 'Pressure'; the file has TIMES"):
        raise AssertionError(report.problem)
