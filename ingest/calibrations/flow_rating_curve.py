"""Flow from the stage of a gauged section."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from pydantic import Field

from ingest.calibration import Calibration


class FlowRatingCurve(Calibration):
    """Q = C (h - h0)^n [L/s]; no flow at or below h0.

    Source: ISO 18320:2020, stage-discharge relation of one segment.

    Parameters
    ----------
    coefficient
        C: the flow at one metre above h0 [L/s].
    zero_flow_m
        h0: stage at which the flow ends [m].
    exponent
        n [1].
    """

    name: ClassVar[str] = "flow_rating_curve"

    coefficient: float = Field(gt=0)
    zero_flow_m: float = 0.0
    exponent: float = Field(gt=0, le=5)

    @property
    def inputs(self) -> tuple[str, ...]:
        """Stage [m]."""
        return ("stage",)

    def value(self, reading: Mapping[str, float]) -> float:
        """Return the flow [L/s]."""
        flow: float = max(reading["stage"] - self.zero_flow_m, 0.0) ** self.exponent
        return self.coefficient * flow
