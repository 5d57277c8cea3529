"""Progress of the backfill: volume in the dump, the front, and the plan beside them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import numpy as np

from ingest.figure import Figure, unknown
from ingest.site import Zone
from ingest.text import Text
from twin import VERSION
from twin.buckets import Array
from twin.completion import CONFIDENCE, NEEDED_MONTHS, Pace, after, pace
from twin.current import Current
from twin.geometry import StageVolume
from twin.history import DAY, History, last_midnight
from twin.loads import Loads, read_loads
from twin.plan import Plan
from twin.state import FillState, SCurve, StreamState, TierState

#: Window of the rates [d].
RATE_DAYS = 30

#: Points of the curve of what was placed, and of its forecast: enough for a wall display.
CURVE_POINTS = 180
FORECAST_POINTS = 24

MODEL = "backfill"


def fill(current: Current, history: History, plan: Plan) -> FillState:
    """Return the progress of the backfill at the moment of `current`."""
    at = current.at
    loads = read_loads(current, history, plan)
    volume = float(loads.volume.sum())
    planned = plan.planned_volume(at)
    calendar = plan.calendar_at(at)
    weighed = _Weighed(current)

    def derived(value: float | str, unit: str) -> Figure:
        return weighed.judged(
            Figure(value=value, unit=unit, time=at, source=weighed.source, version=VERSION)
        )

    rate = _rate(loads, loads.volume.sum(axis=1) * 365.25, "thousand m3/y", weighed)
    stage = StageVolume(plan.tiers)
    level = derived(stage.level(volume), "m")
    level.validity = Text(
        "Level of a level surface that holds the volume: the source gives no surveyed one"
    )
    months = pace(loads)
    return FillState(
        volume_in_dump=derived(volume, "thousand m3"),
        planned_volume=_planned(planned, "thousand m3", at, calendar.source),
        variance=derived(volume - planned, "thousand m3"),
        performance=(
            derived(volume / planned, "1")
            if planned > 0
            else unknown("1", Text("Nothing is planned yet"), time=at)
        ),
        rate=rate,
        planned_rate=_planned(calendar.rate(at), "thousand m3/y", at, calendar.source),
        tier=derived(stage.tier(volume), "name"),
        level=level,
        completion=_completion(loads, calendar.total - volume, months, weighed),
        deadline=_planned(
            plan.file.deadline.date.isoformat(), "date", at, plan.file.deadline.source
        ),
        streams=_streams(loads, plan, weighed),
        tiers=_tiers(plan, stage, volume, current.site.zones, derived),
        s_curve=_s_curve(loads, plan, months),
    )


class _Weighed:
    """The weighbridges and whether they can be believed."""

    def __init__(self, current: Current) -> None:
        self._current = current
        bridges = current.site.with_quantity("load_mass")
        self.source = ", ".join(bridge.name for bridge in bridges)
        self.last: datetime | None
        heard = [
            (last, bridge.name)
            for bridge in bridges
            if (last := current.last_time(bridge.name, ("load_mass",))) is not None
        ]
        self.last, self._name = max(heard, default=(None, bridges[0].name if bridges else ""))

    def judged(self, figure: Figure) -> Figure:
        """Return a figure that rests on the loads, marked by how long none was weighed."""
        if not self._name:
            return unknown(figure.unit, Text("The site has no weighbridge"), time=figure.time)
        judged = self._current.judged(figure, self._name, self.last)
        if judged.quality == "stale":
            judged.time = self.last
        return judged


def _planned(value: float | str, unit: str, at: datetime, source: str) -> Figure:
    return Figure(value=value, unit=unit, time=at, source=source, quality="planned")


def _rate(loads: Loads, per_day: Array, unit: str, weighed: _Weighed) -> Figure:
    """Return the mean of the last whole days of a daily series."""
    whole = len(per_day) - 1
    if whole < RATE_DAYS:
        reason = Text(
            "Only {count} of {needed} days since the plan began",
            {"count": whole, "needed": RATE_DAYS},
        )
        return unknown(unit, reason, time=loads.end, source=weighed.source)
    return weighed.judged(
        Figure(
            value=float(per_day[whole - RATE_DAYS : whole].mean()),
            unit=unit,
            time=last_midnight(loads.end),
            source=weighed.source,
            version=VERSION,
        )
    )


def _streams(loads: Loads, plan: Plan, weighed: _Weighed) -> list[StreamState]:
    planned = plan.planned_volume(loads.end)
    calendar = plan.calendar_at(loads.end)
    in_force = plan.streams_at(loads.end).by_name
    yearly = sum(stream.volume_per_year for stream in in_force.values())
    states = []
    for index, name in enumerate(loads.streams):
        share = in_force[name].volume_per_year / yearly if name in in_force else 0.0
        states.append(
            StreamState(
                stream=name,
                title={str(key): text for key, text in plan.file.stream_titles[name].items()},
                mass=weighed.judged(
                    Figure(
                        value=float(loads.mass[:, index].sum()),
                        unit="t",
                        time=loads.end,
                        source=weighed.source,
                        version=VERSION,
                    )
                ),
                volume_in_dump=weighed.judged(
                    Figure(
                        value=float(loads.volume[:, index].sum()),
                        unit="thousand m3",
                        time=loads.end,
                        source=weighed.source,
                        version=VERSION,
                    )
                ),
                planned_volume=_planned(planned * share, "thousand m3", loads.end, calendar.source),
                rate=_rate(loads, loads.mass[:, index], "t/d", weighed),
            )
        )
    return states


def _tiers(
    plan: Plan,
    stage: StageVolume,
    volume: float,
    zones: dict[str, Zone],
    derived: Callable[[float, str], Figure],
) -> list[TierState]:
    filled = stage.filled(volume)
    return [
        TierState(
            tier=name,
            title={str(key): text for key, text in zones[name].title.items()},
            base_m=tier.base_m,
            crest_m=tier.crest_m,
            capacity=Figure(
                value=tier.capacity_thousand_m3,
                unit="thousand m3",
                time=plan.start,
                source=tier.source,
                quality="assumed" if tier.basis == "assumed" else "planned",
            ),
            filled=derived(filled[name], "thousand m3"),
            fraction=derived(filled[name] / tier.capacity_thousand_m3, "1"),
        )
        for name, tier in plan.tiers.items()
    ]


def _completion(loads: Loads, left: float, months: Pace | None, weighed: _Weighed) -> Figure:
    """Return the date on which the plan's volume is reached, with its interval."""
    at = loads.end
    if left <= 0:
        reached = int(np.searchsorted(loads.cumulative, loads.cumulative[-1] + left))
        return weighed.judged(
            Figure(
                value=(loads.start + reached * DAY).date().isoformat(),
                unit="date",
                time=at,
                source=weighed.source,
                version=VERSION,
            )
        )
    if months is None:
        reason = Text("A forecast needs {needed} whole months of loads", {"needed": NEEDED_MONTHS})
        return unknown("date", reason, time=at, source=weighed.source)
    dates = [after(at, months.days_until(left, side)) for side in (0, 1, -1)]
    expected, early, late = dates
    if expected is None:
        reason = Text("At the present pace the plan's volume is not reached in 100 years")
        return unknown("date", reason, time=at, source=weighed.source)
    return weighed.judged(
        Figure(
            value=expected.date().isoformat(),
            unit="date",
            time=at,
            source=f"{weighed.source}: {MODEL}",
            version=VERSION,
            low=early.date().isoformat() if early else None,
            high=late.date().isoformat() if late else None,
            confidence=CONFIDENCE,
            validity=(
                Text(
                    "Loads go on as in the {count} whole months since the plan began",
                    {"count": months.months},
                )
                if late
                else Text(
                    "Loads go on as in the {count} whole months since the plan began; their spread "
                    "sets no latest date",
                    {"count": months.months},
                )
            ),
            quality="forecast",
        )
    )


def _s_curve(loads: Loads, plan: Plan, months: Pace | None) -> SCurve:
    calendar = plan.calendar_at(loads.end)
    cumulative = np.concatenate(([0.0], loads.cumulative))
    times = [loads.start + index * DAY for index in range(len(cumulative) - 1)] + [loads.end]
    if loads.end <= loads.start:
        times, cumulative = [loads.start], cumulative[:1]
    step = -(-len(times) // CURVE_POINTS)
    # Counted from the plan's start, so that the points stay where they were as days go on.
    kept = sorted({*range(0, len(times), step), len(times) - 1})
    curve = SCurve(
        planned_time=list(calendar.knots),
        planned=list(calendar.volumes),
        actual_time=[times[index] for index in kept],
        actual=[float(cumulative[index]) for index in kept],
    )
    done = float(cumulative[-1])
    if months is None or done >= calendar.total:
        return curve
    until = months.days_until(calendar.total - done, 0)
    if after(loads.end, until) is None:
        return curve
    days = np.linspace(0, until, FORECAST_POINTS)
    curve.forecast_time = [loads.end + timedelta(days=float(day)) for day in days]
    curve.forecast = (done + days * months.mean).tolist()
    # What lies in the dump stays there: the lower edge does not fall below it.
    curve.forecast_low = (done + np.maximum(months.volume(days, -1), 0)).tolist()
    curve.forecast_high = (done + months.volume(days, 1)).tolist()
    return curve
