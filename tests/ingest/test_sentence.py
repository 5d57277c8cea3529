"""Sentences of a site's files: English inside, other languages by the English words."""

from __future__ import annotations

from pathlib import Path

import pytest

from ingest.errors import ConfigurationError
from ingest.sentence import Sentence, translations
from ingest.yaml_file import Configured, read_yaml

YAML = """\
first:
  en: "design assumption: half a year; to be measured"
  ru: "допущение: полгода; подлежит измерению"
second: "survey, table 5"
"""


class File(Configured):
    first: Sentence
    second: Sentence


def written(folder: Path, text: str) -> Path:
    path = folder / "limits.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_the_model_holds_the_english_sentence(tmp_path: Path) -> None:
    file = read_yaml(written(tmp_path, YAML), File)
    assert file.first == "design assumption: half a year; to be measured"
    assert file.second == "survey, table 5"


def test_the_other_languages_are_found_by_the_english(tmp_path: Path) -> None:
    found = translations([written(tmp_path, YAML)])
    assert found == {
        "ru": {
            "design assumption: half a year; to be measured": (
                "допущение: полгода; подлежит измерению"
            )
        }
    }


@pytest.mark.parametrize("given", ["{ru: только по-русски}", "{en: one, de: zwei}", "[one]"])
def test_a_sentence_without_english_or_in_another_language_is_refused(
    tmp_path: Path, given: str
) -> None:
    with pytest.raises(ConfigurationError, match=r"limits\.yaml:1: key first"):
        read_yaml(written(tmp_path, f"first: {given}\nsecond: x\n"), File)
