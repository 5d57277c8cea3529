"""A table by its map: zone, sign, unit, decimal mark, blanks; and what is refused, by line."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ingest.clock import to_ns
from ingest.errors import ConfigurationError
from ingest.import_map import ImportMap
from ingest.importer import FileReport, import_file
from ingest.run import Run
from ingest.store import Row

MAP = """
format: csv
time_zone: Asia/Krasnoyarsk
delimiter: ";"
decimal: ","
blanks: ["", "-9999", "обрыв"]
header_row: 2
first_row: 4
time: {columns: [Дата, Время], format: "%d.%m.%Y %H:%M"}
columns:
  P1: {instrument: pz-1, quantity: pore_pressure, unit: bar}
  T1: {instrument: pz-1, quantity: temperature}
  P2: {instrument: pz-2, quantity: pore_pressure, sign: -1}
  A2: {instrument: ipi-1, quantity: displacement_a, node: 2.0}
  A3: {instrument: ipi-1, quantity: displacement_a, node: 3.0, unit: mm}
"""
HEAD = "Логгер 7\nДата;Время;P1;T1;P2;A2;A3;U\n;;bar;C;kPa;cm;mm;V\n"
SIMPLE = """
format: csv
time_zone: UTC
columns: {p: {instrument: pz-1, quantity: pore_pressure}}
"""
Maker = Callable[[str], ImportMap]
Filer = Callable[..., Path]


def values(run: Run, instrument: str, quantity: str) -> list[tuple[int, float]]:
    return [(each.node, each.value) for each in run.store.readings(instrument, quantity)]


def test_zone_sign_unit_decimal_mark_and_blanks(run: Run, a_map: Maker, a_file: Filer) -> None:
    text = HEAD + "01.02.2026;05:30;0,832;-9999;12,5;0,1;-2;13\n\n01.02.2026;06:30;;4;обрыв;;;\n"
    report = import_file(run, a_file(text), a_map(MAP))
    assert report.ok
    (first,) = run.store.readings("pz-1", "pore_pressure")
    assert first.time == datetime(2026, 1, 31, 22, 30, tzinfo=UTC)
    assert first.value == pytest.approx(83.2, abs=1e-9)
    assert values(run, "pz-1", "temperature") == [(0, 4.0)]
    assert values(run, "pz-2", "pore_pressure") == [(0, -12.5)]
    assert values(run, "ipi-1", "displacement_a") == [
        (1, pytest.approx(1.0, abs=1e-12)),
        (2, pytest.approx(-2.0, abs=1e-12)),
    ]


def lines_of(report: FileReport) -> list[tuple[int, str]]:
    return [(refusal.line, refusal.reason) for refusal in report.refusals]


def test_what_is_wrong_is_refused_by_line_and_the_rest_is_stored(
    run: Run, a_map: Maker, a_file: Filer
) -> None:
    text = (
        "time,p\n2026-02-01 00:00,1\n2026-02-01 01:00,1.234.5\nyesterday,2\n"
        "2027-01-01 00:00,3\n1899-01-01 00:00,4\n2026-02-01 02:00,5000\n"
    )
    report = import_file(run, a_file(text), a_map(SIMPLE))
    found = lines_of(report)
    assert [line for line, _ in found] == [3, 4, 5, 6]
    for (_, reason), wanted in zip(
        found, ["no number", "is no time", "lies in the future", "is before"], strict=True
    ):
        assert wanted in reason
    assert values(run, "pz-1", "pore_pressure") == [(0, 1.0), (0, 5000.0)]
    assert run.store.readings("pz-1", "pore_pressure")[1].flags == ("out_of_range",)
    assert report.instruments["pz-1"].stored == 2
    assert report.refused == 4
    assert run.store.dead_letters() == []


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "line 1: the file ends before the names"),
        ("when,p\n", "line 1: no column, or two, named 'time'"),
        ("time,p,p\n", "line 1: no column, or two, named 'p'"),
        ("time,p\n2026-02-01 00:00\n", "line 2: 1 values for 2 columns"),
        ('time,p\n"2026-02-01 00:00,1\n', "line 2: "),
        (b"time,p\n\xff\xfe,1\n", "line 2: not utf-8 text; set encoding"),
        ("time,p\n" + "9" * 1_000_001, "line 2: longer than 1000000 bytes"),
        ('time,p\n"' + "x\n" * 200, "line 101: a quoted cell is not closed"),
    ],
)
def test_a_broken_table_is_refused_whole(
    run: Run, a_map: Maker, a_file: Filer, text: str | bytes, reason: str
) -> None:
    report = import_file(run, a_file(text), a_map(SIMPLE))
    with pytest.raises(AssertionError, match=reason):
        raise AssertionError(report.problem)
    assert not report.ok
    assert values(run, "pz-1", "pore_pressure") == []


def test_nothing_of_a_broken_table_is_stored(run: Run, a_map: Maker, a_file: Filer) -> None:
    text = "time,p\n2026-02-01 00:00,1\n2026-02-01 01:00,1,2\n"
    assert import_file(run, a_file(text), a_map(SIMPLE)).problem
    assert values(run, "pz-1", "pore_pressure") == []


def test_a_time_that_is_twice_or_never_is_refused(run: Run, a_map: Maker, a_file: Filer) -> None:
    local = SIMPLE.replace("UTC", "Europe/London")
    text = "time,p\n2025-10-26 01:30,1\n2025-03-30 01:30,2\n2025-07-01 01:30,3\n"
    report = import_file(run, a_file(text), a_map(local))
    assert [line for line, _ in lines_of(report)] == [2, 3]
    assert "logger's own offset" in lines_of(report)[0][1]
    assert run.store.readings("pz-1", "pore_pressure")[0].time.hour == 0


def test_importing_again_changes_nothing_and_a_correction_corrects(
    run: Run, a_map: Maker, a_file: Filer
) -> None:
    simple = a_map(SIMPLE)
    text = "time,p\n2026-02-01 00:00,1\n2026-02-01 01:00,2\n"
    import_file(run, a_file(text), simple)
    sequence = run.store.health().last_sequence
    again = import_file(run, a_file(text), simple)
    assert (again.instruments["pz-1"].stored, again.instruments["pz-1"].duplicates) == (0, 2)
    assert run.store.health().last_sequence == sequence
    corrected = import_file(run, a_file(text.replace(",2\n", ",3\n")), simple)
    assert (corrected.instruments["pz-1"].corrected, corrected.instruments["pz-1"].duplicates) == (
        1,
        1,
    )


def test_a_dry_run_says_exactly_what_then_happens(run: Run, a_map: Maker, a_file: Filer) -> None:
    time = to_ns(datetime(2026, 2, 1, tzinfo=UTC))
    run.store.append([Row("test_piezometer", "pz-1", 0, time, time, None, {"pore_pressure": 1.0})])
    text = (
        "time,p,t\n2026-02-01 00:00,1,\n2026-02-01 00:00,1,4\n2026-02-01 00:00,1,4\n"
        "2026-02-01 00:00,2,\n2026-02-01 01:00,5,5\n2026-02-01 01:00,5,5\n2026-02-01 02:00,x,\n"
    )
    two = a_map(SIMPLE.replace("}}", "}, t: {instrument: pz-1, quantity: temperature}}"))
    path = a_file(text)
    sequence = run.store.health().last_sequence
    said = import_file(run, path, two, dry_run=True)
    assert run.store.health().last_sequence == sequence
    done = import_file(run, path, two)
    assert said.dry_run
    assert said.instruments == done.instruments
    assert lines_of(said) == lines_of(done)
    count = done.instruments["pz-1"]
    assert (count.stored, count.corrected, count.duplicates, count.refused) == (1, 2, 3, 1)


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("pz-1", "pz-9", r"columns\.p: instrument 'pz-9' is not known"),
        ("pore_pressure", "suction", r"columns\.p: quantity is 'suction'; legal: pore_pressure"),
        ("pore_pressure}", "pore_pressure, unit: mm}", "unit is 'mm'; legal: a unit that conv"),
        ("pore_pressure}", "pore_pressure, node: 1.0}", "node is 1.0; legal: none"),
        ("UTC", "Mars", "Asia/Krasnoyarsk"),
        ("UTC", '"+99:00"', r"\+07:00"),
        ("UTC", "UTC\ntime: {format: '%d.%m.%y'}", "a year of four digits"),
        ("format: csv", "format: xls", "'csv', 'toa5' or 'ags4'"),
    ],
)
def test_a_wrong_map_is_named(a_map: Maker, old: str, new: str, reason: str) -> None:
    with pytest.raises(ConfigurationError, match=reason):
        a_map(SIMPLE.replace(old, new))


def test_an_unknown_format_says_the_cure(run: Run, a_file: Filer) -> None:
    report = import_file(run, a_file("a,b\n1,2\n"))
    assert report.problem is not None
    assert "give a map" in report.problem


def test_a_missing_file_is_a_plain_line(run: Run, tmp_path: Path) -> None:
    assert (
        import_file(run, tmp_path / "no.csv").problem == "cannot be read: No such file or directory"
    )
