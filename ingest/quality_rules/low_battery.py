"""Measured while the battery was low."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

import numpy as np

from ingest.quality import QualityRule, Series


class LowBattery(QualityRule):
    """The battery's voltage in the same row is below a limit.

    Parameters
    ----------
    below
        Voltage under which the sensor is not to be relied on [V]: from its data sheet.
    quantity
        Where the voltage stands.
    """

    name: ClassVar[str] = "low_battery"

    below: float
    quantity: str = "battery"

    @property
    def quantities(self) -> tuple[str, ...]:
        """Looks at the voltage."""
        return (self.quantity,)

    def holds(self, series: Series, index: int) -> bool:
        """Return whether the battery was low at `index`."""
        voltage = series.beside[self.quantity][index]
        return voltage is not None and voltage < self.below

    def candidates(self, series: Series, first: int, end: int) -> Iterable[int]:
        """Return those with a voltage that is low."""
        voltage = np.array(series.beside[self.quantity][first:end], dtype=float)
        found: list[int] = (np.flatnonzero(voltage < self.below) + first).tolist()
        return found
