"""Measured while the battery was low."""

from __future__ import annotations

from typing import ClassVar

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
