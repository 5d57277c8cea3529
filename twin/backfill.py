"""Progress of the backfill: volume in the dump, the front, and the plan beside them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta

import numpy as np

from ingest.figure import Figure, unknown
from ingest.site import Zone
from ingest.text import Text
from twin import VERSION
from twin.buckets import Array
from twin.completion import (
    HIGH,
    LOW,
    NEEDED_MONTHS,
    SEASONS_FROM,
    SHARES,
    PastMonths,
    Paths,
    earned_schedule,
    moment,
    past_months,
    paths,
    quantile,
)
from twin.crater import SolidUnfit, crater_solid
from twin.current import Current
from twin.geometry import StageVolume
from twin.history import DAY, History, last_midnight
from twin.last_load import last_loads
from twin.loads import Loads, read_loads
from twin.outages import at_least, bounded, outage_states, said
from twin.plan import Calendar, Plan
from twin.reconciliation import reconciled
from twin.state import (
    CompletionState,
    FillState,
    FrontState,
    SCurve,
    StreamState,
    TierState,
    YearState,
)

#: Window of the rates [d].
RATE_DAYS = 30

#: Points of the curve of what was placed, and of its forecast: enough for a wall display.
CURVE_POINTS = 180
FORECAST_POINTS = 36

MODEL = "backfill"


def fill(current: Current, history: History, plan: Plan) -> FillState:
    """Return the progress of the backfill at the moment of `current`."""
    at = current.at
    loads = read_loads(current, history, plan)
    surveys, no_surveys = reconciled(current, loads, plan)
    loads = bounded(loads, surveys)
    volume = float(loads.volume.sum())
    most = volume + loads.unweighed
    calendar = plan.calendar_at(at, current.known_at)
    planned = calendar.volume(at)
    weighed = _Weighed(current)

    def derived(value: float | str, unit: str, high: float | str | None = None) -> Figure:
        figure = Figure(value=value, unit=unit, time=at, source=weighed.source, version=VERSION)
        return weighed.judged(at_least(figure, high, loads))

    rate = _rate(loads, loads.volume.sum(axis=1) * 365.25, "thousand m3/y", weighed)
    stage = StageVolume(plan.tiers)
    level = derived(stage.level(volume), "m", stage.level(most))
    if level.high is None:
        level.validity = Text(
            "Of an even surface that would hold the volume, not of the front: its face stands above"
            " and its toe below. No surveyed level is known"
        )
    past = past_months(loads, calendar)
    ahead = paths(past, calendar, at, volume) if weighed.last is not None else None
    ends = _Ends(plan, loads, past, ahead, weighed)
    completions = [
        ends.reached("plan", Text("Plan's volume"), calendar.total, calendar.source),
        ends.reached(
            "full",
            Text("Crater full"),
            plan.file.total_capacity_thousand_m3,
            plan.file.source,
        ),
        ends.at_deadline(calendar.total),
    ]
    last = last_loads(plan, calendar, loads, ahead, weighed.source, weighed.judged)
    front, no_front = _front(current, plan, volume, derived)
    return FillState(
        volume_in_dump=derived(volume, "thousand m3", most),
        planned_volume=_planned(planned, "thousand m3", at, calendar.source),
        variance=derived(volume - planned, "thousand m3", most - planned),
        performance=(
            derived(volume / planned, "1", most / planned)
            if planned > 0
            else unknown("1", Text("Nothing is planned yet"), time=at)
        ),
        rate=rate,
        planned_rate=_planned(calendar.rate(at), "thousand m3/y", at, calendar.source),
        tier=derived(stage.tier(volume), "name", stage.tier(most)),
        level=level,
        completion=completions[0].expected,
        deadline=_planned(
            plan.file.deadline.date.isoformat(), "date", at, plan.file.deadline.source
        ),
        streams=_streams(loads, plan, calendar, weighed),
        tiers=_tiers(plan, calendar, at, stage, volume, current.site.zones, derived, last, most),
        s_curve=_s_curve(loads, calendar, ahead),
        schedule_variance=_schedule_variance(calendar, at, volume, weighed),
        plan_year=_plan_year(calendar, at),
        planned_tier=_planned(stage.tier(planned), "name", at, calendar.source),
        planned_since=_planned(calendar.since.date().isoformat(), "date", at, calendar.source),
        completions=completions,
        years=_years(calendar, loads, weighed),
        front=front,
        no_front=no_front,
        surveys=surveys,
        no_surveys=no_surveys,
        outages=outage_states(loads),
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
    window = slice(whole - RATE_DAYS, whole)
    known = ~loads.silent[window]
    if not known.any():
        reason = Text(
            "Nothing was weighed for {days} days: {instruments} out of order", said(loads)
        )
        return unknown(unit, reason, time=loads.end, source=weighed.source)
    figure = Figure(
        value=float(per_day[window][known].mean()),
        unit=unit,
        time=last_midnight(loads.end),
        source=weighed.source,
        version=VERSION,
    )
    if not known.all():
        figure.validity = Text(
            "Mean of the {count} of {needed} days on which the weighbridges were in order",
            {"count": int(known.sum()), "needed": RATE_DAYS},
        )
    return weighed.judged(figure)


def _streams(loads: Loads, plan: Plan, calendar: Calendar, weighed: _Weighed) -> list[StreamState]:
    planned = plan.planned_by_stream(loads.end, calendar)
    states = []
    for index, name in enumerate(loads.streams):
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
                planned_volume=_planned(planned[name], "thousand m3", loads.end, calendar.source),
                rate=_rate(loads, loads.mass[:, index], "t/d", weighed),
            )
        )
    return states


def _tiers(
    plan: Plan,
    calendar: Calendar,
    at: datetime,
    stage: StageVolume,
    volume: float,
    zones: dict[str, Zone],
    derived: Callable[[float, str, float], Figure],
    last: dict[str, Figure],
    most: float,
) -> list[TierState]:
    filled, full = stage.filled(volume), stage.filled(most)
    planned = calendar.by_tier(at)
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
            filled=derived(filled[name], "thousand m3", full[name]),
            fraction=derived(
                filled[name] / tier.capacity_thousand_m3,
                "1",
                full[name] / tier.capacity_thousand_m3,
            ),
            planned=_planned(planned.get(name, 0.0), "thousand m3", at, calendar.source),
            last_load=last[name],
        )
        for name, tier in plan.tiers.items()
    ]


class _Ends:
    """Ends of the filling, from the paths of the volume."""

    def __init__(
        self,
        plan: Plan,
        loads: Loads,
        past: PastMonths,
        ahead: Paths | None,
        weighed: _Weighed,
    ) -> None:
        self._loads, self._ahead, self._weighed = loads, ahead, weighed
        self._deadline = plan.file.deadline
        self._months = past.count
        #: The last moment of the deadline's day.
        self._last = datetime.combine(self._deadline.date, time(), UTC) + DAY
        self._source = f"{weighed.source}: {MODEL}"

    def reached(self, end: str, title: Text, target: float, source: str) -> CompletionState:
        """Return when the dump holds a volume [thousand m3]."""
        at = self._loads.end
        state = CompletionState(
            end=end,
            title=title,
            target=_planned(target, "thousand m3", at, source),
            expected=unknown("date", self._refusal(), time=at, source=self._weighed.source),
            probability=unknown("1", self._refusal(), time=at, source=self._weighed.source),
        )
        left = target - float(self._loads.cumulative[-1])
        if left <= 0:
            return self._done(state, target)
        if self._ahead is None:
            return state
        found = self._ahead.reached(target)
        low, middle, high = (moment(quantile(found, share)) for share in (LOW, 0.5, HIGH))
        hidden = self._loads.unweighed
        if hidden > 0:
            # What was placed unweighed brings the end nearer.
            low = moment(quantile(self._ahead.reached(max(target - hidden, 0.0)), LOW))
        chance = float(np.mean(found < self._last.timestamp()))
        state.probability = self._forecast(chance, "1")
        state.shares, state.values = [], []
        for share in SHARES:
            when = moment(quantile(found, share))
            if when is not None:
                state.shares.append(share)
                state.values.append(when)
        if middle is None:
            reason = Text("At the present pace this volume is not reached in 100 years")
            state.expected = unknown("date", reason, time=at, source=self._weighed.source)
            return state
        state.expected = self._forecast(middle.date().isoformat(), "date", _day(low), _day(high))
        return state

    def at_deadline(self, target: float) -> CompletionState:
        """Return what the dump holds on the last day that the law allows."""
        at = self._loads.end
        state = CompletionState(
            end="deadline",
            title=Text("Volume at the deadline"),
            target=_planned(self._deadline.date.isoformat(), "date", at, self._deadline.source),
            expected=unknown("thousand m3", self._refusal(), time=at, source=self._weighed.source),
            probability=unknown("1", self._refusal(), time=at, source=self._weighed.source),
        )
        if at >= self._last:
            reason = Text("The deadline is over")
            state.expected = unknown("thousand m3", reason, time=at, source=self._weighed.source)
            state.probability = unknown("1", reason, time=at, source=self._weighed.source)
            return state
        if self._ahead is None:
            return state
        found = np.sort(self._ahead.volumes(np.array([self._last.timestamp()]))[:, 0])
        low, middle, high = (quantile(found, share) for share in (LOW, 0.5, HIGH))
        high += self._loads.unweighed
        state.expected = self._forecast(middle, "thousand m3", low, high)
        state.probability = self._forecast(float(np.mean(found >= target)), "1")
        state.shares = list(SHARES)
        state.values = [quantile(found, share) for share in SHARES]
        return state

    def _done(self, state: CompletionState, target: float) -> CompletionState:
        reached = int(np.searchsorted(self._loads.cumulative, target))
        day = (self._loads.start + reached * DAY).date()
        for name, value, unit in (
            ("expected", day.isoformat(), "date"),
            ("probability", 1.0 if day <= self._deadline.date else 0.0, "1"),
        ):
            figure = Figure(
                value=value,
                unit=unit,
                time=self._loads.end,
                source=self._weighed.source,
                version=VERSION,
            )
            setattr(state, name, self._weighed.judged(figure))
        return state

    def _forecast(
        self,
        value: float | str,
        unit: str,
        low: float | str | None = None,
        high: float | str | None = None,
    ) -> Figure:
        months: dict[str, str | int | float] = {"count": self._months}
        if self._loads.unweighed > 0:
            validity = Text(
                "Loads go on against the plan as in the {count} whole months since it began, "
                "without {days} days on which nothing was weighed ({instruments} out of order); "
                "the interval holds that up to {most:.1f} thousand m3 were placed then",
                months | said(self._loads),
            )
        elif self._months >= SEASONS_FROM:
            validity = Text(
                "Loads go on against the plan as in the {count} whole months since it began,"
                " season by season",
                months,
            )
        else:
            validity = Text(
                "Loads go on against the plan as in the {count} whole months since it began;"
                " too few to tell seasons apart",
                months,
            )
        return self._weighed.judged(
            Figure(
                value=value,
                unit=unit,
                time=self._loads.end,
                source=self._source,
                version=VERSION,
                low=low,
                high=high,
                confidence=None if low is None and high is None else HIGH - LOW,
                validity=validity,
                quality="forecast",
            )
        )

    def _refusal(self) -> Text:
        return Text(
            "A forecast needs {needed} whole months of loads; there are {count}",
            {"needed": NEEDED_MONTHS, "count": self._months},
        )


def _day(when: datetime | None) -> str | None:
    return None if when is None else when.date().isoformat()


def _schedule_variance(
    calendar: Calendar, at: datetime, volume: float, weighed: _Weighed
) -> Figure:
    """Return how far the fill runs ahead of the plan in time [d]; behind is negative."""
    ahead = earned_schedule(calendar, at, volume)
    if ahead is None:
        reason = Text("The plan has no date for this volume")
        return unknown("d", reason, time=at, source=weighed.source)
    return weighed.judged(
        Figure(value=ahead / DAY, unit="d", time=at, source=weighed.source, version=VERSION)
    )


def _plan_year(calendar: Calendar, at: datetime) -> Figure:
    """Return which year of the plan it is, counted from 1."""
    years = list(calendar.years)
    if at.year not in years:
        return unknown("1", Text("The calendar plan does not cover this year"), time=at)
    return _planned(float(years.index(at.year) + 1), "1", at, calendar.source)


def _years(calendar: Calendar, loads: Loads, weighed: _Weighed) -> list[YearState]:
    """Return plan and actual of every year of the plan."""
    cumulative = np.concatenate(([0.0], loads.cumulative))
    states = []
    for year, cells in calendar.years.items():
        start, end = (datetime(each, 1, 1, tzinfo=UTC) for each in (year, year + 1))
        placed = None
        if start <= loads.end:
            first, last = (
                min(max((edge - loads.start) // DAY, 0), len(cumulative) - 1)
                for edge in (start, end)
            )
            value = float(cumulative[last] - cumulative[first])
            figure = Figure(
                value=value,
                unit="thousand m3",
                time=min(end, loads.end),
                source=weighed.source,
                version=VERSION,
            )
            hidden = float(loads.hidden[first:last].sum())
            placed = weighed.judged(at_least(figure, value + hidden, loads))
        states.append(
            YearState(
                year=year,
                planned=_planned(sum(cells.values()), "thousand m3", end, calendar.source),
                placed=placed,
                by_tier=dict(cells),
            )
        )
    return states


def _front(
    current: Current, plan: Plan, volume: float, derived: Callable[[float | str, str], Figure]
) -> tuple[FrontState | None, Text | None]:
    """Return where the front stands in the parametric solid, or why that is not known."""
    try:
        front = crater_solid(current.site, plan).front(volume)
    except SolidUnfit as error:
        return None, error.reason
    assumed = Text(
        "In the parametric solid: straight fronts at the angle of repose, because the source gives"
        " no drawings"
    )
    figures = [derived(front.edge_m, "m"), derived(front.toe_m, "m"), derived(front.advanced, "1")]
    for figure in figures:
        figure.validity = assumed
    return FrontState(tier=front.tier, edge=figures[0], toe=figures[1], advanced=figures[2]), None


def _s_curve(loads: Loads, calendar: Calendar, ahead: Paths | None) -> SCurve:
    cumulative = np.concatenate(([0.0], loads.cumulative))
    if loads.end <= loads.start:
        cumulative = cumulative[:1]
    last = len(cumulative) - 1
    step = -(-len(cumulative) // CURVE_POINTS)
    # Counted from the plan's start, so that the points stay where they were as days go on.
    kept = sorted({*range(0, last, step), last})
    curve = SCurve(
        planned_time=list(calendar.knots),
        planned=list(calendar.volumes),
        # The last day ends at the state's moment.
        actual_time=[
            loads.end if 0 < index == last else loads.start + index * DAY for index in kept
        ],
        actual=[float(cumulative[index]) for index in kept],
    )
    if loads.unweighed > 0:
        most = cumulative + np.concatenate(([0.0], np.cumsum(loads.hidden)))[: len(cumulative)]
        curve.actual_most = [float(most[index]) for index in kept]
    if ahead is None or ahead.done >= calendar.total:
        return curve
    moments, curves = ahead.fan(calendar.total, FORECAST_POINTS)
    curve.forecast_time = [
        loads.end + timedelta(seconds=round(each - ahead.now)) for each in moments.tolist()
    ]
    curve.forecast = curves["middle"].tolist()
    curve.forecast_low, curve.forecast_high = curves["low"].tolist(), curves["high"].tolist()
    return curve
