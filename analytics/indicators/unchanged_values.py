"""Unchanged values: whether an instrument repeats itself as a stuck one does."""

from __future__ import annotations

from analytics.indicator import Facts, IndicatorModel
from ingest.figure import Figure, unknown
from ingest.site import Site
from ingest.text import Text
from twin.state import TwinState

#: One quantity alone may well rest within its resolution; two with noise do not.
FEWEST_QUANTITIES = 2


class UnchangedValues(IndicatorModel):
    """How long all quantities of an instrument have been exactly the same [h].

    Asked of instruments with two quantities or more ("persistence test" of meteorological data
    control: WMO-No. 8, volume V, chapter 1). Counted up to the last reading: silence is another
    indicator's business.
    """

    name = "unchanged_values"
    title = Text("Values unchanged for")
    unit = "h"
    group = "data"
    habitual = False

    def figures(self, site: Site, state: TwinState, facts: Facts) -> dict[str, Figure]:
        """Return the hours per instrument."""
        return {
            instrument.name: self._hours(instrument.name, state, facts)
            for instrument in site
            if len(site.type_of(instrument.name).results) >= FEWEST_QUANTITIES
        }

    def _hours(self, instrument: str, state: TwinState, facts: Facts) -> Figure:
        last = facts.last_reading.get(instrument)
        since = facts.unchanged_since.get(instrument)
        if last is None or since is None:
            return unknown(
                self.unit,
                Text("No reading has arrived yet"),
                time=state.time,
                source=instrument,
            )
        return Figure(
            value=(last - since).total_seconds() / 3600,
            unit=self.unit,
            time=last,
            source=instrument,
            version=self.version,
        )
