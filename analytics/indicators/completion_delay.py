"""Completion delay: how long after the deadline the plan's volume will be reached."""

from __future__ import annotations

from datetime import date

import msgspec

from analytics.indicator import Facts, IndicatorModel, no_plan
from ingest.figure import Figure, unknown
from ingest.site import Site
from ingest.text import Text
from twin.state import TwinState


class CompletionDelay(IndicatorModel):
    """Forecast completion less the deadline [d]; negative is early.

    The interval is the one of the twin's completion date. The deadline is the plan's (for Abaza
    the 15 years of the Russian rules of reclamation).
    """

    name = "completion_delay"
    title = Text("Delay of completion")
    unit = "d"
    group = "fill"
    habitual = False

    def figures(self, site: Site, state: TwinState, facts: Facts) -> dict[str, Figure]:  # noqa: ARG002
        """Return the delay of the whole site."""
        fill = state.fill
        if fill is None:
            return {"": no_plan(self.unit, state)}
        completion, deadline = fill.completion, _day(fill.deadline.value)
        expected = _day(completion.value)
        if expected is None or deadline is None:
            known = completion if expected is None else fill.deadline
            reason = known.reason or Text("The twin gives no date")
            return {"": unknown(self.unit, reason, time=completion.time, source=known.source)}
        low, high = _day(completion.low), _day(completion.high)
        return {
            "": msgspec.structs.replace(
                completion,
                value=float((expected - deadline).days),
                low=None if low is None else float((low - deadline).days),
                high=None if high is None else float((high - deadline).days),
                unit=self.unit,
            )
        }


def _day(value: float | str | None) -> date | None:
    return date.fromisoformat(value[:10]) if isinstance(value, str) else None
