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
from twin.current import Current
from twin.history import DAY, Array, History
from twin.models._base import SettlementModel
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
    """What the chosen method says of one point.

    Parameters
    ----------
    model
        Name of the method, "" when every one was refused.
    origin
        When the load last changed.
    offset
        Settlement then [mm].
    parameters
        Of the curve itself in the first row, of the resampled curves in the others.
    widening
        Relative error on the part held back, by which the interval is widened [1].
    refusals
        Why the other methods were refused.
    """

    model: str
    origin: datetime
    offset: float
    parameters: Array
    widening: float
    refusals: dict[str, Text] = field(default_factory=dict)


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
    key = f"settlement forecast of {point.name}"
    if key not in history.kept:
        days = history.days_since_first(LONGEST_D)
        means = history.daily_means(point.name, "settlement", days)
        history.kept[key] = forecast(means, history.midnight - days * DAY)
    found = history.kept[key]
    assert isinstance(found, Forecast)
    state = SettlementState(
        point=point.name,
        zone=point.zone,
        settlement=settled,
        rate=_rate(history, settled, point.name),
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
        return Forecast("", begun, 0.0, np.empty((0, 0)), 0.0, dict.fromkeys(family, reason))
    offset = float(means[origin]) if len(there) else 0.0
    time, settled = _blocks((days - origin).astype(float), means[days] - offset)
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
        fits[name] = model.fit(time, settled[None, :])
        ultimate = float(model.ultimate(fits[name])[0])
        errors[name] = _held_back_error(model, time, settled)
        refusal = _refusal(model, ultimate, offset, settled, errors[name])
        if refusal is not None:
            refusals[name] = refusal
    valid = [name for name in fits if name not in refusals]
    if not valid:
        return Forecast("", begun, offset, np.empty((0, 0)), 0.0, refusals)
    best = min(valid, key=lambda name: errors[name])
    parameters = np.vstack([fits[best], _resampled(family[best], fits[best], time, settled)])
    return Forecast(best, begun, offset, parameters, errors[best], refusals)


def _last_change(means: Array) -> int:
    """Return the day on which the rate of settlement last rose: a new load, or water.

    Under a constant load a settlement curve only slows down.
    """
    there = np.flatnonzero(~np.isnan(means))
    if len(there) < 2:
        return int(there[0]) if len(there) else 0
    days = np.arange(there[0], there[-1] + 1)
    filled = np.interp(days, there, means[there])
    noise = float(np.median(np.abs(np.diff(filled, n=2)))) / 0.6745 / np.sqrt(6)
    windows = len(filled) // RISE_WINDOW_D
    if windows < 2:
        return int(there[0])
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
    model: SettlementModel, ultimate: float, offset: float, settled: Array, error: float
) -> Text | None:
    """Return why a fitted method may not be believed, None when it may."""
    now = float(settled[-1])
    if not np.isfinite(ultimate) or ultimate < 0.98 * now or now <= 0:
        return Text("The curve does not have the shape that the method assumes")
    if ultimate + offset > ABSURD * (now + offset):
        return Text(
            "The ultimate settlement would be {ultimate} mm, which is absurd after {settled} mm",
            {"ultimate": round(ultimate + offset), "settled": round(now + offset)},
        )
    degree = now / ultimate
    if degree < model.least_degree:
        return Text(
            "The degree of consolidation is {degree} %, below the {limit} % that the method needs",
            {"degree": round(100 * degree), "limit": round(100 * model.least_degree)},
        )
    if not error <= LARGEST_ERROR:
        if np.isnan(error):
            return Text("The curve does not have the shape that the method assumes")
        return Text(
            "On the last {part} % of the curve, held back, the method was {error} % wrong",
            {"part": round(100 * HELD_BACK), "error": round(100 * error)},
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
    model = models()[found.model]
    ultimates = model.ultimate(found.parameters)
    ultimate = max(found.offset + float(ultimates[0]), now)
    low, high = _interval(ultimates[1:], model.bias)
    # The method's own error where it could be seen widens what is still to come.
    low = now + (found.offset + min(low, ultimates[0]) - now) * (1 - found.widening)
    high = now + (found.offset + max(high, ultimates[0]) - now) * (1 + found.widening)
    low, high = min(max(low, now), ultimate), max(high, ultimate)

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
            validity=model.validity(),
            quality="forecast",
        )

    state.ultimate = figure(ultimate, low, high, "mm")
    state.remaining = figure(ultimate - now, low - now, high - now, "mm")
    if ultimate > 0:
        state.consolidation = figure(
            max(now, 0.0) / ultimate, max(now, 0.0) / high, max(now, 0.0) / max(low, 1e-9), "1"
        )
    ahead = np.linspace(0, DRAWN_D, DRAWN_POINTS)
    since = (midnight - found.origin) / DAY
    curves = found.offset + model.predict(found.parameters, since + ahead)
    curve = curves[0]
    spread = np.nanquantile(curves[1:], [0.05, 0.95], axis=0) if len(curves) > 1 else curves[[0, 0]]
    grown = (curve - curve[0]) * found.widening
    scale_low, scale_high = model.bias
    ends = found.offset + (spread - found.offset) * np.array([[scale_low], [scale_high]])
    state.forecast_time = [midnight + timedelta(days=float(day)) for day in ahead]
    state.forecast = curve.tolist()
    # What is biased is the ultimate value, not the present one: the band opens with time.
    opening = ahead / DRAWN_D
    state.forecast_low = np.minimum(
        curve, np.maximum(spread[0] + (ends[0] - spread[0]) * opening - grown, curve[0])
    ).tolist()
    state.forecast_high = np.maximum(
        curve, spread[1] + (ends[1] - spread[1]) * opening + grown
    ).tolist()


def _interval(values: Array, bias: tuple[float, float]) -> tuple[float, float]:
    """Return the interval of resampled values, opened by a method's known bias."""
    sound = values[np.isfinite(values)]
    if not len(sound):
        return float("inf"), float("-inf")
    low, high = np.quantile(sound, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    return float(low) * bias[0], float(high) * bias[1]


def _rate(history: History, settled: Figure, point: str) -> Figure:
    """Return the slope of the last whole days [mm/d]."""
    means = history.daily_means(point, "settlement", RATE_DAYS)
    there = np.flatnonzero(~np.isnan(means))
    if len(there) < RATE_NEEDED:
        reason = Text(
            "Only {count} of {needed} days with values",
            {"count": len(there), "needed": RATE_NEEDED},
        )
        return unknown("mm/d", reason, time=history.midnight, source=point)
    return Figure(
        value=float(np.polyfit(there, means[there], 1)[0]),
        unit="mm/d",
        time=history.midnight,
        source=point,
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
    slow = _slow_after(found, criterion.rate, midnight)
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


def _slow_after(found: Forecast, rate: float, midnight: datetime) -> date | None:
    """Return the day from which the forecast settles slower than `rate` [mm/d]."""
    model = models()[found.model]
    since = (midnight - found.origin) / DAY
    ahead = np.concatenate(([0.0], np.geomspace(1, FARTHEST_D, 400)))
    steps = np.stack([since + ahead, since + ahead + 1])
    settled = [model.predict(found.parameters[:1], time)[0] for time in steps]
    slow = settled[1] - settled[0] <= rate
    fast = np.flatnonzero(~slow)
    if len(fast) and fast[-1] == len(ahead) - 1:
        return None
    first = 0.0 if not len(fast) else float(ahead[fast[-1] + 1])
    return (midnight + timedelta(days=first)).date()


def _same_reason(figure: Figure, unit: str) -> Figure:
    return Figure(
        value=None,
        unit=unit,
        time=figure.time,
        source=figure.source,
        reason=figure.reason,
        quality=figure.quality,
    )
