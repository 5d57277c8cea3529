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
    """Modified z-score of a piezometer's 30-day change among those of its zone [1].

    `0.6745 * |x - median| / MAD`; beyond 3.5 a value is an outlier (Iglewicz and Hoaglin 1993,
    "How to detect and handle outliers", ASQC vol. 16). The MAD is that of the neighbours, and not
    less than the instrument's accuracy. A drifting or broken instrument stands out; a slope that
    answers rain moves many.
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
        return Figure(
            value=0.6745 * abs(own - middle) / spread,
            unit=self.unit,
            time=item.change_30d.time,
            source=f"{item.instrument} and {len(others)} neighbours",
            version=self.version,
        )
