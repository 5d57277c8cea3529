"""Changes faster than the ground can."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

import numpy as np
from pydantic import Field

from ingest.quality import QualityRule, Series

_DAY_NS = 86_400e9


class TooFast(QualityRule):
    """The value changed since the reading before by more than a limit per day.

    Source: WMO-No. 488, step (time consistency) check. It marks a change for people to look at:
    a real failure is fast too, so this flag keeps no value out of the twin unless a site says so.

    Parameters
    ----------
    per_day
        Largest change a day, in the canonical unit.
    allowance
        Change that is always allowed (noise between two close readings), in the canonical unit.
    """

    name: ClassVar[str] = "too_fast"

    per_day: float = Field(gt=0)
    allowance: float = Field(default=0.0, ge=0)

    @property
    def before(self) -> int:
        """Compares with the reading before."""
        return 1

    def holds(self, series: Series, index: int) -> bool:
        """Return whether the reading at `index` changed too fast."""
        if index < 1:
            return False
        days = (series.times[index] - series.times[index - 1]) / _DAY_NS
        change = abs(series.values[index] - series.values[index - 1])
        return change > self.allowance + self.per_day * days

    def candidates(self, series: Series, first: int, end: int) -> Iterable[int]:
        """Return those that changed too fast since the one before."""
        first = max(first, 1)
        days = np.diff(np.array(series.times[first - 1 : end])) / _DAY_NS
        change = np.abs(np.diff(np.array(series.values[first - 1 : end])))
        slow = change <= self.allowance + self.per_day * days
        found: list[int] = (np.flatnonzero(~slow) + first).tolist()
        return found
