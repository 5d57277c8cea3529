"""Head change: how much the water level of each observation well has changed in 30 days."""

from __future__ import annotations

from analytics.indicator import Facts, IndicatorModel, taken_over
from ingest.figure import Figure
from ingest.site import Site
from ingest.text import Text
from twin.state import TwinState


class HeadChange(IndicatorModel):
    """Change of head over 30 days [m]; positive is a rising water table (ISO 18674-4)."""

    name = "head_change"
    title = Text("Change of head in 30 days")
    unit = "m"
    group = "water"

    def figures(self, site: Site, state: TwinState, facts: Facts) -> dict[str, Figure]:  # noqa: ARG002
        """Return the change per observation well."""
        return {
            item.instrument: taken_over(item.change_30d, self.unit)
            for item in state.pressure
            if item.quantity == "head"
        }
