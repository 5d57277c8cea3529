"""Readings are missing before this one."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

import numpy as np
from pydantic import Field

from ingest.quality import QualityRule, Series


class Gap(QualityRule):
    """The silence before was too long, or the sender's numbers skip.

    The flag goes when the missing readings come after all. A number that is not higher than the
    one before is a sender that began anew, and no gap.

    Parameters
    ----------
    intervals
        Longest silence, in usual intervals of the instrument type.
    sequence
        Whether the sender counts its messages of this quantity without holes.
    """

    name: ClassVar[str] = "gap"

    intervals: float = Field(default=2.5, gt=1)
    sequence: bool = True

    @property
    def before(self) -> int:
        """Compares with the reading before."""
        return 1

    def holds(self, series: Series, index: int) -> bool:
        """Return whether readings are missing before the one at `index`."""
        if index < 1:
            return False
        if self.sequence:
            number, last = series.sequences[index], series.sequences[index - 1]
            if number is not None and last is not None and number > last + 1:
                return True
        silence = series.times[index] - series.times[index - 1]
        return series.interval_ns is not None and silence > self.intervals * series.interval_ns

    def candidates(self, series: Series, first: int, end: int) -> Iterable[int]:
        """Return those with another number than the next one, and those after a silence."""
        first = max(first, 1)
        missing = np.zeros(max(end - first, 0), dtype=bool)
        if self.sequence:
            numbers = np.array(series.sequences[first - 1 : end], dtype=float)
            missing |= np.diff(numbers) != 1  # also where there is no number
        if series.interval_ns is not None:
            silence = np.diff(np.array(series.times[first - 1 : end]))
            missing |= silence > self.intervals * series.interval_ns
        found: list[int] = (np.flatnonzero(missing) + first).tolist()
        return found
