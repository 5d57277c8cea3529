"""What the reductions of a vibrating wire have in common."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Literal

from pydantic import Field

from ingest.calibration import AIR_PRESSURE, STANDARD_ATMOSPHERE, Calibration


def digits(frequency: float) -> float:
    """Return the reading in digits, 10^-3 f^2, of a frequency [Hz].

    Source: Geokon, 4500 series instruction manual, "Data reduction": 8000 digits are 2828 Hz.
    """
    return frequency * frequency / 1000.0


class VibratingWire(Calibration):
    """Corrections of a vibrating-wire pressure, K (T - T0) - (S - S0) [kPa].

    Parameters
    ----------
    signal
        The raw quantity in which the coefficients are given. Digits are made of a frequency where
        the instrument sends that.
    sends
        What the instrument sends; by default the `signal` itself.
    temperature_factor
        K [kPa/degC].
    zero_temperature
        T0 [degC].
    zero_air_pressure
        S0 [kPa]; taken off only where a barometer is named.
    """

    takes_barometer: ClassVar[bool] = True

    signal: Literal["digits", "frequency"] = "digits"
    sends: Literal["digits", "frequency"] | None = None
    temperature_factor: float = 0.0
    zero_temperature: float = Field(default=0.0, ge=-60, le=100)
    zero_air_pressure: float = Field(default=STANDARD_ATMOSPHERE, gt=0, lt=130)

    @property
    def inputs(self) -> tuple[str, ...]:
        """The wire's signal, and the temperature where a factor is given."""
        sent = self.sends or self.signal
        return (sent, "temperature") if self.temperature_factor else (sent,)

    def wire(self, reading: Mapping[str, float]) -> float:
        """Return the signal in the unit of the coefficients."""
        sent = reading[self.sends or self.signal]
        if (self.sends or self.signal) == self.signal:
            return sent
        return digits(sent) if self.signal == "digits" else (1000.0 * max(sent, 0.0)) ** 0.5

    def corrections(self, reading: Mapping[str, float]) -> float:
        """Return what temperature and air pressure add [kPa]."""
        added = 0.0
        if self.temperature_factor:
            added += self.temperature_factor * (reading["temperature"] - self.zero_temperature)
        if self.barometer is not None:
            added -= reading[AIR_PRESSURE] - self.zero_air_pressure
        return added
