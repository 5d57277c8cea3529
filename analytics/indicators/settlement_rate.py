"""Settlement rate: how fast each point goes down."""

from __future__ import annotations

from analytics.indicator import Facts, IndicatorModel, taken_over
from ingest.figure import Figure
from ingest.site import Site
from ingest.text import Text
from twin.state import TwinState


class SettlementRate(IndicatorModel):
    """Settlement rate over 30 days, downward positive [mm/d].

    The rate is what "settlement has ended" is judged by before fine grading (reclamation project
    073/20-TX: 1-1.5 years after the last load).
    """

    name = "settlement_rate"
    title = Text("Settlement rate")
    unit = "mm/d"
    group = "settlement"

    def figures(self, site: Site, state: TwinState, facts: Facts) -> dict[str, Figure]:  # noqa: ARG002
        """Return the rate per settlement point."""
        return {point.point: taken_over(point.rate, self.unit) for point in state.settlement}
