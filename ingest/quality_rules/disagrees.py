"""A twin instrument beside it says something else."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from ingest.quality import QualityRule, Series


class Disagrees(QualityRule):
    """The value differs from the last one of a twin instrument by more than a tolerance.

    Which of the two is wrong is not known, so this flag keeps no value out of the twin unless a
    site says so.

    Parameters
    ----------
    twin
        The other instrument; it measures the same quantity at the same node.
    tolerance
        In the canonical unit.
    within_s
        How long before the reading the twin may have spoken last [s].
    """

    name: ClassVar[str] = "disagrees"

    twin: str = Field(min_length=1)
    tolerance: float = Field(gt=0)
    within_s: float = Field(default=10_800, gt=0)

    @property
    def partner(self) -> str:
        """Compares with the twin."""
        return self.twin

    @property
    def partner_age_s(self) -> float:
        """Compares with what the twin said within this time [s]."""
        return self.within_s

    def holds(self, series: Series, index: int) -> bool:
        """Return whether the twin disagrees at `index`."""
        other = series.partner[index]
        return other is not None and abs(series.values[index] - other) > self.tolerance
