"""Shear acceleration: whether the movement is getting faster."""

from __future__ import annotations

from analytics.indicator import Facts, IndicatorModel, taken_over
from ingest.figure import Figure
from ingest.site import Site
from ingest.text import Text
from twin.state import TwinState


class ShearAcceleration(IndicatorModel):
    """Change of the weekly rate of movement, per day [mm/d2].

    A slope that is going to fail accelerates (tertiary creep; Fukuzono 1985, "A new method for
    predicting the failure time of a slope"); steady creep does not.
    """

    name = "shear_acceleration"
    title = Text("Acceleration of movement in the slope")
    unit = "mm/d2"
    group = "slope"

    def figures(self, site: Site, state: TwinState, facts: Facts) -> dict[str, Figure]:  # noqa: ARG002
        """Return the acceleration per inclinometer."""
        return {
            item.instrument: taken_over(item.acceleration, self.unit) for item in state.movement
        }
