"""Settlement of each point, with a forecast, its interval, or the reason why there is none."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

import numpy as np

from ingest.figure import Figure, unknown
from ingest.registry import load_family
from ingest.site import Instrument
from ingest.text import Text
from twin import VERSION
from twin.buckets import Array
from twin.current import Current
from twin.history import DAY, History
from twin.models._base import HORIZON_D, SettlementModel
from twin.plan import Plan
from twin.state import SettlementState

# What follows without a source is a design assumption.

CONFIDENCE = 0.90

#: Days of history that a fit looks back on.
LONGEST_D = 15 * 366

#: Resampled curves behind an interval, and the seed that makes them the same every time.
RESAMPLED = 60
SEED = 20220101

#: Length of the windows in which a rise of the rate is looked for [d].
RISE_WINDOW_D = 7

#: A rise of the rate counts as a change of load when it is above this part of the rate before,
#: above this rate [mm/d], and above this multiple of the noise of a rate.
RISE_PART, RISE_LEAST, RISE_NOISE = 0.25, 0.05, 4.0

#: A load that changed less than this ago is still changing [d].
STILL_CHANGING_D = 21

#: Part of the curve that is held back to see how well a method continues it, and the error
#: (against what settled in that part) above which the method is refused [1].
HELD_BACK, LARGEST_ERROR = 0.3, 0.5

#: A method is refused when its rate at the end of the curve differs from the measured one by more
#: than this part of it and this rate [mm/d].
RATE_PART, RATE_LEAST = 0.4, 0.08

#: Settlement since the load last changed that a forecast needs [mm]: less drowns in the noise.
LEAST_SETTLED = 5.0

#: First rate over last rate of a curve above which its beginning must lie within it [1].
SLOWS_DOWN = 3.0

#: Most lifts that the interval reckons with [1].
MOST_LIFTS = 3.0

#: Ultimate settlement over measured settlement above which a forecast is absurd [1].
ABSURD = 5.0

#: Values that a fit gets at most; longer curves are averaged by blocks of days.
FITTED_POINTS = 80

#: Daily values that the rate needs, of the last 30 days.
RATE_DAYS, RATE_NEEDED = 30, 10

#: Time that a drawn forecast covers [d], and its points.
DRAWN_D, DRAWN_POINTS = 730, 25

#: Longest time ahead in which the end of settlement is looked for [d].
FARTHEST_D = 100 * 365.25


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
        Ultimate settlement and its interval [mm].
    time
        Moments of the drawn curve.
    curve, curve_low, curve_high
        Settlement then and its interval [mm].
    parameters
        Of the chosen method's curve.
    offset
        Settlement when the load last changed [mm].
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
    parameters: Array = field(default_factory=lambda: np.empty((0, 0)))
    offset: float = 0.0

    def slow_after(self, rate: float, start: datetime) -> date | None:
        """Return the day from which the curve settles slower than `rate` [mm/d], from a start."""
        model = models()[self.model]
        since = (start - self.origin) / DAY
        ahead = np.concatenate(([0.0], np.geomspace(1, FARTHEST_D, 400)))
        here, next_day = (
            model.predict(self.parameters, since + ahead + days)[0] for days in (0.0, 1.0)
        )
        fast = np.flatnonzero(next_day - here > rate)
        if not len(fast):
            return start.date()
        if fast[-1] == len(ahead) - 1:
            return None
        return (start + timedelta(days=float(ahead[fast[-1] + 1]))).date()


def models() -> dict[str, SettlementModel]:
    """Return every settlement model by name."""
    family = load_family("twin.models", SettlementModel)  # type: ignore[type-abstract]
    return {name: member() for name, member in family.items()}


def settlements(
    current: Current, history: History, plan: Plan | None, completion: Figure | None
) -> list[SettlementState]:
    """Return the state of every settlement point, in the site's order.

    Parameters
    ----------
    completion
        When the fill will be complete; None for a site without a plan.
    """
    return [
        _settlement(current, history, plan, completion, point)
        for point in current.site.with_quantity("settlement")
    ]


def _settlement(
    current: Current,
    history: History,
    plan: Plan | None,
    completion: Figure | None,
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
    found = history.keep(
        ("settlement", point.name), lambda: forecast(means, history.midnight - days * DAY)
    )
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
    if found.model:
        _tell(state, found, settled.value, history.midnight)
        state.grading = _grading(state, found, history.midnight, plan, completion)
    return state


_REFUSED = Text("Every settlement model refuses a forecast")


def forecast(means: Array, start: datetime) -> Forecast:
    """Return the forecast of a curve of daily means, or why there is none.

    Parameters
    ----------
    means
        Settlement by day [mm]; NaN where there is none.
    start
        Start of the first day.
    """
    family = models()
    there = np.flatnonzero(~np.isnan(means))
    origin = _last_change(means)
    days = there[there > origin] if len(there) else there
    begun = start + origin * DAY + DAY / 2
    if len(there) and there[-1] - origin < STILL_CHANGING_D and origin > there[0]:
        reason = Text(
            "Settlement sped up on {date}: the load or the water is still changing",
            {"date": f"{begun:%Y-%m-%d}"},
        )
        return Forecast("", begun, dict.fromkeys(family, reason))
    offset = float(means[origin]) if len(there) else 0.0
    time, settled = _blocks((days - origin).astype(float), means[days] - offset)
    seen = origin > there[0] or _slows_down(time, settled) if len(there) else False
    refusals: dict[str, Text] = {}
    errors: dict[str, float] = {}
    fits: dict[str, Array] = {}
    for name, model in family.items():
        if len(days) < model.needed:
            refusals[name] = Text(
                "Only {count} of {needed} daily values since the load last changed",
                {"count": len(days), "needed": model.needed},
            )
            continue
        if settled[-1] < LEAST_SETTLED:
            refusals[name] = Text(
                "Only {settled} mm has settled since the load last changed",
                {"settled": round(float(settled[-1]), 1)},
            )
            continue
        if model.needs_origin and not seen:
            refusals[name] = Text(
                "The load has not changed since measuring began: the age of the fill is not known"
            )
            continue
        fit = model.fit(time, settled[None, :])
        errors[name] = _held_back_error(model, time, settled)
        refusal = _refusal(model, fit, offset, time, settled, errors[name])
        if refusal is None:
            fits[name] = fit
        else:
            refusals[name] = refusal
    if not fits:
        return Forecast("", begun, refusals)
    best = min(fits, key=lambda name: errors[name])
    since = (start + len(means) * DAY - begun) / DAY
    ahead = np.linspace(0, DRAWN_D, DRAWN_POINTS)
    ultimate, curve = _outlook(family[best], fits[best], time, settled, since + ahead)
    # A method that was not refused either may be right: the interval holds what it says.
    for name in fits:
        if name != best:
            other = _outlook(family[name], fits[name], time, settled, since + ahead)
            ultimate[1:] = _wider(ultimate[1:], other[0][:1])
            curve[1:] = _wider(curve[1:], other[1][:1])
    # So may creep that goes on from the present rate, whichever method describes the present.
    now = float(settled[-1])
    creep = now + _creep(time, settled, since + np.append(HORIZON_D - since, ahead))
    ultimate[2], curve[2] = max(ultimate[2], creep[0]), np.maximum(curve[2], creep[1:])
    # The error on the part held back widens what is still to come; and earlier lifts creep on
    # below the last one: if each does so in proportion to the settlement that it caused, growth
    # is that of the last one times total / last.
    lifts = min((offset + now) / now, MOST_LIFTS)
    ultimate[1:] = now + (ultimate[1:] - now) * [1 - errors[best], (1 + errors[best]) * lifts]
    grown = np.stack([curve[0] - curve[0, 0], curve[2] - curve[2, 0]])
    curve[1:] += grown * np.array([[-errors[best]], [(1 + errors[best]) * lifts - 1]])
    # The ground does not rise again.
    ultimate = offset + np.maximum(ultimate, now)
    curve = offset + np.maximum(curve, curve[0, 0])
    midnight = start + len(means) * DAY
    return Forecast(
        model=best,
        origin=begun,
        refusals=refusals,
        ultimate=float(ultimate[0]),
        low=float(min(ultimate[:2])),
        high=float(max(ultimate[0], ultimate[2])),
        time=[midnight + timedelta(days=float(day)) for day in ahead],
        curve=curve[0].tolist(),
        curve_low=np.minimum(curve[0], curve[1]).tolist(),
        curve_high=np.maximum(curve[0], curve[2]).tolist(),
        parameters=fits[best],
        offset=offset,
    )


def _outlook(
    model: SettlementModel, fitted: Array, time: Array, settled: Array, ahead: Array
) -> tuple[Array, Array]:
    """Return value, low and high end of the ultimate settlement (3) and of the curve (3 x n)."""
    resampled = _resampled(model, fitted, time, settled)
    resampled = resampled[np.isfinite(resampled).all(axis=1)]
    if not len(resampled):
        resampled = fitted
    ends = [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2]
    factor = np.array(model.bias)
    ultimate = model.ultimate(fitted)
    interval = np.quantile(model.ultimate(resampled), ends) * factor
    curve = model.predict(fitted, ahead)
    band = np.quantile(model.predict(resampled, ahead), ends, axis=0)
    # What is biased is the ultimate value, not the present one: the bias opens with the growth.
    growth = (curve[0] - curve[0, 0]) / max(float(ultimate[0] - curve[0, 0]), 1e-9)
    band += np.outer(factor - 1, growth * ultimate[0])
    return np.concatenate([ultimate, interval]), np.concatenate([curve, band])


def _slows_down(time: Array, settled: Array) -> bool:
    """Return whether a curve bends so much that its beginning must lie within it."""
    part = len(time) // 10
    if part < 2:
        return False
    first, last = (
        float(np.polyfit(time[piece], settled[piece], 1)[0])
        for piece in (slice(0, part), slice(-part, None))
    )
    return first > SLOWS_DOWN * max(last, 0.0)


def _creep(time: Array, settled: Array, until: Array) -> Array:
    """Return what creep at the present rate, falling with 1/t, adds until later times [mm]."""
    rate = max(_end_rate(time, settled), 0.0)
    return np.asarray(rate * time[-1] * np.log(np.maximum(until, time[-1]) / time[-1]))


def _end_rate(time: Array, settled: Array) -> float:
    """Return the slope of the last part of a curve [mm/d]."""
    end = time >= time[-1] - HELD_BACK * (time[-1] - time[0])
    return float(np.polyfit(time[end], settled[end], 1)[0])


def _wider(interval: Array, other: Array) -> Array:
    """Return an interval (low, high) that holds another value too."""
    return np.stack([np.minimum(interval[0], other[0]), np.maximum(interval[1], other[0])])


def _last_change(means: Array) -> int:
    """Return the day on which the rate of settlement last rose: a new load, or water.

    Under a constant load a settlement curve only slows down.
    """
    there = np.flatnonzero(~np.isnan(means))
    if len(there) < 2:
        return int(there[0]) if len(there) else 0
    days = np.arange(there[0], there[-1] + 1)
    filled = np.interp(days, there, means[there])
    windows = len(filled) // RISE_WINDOW_D
    if windows < 2:
        return int(there[0])
    noise = float(np.median(np.abs(np.diff(filled, n=2)))) / 0.6745 / np.sqrt(6)
    # Windows are counted from the first day, so that the answer of one day stands on the next.
    blocks = filled[: windows * RISE_WINDOW_D].reshape(windows, RISE_WINDOW_D)
    x = np.arange(RISE_WINDOW_D) - (RISE_WINDOW_D - 1) / 2
    rates = blocks @ x / (x**2).sum()
    noise_of_rate = noise / np.sqrt((x**2).sum())
    limit = np.maximum(RISE_LEAST, RISE_NOISE * np.sqrt(2) * noise_of_rate)
    rises = np.flatnonzero(np.diff(rates) > np.maximum(limit, RISE_PART * np.abs(rates[:-1])))
    if not len(rises):
        return int(there[0])
    # The window before a rise may hold its beginning; the new curve starts where it is steepest.
    first = int(rises[-1] + 1) * RISE_WINDOW_D
    return int(days[max(first - 1, 0)])


def _blocks(time: Array, settled: Array) -> tuple[Array, Array]:
    """Return the curve averaged by equal numbers of values, at most `FITTED_POINTS`."""
    size = -(-len(time) // FITTED_POINTS) if len(time) else 1
    if size == 1:
        return time, settled
    edges = np.arange(0, len(time), size)
    counts = np.diff(np.append(edges, len(time)))
    return np.add.reduceat(time, edges) / counts, np.add.reduceat(settled, edges) / counts


def _held_back_error(model: SettlementModel, time: Array, settled: Array) -> float:
    """Return the error on the last part of the curve after a fit to the part before [1]."""
    split = int(np.searchsorted(time, time[0] + (time[-1] - time[0]) * (1 - HELD_BACK)))
    if split < 5 or split >= len(time):
        return float("nan")
    parameters = model.fit(time[:split], settled[None, :split])
    missed = model.predict(parameters, time[split:])[0] - settled[split:]
    grown = abs(settled[-1] - settled[split - 1])
    # A curve that has all but ended grows less than a millimetre, which no instrument resolves.
    return float(np.sqrt(np.mean(missed**2)) / max(grown, 1.0))


def _refusal(
    model: SettlementModel, fit: Array, offset: float, time: Array, settled: Array, error: float
) -> Text | None:
    """Return why a fitted method may not be believed, None when it may."""
    now, ultimate = float(settled[-1]), float(model.ultimate(fit)[0])
    if not np.isfinite(ultimate) or now <= 0 or np.isnan(error):
        return Text("The curve does not have the shape that the method assumes")
    if ultimate < 0.98 * now:
        return Text(
            "The ultimate settlement would be {ultimate} mm, below the {settled} mm of today",
            {"ultimate": round(ultimate + offset), "settled": round(now + offset)},
        )
    degree = now / ultimate
    if degree < model.least_degree:
        return Text(
            "The degree of consolidation is {degree} %, below the {limit} % that the method needs",
            {"degree": round(100 * degree), "limit": round(100 * model.least_degree)},
        )
    if ultimate + offset > ABSURD * (now + offset):
        return Text(
            "The ultimate settlement would be {ultimate} mm, which is absurd after {settled} mm",
            {"ultimate": round(ultimate + offset), "settled": round(now + offset)},
        )
    if error > LARGEST_ERROR:
        return Text(
            "On the last {part} % of the curve, held back, the method was {error} % wrong",
            {"part": round(100 * HELD_BACK), "error": round(100 * error)},
        )
    measured, fitted = (_end_rate(time, curve) for curve in (settled, model.predict(fit, time)[0]))
    if abs(fitted - measured) > max(RATE_PART * measured, RATE_LEAST):
        return Text(
            "At the end of the curve the method settles by {fitted} mm a day, the point by "
            "{measured}",
            {"fitted": round(fitted, 2), "measured": round(measured, 2)},
        )
    return None


def _resampled(model: SettlementModel, fitted: Array, time: Array, settled: Array) -> Array:
    """Return the parameters of curves resampled by a moving block bootstrap of the residuals.

    Kuensch, H. R. (1989). The jackknife and the bootstrap for general stationary observations.
    Annals of Statistics 17(3), 1217-1241. Blocks of about the cube root of the length.
    """
    count = len(time)
    curve = model.predict(fitted, time)
    residuals = (settled - curve)[0]
    residuals = residuals - residuals.mean()
    length = max(round(count ** (1 / 3)), 1)
    random = np.random.default_rng(SEED)
    starts = random.integers(0, count - length + 1, size=(RESAMPLED, -(-count // length)))
    index = (starts[:, :, None] + np.arange(length)).reshape(RESAMPLED, -1)[:, :count]
    return model.fit(time, curve + residuals[index])


def _tell(state: SettlementState, found: Forecast, now: float, midnight: datetime) -> None:
    """Write what a forecast says into the state of its point."""
    validity = models()[found.model].validity()

    def figure(value: float, low: float, high: float, unit: str) -> Figure:
        return Figure(
            value=value,
            unit=unit,
            time=midnight,
            source=f"{state.point}: {found.model}",
            version=VERSION,
            low=low,
            high=high,
            confidence=CONFIDENCE,
            validity=validity,
            quality="forecast",
        )

    # The point may have passed its forecast since midnight.
    ultimate, low, high = (max(value, now) for value in (found.ultimate, found.low, found.high))
    state.ultimate = figure(ultimate, low, high, "mm")
    state.remaining = figure(ultimate - now, low - now, high - now, "mm")
    if now > 0:
        state.consolidation = figure(now / ultimate, now / high, now / low, "1")
    state.forecast_time = found.time
    state.forecast = found.curve
    state.forecast_low = found.curve_low
    state.forecast_high = found.curve_high


def _rate(means: Array, midnight: datetime, settled: Figure) -> Figure:
    """Return the slope of the last whole days [mm/d]."""
    means = means[-RATE_DAYS:]
    there = np.flatnonzero(~np.isnan(means))
    if len(there) < RATE_NEEDED:
        reason = Text(
            "Only {count} of {needed} days with values",
            {"count": len(there), "needed": RATE_NEEDED},
        )
        return unknown("mm/d", reason, time=midnight, source=settled.source)
    return Figure(
        value=float(np.polyfit(there, means[there], 1)[0]),
        unit="mm/d",
        time=midnight,
        source=settled.source,
        version=VERSION,
        quality="stale" if settled.quality == "stale" else "derived",
    )


def _grading(
    state: SettlementState,
    found: Forecast,
    midnight: datetime,
    plan: Plan | None,
    completion: Figure | None,
) -> Figure:
    """Return from when the surface may be graded: the wait after the last load, and the rate."""
    source = f"{state.point}: {found.model}"
    if plan is None or completion is None:
        return unknown("date", Text("The site has no plan"), time=midnight, source=source)
    if not isinstance(completion.value, str):
        reason = Text("It is not known when the fill will be complete")
        return unknown("date", reason, time=midnight, source=source)
    criterion = plan.file.grading
    slow = found.slow_after(criterion.rate, midnight)
    if slow is None:
        reason = Text(
            "The rate does not fall below {rate} mm a month",
            {"rate": criterion.rate_mm_per_month},
        )
        return unknown("date", reason, time=midnight, source=source)
    shortest, longest = criterion.wait_years
    earliest = _years_after(completion.value, shortest)
    low = _years_after(str(completion.low), shortest) if completion.low else None
    high = _years_after(str(completion.high), longest) if completion.high else None
    return Figure(
        value=max(earliest, slow).isoformat(),
        unit="date",
        time=midnight,
        source=source,
        version=VERSION,
        low=max(low, slow).isoformat() if low else None,
        high=max(high, slow).isoformat() if high else None,
        confidence=CONFIDENCE,
        validity=Text(
            "{shortest} to {longest} years after the last load, and settlement below {rate} mm a "
            "month; no new load on the point",
            {
                "shortest": shortest,
                "longest": longest,
                "rate": criterion.rate_mm_per_month,
            },
        ),
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
