"""Temperature of a thermistor by the Steinhart-Hart equation."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import ClassVar

from ingest.calibration import Calibration


class ThermistorSteinhartHart(Calibration):
    """1/T = A + B ln R + C (ln R)^3, T in kelvin; the offset is added in degC.

    Source: Steinhart and Hart (1968), "Calibration curves for thermistors", Deep-Sea Research 15,
    497-503. The defaults are those of the 3 kohm thermistor of Geokon's manuals.
    """

    name: ClassVar[str] = "thermistor_steinhart_hart"

    a: float = 1.4051e-3
    b: float = 2.369e-4
    c: float = 1.019e-7
    offset: float = 0.0

    @property
    def inputs(self) -> tuple[str, ...]:
        """Resistance [ohm]."""
        return ("thermistor_resistance",)

    def value(self, reading: Mapping[str, float]) -> float:
        """Return the temperature [degC]."""
        log = math.log(reading["thermistor_resistance"])
        return 1.0 / (self.a + self.b * log + self.c * log**3) - 273.15 + self.offset
