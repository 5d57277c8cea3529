"""Settlement beyond forecast: whether a point goes down faster than was foretold weeks ago."""

from __future__ import annotations

import msgspec

from analytics.indicator import Facts, IndicatorModel, taken_over
from ingest.figure import Figure, unknown
from ingest.site import Site
from ingest.text import Text
from twin.state import SettlementState, TwinState


class SettlementBeyondForecast(IndicatorModel):
    """Settlement less the upper bound of the forecast of two to six weeks ago [mm].

    Above 0 the point has left the interval that was told for it. A forecast holds for the load that
    lay there: once a point's settlement is not foretold any more, as after a new lift, what was
    told before is dropped.
    """

    name = "settlement_beyond_forecast"
    title = Text("Settlement beyond its forecast")
    unit = "mm"
    group = "settlement"
    habitual = False

    def figures(self, site: Site, state: TwinState, facts: Facts) -> dict[str, Figure]:  # noqa: ARG002
        """Return the difference per settlement point."""
        return {point.point: self._beyond(point, facts) for point in state.settlement}

    def _beyond(self, point: SettlementState, facts: Facts) -> Figure:
        settled = taken_over(point.settlement, self.unit)
        told = facts.foretold.get(point.point)
        if not isinstance(settled.value, float) or settled.time is None:
            return settled
        if told is None:
            reason = Text("No forecast of two to six weeks ago holds for what lies there now")
            return unknown(self.unit, reason, time=settled.time, source=point.point)
        return msgspec.structs.replace(
            settled,
            value=settled.value - told.upper(settled.time),
            version=self.version,
            validity=Text(
                "Against the upper bound that was told on {date}", {"date": f"{told.made:%Y-%m-%d}"}
            ),
        )
