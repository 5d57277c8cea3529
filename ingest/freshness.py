"""Whether a last value may still be shown as current: current, stale or unavailable."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from ingest.site import InstrumentType

Freshness = Literal["current", "stale", "unavailable"]


def freshness(last: datetime | None, kind: InstrumentType, now: datetime) -> Freshness:
    """Return how far the last measured value of an instrument may be believed at `now`."""
    if last is None:
        return "unavailable"
    silent_s = (now - last).total_seconds()
    if silent_s > kind.unavailable_after_s:
        return "unavailable"
    return "stale" if silent_s > kind.stale_after_s else "current"
