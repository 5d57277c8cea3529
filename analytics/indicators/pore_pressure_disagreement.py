"""Pore pressure disagreement: whether a piezometer goes its own way among its neighbours."""

from __future__ import annotations

from statistics import median

from analytics.indicator import Facts, IndicatorModel, current_value
from ingest.figure import Figure, unknown
from ingest.site import Site
from ingest.text import Text
from twin.state import PressureState, TwinState

#: Fewest neighbours with a current value for which a median and a spread mean something.
NEEDED = 4
#: Spread below which piezometers are not told apart [kPa]: the usual accuracy of a vibrating-wire
#: piezometer, 0.1 % of a 1 MPa range (design assumption).
ACCURACY_KPA = 1.0


class PorePressureDisagreement(IndicatorModel):
    """Modified z-score of what no neighbour shares of a piezometer's 30-day change [1].

    `0.6745 * |x - median| / MAD`; beyond 3.5 a value is an outlier (Iglewicz and Hoaglin 1993,
    "How to detect and handle outliers", ASQC vol. 16). The MAD is that of the neighbours in the
    zone, and not less than the instrument's accuracy. Before that, twice the largest departure of
    a neighbour to the same side is taken off (design assumption): a part of a slope that answers
    rain moves several instruments, a drifting or broken one moves alone.
    """

    name = "pore_pressure_disagreement"
    title = Text("Disagreement with neighbouring piezometers")
    unit = "1"
    group = "data"

    def figures(self, site: Site, state: TwinState, facts: Facts) -> dict[str, Figure]:  # noqa: ARG002
        """Return the score per piezometer."""
        items = [item for item in state.pressure if item.quantity == "pore_pressure"]
        return {item.instrument: self._score(item, items, state) for item in items}

    def _score(self, item: PressureState, items: list[PressureState], state: TwinState) -> Figure:
        own = current_value(item.change_30d)
        if own is None:
            reason = item.change_30d.reason or Text("No current value")
            return unknown(self.unit, reason, time=state.time, source=item.instrument)
        others = [
            value
            for other in items
            if other.zone == item.zone and other.instrument != item.instrument
            if (value := current_value(other.change_30d)) is not None
        ]
        if len(others) < NEEDED:
            return unknown(
                self.unit,
                Text(
                    "Only {count} of {needed} neighbours have a current value",
                    {"count": len(others), "needed": NEEDED},
                ),
                time=state.time,
                source=item.instrument,
            )
        middle = median(others)
        spread = max(median(abs(value - middle) for value in others), ACCURACY_KPA)
        side = 1.0 if own > middle else -1.0
        shared = max(0.0, *(side * (value - middle) for value in others))
        alone = max(abs(own - middle) - 2 * shared, 0.0)
        return Figure(
            value=0.6745 * alone / spread,
            unit=self.unit,
            time=item.change_30d.time,
            source=f"{item.instrument} and {len(others)} neighbours",
            version=self.version,
        )
