"""The commands for files and for readings by hand, as a person types them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from dashboard.cli import app
from ingest.errors import ConfigurationError
from ingest.run import open_run
from ingest.settings import load_settings

SITE = Path(__file__).parents[1] / "data" / "small_site"
MAP = "format: csv\ntime_zone: UTC\ncolumns: {p: {instrument: pz-1, quantity: pore_pressure}}\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "map.yaml").write_text(MAP, encoding="utf-8")
    text = "time,p\n2026-02-01 00:00,1\n2026-02-01 01:00,2\n"
    (tmp_path / "good.csv").write_text(text, encoding="utf-8")
    (tmp_path / "bad.csv").write_text(f"{text}2026-02-01 02:00,x\n", encoding="utf-8")
    return tmp_path


def postmine(folder: Path, *words: str, code: int = 0) -> str:
    given = [*words, "--site", str(SITE), "--data-dir", str(folder / "data")]
    result = CliRunner().invoke(app, given, catch_exceptions=False)
    assert result.exit_code == code, result.output
    return result.stdout


def test_dry_run_import_export_and_import_again(folder: Path) -> None:
    good, given = str(folder / "good.csv"), ("--map", str(folder / "map.yaml"))
    said = json.loads(postmine(folder, "import", good, *given, "--dry-run", "--json"))
    assert said["dry_run"]
    counts = {"stored": 2, "corrected": 0, "duplicates": 0, "refused": 0}
    assert said["files"][0]["instruments"] == {"pz-1": counts}
    done = json.loads(postmine(folder, "import", good, *given, "--json"))
    assert done["files"][0]["instruments"] == {"pz-1": counts}
    out = folder / "out.csv"
    exported = postmine(folder, "export", "--instrument", "pz-1", "--out", str(out), "--json")
    assert json.loads(exported) == {"file": str(out), "format": "csv", "rows": 2}
    again = json.loads(postmine(folder, "import", str(out), "--json"))
    assert again["files"][0]["instruments"]["pz-1"]["duplicates"] == 2


def test_what_is_refused_is_told_by_line_with_exit_code_1(folder: Path) -> None:
    bad, given = str(folder / "bad.csv"), ("--map", str(folder / "map.yaml"))
    told = postmine(folder, "import", bad, *given, code=1)
    assert "line 4 (pz-1): column p: 'x' is no number" in told
    as_json = json.loads(postmine(folder, "import", bad, *given, "--json", code=1))
    assert as_json["files"][0]["refusals"][0]["line"] == 4
    assert as_json["files"][0]["instruments"]["pz-1"]["duplicates"] == 2


def test_a_reading_by_hand_is_added_and_listed(folder: Path) -> None:
    words = ("reading", "add", "ipi-1", "displacement_a", "0.5", "--node", "2")
    who = ("--time", "2026-02-01T10:00+07:00", "--author", "Surveyor", "--note", "two faces")
    kept = json.loads(postmine(folder, *words, *who, "--json"))
    assert (kept["value"], kept["unit"], kept["node"]) == (5.0, "mm", 1)
    assert json.loads(postmine(folder, "reading", "list", "--json")) == [kept]
    assert "Surveyor: two faces" in postmine(folder, "reading", "list")
    assert postmine(folder, "reading", "list", "--instrument", "pz-1") == ""


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (("import",), r"FILE\.\.\. \[--dry-run\], or --watch DIR"),
        (("export", "--out", "x.csv", "--format", "xls"), "is 'xls'; legal: csv, parquet, ags4"),
        (("export", "--out", "x.csv", "--from", "2026-01-01"), "--from is '2026-01-01'; legal: IS"),
        (("export", "--out", "x.csv", "--instrument", "pz-9"), "legal: pz-1, pz-2, ipi-1"),
    ],
)
def test_what_is_typed_wrong_is_named(folder: Path, words: tuple[str, ...], reason: str) -> None:
    open_run(load_settings(site=str(SITE), data_dir=folder / "data")).close()
    with pytest.raises(ConfigurationError, match=reason):
        postmine(folder, *words)


def test_a_run_that_watches_a_folder_has_a_service_for_it(folder: Path) -> None:
    from dashboard.demo import _services

    settings = load_settings(data_dir=folder / "data")
    words = {service.name: list(service.arguments) for service in _services(settings, [])}
    assert "import" not in words
    watched = {each.name: list(each.arguments) for each in _services(settings, [], folder / "in")}
    assert watched["import"] == ["import", "--watch", str(folder / "in")]


def test_check_site_reads_the_maps_of_the_site(folder: Path) -> None:
    site = folder / "site"
    site.mkdir()
    text = (SITE / "site.yaml").read_text(encoding="utf-8")
    rules = 'imports: [{match: "*.csv", map: map.yaml}]\n'
    (site / "site.yaml").write_text(text + rules, encoding="utf-8")
    (site / "map.yaml").write_text(MAP.replace("pz-1", "pz-9"), encoding="utf-8")
    with pytest.raises(ConfigurationError, match=r"map\.yaml.*instrument 'pz-9' is not known"):
        CliRunner().invoke(app, ["check-site", "--site", str(site)], catch_exceptions=False)
