"""A lone value far from its neighbours on both sides."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

import numpy as np
from pydantic import Field

from ingest.quality import QualityRule, Series

#: Makes the median absolute deviation the standard deviation of normal noise.
_NORMAL = 1.4826


class Spike(QualityRule):
    """|x - median| > max(sigmas 1.4826 MAD, floor) over as many neighbours on both sides.

    Source: Hampel (1974), "The influence curve and its role in robust estimation", Journal of the
    American Statistical Association 69, 383-393; as a moving window: Pearson (2005), "Mining
    imperfect data", SIAM. A reading is judged when all its neighbours are there, so that a step,
    which is real movement, is no spike.

    Parameters
    ----------
    neighbours
        Readings on each side.
    sigmas
        How many standard deviations.
    floor
        Deviation that is never a spike (resolution of the instrument), in the canonical unit.
    """

    name: ClassVar[str] = "spike"

    neighbours: int = Field(default=3, ge=1, le=50)
    sigmas: float = Field(default=5.0, gt=0)
    floor: float = Field(gt=0)

    @property
    def before(self) -> int:
        """Looks at neighbours on this side."""
        return self.neighbours

    @property
    def after(self) -> int:
        """Looks at neighbours on this side."""
        return self.neighbours

    def holds(self, series: Series, index: int) -> bool:
        """Return whether the reading at `index` is a spike."""
        first, end = index - self.neighbours, index + self.neighbours + 1
        if first < 0 or end > len(series.values):
            return False
        window = series.values[first:end]
        # No deviation is greater than the span, which is found sooner than a median.
        if max(window) - min(window) <= self.floor:
            return False
        middle = sorted(window)[self.neighbours]
        deviation = abs(series.values[index] - middle)
        if deviation <= self.floor:
            return False
        spread = _NORMAL * sorted(abs(value - middle) for value in window)[self.neighbours]
        return deviation > self.sigmas * spread

    def candidates(self, series: Series, first: int, end: int) -> Iterable[int]:
        """Return those that are further than the floor from the median."""
        first = max(first, self.neighbours)
        end = min(end, len(series.values) - self.neighbours)
        if first >= end:
            return []
        values = np.array(series.values[first - self.neighbours : end + self.neighbours])
        windows = np.lib.stride_tricks.sliding_window_view(values, 2 * self.neighbours + 1)
        middle = np.partition(windows, self.neighbours, axis=1)[:, self.neighbours]
        near = np.abs(windows[:, self.neighbours] - middle) <= self.floor
        found: list[int] = (np.flatnonzero(~near) + first).tolist()
        return found
