"""A transducer whose signal is proportional to what it measures."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from ingest.calibration import Calibration


class LinearSignal(Calibration):
    """y = slope x + intercept, as a maker's sheet gives it.

    Source: JCGM 200:2012 (VIM) 2.39, calibration as a relation between indication and quantity.

    Parameters
    ----------
    slope, intercept
        In the canonical unit of the result, for a signal in mV.
    """

    name: ClassVar[str] = "linear_signal"

    slope: float
    intercept: float

    @property
    def inputs(self) -> tuple[str, ...]:
        """The signal [mV]."""
        return ("signal",)

    def value(self, reading: Mapping[str, float]) -> float:
        """Return the measured quantity."""
        return self.slope * reading["signal"] + self.intercept
