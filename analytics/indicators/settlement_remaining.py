"""Remaining settlement: how far each point still has to go."""

from __future__ import annotations

from analytics.indicator import Facts, IndicatorModel, taken_over
from ingest.figure import Figure
from ingest.site import Site
from ingest.text import Text
from twin.state import TwinState


class SettlementRemaining(IndicatorModel):
    """Ultimate settlement of the twin's forecast less the settlement so far [mm].

    With the forecast's interval; unknown with the twin's own reason while it refuses a forecast.
    """

    name = "settlement_remaining"
    title = Text("Settlement still to come")
    unit = "mm"
    group = "settlement"
    habitual = False

    def figures(self, site: Site, state: TwinState, facts: Facts) -> dict[str, Figure]:  # noqa: ARG002
        """Return the remaining settlement per point."""
        return {point.point: taken_over(point.remaining, self.unit) for point in state.settlement}
