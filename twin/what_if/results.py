"""What a variant comes to, as it travels."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

from ingest.figure import Figure
from ingest.text import Text


class Measure(msgspec.Struct, kw_only=True):
    """One thing that variants are compared by.

    `difference` is the variant's less the twin's own forecast; dates differ in days. None for the
    baseline itself.
    """

    name: str
    title: Text
    figure: Figure
    difference: Figure | None = None


class VolumeCurve(msgspec.Struct, kw_only=True):
    """Volume in the dump ahead [thousand m3]: middle of the paths and the interval of 80 %."""

    time: list[datetime] = []
    middle: list[float] = []
    low: list[float] = []
    high: list[float] = []


class YearAhead(msgspec.Struct, kw_only=True):
    """Where the fill stands at the end of a year."""

    year: int
    volume: Figure  # thousand m3
    tier: Figure  # value: the name of the tier in which the front stands


class SlopeAhead(msgspec.Struct, kw_only=True):
    """Factor of safety of one slide that counts."""

    section: str
    slide: str
    title: dict[str, str]
    slide_title: dict[str, str]
    factor_of_safety: Figure  # 1
    measured: bool  # whether piezometers measure its water
    begun: bool  # whether the section stands now, or is planned by the deadline


class ZoneAhead(msgspec.Struct, kw_only=True):
    """When one zone may be graded."""

    zone: str
    date: Figure


class VariantResult(msgspec.Struct, kw_only=True):
    """What one variant comes to; the baseline has no changes and the name ""."""

    name: str
    changes: dict[str, Any]
    measures: list[Measure]
    curve: VolumeCurve
    years: list[YearAhead]
    slopes: list[SlopeAhead]
    grading: list[ZoneAhead]
    notes: list[Text]

    def measure(self, name: str) -> Measure:
        """Return a measure by its name."""
        return next(each for each in self.measures if each.name == name)


def encode_result(result: VariantResult) -> bytes:
    """Return a result as JSON; the same result gives the same bytes."""
    return msgspec.json.encode(result)
