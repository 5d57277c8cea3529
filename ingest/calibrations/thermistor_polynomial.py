"""Temperature of a thermistor by a polynomial of its resistance."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from ingest.calibration import Calibration


class ThermistorPolynomial(Calibration):
    """T = A r^2 + B r + C + offset [degC], r = R / 1000 [kohm].

    Source: the reduction of loggers LS-a and LS-b in Smith and others (2017), USGS Open-File
    Report 2017-1095 (landslides-thresholds, lvl_m.py).
    """

    name: ClassVar[str] = "thermistor_polynomial"

    a: float
    b: float
    c: float
    offset: float = 0.0

    @property
    def inputs(self) -> tuple[str, ...]:
        """Resistance [ohm]."""
        return ("thermistor_resistance",)

    def value(self, reading: Mapping[str, float]) -> float:
        """Return the temperature [degC]."""
        kilo = reading["thermistor_resistance"] / 1000.0
        return (self.a * kilo + self.b) * kilo + self.c + self.offset
