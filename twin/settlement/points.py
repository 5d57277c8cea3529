"""The state of every settlement point: measured, forecast, and when it may be graded."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import numpy as np
from scipy.stats import t as student

from ingest.figure import Figure, unknown
from ingest.site import Instrument
from ingest.text import Text
from twin import VERSION
from twin.buckets import Array
from twin.current import Current
from twin.history import DAY, History
from twin.last_load import last_load
from twin.loads import FRESH_DAYS
from twin.models._base import HORIZON_YEARS
from twin.outages import rest, silent_runs
from twin.plan import Plan
from twin.settlement.background import NEEDED, OLDER, Background
from twin.settlement.collapse_on_wetting import collapse
from twin.settlement.configuration import load_rules
from twin.settlement.expected import expected_settlement
from twin.settlement.forecast import Forecast, forecast
from twin.settlement.interval import CONFIDENCE
from twin.state import FillState, SettlementState

#: Days of history that a fit looks back on (design assumption).
LONGEST_D = 15 * 366

#: Daily values that the rate needs, of the last 30 days (design assumption).
RATE_DAYS, RATE_NEEDED = 30, 10

#: Correlation of residuals from day to day that is believed at most: thirty days tell no more.
MOST_ALIKE = 0.9


def settlements(
    current: Current, history: History, plan: Plan | None, fill: FillState | None
) -> list[SettlementState]:
    """Return the state of every settlement point, in the site's order.

    Parameters
    ----------
    fill
        The backfill, which says when each tier takes its last load; None for a site without a plan.
    """
    return [
        _settlement(current, history, plan, fill, point)
        for point in current.site.with_quantity("settlement")
    ]


def forecast_of(history: History, plan: Plan | None, point: str) -> Forecast:
    """Return the forecast of a point up to the last midnight; it is computed once."""
    days = history.days_since_first(LONGEST_D)
    return history.keep(
        ("settlement", point),
        lambda: forecast(
            history.daily_means(point, "settlement", days),
            history.midnight - days * DAY,
            _placed(history, plan, days),
        ),
    )


def _settlement(
    current: Current,
    history: History,
    plan: Plan | None,
    fill: FillState | None,
    point: Instrument,
) -> SettlementState:
    settled = current.figure(point.name, "settlement")
    if not isinstance(settled.value, float):
        return SettlementState(
            point=point.name,
            zone=point.zone,
            settlement=settled,
            rate=_same_reason(settled, "mm/d"),
            ultimate=settled,
            remaining=settled,
            consolidation=_same_reason(settled, "1"),
            grading=_same_reason(settled, "date"),
            model="",
        )
    days = history.days_since_first(LONGEST_D)
    means = history.daily_means(point.name, "settlement", days)
    found = forecast_of(history, plan, point.name)
    state = SettlementState(
        point=point.name,
        zone=point.zone,
        settlement=settled,
        rate=_rate(means, history.midnight, settled),
        ultimate=unknown("mm", _REFUSED, time=settled.time, source=point.name),
        remaining=unknown("mm", _REFUSED, time=settled.time, source=point.name),
        consolidation=unknown("1", _REFUSED, time=settled.time, source=point.name),
        grading=unknown("date", _REFUSED, time=settled.time, source=point.name),
        model=found.model,
        refusals=found.refusals,
    )
    state.collapse = history.keep(("collapse", point.name), lambda: collapse(history, point, days))
    rules = load_rules(history.site)
    if rules is not None and rules.expected is not None and rules.expected.tier == point.zone:
        state.expected = expected_settlement(history, history.site, plan)
    if found.model:
        _tell(state, found, settled.value, history.midnight)
        last = last_load(fill, point.zone) if fill is not None else None
        state.grading = _grading(state, found, history.midnight, plan, last)
    return state


_REFUSED = Text("Every settlement model refuses a forecast")


def _placed(history: History, plan: Plan | None, days: int) -> Array | None:
    """Return what was weighed on each of the last whole days [t], NaN where it is not known.

    None for a site that weighs nothing. The last days are left out: a load that was placed then is
    still changing.
    """
    bridges = history.site.with_quantity("load_mass")
    if plan is None or not bridges:
        return None
    placed = np.full(days, np.nan)
    known = (history.midnight - plan.start) // DAY - FRESH_DAYS
    if known <= 0:
        return placed
    mass = np.zeros(known)
    for bridge in bridges:
        own = history.daily_totals(bridge.name, "load_mass", plan.start, known).sum(axis=1)
        working = ~rest(plan.start, known, plan.rest_days)
        limit_d = history.site.type_of(bridge.name).stale_after_s / DAY.total_seconds()
        for first, long in silent_runs(own, working, limit_d):
            # A weighbridge that is out of order does not say that nothing came.
            own[first : first + long] = np.nan
        mass = mass + own
    mass = mass[-max(days - FRESH_DAYS, 0) :] if days > FRESH_DAYS else mass[:0]
    end = days - FRESH_DAYS
    placed[max(end - len(mass), 0) : max(end, 0)] = mass
    return placed


def _tell(state: SettlementState, found: Forecast, now: float, midnight: datetime) -> None:
    """Write what a forecast says into the state of its point."""
    assert found.fitted is not None
    model, degree = found.fitted.model, found.fitted.degree
    validity = model.beyond(degree) or model.validity()

    stale = state.settlement.quality == "stale"

    def figure(value: float, low: float, high: float, unit: str, *, reading: bool) -> Figure:
        return Figure(
            value=value,
            unit=unit,
            time=midnight,
            source=f"{state.point}: {found.model}",
            version=VERSION,
            low=low,
            high=high,
            # What an interval does not hold at all, it does not hold in nine cases of ten.
            confidence=CONFIDENCE if found.before.known else None,
            validity=validity,
            # What rests on the point's last reading is as old as that.
            quality="stale" if reading and stale else "forecast",
        )

    # The point may have passed its forecast since midnight.
    ultimate, low, high = (max(value, now) for value in (found.ultimate, found.low, found.high))
    state.ultimate = figure(ultimate, low, high, "mm", reading=False)
    state.remaining = figure(ultimate - now, low - now, high - now, "mm", reading=True)
    state.remaining.validity = _below(found.before)
    if now > 0:
        state.consolidation = figure(now / ultimate, now / high, now / low, "1", reading=True)
        state.consolidation.validity = Text(
            "Of the settlement foreseen for {date}, {years} years after the load last changed, by "
            "every method alike; of what follows the last load, {degree} % by the method's own end",
            {
                "date": found.until.date().isoformat(),
                "years": HORIZON_YEARS,
                "degree": round(100 * degree),
            },
        )
    state.error = round(found.error, 4)
    state.forecast_time = found.time
    state.forecast = found.curve
    state.forecast_low = found.curve_low
    state.forecast_high = found.curve_high


def _below(before: Background) -> Text:
    """Return what a forecast holds of the settlement that was there before the load."""
    if not before.known:
        return Text(
            "The slow settlement of the old ground under its own weight is not in it: fewer than "
            "{days} days at rest were measured before the load last changed, so that more may "
            "settle than the interval says",
            {"days": NEEDED},
        )
    return Text(
        "With the {rate} mm a day that were settling before the load last changed: they go on, "
        "slowing down as the creep of ground that was {days} to {most} days old then",
        {
            "rate": round(before.rate, 3),
            "days": round(before.youngest),
            "most": round(OLDER * before.youngest),
        },
    )


def _rate(means: Array, midnight: datetime, settled: Figure) -> Figure:
    """Return the slope of the last whole days with its interval [mm/d].

    Neighbouring residuals are alike, so that fewer of them count: the variance of the slope is
    multiplied by (1 + r)/(1 - r), r their correlation from day to day (Santer, B. D. et al. (2000),
    Journal of Geophysical Research 105(D6), 7337-7356, eq. 6).
    """
    means = means[-RATE_DAYS:]
    there = np.flatnonzero(~np.isnan(means))
    if len(there) < RATE_NEEDED:
        reason = Text(
            "Only {count} of {needed} days with values",
            {"count": len(there), "needed": RATE_NEEDED},
        )
        return unknown("mm/d", reason, time=midnight, source=settled.source)
    slope, half = _slope(there.astype(float), means[there])
    return Figure(
        value=slope,
        unit="mm/d",
        time=midnight,
        source=settled.source,
        version=VERSION,
        low=slope - half,
        high=slope + half,
        confidence=CONFIDENCE,
        quality="stale" if settled.quality == "stale" else "derived",
    )


def _slope(days: Array, values: Array) -> tuple[float, float]:
    """Return the slope of a line and half of its interval [mm/d]."""
    x = days - days.mean()
    spread = float(x @ x)
    slope = float(x @ values) / spread
    residual = values - values.mean() - slope * x
    squares = float(residual @ residual)
    alike = float(residual[1:] @ residual[:-1]) / squares if squares > 0 else 0.0
    # Short series look less alike than they are (Kendall, M. G. (1954), Biometrika 41, 403-404).
    alike += (2 + 4 * alike) / len(x)
    alike = min(max(alike, 0.0), MOST_ALIKE)
    variance = squares / (len(x) - 2) / spread * (1 + alike) / (1 - alike)
    return slope, float(student.ppf((1 + CONFIDENCE) / 2, len(x) - 2)) * variance**0.5


def _grading(
    state: SettlementState,
    found: Forecast,
    midnight: datetime,
    plan: Plan | None,
    last: Figure | None,
) -> Figure:
    """Return from when the surface may be graded: the wait after its last load, and the rate."""
    source = f"{state.point}: {found.model}"
    if plan is None or last is None:
        return unknown("date", Text("The site has no plan"), time=midnight, source=source)
    if not isinstance(last.value, str):
        reason = last.reason or Text("It is not known when the last load is placed here")
        return unknown("date", reason, time=midnight, source=source)
    criterion = plan.file.grading
    slow, slow_low, slow_high = found.slow_after(criterion.rate, midnight)
    told: dict[str, str | int | float] = {
        "shortest": criterion.wait_years[0],
        "longest": criterion.wait_years[1],
        "rate": criterion.rate_mm_per_month,
    }
    if slow is None or slow_low is None:
        reason = Text("The rate does not fall below {rate} mm a month", told)
        return unknown("date", reason, time=midnight, source=source)
    shortest, longest = criterion.wait_years
    soonest, latest = (str(end or last.value) for end in (last.low, last.high))
    # A forecast that has no latest date has no latest date here either.
    open_end = slow_high is None or (last.low is not None and last.high is None)
    high = None if open_end or slow_high is None else max(_years_after(latest, longest), slow_high)
    validity = Text(
        "{shortest} to {longest} years after the last load, and settlement below {rate} mm a "
        "month; no new load on the point",
        told,
    )
    if high is None:
        validity = Text(
            "{shortest} to {longest} years after the last load, and settlement below {rate} mm a "
            "month; no new load on the point. No latest date within a hundred years: loads or "
            "creep may go on as long",
            told,
        )
    return Figure(
        value=max(_years_after(last.value, shortest), slow).isoformat(),
        unit="date",
        time=midnight,
        source=source,
        version=VERSION,
        low=max(_years_after(soonest, shortest), slow_low).isoformat(),
        high=high.isoformat() if high else None,
        # The dates of the last load hold 80 %, those of the rate 90: both together no less than
        # the fewer of them, whichever decides.
        confidence=min(last.confidence or CONFIDENCE, CONFIDENCE),
        validity=validity,
        quality="forecast",
    )


def _years_after(day: str, years: float) -> date:
    return date.fromisoformat(day) + timedelta(days=365.25 * years)


def _same_reason(figure: Figure, unit: str) -> Figure:
    return Figure(
        value=None,
        unit=unit,
        time=figure.time,
        source=figure.source,
        reason=figure.reason,
        quality=figure.quality,
    )
