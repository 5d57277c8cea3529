"""A number as it travels: with its unit, time, source, quality, and interval or reason."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

import msgspec

from ingest.text import Text

FigureQuality = Literal[
    "measured", "derived", "forecast", "planned", "assumed", "stale", "unavailable"
]


class Figure(msgspec.Struct, kw_only=True):
    """One derived or measured number.

    A value that is not known is `None`, and `reason` says why.

    Parameters
    ----------
    value
        The number in `unit`; an ISO 8601 date when `unit` is "date"; None when not known.
    unit
        Unit of `value`, `low` and `high`; "1" for a ratio.
    time
        What moment of the ground the value speaks of (aware UTC).
    source
        The instruments or the model that it comes from.
    version
        Version of the model, empty for a measured value.
    low, high, confidence
        Interval of a forecast and its probability [1].
    validity
        Under what conditions a forecast holds.
    reason
        Why there is no value.
    quality
        What kind of number it is.
    """

    value: float | str | None
    unit: str
    time: datetime | None = None
    source: str = ""
    version: str = ""
    low: float | str | None = None
    high: float | str | None = None
    confidence: float | None = None
    validity: Text | None = None
    reason: Text | None = None
    quality: FigureQuality = "derived"


def unknown(unit: str, reason: Text, *, time: datetime | None = None, source: str = "") -> Figure:
    """Return the figure of a value that is not known, with the reason."""
    return Figure(
        value=None, unit=unit, time=time, source=source, reason=reason, quality="unavailable"
    )
