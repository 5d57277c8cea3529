"""A command that reads makes nothing in a folder whose name is misspelt."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from dashboard.cli import app
from ingest.errors import ConfigurationError

READING = [
    ("what-if",),
    ("what-if", "--list"),
    ("export", "--out", "out.csv"),
    ("reading", "list"),
    ("survey", "list"),
    ("flag", "list"),
    ("flag", "set", "pz-1", "pore_pressure", "rejected", "--author", "A", "--reason", "b"),
    ("recalculate",),
    ("dead-letters", "retry"),
    ("key", "list"),
    ("key", "revoke", "someone"),
    ("forward", "--forget", "page"),
]


@pytest.mark.parametrize("words", READING, ids=" ".join)
def test_a_folder_without_a_run_is_refused_and_stays_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]
) -> None:
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "misspelt"
    with pytest.raises(ConfigurationError, match=r"misspelt'; legal: a folder that holds a run;"):
        CliRunner().invoke(app, [*words, "--data-dir", str(folder)], catch_exceptions=False)
    assert list(tmp_path.iterdir()) == []


def test_a_key_may_be_made_before_the_run_begins(tmp_path: Path) -> None:
    given = ["--data-dir", str(tmp_path / "run")]
    made = CliRunner().invoke(app, ["key", "add", "someone", *given], catch_exceptions=False)
    assert made.exit_code == 0
    told = CliRunner().invoke(app, ["key", "list", *given], catch_exceptions=False)
    assert "someone: viewer" in told.stdout
