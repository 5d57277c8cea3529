"""Data completeness: on how many of the last days the instruments measured."""

from __future__ import annotations

from datetime import timedelta

from analytics.indicator import Facts, IndicatorModel
from ingest.clock import EPOCH
from ingest.figure import Figure, unknown
from ingest.site import Site
from ingest.text import Text
from twin.state import TwinState

DAYS = 7


class DataCompleteness(IndicatorModel):
    """Part of the instrument-days of the last 7 whole days (UTC) that hold a reading [1].

    Asked of instruments that report at least daily; those that report events are left out, because
    a day without a load is no gap.
    """

    name = "data_completeness"
    title = Text("Days with readings, of the last 7")
    unit = "1"
    group = "data"

    def figures(self, site: Site, state: TwinState, facts: Facts) -> dict[str, Figure]:
        """Return the part of the whole site."""
        regular = [
            instrument.name
            for instrument in site
            if (interval := site.type_of(instrument.name).interval_s) and interval <= 86_400
        ]
        if not regular:
            return {"": unknown(self.unit, Text("No instrument reports daily"), time=state.time)}
        today = (state.time - EPOCH) // timedelta(days=1)
        days = set(range(today - DAYS, today))
        began = min((min(d) for d in facts.days_with_readings.values() if d), default=today)
        if began > today - DAYS:
            return {
                "": unknown(
                    self.unit,
                    Text(
                        "Only {count} of {needed} days since the first reading",
                        {"count": max(today - began, 0), "needed": DAYS},
                    ),
                    time=state.time,
                )
            }
        held = sum(len(days & facts.days_with_readings.get(name, frozenset())) for name in regular)
        return {
            "": Figure(
                value=held / (DAYS * len(regular)),
                unit=self.unit,
                time=state.time,
                source=f"{len(regular)} instruments",
                version=self.version,
            )
        }
