"""Rain load: how much rain the slopes have taken up in a week."""

from __future__ import annotations

from analytics.indicator import Facts, IndicatorModel, taken_over
from ingest.figure import Figure
from ingest.site import Site
from ingest.text import Text
from twin.state import TwinState


class RainLoad(IndicatorModel):
    """Rain of the last 7 days [mm].

    Antecedent rain, and not the shower alone, goes with slides of loose fill (Guzzetti et al.
    2007, "Rainfall thresholds for the initiation of landslides", section 2).
    """

    name = "rain_load"
    title = Text("Rain of 7 days")
    unit = "mm"
    group = "water"

    def figures(self, site: Site, state: TwinState, facts: Facts) -> dict[str, Figure]:  # noqa: ARG002
        """Return the rain of the whole site."""
        return {"": taken_over(state.weather.rain_7d, self.unit)}
