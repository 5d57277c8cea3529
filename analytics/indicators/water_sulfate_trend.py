"""Sulfate trend: whether the waste weathers faster than a month ago."""

from __future__ import annotations

from analytics.indicator import Facts, IndicatorModel, taken_over
from ingest.figure import Figure
from ingest.site import Site
from ingest.text import Text
from twin.state import TwinState


class WaterSulfateTrend(IndicatorModel):
    """Change of sulfate over 30 days, weekly means [mg/L].

    Sulfate rises with sulfide oxidation before the pH falls, because carbonates still neutralise
    the acid (INAP, Global Acid Rock Drainage Guide, chapter 2).
    """

    name = "water_sulfate_trend"
    title = Text("Change of sulfate in 30 days")
    unit = "mg/L"
    group = "water"

    def figures(self, site: Site, state: TwinState, facts: Facts) -> dict[str, Figure]:  # noqa: ARG002
        """Return the change per station."""
        return {
            item.station: taken_over(item.change_30d, self.unit)
            for item in state.water
            if item.quantity == "sulfate"
        }
