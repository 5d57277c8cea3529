"""What the help of a command shows is all that was written for it."""

from __future__ import annotations

import re

import pytest
import typer
from click.testing import CliRunner
from typer import rich_utils

from dashboard.cli import app


def all_commands(command: typer.core.TyperGroup, words: tuple[str, ...] = ()) -> list[tuple]:
    found: list[tuple] = [(words, command)]
    for name, inner in command.commands.items():
        deeper = isinstance(inner, typer.core.TyperGroup)
        found += all_commands(inner, (*words, name)) if deeper else [((*words, name), inner)]
    return found


ROOT = typer.main.get_command(app)
COMMANDS = all_commands(ROOT)


def written(text: str) -> str:
    """Return a help as it is to be read: a bracket that is a unit and no markup is escaped."""
    return " ".join(text.replace(r"\[", "[").split())


@pytest.mark.parametrize(("words", "command"), COMMANDS, ids=[" ".join(w) for w, _ in COMMANDS])
def test_no_unit_is_eaten_by_markup(
    words: tuple[str, ...], command: typer.core.TyperCommand, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rich_utils, "MAX_WIDTH", 4000)
    result = CliRunner().invoke(ROOT, [*words, "--help"])
    assert result.exit_code == 0, result.output
    shown = " ".join(re.sub("[│╭╰─╮╯]", " ", result.output).split())
    for paragraph in (command.help or "").split("\n\n"):
        assert written(paragraph) in shown
    for parameter in command.params:
        text = getattr(parameter, "help", None)
        if text and not getattr(parameter, "hidden", False):
            assert written(text) in shown


def test_the_unit_of_a_stated_volume_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rich_utils, "MAX_WIDTH", 4000)
    shown = CliRunner().invoke(ROOT, ["survey", "add", "--help"]).output
    assert shown.count("[thousand m3]") == 2
