"""Pressure of a vibrating wire by the polynomial of its calibration sheet."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from ingest.calibrations._vibrating_wire import VibratingWire


class VibratingWirePolynomial(VibratingWire):
    """P = A R^2 + B R + C + K (T - T0) - (S - S0) [kPa].

    Source: Geokon, 4500 series instruction manual, "Data reduction"; the same form in frequency
    reduces the loggers of Smith and others (2017), USGS Open-File Report 2017-1095.

    Parameters
    ----------
    a, b, c
        Coefficients of R^2, R and 1 [kPa per signal squared, kPa per signal, kPa].
    """

    name: ClassVar[str] = "vibrating_wire_polynomial"

    a: float
    b: float
    c: float

    def value(self, reading: Mapping[str, float]) -> float:
        """Return the pressure [kPa]."""
        wire = self.wire(reading)
        pressure = (self.a * wire + self.b) * wire + self.c
        return pressure + self.corrections(reading)
