"""Imports point upstream along the flow, as `[tool.importlinter]` of pyproject.toml says."""

import ast
import tomllib
from pathlib import Path

import pytest
from importlinter.api import read_configuration
from importlinter.cli import EXIT_STATUS_SUCCESS, lint_imports

ROOT = Path(__file__).parent.parent
FLOORS = ["ingest", "twin", "simulators", "analytics", "dashboard"]


def test_the_floors_are_watched() -> None:
    configuration = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    linter = configuration["tool"]["importlinter"]
    assert sorted(linter["root_packages"]) == sorted(FLOORS)
    layers = next(each for each in linter["contracts"] if each["type"] == "layers")
    assert layers["layers"] == ["dashboard", "analytics", "twin | simulators", "ingest"]


def test_imports_point_upstream(capsys: pytest.CaptureFixture[str]) -> None:
    assert read_configuration(str(ROOT / "pyproject.toml"))
    status = lint_imports(config_filename=str(ROOT / "pyproject.toml"), no_cache=True)
    assert status == EXIT_STATUS_SUCCESS, capsys.readouterr().out


@pytest.mark.parametrize("floor", FLOORS)
def test_only_the_clock_asks_the_machine_for_the_time(floor: str) -> None:
    """A replay gives the same bytes at any speed only if nothing else knows the wall's time."""
    asked = []
    for path in (ROOT / floor).rglob("*.py"):
        if path == ROOT / "ingest/clock.py":
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if (
                isinstance(node, ast.Attribute)
                and node.attr in {"now", "utcnow", "today"}
                and isinstance(node.value, ast.Name)
                and node.value.id in {"datetime", "date", "dt"}
            ):
                asked.append(f"{path.relative_to(ROOT)}:{node.lineno}")
    assert not asked, f"take a Clock instead: {asked}"
