"""Schedule performance: what lies in the dump against what the plan wants there by now."""

from __future__ import annotations

from analytics.indicator import Facts, IndicatorModel, no_plan, taken_over
from ingest.figure import Figure
from ingest.site import Site
from ingest.text import Text
from twin.state import TwinState


class SchedulePerformance(IndicatorModel):
    """Actual over planned cumulative volume [1].

    The schedule performance index of earned value management (ANSI/EIA-748), with volume in the
    dump as the value: below one is behind the plan.
    """

    name = "schedule_performance"
    title = Text("Volume against plan")
    unit = "1"
    group = "fill"

    def figures(self, site: Site, state: TwinState, facts: Facts) -> dict[str, Figure]:  # noqa: ARG002
        """Return the ratio of the whole site."""
        if state.fill is None:
            return {"": no_plan(self.unit, state)}
        return {"": taken_over(state.fill.performance, self.unit)}
