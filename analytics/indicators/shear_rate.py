"""Shear rate: how fast the node that moves most is moving."""

from __future__ import annotations

from analytics.indicator import Facts, IndicatorModel, taken_over
from ingest.figure import Figure
from ingest.site import Site
from ingest.text import Text
from twin.state import TwinState


class ShearRate(IndicatorModel):
    """Rate of displacement over 7 days at the node that moved most [mm/d] (ISO 18674-3)."""

    name = "shear_rate"
    title = Text("Rate of movement in the slope")
    unit = "mm/d"
    group = "slope"

    def figures(self, site: Site, state: TwinState, facts: Facts) -> dict[str, Figure]:  # noqa: ARG002
        """Return the rate per inclinometer."""
        return {item.instrument: taken_over(item.rate, self.unit) for item in state.movement}
