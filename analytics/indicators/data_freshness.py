"""Data freshness: how many instruments speak of the present."""

from __future__ import annotations

from analytics.indicator import Facts, IndicatorModel
from ingest.figure import Figure, unknown
from ingest.freshness import freshness
from ingest.site import Site
from ingest.text import Text
from twin.state import TwinState


class DataFreshness(IndicatorModel):
    """Part of the site's instruments whose last reading is current [1].

    Current, stale and unavailable are told apart by the silence that the instrument's type allows
    (`ingest.freshness`).
    """

    name = "data_freshness"
    title = Text("Instruments that are current")
    unit = "1"
    group = "data"

    def figures(self, site: Site, state: TwinState, facts: Facts) -> dict[str, Figure]:
        """Return the part of the whole site."""
        if not facts.last_reading:
            return {"": unknown(self.unit, Text("No reading has arrived yet"), time=state.time)}
        current = sum(
            freshness(
                facts.last_reading.get(instrument.name),
                site.type_of(instrument.name),
                state.time,
            )
            == "current"
            for instrument in site
        )
        return {
            "": Figure(
                value=current / len(site.instruments),
                unit=self.unit,
                time=state.time,
                source=f"{len(site.instruments)} instruments",
                version=self.version,
            )
        }
