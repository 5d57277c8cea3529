"""When each tier takes its last load: as it was weighed, else by the pace of loads, else by plan.

A weighbridge knows the waste stream of a load and not the tier on which it is tipped. A tier is
full when what was weighed reaches the volume that a level surface at its crest holds.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ingest.figure import Figure, unknown
from ingest.text import Text
from twin import VERSION
from twin.completion import HIGH, LOW, Paths, moment, quantile
from twin.geometry import StageVolume
from twin.history import DAY
from twin.loads import Loads
from twin.plan import Calendar, Plan
from twin.state import FillState

#: Volumes are added up from loads; less than this is nothing [thousand m3].
NOTHING = 1e-6


def last_loads(
    plan: Plan,
    calendar: Calendar,
    loads: Loads,
    ahead: Paths | None,
    source: str,
    judged: Callable[[Figure], Figure],
) -> dict[str, Figure]:
    """Return the date of every tier's last load, bottom up, or why there is none.

    Parameters
    ----------
    ahead
        Paths of the volume; None when there is no forecast.
    source
        The weighbridges.
    judged
        Marks a figure that rests on them by how long none was heard.
    """
    stage = StageVolume(plan.tiers)
    placed = float(loads.cumulative[-1])

    def last(base_m: float, crest_m: float) -> Figure:
        bottom, top = stage.volume(base_m), stage.volume(crest_m)
        end = min(top, calendar.total)
        if max(placed, calendar.total) <= bottom + NOTHING:
            reason = Text("Nothing is planned for this tier, and nothing lies in it")
            return unknown("date", reason, time=loads.end, source=calendar.source)
        if placed >= end - NOTHING:
            return judged(_weighed(loads, top, source))
        if ahead is not None:
            return judged(_forecast(loads, ahead, end, source))
        return _planned(loads, calendar, end)

    return {name: last(tier.base_m, tier.crest_m) for name, tier in plan.tiers.items()}


def last_load(fill: FillState, zone: str) -> Figure:
    """Return the date of the last load on a zone: its tier's own, else that of the whole fill."""
    own = [tier.last_load for tier in fill.tiers if tier.tier == zone and tier.last_load]
    return own[0] if own else fill.completion


def _weighed(loads: Loads, top: float, source: str) -> Figure:
    """Return the day that filled a tier up to a volume, or the last load that it has had."""
    full = int(np.searchsorted(loads.cumulative, top - NOTHING))
    day = (
        full if full < len(loads.cumulative) else int(np.flatnonzero(loads.volume.sum(axis=1))[-1])
    )
    return Figure(
        value=(loads.start + day * DAY).date().isoformat(),
        unit="date",
        time=loads.end,
        source=source,
        version=VERSION,
        validity=Text("By what was weighed, placed as a level surface"),
    )


def _forecast(loads: Loads, ahead: Paths, end: float, source: str) -> Figure:
    """Return when the paths reach a volume."""
    found = ahead.reached(end)
    low, middle, high = (
        when.date().isoformat() if when else None
        for when in (
            # What was placed unweighed brings the end nearer.
            moment(quantile(ahead.reached(end - loads.unweighed), LOW)),
            moment(quantile(found, 0.5)),
            moment(quantile(found, HIGH)),
        )
    )
    if middle is None:
        reason = Text("At the present pace this volume is not reached in 100 years")
        return unknown("date", reason, time=loads.end, source=source)
    return Figure(
        value=middle,
        unit="date",
        time=loads.end,
        source=source,
        version=VERSION,
        low=low,
        high=high,
        confidence=HIGH - LOW,
        validity=Text("By the pace of loads against the plan, placed as a level surface"),
        quality="forecast",
    )


def _planned(loads: Loads, calendar: Calendar, end: float) -> Figure:
    """Return when the plan reaches a volume."""
    when = calendar.reached(end)
    assert when is not None  # no volume above the plan's own is asked for
    return Figure(
        value=when.date().isoformat(),
        unit="date",
        time=loads.end,
        source=calendar.source,
        validity=Text("By the calendar plan: there is no forecast of the loads"),
        quality="planned",
    )
