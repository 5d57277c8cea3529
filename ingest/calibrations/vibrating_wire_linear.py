"""Pressure of a vibrating wire by its linear gauge factor."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from ingest.calibrations._vibrating_wire import VibratingWire


class VibratingWireLinear(VibratingWire):
    """P = G (R - R0) + K (T - T0) - (S - S0) [kPa].

    Source: Geokon, 4500 series instruction manual, "Data reduction". A sheet that writes
    G (R0 - R) is entered with the sign of G turned.

    Parameters
    ----------
    gauge_factor
        G [kPa/digit, or kPa/Hz where `signal` is the frequency].
    zero_reading
        R0, in the same signal.
    """

    name: ClassVar[str] = "vibrating_wire_linear"

    gauge_factor: float
    zero_reading: float

    def value(self, reading: Mapping[str, float]) -> float:
        """Return the pressure [kPa]."""
        change = self.wire(reading) - self.zero_reading
        return self.gauge_factor * change + self.corrections(reading)
