"""Acidity, loads, trends and limits of the water stations."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import UTC, datetime, time, timedelta
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from ingest.clock import to_ns
from ingest.figure import Figure, unknown
from ingest.site import Instrument
from ingest.text import Text
from twin import VERSION
from twin.buckets import Array
from twin.chemistry.acidity_kirby_cravotta import acidity_kirby_cravotta, lime_demand
from twin.chemistry.mann_kendall import Trend, mann_kendall
from twin.current import Current
from twin.history import DAY, History
from twin.hydrology.balance import month_edges
from twin.water import QUALITY
from twin.water_file import LimeRules, LoadRules, Use, UseLimit, WaterFile
from twin.water_state import AcidityState, LimitState, LoadState, TrendState

#: Days of a load, and hours of them in which concentration and flow were both measured.
LOAD_DAYS, NEEDED_HOURS = 30, 240

HOUR = timedelta(hours=1)

#: Years that a trend looks back, months that it needs, months from which seasons are told apart,
#: and days that make a month's mean (design assumption; three years after [2] of `mann_kendall`).
TREND_YEARS, NEEDED_MONTHS, SEASONAL_MONTHS, MONTH_DAYS = 10, 8, 36, 10

#: Standard deviations on either side of a normal distribution's mean between which 95 % lie.
Z_95 = 1.96

#: Two-sided probability below which a trend is called significant.
SIGNIFICANT = 0.05


def stations(current: Current) -> list[Instrument]:
    """Return the water stations, in the site's order."""
    return [
        one
        for one in current.site
        if not QUALITY.isdisjoint(current.site.type_of(one.name).quantities)
    ]


def acidities(current: Current, rules: LimeRules | None) -> list[AcidityState]:
    """Return the acidity of every station that measures pH and iron."""
    return [
        _acidity(current, one.name, rules)
        for one in stations(current)
        if {"ph", "iron"} <= set(current.site.type_of(one.name).quantities)
    ]


def _acidity(current: Current, station: str, rules: LimeRules | None) -> AcidityState:
    ph, iron = (current.figure(station, quantity) for quantity in ("ph", "iron"))
    missing = ph.reason or iron.reason
    if missing is not None or not isinstance(ph.value, float) or not isinstance(iron.value, float):
        reason = missing or Text("No reading yet")
        nothing = unknown("mg/L CaCO3", reason, time=ph.time, source=station)
        lime = unknown("kg/d", reason, time=ph.time, source=station)
        return AcidityState(station=station, acidity=nothing, lime=lime, cost=lime)
    # Total iron is measured: it takes two or three equivalents, by its valence.
    low = acidity_kirby_cravotta(ph.value, iron2=iron.value)
    high = acidity_kirby_cravotta(ph.value, iron3=iron.value)
    validity = Text(
        "From pH and total iron alone: manganese, aluminium and alkalinity are not measured"
    )

    def figure(unit: str, lower: float, upper: float, *rests_on: Figure) -> Figure:
        return Figure(
            value=(lower + upper) / 2,
            unit=unit,
            time=min((each.time for each in rests_on if each.time is not None), default=None),
            source="acidity_kirby_cravotta",
            version=VERSION,
            low=lower,
            high=upper,
            validity=validity,
            quality="stale" if "stale" in [each.quality for each in rests_on] else "derived",
        )

    acidity = figure("mg/L CaCO3", low, high, ph, iron)
    flow = current.figure(station, "flow") if "flow" in _measured(current, station) else None
    if rules is None or flow is None or not isinstance(flow.value, float):
        silent = flow.reason if flow is not None else None
        reason = silent or Text("No flow is measured")
        if rules is None:
            reason = Text("water.yaml has no lime")
        lime = unknown("kg/d", reason, time=ph.time, source=station)
        return AcidityState(station=station, acidity=acidity, lime=lime, cost=lime)
    needed = [lime_demand(each, flow.value, rules.efficiency) for each in (low, high)]
    all_three = (ph, iron, flow)
    lime = figure("kg/d", 1000 * needed[0], 1000 * needed[1], *all_three)
    if rules.price_per_t is None:
        cost = unknown("", Text("The price of lime is not configured"), source="water.yaml")
    else:
        low, high = (each * rules.price_per_t for each in needed)
        cost = figure(f"{rules.currency}/d", low, high, *all_three)
    return AcidityState(station=station, acidity=acidity, lime=lime, cost=cost)


def _measured(current: Current, station: str) -> list[str]:
    return list(current.site.type_of(station).quantities)


def loads(current: Current, history: History, rules: LoadRules | None) -> list[LoadState]:
    """Return the load of every quantity at every station that measures flow."""
    if rules is None:
        return []

    def load(station: str, quantity: str) -> LoadState:
        return history.keep(
            ("load", station, quantity), lambda: _load(history, station, quantity, rules)
        )

    return [
        load(one.name, quantity)
        for one in stations(current)
        if "flow" in _measured(current, one.name)
        for quantity in rules.quantities
        if quantity in _measured(current, one.name)
    ]


def _load(history: History, station: str, quantity: str, rules: LoadRules) -> LoadState:
    concentration, flow = (_hours(history, station, each) for each in (quantity, "flow"))
    both = ~(np.isnan(concentration) | np.isnan(flow))
    time = history.midnight
    if int(both.sum()) < NEEDED_HOURS:
        reason = Text(
            "Concentration and flow together in only {count} of {needed} hours",
            {"count": int(both.sum()), "needed": NEEDED_HOURS},
        )
        return LoadState(
            station=station,
            quantity=quantity,
            load=unknown("kg/d", reason, time=time, source=station),
            concentration=unknown("mg/L", reason, time=time, source=station),
        )
    mass, share = constituent_load(concentration, flow)
    spread = load_uncertainty(
        share, int(both.sum()), rules.concentration_uncertainty, rules.flow_uncertainty
    )

    def figure(value: float, unit: str, spread: float) -> Figure:
        return Figure(
            value=value,
            unit=unit,
            time=time,
            source=station,
            version=VERSION,
            low=max(value * (1 - Z_95 * spread), 0.0),
            high=value * (1 + Z_95 * spread),
            confidence=0.95,
            quality="stale" if quality == "stale" else "derived",
        )

    # A station that has fallen silent has the load of the days when it spoke.
    last = history.midnight - (len(both) - 1 - int(np.flatnonzero(both)[-1])) * HOUR
    silence = history.midnight - last
    if silence.total_seconds() > history.site.type_of(station).unavailable_after_s:
        time, quality = last, "stale"
    else:
        quality = "derived"
    weighted, scatter = flow_weighted_concentration(concentration, flow)
    return LoadState(
        station=station,
        quantity=quantity,
        load=figure(mass, "kg/d", spread),
        concentration=(
            figure(
                weighted,
                "mg/L",
                # An error of the flow meter is in the sum above and below, and goes out.
                load_uncertainty(scatter, int(both.sum()), rules.concentration_uncertainty, 0.0),
            )
            if not math.isnan(weighted)
            else unknown("mg/L", Text("No water flowed"), time=time, source=station)
        ),
    )


def flow_weighted_concentration(concentration: Array, flow: Array) -> tuple[float, float]:
    """Return the mean concentration of the water [mg/L], and the scatter about it as a share [1].

    The mean is a ratio of sums, `R = sum(c*q) / sum(q)`; its variance over n values is
    `mean((c*q - R*q)^2) / (n * mean(q)^2)`, the scatter the root of it for n = 1, over R (Cochran,
    W. G. (1977). Sampling Techniques, 3rd ed. Wiley, equation 2.39 without the finite population
    correction). Both NaN when no water flowed.

    Parameters
    ----------
    concentration
        (hours,) [mg/L]; NaN where there is none.
    flow
        (hours,) [L/s]; NaN where there is none.
    """
    both = ~(np.isnan(concentration) | np.isnan(flow))
    concentration, flow = concentration[both], flow[both]
    total = float(flow.sum())
    if total <= 0:
        return math.nan, math.nan
    mean = float((concentration * flow).sum()) / total
    away = float(np.sqrt((((concentration - mean) * flow) ** 2).mean())) / (total / len(flow))
    return mean, away / mean if mean > 0 else 0.0


def constituent_load(concentration: Array, flow: Array) -> tuple[float, float]:
    """Return the mean load [kg/d], and the scatter of the single ones as a share of it [1].

    Concentration and flow go together hour by hour: the product of their means would miss that a
    flood runs thinner, or flushes.

    Parameters
    ----------
    concentration
        (hours,) [mg/L]; NaN where there is none.
    flow
        (hours,) [L/s]; NaN where there is none.
    """
    each = concentration * flow * 0.0864  # mg/s -> kg/d
    each = each[~np.isnan(each)]
    mean = float(each.mean())
    return mean, float(each.std()) / mean if mean > 0 else 0.0


def load_uncertainty(scatter: float, hours: int, concentration: float, flow: float) -> float:
    """Return the relative standard uncertainty of a mean load or concentration [1].

    Parameters
    ----------
    scatter
        Of the single values, as a share of their mean [1].
    hours
        In which both were measured; neighbouring hours resemble each other, so that a day counts
        as one value.
    concentration, flow
        Relative standard uncertainty of the two instruments [1], which averaging does not lessen;
        that of the flow is 0 for a mean concentration.
    """
    values = max(hours / 24, 1.0)
    return math.sqrt(concentration**2 + flow**2 + scatter**2 / values)


def _hours(history: History, station: str, quantity: str) -> Array:
    """Return hourly means of the last days (hours,); NaN where there is none."""
    found = history.values(station, quantity, LOAD_DAYS)
    first = found.node == 0
    hours = np.full(LOAD_DAYS * 24, np.nan)
    if not first.any():
        return hours
    start = history.midnight - LOAD_DAYS * DAY
    values, row = found.value[first], (found.time[first] - to_ns(start)) // 3_600_000_000_000
    total = np.bincount(row, weights=values, minlength=len(hours))
    count = np.bincount(row, minlength=len(hours))
    return np.asarray(np.where(count > 0, total / np.maximum(count, 1), np.nan))


def trends(current: Current, history: History) -> list[TrendState]:
    """Return the trend of every quality of every station over whole months."""

    def trend(station: str, quantity: str) -> TrendState:
        return history.keep(
            ("trend", station, quantity), lambda: _trend(history, station, quantity)
        )

    return [
        trend(one.name, quantity)
        for one in stations(current)
        for quantity in current.site.type_of(one.name).results
        if quantity in QUALITY
    ]


def month_means(means: Array, edges: Sequence[int]) -> Array:
    """Return the mean of every month, NaN for one of which too little is known (months,).

    Parameters
    ----------
    means
        Daily means (days,); NaN where there is none.
    edges
        The months' first days, and the day behind the last (months + 1,).
    """
    if len(edges) < 2:
        return np.empty(0)
    whole = means[: edges[-1]]
    known = ~np.isnan(whole)
    count = np.add.reduceat(known, edges[:-1], dtype=int)
    total = np.add.reduceat(np.where(known, whole, 0.0), edges[:-1])
    found = np.where(count >= MONTH_DAYS, total / np.maximum(count, 1), np.nan)
    # Months of equal values are ties, which the last digits of a sum must not break.
    return np.array([float(f"{mean:.12g}") for mean in found])


def _trend(history: History, station: str, quantity: str) -> TrendState:
    unit = history.site.type_of(station).quantities[quantity].canonical_unit
    per_year = f"{unit}/y"
    into = history.midnight.day - 1
    days = history.days_since_first(TREND_YEARS * 365 + into)
    start = history.midnight - days * DAY
    edges = history.keep(("months", start), lambda: month_edges(start, history.midnight))
    means = history.daily_means(station, quantity, days)
    monthly = month_means(means, [(edge - start) // DAY for edge in edges])
    count = int((~np.isnan(monthly)).sum())
    seasonal = count >= SEASONAL_MONTHS
    method = "seasonal_kendall" if seasonal else "mann_kendall"
    if count < NEEDED_MONTHS:
        reason = Text(
            "Only {count} of {needed} months with values",
            {"count": count, "needed": NEEDED_MONTHS},
        )
        return TrendState(
            station=station,
            quantity=quantity,
            slope=unknown(per_year, reason, time=history.midnight, source=method),
            p=unknown("1", reason, time=history.midnight, source=method),
            method=method,
        )
    found = _kendall(monthly.tobytes(), edges[0].month, seasonal)
    note = None
    if not seasonal:
        note = Text("Less than three years: the season is not told apart from a trend")
    elif found.lag_one > 2 / math.sqrt(found.count):
        note = Text("Months resemble their neighbours: the significance is overstated")
    return TrendState(
        station=station,
        quantity=quantity,
        slope=Figure(
            value=found.slope,
            unit=per_year,
            time=edges[-1],
            source=method,
            version=VERSION,
            low=found.low,
            high=found.high,
            confidence=0.95,
            validity=note,
        ),
        p=Figure(value=found.p, unit="1", time=edges[-1], source=method, version=VERSION),
        method=method,
        significant=found.p < SIGNIFICANT,
        note=note,
    )


@lru_cache(maxsize=256)
def _kendall(monthly: bytes, first_month: int, seasonal: bool) -> Trend:
    values = np.frombuffer(monthly, dtype=float)
    months = np.arange(len(values))
    season = (months + first_month - 1) % 12 if seasonal else None
    return mann_kendall(months / 12, values, season)


def limits(current: Current, history: History, water: WaterFile | None) -> list[LimitState]:
    """Return every quantity against the limits in force of every use."""
    return [
        _limit(current, history, name, use, limit, station)
        for name, use in (water.uses if water else {}).items()
        for limit in in_force(use.limits, current.at)
        for station in use.stations
    ]


def in_force(limits: tuple[UseLimit, ...], at: datetime) -> list[UseLimit]:
    """Return of each quantity and side the limit that holds at a moment."""
    held: dict[tuple[str, bool], UseLimit] = {}
    for limit in limits:
        begins = datetime.combine(limit.since, time(), UTC)
        key = (limit.quantity, limit.above is not None)
        if begins <= at and (key not in held or held[key].since <= limit.since):
            held[key] = limit
    return list(held.values())


def _limit(
    current: Current, history: History, name: str, use: Use, limit: UseLimit, station: str
) -> LimitState:
    value = current.figure(station, limit.quantity)
    bound = limit.above if limit.above is not None else limit.below
    assert bound is not None

    def beyond(measured: Array, held: Array | float) -> NDArray[np.bool_]:
        return measured > held if limit.above is not None else measured < held

    days = history.daily_means(station, limit.quantity, 37)[-30:]
    known = ~np.isnan(days)
    there = days[known]
    bounds = history.keep(
        ("bounds", name, limit),
        lambda: bounds_of(use, limit, [history.midnight - back * DAY for back in range(30, 0, -1)]),
    )
    if len(there):
        count = Figure(
            value=float(np.count_nonzero(beyond(there, bounds[known]))),
            unit="d",
            time=history.midnight,
            source=station,
            validity=Text("Of {count} days with values", {"count": len(there)}),
        )
    else:
        reason = Text("No day with values in the last 30")
        count = unknown("d", reason, time=history.midnight, source=station)
    return LimitState(
        use=name,
        title={str(language): text for language, text in use.title.items()},
        station=station,
        quantity=limit.quantity,
        side="above" if limit.above is not None else "below",
        limit=Figure(value=bound, unit=value.unit, source=limit.source, quality="planned"),
        since=limit.since.isoformat(),
        compared=limit.compared,
        value=value,
        days_beyond=count,
        kept=(
            None if not isinstance(value.value, float) else not beyond(np.array(value.value), bound)
        ),
    )


def bounds_of(use: Use, limit: UseLimit, days: list[datetime]) -> Array:
    """Return the limit of the same quantity and side that held on each day; NaN: none yet.

    A day is judged by what was in force then, not by what came later.
    """
    above = limit.above is not None
    found = np.full(len(days), np.nan)
    for place, day in enumerate(days):
        for each in in_force(use.limits, day):
            if each.quantity == limit.quantity and (each.above is not None) == above:
                found[place] = each.above if above else each.below
    return found
