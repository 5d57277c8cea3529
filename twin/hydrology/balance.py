"""Water balance of the crater by whole months: what came, what left, and what does not close."""

from __future__ import annotations

import math
from datetime import datetime
from itertools import pairwise

import numpy as np

from ingest.figure import Figure, unknown
from ingest.text import Text
from twin import VERSION
from twin.buckets import Array
from twin.history import DAY, History
from twin.hydrology.groundwater import GRAVITY, month_start, window
from twin.hydrology.surface_store import surface_store
from twin.hydrology.weather_days import WeatherDays, weather_days
from twin.water_file import BalanceRules, WaterFile
from twin.water_state import WaterBalance, WaterMonth

MODEL = "water_balance"
UNIT = "thousand m3"

#: Months that are shown, and share of a month's days on which the outflow must be measured.
MONTHS, NEEDED_SHARE = 12, 0.9

#: Parts of the balance and their signs in the residual.
PARTS = {
    "precipitation": 1.0,
    "evaporation": -1.0,
    "inflow": 1.0,
    "outflow": -1.0,
    "storage": -1.0,
}


def water_balance(history: History, water: WaterFile | None) -> WaterBalance | None:
    """Return the balance of the last whole months, None for a site that asks for none."""
    if water is None or water.balance is None or water.groundwater is None:
        return None
    return history.keep("water_balance", lambda: _balance(history, water, water.balance))


def _balance(history: History, water: WaterFile, rules: BalanceRules | None) -> WaterBalance:
    assert rules is not None
    assert water.weather is not None
    assert water.groundwater is not None
    days = window(history, water.groundwater)
    weather = weather_days(history, water.weather, water.groundwater, days)
    if not isinstance(weather, WeatherDays):
        return _refused(history, weather)
    edges = month_edges(weather.start, history.midnight)[-(MONTHS + 1) :]
    if len(edges) < 2:
        return _refused(history, Text("No whole month of weather yet"))
    surface = surface_store(weather.water, weather.evaporation, rules.soil_store_mm)
    depth_to_volume = rules.catchment_thousand_m2 / 1000  # mm on thousand m2 -> thousand m3
    flow = _outflow(history, rules, days)
    pores = _pores(history, rules, days)
    months = []
    for begin, end in pairwise(edges):
        first, stop = (begin - weather.start) // DAY, (end - weather.start) // DAY
        part = slice(first, stop)
        held = weather.snow.pack + surface.held
        # At the very first day what was held before is taken as what was held at its end.
        gained = float(held[stop - 1] - held[max(first - 1, 0)])
        values: dict[str, float | Text] = {
            "precipitation": float(weather.precipitation[part].sum()) * depth_to_volume,
            "evaporation": float(surface.evaporation[part].sum()) * depth_to_volume,
            "inflow": rules.inflow.flow_L_per_s * 86.4e-3 * (stop - first),
            "outflow": _month(flow[part], 86.4e-3, Text("The outflow was not measured")),
        }
        in_pores = _change(pores, first, stop)
        values["storage"] = (
            in_pores if isinstance(in_pores, Text) else in_pores + gained * depth_to_volume
        )
        if weather.silent[part].mean() > 1 - NEEDED_SHARE:
            # What was not measured is not dry, and the snow is not known either.
            reason = Text("The weather of this month was not measured")
            values |= dict.fromkeys(("precipitation", "evaporation", "storage"), reason)
        months.append(_figures(begin, end, values, rules))
    return WaterBalance(months=months, residual=_sum(months))


def month_edges(start: datetime, end: datetime) -> list[datetime]:
    """Return the first midnights of the months from a midnight on, up to another."""
    edge = month_start(start)
    edges = []
    while edge <= end:
        if edge >= start:
            edges.append(edge)
        edge = month_start(edge + 32 * DAY)
    return edges


def residual(values: dict[str, float], uncertainty: dict[str, float]) -> tuple[float, float]:
    """Return what a balance does not close by, and its standard uncertainty.

    Parameters
    ----------
    values
        Every one of `PARTS`, in one unit.
    uncertainty
        Relative standard uncertainty of each [1]; they are taken as independent.
    """
    left = sum(sign * values[part] for part, sign in PARTS.items())
    return left, math.sqrt(sum((uncertainty[part] * values[part]) ** 2 for part in PARTS))


def _outflow(history: History, rules: BalanceRules, days: int) -> Array:
    """Return the flow of the stations together, (days,) [L/s]; NaN where one is missing."""
    flows = [history.daily_means(name, "flow", days) for name in rules.outflow_stations]
    return np.asarray(np.sum(flows, axis=0))


def _pores(history: History, rules: BalanceRules, days: int) -> Array:
    """Return the water in the pores above any level, (days,) [thousand m3]."""
    names = rules.storage.piezometers
    # A tip that is dry reads nothing or suction, which is no level of water.
    levels = np.stack(
        [np.maximum(history.daily_means(name, "pore_pressure", days), 0.0) for name in names]
    )
    # Changes from day to day, so that an instrument that falls silent makes no step.
    steps = np.diff(levels, axis=1)
    count = (~np.isnan(steps)).sum(axis=0)
    mean = np.where(count > 0, np.nansum(steps, axis=0) / np.maximum(count, 1), np.nan)
    heads = np.concatenate(([0.0], np.cumsum(np.nan_to_num(mean)))) / GRAVITY
    silent = np.concatenate(([False], np.isnan(mean)))
    volume = heads * rules.storage.area_thousand_m2 * rules.storage.drainable_porosity
    return np.where(silent, np.nan, volume)


def _month(flow: Array, factor: float, reason: Text) -> float | Text:
    there = flow[~np.isnan(flow)]
    if len(there) < NEEDED_SHARE * len(flow):
        return reason
    return float(there.mean()) * len(flow) * factor


def _change(volume: Array, first: int, stop: int) -> float | Text:
    before, after = volume[max(first - 1, 0)], volume[stop - 1]
    if np.isnan(volume[first:stop]).mean() > 1 - NEEDED_SHARE or np.isnan(before + after):
        return Text("The piezometers were silent")
    return float(after - before)


def _figures(
    begin: datetime, end: datetime, values: dict[str, float | Text], rules: BalanceRules
) -> WaterMonth:
    uncertainty: dict[str, float] = rules.uncertainty.model_dump(exclude={"source"})
    known = {part: value for part, value in values.items() if isinstance(value, float)}
    figures = {}
    for part, value in values.items():
        if isinstance(value, Text):
            figures[part] = unknown(UNIT, value, time=end, source=MODEL)
            continue
        half = 1.96 * uncertainty[part] * abs(value)
        figures[part] = _figure(value, half, end, "assumed" if part == "inflow" else "derived")
    if len(known) < len(values):
        reason = next(value for value in values.values() if isinstance(value, Text))
        left = unknown(UNIT, reason, time=end, source=MODEL)
    else:
        off, spread = residual(known, uncertainty)
        left = _figure(off, 1.96 * spread, end)
    return WaterMonth(month=begin, residual=left, **figures)


def _figure(value: float, half: float, time: datetime, quality: str = "derived") -> Figure:
    return Figure(
        value=value,
        unit=UNIT,
        time=time,
        source=MODEL,
        version=VERSION,
        low=value - half,
        high=value + half,
        confidence=0.95,
        quality="assumed" if quality == "assumed" else "derived",
    )


def _sum(months: list[WaterMonth]) -> Figure:
    """Return the residual of all months; errors of the same part in each month go together."""
    known = [one for one in months if isinstance(one.residual.value, float)]
    if not known:
        return months[-1].residual
    total = sum(_number(one.residual.value) for one in known)
    spread = 0.0
    for part in PARTS:
        figures: list[Figure] = [getattr(one, part) for one in known]
        spread += (
            sum(
                math.copysign(
                    (_number(each.high) - _number(each.value)) / 1.96, _number(each.value)
                )
                for each in figures
            )
            ** 2
        )
    figure = _figure(total, 1.96 * math.sqrt(spread), known[-1].residual.time or known[-1].month)
    figure.validity = Text("Sum of {count} months", {"count": len(known)})
    return figure


def _number(value: float | str | None) -> float:
    assert isinstance(value, float)
    return value


def _refused(history: History, reason: Text) -> WaterBalance:
    return WaterBalance(
        months=[],
        residual=unknown(UNIT, reason, time=history.midnight, source=MODEL),
        refusal=reason,
    )
