"""What goes out comes back: CSV and AGS4 read again are the same store, blanks included."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from ingest.clock import to_ns
from ingest.errors import ConfigurationError
from ingest.export import Selection, write_export
from ingest.import_map import ImportMap
from ingest.importer import import_file
from ingest.run import Run
from ingest.site import Site
from ingest.store import Reading, Row
from tests.ingest.importers.conftest import NOW, make_run

START = datetime(2026, 2, 1, tzinfo=UTC)


def row(instrument: str, hour: float, node: int = 0, late_h: float = 0, **values: float) -> Row:
    kind = "test_inclinometer" if instrument == "ipi-1" else "test_piezometer"
    time = START + timedelta(hours=hour)
    received = time + timedelta(hours=late_h)
    return Row(kind, instrument, node, to_ns(time), to_ns(received), None, values)


@pytest.fixture
def filled(run: Run) -> Run:
    run.store.append(
        [
            row("pz-1", 0, pore_pressure=83.2, temperature=0.1 + 0.2),
            row("pz-1", 1, temperature=4.0),
            row("pz-1", 2, pore_pressure=1 / 3),
            row("pz-2", 0.5, pore_pressure=5000.0)._replace(
                flags={"pore_pressure": "out_of_range"}
            ),
            row("ipi-1", 0, 0, displacement_a=1.1),
            row("ipi-1", 0, 2, displacement_a=-2.7),
        ]
    )
    run.store.append([row("pz-1", 0, late_h=5, pore_pressure=80.0)])
    return run


def whole(run: Run) -> list[tuple[str, str, int, datetime, float, tuple[str, ...]]]:
    found: list[Reading] = []
    for instrument in run.site:
        for quantity in run.site.type_of(instrument.name).quantities:
            found += run.store.readings(instrument.name, quantity)
    return [(r.instrument, r.quantity, r.node, r.time, r.value, r.flags) for r in found]


def test_csv_comes_back_as_the_same_store(filled: Run, tmp_path: Path, small_site: Site) -> None:
    out = tmp_path / "all.csv"
    assert write_export(filled.store, Selection.of(small_site), "csv", out, now=NOW) == 6
    lines = out.read_text(encoding="utf-8").splitlines()
    assert lines[0] == (
        "time,received,instrument,node,pore_pressure [kPa],pore_pressure flags,"
        "temperature [degC],temperature flags,displacement_a [mm],displacement_a flags"
    )
    assert lines[1] == (
        "2026-02-01T00:00:00Z,2026-02-01T05:00:00Z,pz-1,,80.0,,0.30000000000000004,,,"
    )
    assert "2026-02-01T00:00:00Z,2026-02-01T00:00:00Z,ipi-1,3.0,,,,,-2.7," in lines
    other = make_run(tmp_path / "other", small_site)
    report = import_file(other, out)
    assert report.ok
    assert report.format == "csv"
    assert whole(other) == whole(filled)
    again = import_file(filled, out)
    assert sum(count.duplicates for count in again.instruments.values()) == 6
    assert all(count.corrected == count.stored == 0 for count in again.instruments.values())
    other.close()


AGS = """
format: ags4
time_zone: UTC
types:
  PRES: {quantity: pore_pressure}
  DOWNTEMP: {quantity: temperature}
  DSPA: {quantity: displacement_a}
"""


def test_ags4_comes_back_as_the_same_store(
    filled: Run, tmp_path: Path, small_site: Site, a_map: Callable[[str], ImportMap]
) -> None:
    out = tmp_path / "all.ags"
    assert write_export(filled.store, Selection.of(small_site), "ags4", out, now=NOW) == 6
    other = make_run(tmp_path / "other", small_site)
    assert import_file(other, out, a_map(AGS)).ok
    assert whole(other) == whole(filled)
    other.close()


def test_ags4_refuses_what_it_cannot_hold(run: Run, tmp_path: Path, small_site: Site) -> None:
    run.store.append([row("pz-1", 0.0001, pore_pressure=1.0)])
    out = tmp_path / "all.ags"
    with pytest.raises(ConfigurationError, match=r"whole seconds.*00:00:00\.36"):
        write_export(run.store, Selection.of(small_site), "ags4", out, now=NOW)
    assert list(tmp_path.glob("*all.ags*")) == []


def test_parquet_holds_units_flags_times_and_blanks(
    filled: Run, tmp_path: Path, small_site: Site
) -> None:
    parquet = pytest.importorskip("pyarrow.parquet", reason="pyarrow is not installed")
    out = tmp_path / "all.parquet"
    assert write_export(filled.store, Selection.of(small_site), "parquet", out, now=NOW) == 6
    rows = parquet.read_table(out).to_pylist()
    assert rows[0]["time"] == START
    assert rows[0]["received"] == START + timedelta(hours=5)
    assert [each["pore_pressure [kPa]"] for each in rows] == [80.0, None, 1 / 3, 5000.0, None, None]
    assert rows[3]["pore_pressure flags"] == "out_of_range"
    assert [each["node"] for each in rows[4:]] == ["1.0", "3.0"]


def test_without_pyarrow_the_cure_is_said(
    filled: Run, tmp_path: Path, small_site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "pyarrow", None)
    with pytest.raises(ConfigurationError, match=r"pip install 'postmine\[parquet\]'"):
        write_export(
            filled.store, Selection.of(small_site), "parquet", tmp_path / "x.parquet", now=NOW
        )


def test_a_selection_by_time_and_by_what_was_known(
    filled: Run, tmp_path: Path, small_site: Site
) -> None:
    out = tmp_path / "some.csv"

    def lines(**given: object) -> list[str]:
        selection = Selection.of(
            small_site, instruments=["pz-1"], quantities=["pore_pressure"], **given
        )
        write_export(filled.store, selection, "csv", out, now=NOW)
        return [line.split(",")[4] for line in out.read_text().splitlines()[1:]]

    assert lines() == ["80.0", repr(1 / 3)]
    assert lines(at=START) == ["80.0"]
    assert lines(start=START + timedelta(hours=1)) == [repr(1 / 3)]
    assert lines(end=START + timedelta(hours=2)) == ["80.0"]
    assert lines(known_at=START + timedelta(hours=2)) == ["83.2", repr(1 / 3)]


def test_what_the_site_does_not_have_is_named(small_site: Site) -> None:
    with pytest.raises(ConfigurationError, match="instrument is 'pz-9'; legal: pz-1, pz-2, ipi-1"):
        Selection.of(small_site, instruments=["pz-9"])
    with pytest.raises(ConfigurationError, match="quantity is 'head'; legal: pore_pressure, temp"):
        Selection.of(small_site, instruments=["pz-1"], quantities=["head"])
