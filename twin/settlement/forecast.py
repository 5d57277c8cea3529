"""Forecast of one curve of daily means, with its interval, or the reason why there is none."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

import numpy as np

from ingest.text import Text
from twin.buckets import Array
from twin.history import DAY
from twin.models._base import HORIZON_D, Lifts, SettlementModel, standing_out
from twin.settlement import curve
from twin.settlement.background import Background, background
from twin.settlement.interval import LEAST_ERROR, Fan, fan
from twin.settlement.methods import LEAST_SETTLED, Fitted, TooEarly, judged, models

# What follows without a source is a design assumption.

#: A load that changed less than this ago is still changing [d].
STILL_CHANGING_D = 21

#: What was weighed from so many days before a point sped up until so many days after it [d] was
#: placed on it: the tip stays at a place for days.
PLACED_BEFORE_D, PLACED_AFTER_D = 7, 7

#: Time that a drawn forecast covers [d], and its points.
DRAWN_D, DRAWN_POINTS = 730, 25


@dataclass(frozen=True)
class Forecast:
    """What the methods say of one point from its days up to a midnight.

    Parameters
    ----------
    model
        Name of the chosen method, "" when every one was refused.
    origin
        When the load last changed.
    ultimate, low, high
        Settlement at the horizon, fifteen years after the load last changed, by every method
        alike, and its interval [mm].
    time
        Moments of the drawn curve.
    curve, curve_low, curve_high
        Settlement then and its interval [mm].
    fitted
        The chosen method, None when every one was refused.
    fan
        Continuations by every method that was not refused, None when every one was.
    last
        Moment from which they continue.
    error
        Of the chosen method on what was held back, against what settled there [1].
    before
        What was settling before the load last changed, which goes on below the chosen method.
    refusals
        Why the other methods were refused.
    """

    model: str
    origin: datetime
    refusals: dict[str, Text]
    ultimate: float = float("nan")
    low: float = float("nan")
    high: float = float("nan")
    time: list[datetime] = field(default_factory=list)
    curve: list[float] = field(default_factory=list)
    curve_low: list[float] = field(default_factory=list)
    curve_high: list[float] = field(default_factory=list)
    fitted: Fitted | None = None
    fan: Fan | None = None
    last: datetime | None = None
    error: float = float("nan")
    before: Background = field(default_factory=Background)

    @property
    def until(self) -> datetime:
        """The moment for which the ultimate settlement stands, and up to which it is known."""
        return self.origin + timedelta(days=HORIZON_D)

    def left(self, moment: datetime) -> tuple[float, float, float] | None:
        """Return what of the ultimate settlement is left at a moment, and its interval [mm].

        None where there is no forecast, before the last value, and after `until`.
        """
        if self.fan is None or self.last is None or not self.last <= moment <= self.until:
            return None
        value, low, high = self.fan.left((moment - self.last) / DAY).tolist()
        return value, low, high

    def slow_after(
        self, rate: float, start: datetime
    ) -> tuple[date | None, date | None, date | None]:
        """Return from when the curve settles slower than `rate` [mm/d], and the interval of it.

        None where there is no forecast, and where that lies more than a hundred years after
        `start`.
        """
        if self.fan is None or self.last is None:
            return None, None, None
        value, low, high = (
            (start + timedelta(days=float(days))).date() if np.isfinite(days) else None
            for days in self.fan.slow_after((start - self.last) / DAY, rate)
        )
        return value, low, high


def forecast(means: Array, start: datetime, placed: Array | None = None) -> Forecast:
    """Return the forecast of a curve of daily means, or why there is none.

    Parameters
    ----------
    means
        Settlement by day [mm]; NaN where there is none.
    start
        Start of the first day.
    placed
        Mass weighed on each of the days [t]; None: nothing is weighed on this site.
    """
    family = models()
    there = curve.present(means)
    changed = curve.changes(means)
    origin = changed[-1]
    begun = start + origin * DAY + DAY / 2
    reason = _no_method(means, changed, placed, start)
    if reason is not None:
        return Forecast("", begun, dict.fromkeys(family, reason))
    days = there[there > origin]
    offset = float(means[origin]) if len(there) else 0.0
    time, settled = curve.blocks((days - origin).astype(float), means[days] - offset)
    loads = _lifts(curve.lifts(changed[1:]), placed)
    seen = len(there) > 0 and (origin > there[0] or curve.slows_down(time, settled))
    refusals: dict[str, Text] = {}
    fits: dict[str, Fitted] = {}
    early: dict[str, TooEarly] = {}
    trust = standing_out(settled)
    # What knows the lifts knows their creep: to it, only what was before the first is unknown.
    since = {False: background(means, changed), True: background(means, changed[:2])}
    before = {name: since[model.needs_lifts] for name, model in family.items()}
    for name, model in family.items():
        own = settled - before[name].settled(time)
        found = _judged(model, len(days), time, own, trust, offset, seen, loads)
        if isinstance(found, Text):
            refusals[name] = found
        elif isinstance(found, TooEarly):
            refusals[name] = found.reason
            early[name] = found
        else:
            fits[name] = found
    _leave_out_misled(fits, early, refusals)
    if not fits:
        return Forecast("", begun, refusals)
    best = min(fits, key=lambda name: _rank(fits[name]))
    midnight = start + len(means) * DAY
    ahead = np.linspace(0, DRAWN_D, DRAWN_POINTS)
    last = begun + timedelta(days=float(time[-1]))
    ranked = [fits[best], *(fit for name, fit in fits.items() if name != best)]
    found_fan = fan(ranked, time, settled, before)
    value, low, high = offset + settled[-1] + found_fan.growth((midnight - last) / DAY + ahead)
    return Forecast(
        model=best,
        origin=begun,
        refusals=refusals,
        ultimate=float(value[0]),
        low=float(low[0]),
        high=float(high[0]),
        time=[midnight + timedelta(days=float(day)) for day in ahead],
        curve=value[1:].round(2).tolist(),
        curve_low=low[1:].round(2).tolist(),
        curve_high=high[1:].round(2).tolist(),
        fitted=fits[best],
        fan=found_fan,
        last=last,
        error=fits[best].error,
        before=before[best],
    )


def _no_method(
    means: Array, changed: list[int], placed: Array | None, start: datetime
) -> Text | None:
    """Return why no method at all may continue a curve, None when one may."""
    there = curve.present(means)
    if not len(there):
        return None
    turned = curve.turned_back(means)
    if turned is not None:
        return Text(
            "The point rose by {up} mm while it settled by {down} mm: a curve that turns back is "
            "no consolidation",
            {"up": round(turned[0], 1), "down": round(turned[1], 1)},
        )
    loaded = [day for day in changed[1:] if _weighed(placed, day) > 0]
    if curve.seasonal(means[loaded[-1] if loaded else 0 :]):
        return Text("The rate rises and falls with the year: a seasonal curve is no consolidation")
    origin = changed[-1]
    told: dict[str, str | int | float] = {"date": f"{start + origin * DAY:%Y-%m-%d}"}
    if there[-1] - origin < STILL_CHANGING_D and origin > there[0]:
        return Text("Settlement sped up on {date}: the load or the water is still changing", told)
    if origin > there[0] and _weighed(placed, origin) == 0:
        return Text(
            "Settlement sped up on {date} though nothing was weighed: it is water or movement, "
            "not load",
            told,
        )
    return None


def _judged(
    model: SettlementModel,
    count: int,
    time: Array,
    settled: Array,
    trust: Array,
    offset: float,
    seen: bool,
    loads: Lifts | Text,
) -> Fitted | TooEarly | Text:
    """Return the fit of one method, or why it may not be believed."""
    if count < model.needed:
        return Text(
            "Only {count} of {needed} daily values since the load last changed",
            {"count": count, "needed": model.needed},
        )
    if settled[-1] < LEAST_SETTLED:
        return Text(
            "Only {settled} mm has settled since the load last changed",
            {"settled": round(float(settled[-1]), 1)},
        )
    if model.needs_origin and not seen:
        return Text(
            "The load has not changed since measuring began: the age of the fill is not known"
        )
    if model.needs_lifts:
        if isinstance(loads, Text):
            return loads
        model = model.under(loads)
    return judged(model, time, settled, trust, offset)


def _rank(fitted: Fitted) -> float:
    """Return the error by which a method is chosen [1].

    One that borrows a part of its curve from the literature is taken only where none that does
    without is as good as can be told.
    """
    return max(fitted.error, LEAST_ERROR) if fitted.model.borrows else fitted.error


def _leave_out_misled(
    fits: dict[str, Fitted], early: dict[str, TooEarly], refusals: dict[str, Text]
) -> None:
    """Refuse methods that continue the curve worse than one that finds it too young to tell."""
    told = [
        (each.error, name)
        for name, each in early.items()
        if not np.isnan(each.error) and not models()[name].creeps
    ]
    if not told:
        return
    error, better = min(told)
    for name in [name for name, fit in fits.items() if fit.error > error]:
        del fits[name]
        refusals[name] = Text(
            "{method} continues the curve better and finds a degree of consolidation of only "
            "{degree} %",
            {"method": better, "degree": round(100 * early[better].degree)},
        )


def _lifts(lifts: list[int], placed: Array | None) -> Lifts | Text:
    """Return what was placed on the point, and when, or why it is not known."""
    if placed is None:
        return Text("What is placed on the site is not weighed")
    mass = np.array([_weighed(placed, day) for day in lifts])
    days = np.array(lifts, dtype=float)[mass > 0]
    mass = mass[mass > 0]
    if len(days) < 2:
        return Text("Fewer than two lifts since measuring began: one lift's creep is enough")
    return Lifts(age=days[-1] - days, mass=mass)


def _weighed(placed: Array | None, day: int) -> float:
    """Return what was weighed about the day on which a point sped up [t], NaN when not known."""
    if placed is None:
        return float("nan")
    about = placed[max(day - PLACED_BEFORE_D, 0) : day + PLACED_AFTER_D + 1]
    return float("nan") if np.isnan(about).all() else float(np.nansum(about))
