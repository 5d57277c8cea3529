"""What a variant comes to, as it travels."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

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
    """Volume in the dump ahead [thousand m3]: middle of the paths and the interval of 80 %.

    By the plan's rates there is one path, and no interval: `low` and `high` are empty.
    """

    time: list[datetime] = []
    middle: list[float] = []
    low: list[float] = []
    high: list[float] = []


class YearAhead(msgspec.Struct, kw_only=True):
    """Where the fill stands at the end of a year."""

    year: int
    volume: Figure  # thousand m3
    tier: Figure  # value: the name of the tier in which the front stands


class TierAhead(msgspec.Struct, kw_only=True):
    """One tier as the variant has it."""

    tier: str
    title: dict[str, str]
    base_m: float
    crest_m: float
    capacity: Figure  # thousand m3
    filled: Figure  # share of it that is filled at the deadline, 1


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
    """What one variant comes to; the baseline has no changes and the name "".

    Parameters
    ----------
    basis
        What the volume ahead rests on: the pace of the months that are over, or the plan's rates
        while too few are.
    rests_on
        The same in words; None: nothing is known of the volume ahead.
    """

    name: str
    changes: dict[str, Any]
    basis: Literal["measured", "plan"] = "measured"
    rests_on: Text | None = None
    measures: list[Measure]
    curve: VolumeCurve
    years: list[YearAhead]
    tiers: list[TierAhead] = []
    slopes: list[SlopeAhead]
    grading: list[ZoneAhead]
    notes: list[Text]

    def measure(self, name: str) -> Measure:
        """Return a measure by its name."""
        return next(each for each in self.measures if each.name == name)


def encode_result(result: VariantResult) -> bytes:
    """Return a result as JSON; the same result gives the same bytes."""
    return msgspec.json.encode(result)
