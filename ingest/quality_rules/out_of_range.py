"""Outside what the instrument can report."""

from __future__ import annotations

from typing import ClassVar

from ingest.quality import QualityRule, Series


class OutOfRange(QualityRule):
    """The value is outside the `valid_range` of its quantity.

    Source: Guide to the Global Observing System, WMO-No. 488, gross error limit check. Received
    values are judged when they come in; calculated ones always have this rule.
    """

    name: ClassVar[str] = "out_of_range"

    def holds(self, series: Series, index: int) -> bool:
        """Return whether the reading at `index` is outside."""
        low, high = series.valid_range
        return not low <= series.values[index] <= high
