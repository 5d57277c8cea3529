"""Unexplained head rise: water that neither weather nor load has brought to a piezometer."""

from __future__ import annotations

from analytics.indicator import Facts, IndicatorModel, taken_over
from ingest.figure import Figure, unknown
from ingest.site import Site
from ingest.text import Text
from twin.slopes.section import WATER_UNIT_WEIGHT
from twin.state import TwinState
from twin.water_state import GroundwaterState


class UnexplainedHeadRise(IndicatorModel):
    """Head above what rain, melt, air and load explain, as far as it is beyond chance [m].

    The lower end of its interval of 95 %, out of sample, and not below 0: a rise that the interval
    does not hold has another cause, such as water from elsewhere or a failed drain. After more
    water than the calibration has seen the interval cannot be told, and nothing is known. Pore
    pressure counts by the column of water that it carries.
    """

    name = "unexplained_head_rise"
    title = Text("Rise of head that is not explained, at least")
    unit = "m"
    group = "water"

    def figures(self, site: Site, state: TwinState, facts: Facts) -> dict[str, Figure]:  # noqa: ARG002
        """Return the rise per piezometer and observation well."""
        return {item.instrument: self._rise(item) for item in state.groundwater}

    def _rise(self, item: GroundwaterState) -> Figure:
        left = taken_over(item.unexplained, item.unexplained.unit)
        if left.value is None:
            reason = left.reason or Text("The twin gives no value")
            return unknown(self.unit, reason, time=left.time, source=left.source)
        if item.rise is None or not isinstance(left.low, float):
            reason = Text("More water than on any day of the calibration")
            return unknown(self.unit, reason, time=left.time, source=left.source)
        metre = WATER_UNIT_WEIGHT if item.quantity == "pore_pressure" else 1.0
        return Figure(
            value=max(left.low, 0.0) / metre,
            unit=self.unit,
            time=left.time,
            source=item.instrument,
            version=self.version,
            quality=left.quality,
        )
