"""The reading came long after it was measured."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

import numpy as np
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

    def candidates(self, series: Series, first: int, end: int) -> Iterable[int]:
        """Return those that came late."""
        delay = np.array(series.received[first:end]) - np.array(series.times[first:end])
        found: list[int] = (np.flatnonzero(delay > self.after_s * 1e9) + first).tolist()
        return found
