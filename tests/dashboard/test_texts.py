"""Every text that people read has a translation that says the same."""

from __future__ import annotations

import ast
import string
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from dashboard import i18n
from dashboard.texts import ROOT, texts
from ingest.text import Text

TRANSLATED = [language for language in i18n.LANGUAGES if language != "en"]
PAGES = [*(ROOT / "dashboard").glob("*.py"), *(ROOT / "dashboard" / "pages").glob("*.py")]


def places(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


@pytest.mark.parametrize("language", TRANSLATED)
def test_every_text_is_translated_and_nothing_is_left_over(language: str) -> None:
    known, wanted = i18n.catalogue(language), texts()
    missing = {text: sorted(files) for text, files in wanted.items() if text not in known}
    assert missing == {}, "run `python -m dashboard.texts` and translate what it added"
    assert set(known) - set(wanted) == set(), "run `python -m dashboard.texts`"


@pytest.mark.parametrize("language", TRANSLATED)
def test_a_translation_fills_the_same_places(language: str) -> None:
    for text, translation in i18n.catalogue(language).items():
        assert places(text) == places(translation), text


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_a_page_gives_its_texts_as_literals(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        called = node.func if isinstance(node, ast.Call) else None
        if isinstance(called, ast.Attribute) and called.attr == "t":
            assert isinstance(node.args[0], ast.Constant), f"{path.name}:{node.lineno}"


def test_texts_are_found_inside_f_strings_too() -> None:
    assert "plan {value}" in texts()
    assert len(texts()) > 300


@pytest.mark.parametrize(
    ("value", "unit", "language", "expected"),
    [
        (1234.56, "mm", "en", "1,234.6"),
        (1234.56, "mm", "ru", "1\u00a0234,6"),
        (-0.04, "kPa", "en", "0.0"),
        (-3.25, "mm/d", "en", "−3.25"),
        (0.01634, "mg/L", "en", "0.0163"),
        (35, "1", "en", "35"),
        (None, "mm", "en", "—"),
        (float("nan"), "mm", "ru", "—"),
    ],
)
def test_a_number_is_written_as_its_unit_and_language_ask(
    value: float | None, unit: str, language: i18n.Language, expected: str
) -> None:
    assert i18n.number(value, unit, language) == expected


def test_a_time_is_that_of_the_sites_clocks() -> None:
    zone = ZoneInfo("Asia/Krasnoyarsk")
    time = datetime(2022, 7, 14, 20, 30, tzinfo=UTC)
    assert i18n.moment(time, "en", zone) == "15 Jul 2022, 03:30"
    assert i18n.moment(time, "ru", zone) == "15 июл. 2022, 03:30"
    assert i18n.day(time, "en", zone) == "15 Jul 2022"


def test_a_sentence_is_translated_before_it_is_filled() -> None:
    text = Text("Only {settled} mm has settled since the load last changed", {"settled": 1.25})
    assert i18n.translate(text, "en") == "Only 1.25 mm has settled since the load last changed"
    assert "1,25 мм" in i18n.translate(text, "ru")
