"""Acidity of the drainage: whether it is turning acid."""

from __future__ import annotations

from analytics.indicator import Facts, IndicatorModel, taken_over
from ingest.figure import Figure
from ingest.site import Site
from ingest.text import Text
from twin.state import TwinState


class WaterPh(IndicatorModel):
    """pH at each water station [pH].

    Sulfide-bearing waste turns drainage acid when its neutralising minerals are used up (INAP,
    Global Acid Rock Drainage Guide, chapter 2).
    """

    name = "water_ph"
    title = Text("Acidity of the drainage")
    unit = "pH"
    group = "water"

    def figures(self, site: Site, state: TwinState, facts: Facts) -> dict[str, Figure]:  # noqa: ARG002
        """Return the pH per station."""
        return {
            item.station: taken_over(item.value, self.unit)
            for item in state.water
            if item.quantity == "ph"
        }
