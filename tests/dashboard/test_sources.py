"""Sources of numbers, said in the visitor's language part by part."""

from __future__ import annotations

from pathlib import Path

import pytest

from dashboard.sources import said

YAML = """\
source:
  en: "design assumption: half a year; to be measured"
  ru: "допущение: полгода; подлежит измерению"
"""


@pytest.mark.parametrize(
    ("source", "russian"),
    [
        (
            "design assumption: half a year; to be measured",
            "допущение: полгода; подлежит измерению",
        ),
        (
            "pz-1; design assumption: half a year; to be measured; design assumption",
            "pz-1; допущение: полгода; подлежит измерению; проектное допущение",
        ),
        ("pz-1, weighbridge", "pz-1, автовесы"),
        ("36 instruments", "приборов: 36"),
        ("a plan nobody translated, table 5 (printed as 53)", None),
    ],
)
def test_a_source_is_said_part_by_part(tmp_path: Path, source: str, russian: str | None) -> None:
    (tmp_path / "limits.yaml").write_text(YAML, encoding="utf-8")
    russian = russian or "a plan nobody translated, таблица 5 (напечатано 53)"
    assert said(source, tmp_path, "ru") == russian
    assert said("pz-1, design assumption", tmp_path, "en") == "pz-1, design assumption"
