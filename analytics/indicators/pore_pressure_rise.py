"""Pore pressure rise: how much each piezometer has risen in a week."""

from __future__ import annotations

from analytics.indicator import Facts, IndicatorModel, taken_over
from ingest.figure import Figure
from ingest.site import Site
from ingest.text import Text
from twin.state import TwinState


class PorePressureRise(IndicatorModel):
    """Change of pore pressure over 7 days [kPa].

    A rise lowers the effective stress and so the strength of a slope (Terzaghi's principle of
    effective stress, 1943).
    """

    name = "pore_pressure_rise"
    title = Text("Rise of pore pressure in 7 days")
    unit = "kPa"
    group = "slope"

    def figures(self, site: Site, state: TwinState, facts: Facts) -> dict[str, Figure]:  # noqa: ARG002
        """Return the change per piezometer."""
        return {
            item.instrument: taken_over(item.change_7d, self.unit)
            for item in state.pressure
            if item.quantity == "pore_pressure"
        }
