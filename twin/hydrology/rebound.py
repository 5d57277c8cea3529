"""Rise of the water in wells after pumping stopped, and when it reaches the design level."""

from __future__ import annotations

import math
from datetime import UTC, datetime, time, timedelta

import numpy as np

from ingest.figure import Figure, unknown
from ingest.text import Text
from twin import VERSION
from twin.current import Current
from twin.history import DAY, History
from twin.hydrology.rebound_first_order import Rebound, fit_rebound
from twin.water_file import ReboundRules, WaterFile
from twin.water_state import ReboundState

MODEL = "rebound_first_order"

#: Longest time back that is read [d], and ahead that a date is told [d].
MOST_DAYS, FURTHEST_DAYS = 3660, 36_525

#: Days that are averaged, so that the weather of a week does not bend the curve; fewer when
#: pumping stopped not long ago.
AVERAGED, LEAST_VALUES = 30, 24


def rebounds(current: Current, history: History, water: WaterFile | None) -> list[ReboundState]:
    """Return the rise of every well that water.yaml names."""
    return [
        _state(current, history, rules, well)
        for rules in (water.rebound if water else ())
        for well in rules.wells
    ]


def _state(current: Current, history: History, rules: ReboundRules, well: str) -> ReboundState:
    stopped = datetime.combine(rules.stopped, time(), UTC)
    level = current.figure(well, "head")
    found = history.keep(("rebound", well, stopped), lambda: _fit(history, well, stopped))
    since = (history.midnight - stopped) / DAY

    def forecast(value: float, low: float, high: float) -> Figure:
        return Figure(
            value=value,
            unit="m",
            time=history.midnight,
            source=MODEL,
            version=VERSION,
            low=low,
            high=high,
            confidence=0.95,
            validity=Text("While nothing is pumped and the inflow stays what it is"),
            quality="forecast",
        )

    def refused(unit: str) -> Figure:
        assert isinstance(found, Text)
        return unknown(unit, found, time=history.midnight, source=MODEL)

    fitted = isinstance(found, Rebound)
    return ReboundState(
        well=well,
        level=level,
        final=(
            forecast(found.final, *found.level_interval(1e9))
            if isinstance(found, Rebound)
            else refused("m")
        ),
        in_a_year=(
            forecast(float(found.level(since + 365)), *found.level_interval(since + 365))
            if isinstance(found, Rebound)
            else refused("m")
        ),
        design_level=Figure(
            value=rules.design_level_m, unit="m", source=rules.source, quality="assumed"
        ),
        reached=(
            _reached(found, rules, stopped, history)
            if fitted and isinstance(found, Rebound)
            else refused("date")
        ),
    )


def _fit(history: History, well: str, stopped: datetime) -> Rebound | Text:
    days = min((history.midnight - stopped) // DAY, MOST_DAYS)
    if days <= 0:
        return Text("Pumping has not stopped yet")
    means = history.daily_means(well, "head", days)
    width = max(min(AVERAGED, days // LEAST_VALUES), 1)
    whole = days - days % width
    parts = means[-whole:].reshape(-1, width)
    count = (~np.isnan(parts)).sum(axis=1)
    level = np.where(count > 0, np.nansum(parts, axis=1) / np.maximum(count, 1), np.nan)
    first = (history.midnight - stopped) // DAY - whole
    middle = np.asarray(first + (np.arange(len(level)) + 0.5) * width, dtype=np.float64)
    return fit_rebound(middle, np.asarray(level, dtype=np.float64))


def _reached(found: Rebound, rules: ReboundRules, stopped: datetime, history: History) -> Figure:
    days = found.days_to(rules.design_level_m)
    if not math.isfinite(days) or days > FURTHEST_DAYS:
        reason = Text("The water is not forecast to reach the design level")
        return unknown("date", reason, time=history.midnight, source=MODEL)
    low, high = found.days_interval(rules.design_level_m)

    def day(after: float) -> str:
        moment = stopped + timedelta(days=min(max(after, 0.0), FURTHEST_DAYS))
        return moment.date().isoformat()

    return Figure(
        value=day(days),
        unit="date",
        time=history.midnight,
        source=MODEL,
        version=VERSION,
        low=day(low),
        high=day(high),
        confidence=0.95,
        validity=Text("While nothing is pumped and the inflow stays what it is"),
        quality="forecast",
    )
