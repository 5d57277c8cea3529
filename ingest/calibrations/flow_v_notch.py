"""Flow over a thin-plate V-notch weir."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import ClassVar

from pydantic import Field

from ingest.calibration import Calibration

#: Standard gravity [m/s2].
GRAVITY = 9.80665


class FlowVNotch(Calibration):
    """Q = 8/15 Cd sqrt(2 g) tan(angle / 2) (h + kh)^(5/2) [L/s]; no flow below the notch.

    Source: ISO 1438:2017, equation of Kindsvater and Shen; for a fully contracted 90 degree notch
    Cd = 0.578 and kh = 0.85 mm.

    Parameters
    ----------
    angle_deg
        Of the notch [degree].
    coefficient
        Cd [1].
    head_correction_m
        kh [m].
    notch_m
        Stage at the vertex of the notch [m].
    """

    name: ClassVar[str] = "flow_v_notch"

    angle_deg: float = Field(default=90.0, ge=20, le=100)
    coefficient: float = Field(default=0.578, gt=0, lt=1)
    head_correction_m: float = Field(default=0.00085, ge=0, lt=0.01)
    notch_m: float = 0.0

    @property
    def inputs(self) -> tuple[str, ...]:
        """Stage [m]."""
        return ("stage",)

    def value(self, reading: Mapping[str, float]) -> float:
        """Return the flow [L/s]."""
        head = reading["stage"] - self.notch_m
        if head <= 0:
            return 0.0
        effective: float = head + self.head_correction_m
        factor = 8 / 15 * self.coefficient * math.sqrt(2 * GRAVITY)
        flow: float = 1000.0 * factor * math.tan(math.radians(self.angle_deg / 2)) * effective**2.5
        return flow
