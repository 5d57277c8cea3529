"""Rain of a tipping bucket."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from pydantic import Field

from ingest.calibration import Calibration


class RainTippingBucket(Calibration):
    """Rain = tips in the interval times the depth of one tip [mm].

    Source: WMO-No. 8, volume I, section 6.5.2 (tipping-bucket raingauge).
    """

    name: ClassVar[str] = "rain_tipping_bucket"

    mm_per_tip: float = Field(gt=0, le=5)

    @property
    def inputs(self) -> tuple[str, ...]:
        """Tips since the reading before."""
        return ("tips",)

    def value(self, reading: Mapping[str, float]) -> float:
        """Return the rain of the interval [mm]."""
        return reading["tips"] * self.mm_per_tip
