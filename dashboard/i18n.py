"""Texts, numbers, units and dates in the visitor's language.

English texts are the keys of the catalogues in `locales/<language>/LC_MESSAGES/postmine.po`,
which are read as they are: there is nothing to compile. CONTRIBUTING.md says how texts are
extracted; a test fails on a text that has no translation.
"""

from __future__ import annotations

import string
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any, Literal
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_datetime, format_timedelta
from babel.messages.pofile import read_po
from babel.numbers import format_decimal, format_percent

from ingest.text import Text

LOCALES_FOLDER = Path(__file__).parent / "locales"
DOMAIN = "postmine"

Language = Literal["en", "ru"]
#: Languages by their own names; the first is the one that the texts are written in.
LANGUAGES: dict[Language, str] = {"en": "English", "ru": "Русский"}
#: Locales that give numbers and dates: British dates, so that no month is read as a day.
_FORMATS: dict[Language, str] = {"en": "en_GB", "ru": "ru_RU"}
#: Days of a year, and those from which on a span of time is told in years too.
YEAR_D, LONG_SPAN_D = 365.25, 730

#: Decimal and thousands mark, for plotly.
SEPARATORS: dict[Language, str] = {"en": ".,", "ru": ",\u00a0"}

#: How units are written; a unit that is not here is written as it is.
_UNITS: dict[Language, dict[str, str]] = {
    "en": {
        "1": "",
        "date": "",
        "degC": "°C",
        "deg": "°",
        "m3": "m³",
        "t/m3": "t/m³",
        "m2": "m²",
        "thousand m3": "10³ m³",
        "thousand m3/y": "10³ m³/year",
        "thousand t": "10³ t",
        "thousand m2": "10³ m²",
        "t/y": "t/year",
        "thousand t/y": "10³ t/year",
        "mm/d2": "mm/d²",
        "mg/m3": "mg/m³",
        "m/y": "m/year",
        "m3/y": "m³/year",
        "million m3/y": "10⁶ m³/year",
        "ha/y": "ha/year",
        "Mt/y": "Mt/year",
        "rub/m3": "rub/m³",
        "rub/y": "rub/year",
        "krub/t": "10³ rub/t",
        "million rub/y": "10⁶ rub/year",
        "kN/m3": "kN/m³",
        "uS/cm": "µS/cm",
        "uS/cm/y": "µS/cm a year",
        "kg CaCO3/t": "kg CaCO₃/t",
        "kg H2SO4/t": "kg H₂SO₄/t",
        "mg/L CaCO3": "mg/L CaCO₃",
        "mg/L/y": "mg/L a year",
        "NTU/y": "NTU a year",
        "pH/y": "a year",
        "pH": "",
        "percent": "%",
        "%": "%",
    },
    "ru": {
        "1": "",
        "date": "",
        "degC": "°C",
        "deg": "°",
        "m": "м",
        "m2": "м²",
        "m3": "м³",
        "mm": "мм",
        "mm/d": "мм/сут",
        "mm/d2": "мм/сут²",
        "d/mm": "сут/мм",
        "kN/m3": "кН/м³",
        "mm/m": "мм/м",
        "mm/y": "мм/год",
        "mm/h": "мм/ч",
        "cm": "см",
        "m/s": "м/с",
        "m/y": "м/год",
        "m3/y": "м³/год",
        "million m3/y": "млн м³/год",
        "ha/y": "га/год",
        "ha/kt": "га/тыс. т",
        "t/ha": "т/га",
        "Mt/y": "млн т/год",
        "mg/m3": "мг/м³",
        "mg/s": "мг/с",
        "c/ha": "ц/га",
        "people": "чел.",
        "rub": "руб.",
        "rub/c": "руб./ц",
        "rub/ha": "руб./га",
        "rub/m3": "руб./м³",
        "rub/t": "руб./т",
        "rub/y": "руб./год",
        "krub/t": "тыс. руб./т",
        "million rub/y": "млн руб./год",
        "m/d": "м/сут",
        "km": "км",
        "km/h": "км/ч",
        "machines": "ед.",
        "trips": "рейсов",
        "min": "мин",
        "t/m3": "т/м³",
        "km2": "км²",
        "ha": "га",
        "kPa": "кПа",
        "kPa/d": "кПа/сут",
        "kPa/mm": "кПа/мм",
        "t": "т",
        "t/d": "т/сут",
        "t/y": "т/год",
        "thousand t": "тыс. т",
        "thousand t/y": "тыс. т/год",
        "thousand m2": "тыс. м²",
        "thousand m3": "тыс. м³",
        "thousand m3/y": "тыс. м³/год",
        "mg/L": "мг/л",
        "mg/L/d": "мг/л в сутки",
        "mg/L/y": "мг/л в год",
        "uS/cm": "мкСм/см",
        "L/s": "л/с",
        "NTU": "ЕМФ",
        "kg/d": "кг/сут",
        "kg CaCO3/t": "кг CaCO₃/т",
        "kg H2SO4/t": "кг H₂SO₄/т",
        "mg/L CaCO3": "мг/л CaCO₃",
        "uS/cm/y": "мкСм/см в год",
        "NTU/y": "ЕМФ в год",
        "pH/y": "в год",
        "pH": "",
        "d": "сут",
        "h": "ч",
        "y": "лет",
        "percent": "%",
        "%": "%",
    },
}

#: Decimals by unit; other numbers keep three significant digits.
_DECIMALS = {
    "mm": 1,
    "mm/d": 2,
    "mm/d2": 3,
    "mm/m": 2,
    "kPa": 1,
    "degC": 1,
    "thousand m3": 1,
    "thousand m3/y": 1,
    "t": 0,
    "t/d": 0,
    "uS/cm": 0,
    "pH": 2,
    "1": 2,
    "m": 2,
    "d": 0,
    "NTU": 1,
    "machines": 0,
    "trips": 0,
}

UNKNOWN = "—"


@cache
def catalogue(language: Language) -> Mapping[str, str]:
    """Return the translations of a language by their English text; empty for English."""
    path = LOCALES_FOLDER / language / "LC_MESSAGES" / f"{DOMAIN}.po"
    if not path.is_file():
        return {}
    with path.open("rb") as file:
        messages = read_po(file, locale=language, domain=DOMAIN)
    return {
        str(message.id): str(message.string)
        for message in messages
        if message.id and message.string and not message.fuzzy
    }


class _Filler(string.Formatter):
    """Fills the places of a sentence, numbers in the language's own form."""

    def __init__(self, language: Language) -> None:
        self.language = language

    def format_field(self, value: Any, format_spec: str) -> str:
        if isinstance(value, bool) or not isinstance(value, int | float):
            return super().format_field(value, format_spec)
        if format_spec.endswith("%"):
            digits = int(format_spec[1:-1] or 0)
            return str(
                format_percent(value, _pattern(digits) + " %", locale=_FORMATS[self.language])
            )
        if format_spec.startswith(".") and format_spec.endswith("f"):
            return decimal(value, int(format_spec[1:-1]), self.language)
        return decimal(value, _significant(value), self.language)


@cache
def _filler(language: Language) -> _Filler:
    return _Filler(language)


def translate(text: Text | Mapping[str, str] | str, language: Language) -> str:
    """Return a text in a language.

    Parameters
    ----------
    text
        A sentence with its values, titles by language, or an English text.
    language
        The visitor's language.
    """
    known = catalogue(language)
    if isinstance(text, Text):
        values = {
            name: known.get(value, value) if isinstance(value, str) else value
            for name, value in text.values.items()
        }
        return _filler(language).format(known.get(text.template, text.template), **values)
    if isinstance(text, str):
        return known.get(text, text)
    return text.get(language) or text.get("en") or next(iter(text.values()), "")


def unit_name(unit: str, language: Language) -> str:
    """Return a unit as people write it; empty for a pure number."""
    return _UNITS[language].get(unit, unit)


def decimal(value: float, digits: int, language: Language) -> str:
    """Return a number with at most `digits` decimals and a true minus sign."""
    value = round(value, digits) or 0.0  # no "-0"
    return str(format_decimal(value, _pattern(digits), locale=_FORMATS[language])).replace("-", "−")


def number(value: float | None, unit: str, language: Language) -> str:
    """Return a number with the decimals that its unit deserves; a dash when not known."""
    if value is None or value != value:
        return UNKNOWN
    return decimal(value, decimals(value, unit), language)


def decimals(value: float, unit: str) -> int:
    """Return how many decimals a number of a unit deserves."""
    if isinstance(value, int):
        return 0
    return _DECIMALS[unit] if unit in _DECIMALS else _significant(value)


def percent(value: float | None, language: Language, digits: int = 0) -> str:
    """Return a ratio in percent; a dash when not known."""
    if value is None:
        return UNKNOWN
    return decimal(value * 100, digits, language) + "\u202f%"


def day(value: date | datetime | str, language: Language, zone: ZoneInfo) -> str:
    """Return a calendar day in the site's time zone; `value` may be ISO 8601."""
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value) if "T" in value else date.fromisoformat(value)
        except ValueError:
            return value
    if isinstance(value, datetime):
        value = value.astimezone(zone).date()
    return str(format_date(value, "d MMM y", locale=_FORMATS[language]))


def moment(value: datetime | None, language: Language, zone: ZoneInfo) -> str:
    """Return day and time of day in the site's time zone; a dash when not known."""
    if value is None:
        return UNKNOWN
    local = value.astimezone(zone)
    return str(format_datetime(local, "d MMM y, HH:mm", locale=_FORMATS[language]))


def ago(value: datetime, now: datetime, language: Language) -> str:
    """Return how long ago a moment was, in words."""
    past = min(value - now, timedelta(seconds=-1))  # what is of this moment was just now
    return str(format_timedelta(past, add_direction=True, threshold=1.2, locale=_FORMATS[language]))


def _significant(value: float) -> int:
    size = abs(value)
    if size == 0 or float(value).is_integer():
        return 0
    for limit, digits in ((100, 0), (10, 1), (1, 2), (0.1, 3)):
        if size >= limit:
            return digits
    return 4


@cache
def _pattern(digits: int) -> str:
    return "#,##0" + ("." + "0" * digits if digits else "")
