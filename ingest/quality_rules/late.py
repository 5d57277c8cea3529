"""The reading came long after it was measured."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from ingest.quality import QualityRule, Series


class Late(QualityRule):
    """The value first came more than `after_s` after its own time.

    Parameters
    ----------
    after_s
        Longest usual delay [s].
    """

    name: ClassVar[str] = "late"
    on_arrival: ClassVar[bool] = True

    after_s: float = Field(gt=0)

    def holds(self, series: Series, index: int) -> bool:
        """Return whether the reading at `index` came late."""
        return series.received[index] - series.times[index] > self.after_s * 1e9
