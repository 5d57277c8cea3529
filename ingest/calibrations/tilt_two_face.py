"""Displacement of an inclinometer casing from a probe that is read in two faces."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from pydantic import Field

from ingest.calibrations._profile import CasingProfile


class TiltTwoFace(CasingProfile):
    """Deviation of an interval = factor (A0 - A180) / 2 [mm]; cumulated, less the base profile.

    Source: Soil Instruments, Digital Inclinometer Pro user manual, "Data reduction" (factor 0.01
    for a metric probe); ISO 18674-3:2017. The mean of both faces takes the probe's bias out.

    Parameters
    ----------
    factor
        Displacement of one unit of the reading [mm].
    zero
        Deviation of each interval at the base reading [mm].
    """

    name: ClassVar[str] = "tilt_two_face"

    factor: float = Field(default=0.01, gt=0)

    @property
    def inputs(self) -> tuple[str, ...]:
        """Readings of both faces."""
        return ("face_a0", "face_a180")

    def increment(self, node: int, reading: Mapping[str, float]) -> float:
        """Return the displacement over one interval since the base reading [mm]."""
        deviation = (reading["face_a0"] - reading["face_a180"]) / 2 * self.factor
        return deviation - (self.zero[node] if self.zero else 0.0)
