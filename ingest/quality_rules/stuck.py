"""The same value again and again."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

import numpy as np
from pydantic import Field

from ingest.quality import QualityRule, Series


class Stuck(QualityRule):
    """The last `count` values differ by no more than `tolerance`.

    Source: WMO-No. 488, persistence check.

    Parameters
    ----------
    count
        How many readings, this one included.
    tolerance
        In the canonical unit.
    """

    name: ClassVar[str] = "stuck"

    count: int = Field(ge=3, le=1000)
    tolerance: float = Field(default=0.0, ge=0)

    @property
    def before(self) -> int:
        """Looks at the readings before."""
        return self.count - 1

    def holds(self, series: Series, index: int) -> bool:
        """Return whether the reading at `index` ends a run of equal values."""
        first = index - self.count + 1
        # The reading before is told apart at once in most series.
        if first < 0 or abs(series.values[index] - series.values[index - 1]) > self.tolerance:
            return False
        window = series.values[first : index + 1]
        return max(window) - min(window) <= self.tolerance

    def candidates(self, series: Series, first: int, end: int) -> Iterable[int]:
        """Return those that are like the one before."""
        first = max(first, 1)
        change = np.abs(np.diff(np.array(series.values[first - 1 : end])))
        found: list[int] = (np.flatnonzero(~(change > self.tolerance)) + first).tolist()
        return found
