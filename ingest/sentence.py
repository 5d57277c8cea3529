"""Sentences that a site gives about itself: sources, assumptions, notes, in its languages."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import BeforeValidator

from ingest.yaml_file import read_plain

LANGUAGES = ("en", "ru")


def _english(given: Any) -> Any:
    """Return the English sentence of one that is given by language."""
    if not isinstance(given, dict):
        return given
    if "en" not in given or not set(given) <= set(LANGUAGES):
        raise ValueError("a sentence, or one per language: en and, besides, ru")
    return given["en"]


#: A sentence in English, or `{en: ..., ru: ...}`. The model holds the English one; a page finds
#: the others by it (`translations`), so that one given once serves wherever it stands again.
Sentence = Annotated[str, BeforeValidator(_english, json_schema_input_type=str | dict[str, str])]


def translations(paths: Iterable[Path]) -> dict[str, dict[str, str]]:
    """Return what files say in more than one language, by language and English words.

    Parameters
    ----------
    paths
        YAML files; of two translations of the same words the first counts.

    Returns
    -------
    Words per language other than English: {"ru": {"design assumption": "..."}}.

    Raises
    ------
    ConfigurationError
        When a file is missing or is not YAML.
    """
    found: dict[str, dict[str, str]] = {key: {} for key in LANGUAGES if key != "en"}
    for path in paths:
        for said in _said(read_plain(path)):
            for key, known in found.items():
                if key in said:
                    known.setdefault(said["en"], said[key])
    return found


def _said(node: Any) -> Iterable[Mapping[str, str]]:
    if isinstance(node, dict):
        if "en" in node and all(isinstance(node.get(key, ""), str) for key in LANGUAGES):
            yield node
        node = list(node.values())
    if isinstance(node, list):
        for each in node:
            yield from _said(each)
