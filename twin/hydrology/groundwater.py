"""Levels of piezometers and wells: what rain, melt, air and load explain, and what they do not."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

import msgspec
import numpy as np

from ingest.figure import Figure, unknown
from ingest.site import Instrument
from ingest.text import Text
from twin import VERSION
from twin.buckets import Array
from twin.current import Current
from twin.history import DAY, History
from twin.hydrology.gamma_response import Judged, Stresses, judge_response
from twin.hydrology.weather_days import WeatherDays, weather_days
from twin.pressure import QUANTITIES, pore_pressure_ratio
from twin.state import FillState
from twin.water_file import GroundwaterRules, WaterFile
from twin.water_state import GroundwaterState

MODEL = "gamma_response"

#: Days with weather and levels that an explanation needs, and days that it looks back at most.
NEEDED_DAYS, WINDOW_DAYS = 120, 1096

#: Nash-Sutcliffe efficiency on days foretold out of sample that an explanation needs.
LEAST_EFFICIENCY = 0.5

#: Months that a calibration goes back for when the newest does not foretell: something that the
#: weather does not explain spoils it, and is just what has to be seen.
MONTHS_BACK = 3

#: Share of the days of a calibration on which the instrument must have measured.
NEEDED_SHARE = 0.05

GRAVITY = 9.81  # m/s2
CONFIDENCE = 0.95


@dataclass(frozen=True)
class Calibration:
    """A response that foretells, and the moment up to which it was calibrated."""

    judged: Judged
    until: datetime


def groundwater(
    current: Current, history: History, water: WaterFile | None, fill: FillState | None
) -> list[GroundwaterState]:
    """Return of every piezometer and well what explains its last whole day, in the site's order."""
    stresses = history.keep("stresses", lambda: stresses_of(history, water))

    def of_last_day(instrument: Instrument, quantity: str) -> GroundwaterState:
        return history.keep(
            ("groundwater", instrument.name),
            lambda: _of_last_day(history, instrument, quantity, stresses),
        )

    return [
        msgspec.structs.replace(
            of_last_day(instrument, quantity),
            pore_pressure_ratio=_ratio(current, instrument, quantity, fill),
        )
        for quantity in QUANTITIES
        for instrument in current.site.with_quantity(quantity)
    ]


def window(history: History, rules: GroundwaterRules) -> int:
    """Return the days that an explanation looks back: they begin anew with every month.

    Within a month the first day stays, so that a calibration stays as long as no reading of its
    days changes. Before the first known rain there is nothing to explain with: older readings of
    other instruments, which may come later, move nothing.
    """
    into = (history.midnight - month_start(history.midnight)) // DAY
    most = history.days_since_first(WINDOW_DAYS + 31 * MONTHS_BACK + into)
    known = np.flatnonzero(~np.isnan(history.daily_means(rules.rain_gauge, "rain", most)))
    return most - int(known[0]) if len(known) else most


def month_start(moment: datetime) -> datetime:
    """Return the first midnight of the month of a midnight."""
    return moment.replace(day=1)


def stresses_of(history: History, water: WaterFile | None) -> Stresses | Text:
    """Return what moves the levels of the days that an explanation looks back, or why not."""
    if water is None or water.groundwater is None or water.weather is None:
        return Text("The site's water.yaml names no weather that holds for its wells")
    rules = water.groundwater
    days = window(history, rules)
    if days < NEEDED_DAYS:
        return _too_few(days)
    weather = weather_days(history, water.weather, rules, days)
    if not isinstance(weather, WeatherDays):
        return weather
    load = None
    if rules.loading:
        load = np.zeros(days)
        for bridge in history.site.with_quantity("load_mass"):
            mass = history.daily_totals(bridge.name, "load_mass", weather.start, days)
            load += mass.sum(axis=1) / 1000
    return Stresses(weather.water, weather.evaporation, weather.pressure, load)


def calibrated(history: History, level: Array, stresses: Stresses) -> Calibration | Text:
    """Return the newest calibration that foretells, or why there is none.

    Parameters
    ----------
    level
        Daily means up to the last midnight (days,); NaN where there is none.
    """
    refusal: Text | None = None
    until = month_start(history.midnight)
    for _ in range(1 + MONTHS_BACK):
        end = len(level) - (history.midnight - until) // DAY
        found = _calibrate(level[max(end - WINDOW_DAYS, 0) : max(end, 0)], stresses, end)
        if isinstance(found, Judged):
            return Calibration(found, until)
        refusal = refusal or found
        until = month_start(until - DAY)
    assert refusal is not None
    return refusal


def _calibrate(level: Array, stresses: Stresses, end: int) -> Judged | Text:
    measured = int((~np.isnan(level)).sum())
    if len(level) < NEEDED_DAYS or measured < NEEDED_SHARE * len(level) or measured < 24:
        return _too_few(min(len(level), measured))
    part = stresses[max(end - WINDOW_DAYS, 0) : end]
    judged = _judged(
        level.tobytes(),
        part.water.tobytes(),
        part.evaporation.tobytes(),
        None if part.pressure is None else part.pressure.tobytes(),
        None if part.load is None else part.load.tobytes(),
    )
    if judged.efficiency < LEAST_EFFICIENCY:
        return Text(
            "Rain, melt, air and load do not foretell this level: efficiency {efficiency:.2f} out"
            " of sample, {needed:.2f} is needed",
            {"efficiency": judged.efficiency, "needed": LEAST_EFFICIENCY},
        )
    return judged


@lru_cache(maxsize=128)
def _judged(
    level: bytes, water: bytes, evaporation: bytes, pressure: bytes | None, load: bytes | None
) -> Judged:
    """Return what `judge_response` says; the same readings are judged once."""

    def array(data: bytes) -> Array:
        return np.frombuffer(data, dtype=float)

    return judge_response(
        array(level),
        Stresses(
            array(water),
            array(evaporation),
            None if pressure is None else array(pressure),
            None if load is None else array(load),
        ),
    )


def _too_few(days: int) -> Text:
    return Text(
        "Only {count} of {needed} days to learn from", {"count": days, "needed": NEEDED_DAYS}
    )


def _of_last_day(
    history: History, instrument: Instrument, quantity: str, stresses: Stresses | Text
) -> GroundwaterState:
    name = instrument.name
    unit = history.site.type_of(name).quantities[quantity].canonical_unit
    # The middle of the last whole day, which the daily mean speaks of.
    time = history.midnight - DAY / 2
    last = history.daily_means(name, quantity, 30)
    level = _of_day(unit, float(last[-1]), name, time)
    if isinstance(stresses, Text):
        return _refused(instrument, quantity, level, stresses)
    found = calibrated(history, history.daily_means(name, quantity, len(stresses)), stresses)
    if isinstance(found, Text):
        return _refused(instrument, quantity, level, found)
    judged, response = found.judged, found.judged.response
    parts = response.parts(stresses)
    explained = np.asarray(response.rest + sum(parts.values()))
    left = last[-8:] - explained[-8:]
    by_water = float(parts["water"][-1])
    half = judged.band_at(by_water)
    validity = None
    if not judged.seen(by_water):
        validity = Text("More water than on any day of the calibration: the interval is widened")

    def figure(value: float, half: float | None = None) -> Figure:
        if np.isnan(value):
            return _of_day(unit, value, name, time)
        return Figure(
            value=float(value),
            unit=unit,
            time=time,
            source=MODEL,
            version=VERSION,
            low=None if half is None else float(value - half),
            high=None if half is None else float(value + half),
            confidence=None if half is None else CONFIDENCE,
            validity=validity,
        )

    return GroundwaterState(
        instrument=name,
        zone=instrument.zone,
        quantity=quantity,
        level=level,
        explained=figure(explained[-1], half),
        rest=figure(response.rest),
        by_water=figure(by_water),
        by_pressure=figure(parts["pressure"][-1]),
        by_load=figure(parts["load"][-1]),
        unexplained=figure(left[-1], half),
        unexplained_change_7d=figure(left[-1] - left[0]),
        efficiency=Figure(
            value=judged.efficiency, unit="1", time=found.until, source=MODEL, version=VERSION
        ),
        pore_pressure_ratio=level,  # replaced by that of the moment
        # A rise after more water than was ever seen is not told from the error of the response.
        rise=bool(left[-1] > half) if judged.seen(by_water) and not np.isnan(left[-1]) else None,
        calibrated_until=found.until,
    )


def _refused(
    instrument: Instrument, quantity: str, level: Figure, reason: Text
) -> GroundwaterState:
    nothing = unknown(level.unit, reason, time=level.time, source=MODEL)
    return GroundwaterState(
        instrument=instrument.name,
        zone=instrument.zone,
        quantity=quantity,
        level=level,
        explained=nothing,
        rest=nothing,
        by_water=nothing,
        by_pressure=nothing,
        by_load=nothing,
        unexplained=nothing,
        unexplained_change_7d=nothing,
        efficiency=unknown("1", reason, time=level.time, source=MODEL),
        pore_pressure_ratio=nothing,  # replaced by that of the moment
        refusal=reason,
    )


def _of_day(unit: str, value: float, source: str, time: datetime) -> Figure:
    if np.isnan(value):
        return unknown(unit, Text("No value on the last whole day"), time=time, source=source)
    return Figure(value=value, unit=unit, time=time, source=source, quality="measured")


def _ratio(
    current: Current, instrument: Instrument, quantity: str, fill: FillState | None
) -> Figure:
    """Return the pore-pressure ratio at a tip under a level surface that holds the fill.

    The unit weight is that of what was placed: its mass over its volume in the dump.
    """
    if quantity != "pore_pressure":
        return unknown("1", Text("A well has no tip under the fill"), source=instrument.name)
    pressure = current.figure(instrument.name, quantity)
    if pressure.reason is not None:
        return unknown("1", pressure.reason, time=pressure.time, source=instrument.name)
    weight = fill_unit_weight(fill)
    surface = fill.level.value if fill is not None else None
    if weight is None or not isinstance(surface, float) or instrument.z_m is None:
        reason = Text("The weight above the tip is not known")
        return unknown("1", reason, time=pressure.time, source=instrument.name)
    depth = surface - instrument.z_m
    if depth <= 0:
        reason = Text("The tip lies above the level of the fill")
        return unknown("1", reason, time=pressure.time, source=instrument.name)
    assert isinstance(pressure.value, float)
    return Figure(
        value=pore_pressure_ratio(pressure.value, depth, weight),
        unit="1",
        time=pressure.time,
        source=instrument.name,
        version=VERSION,
        validity=Text("Under a level surface that holds the volume of the fill"),
        quality="stale" if pressure.quality == "stale" else "derived",
    )


def fill_unit_weight(fill: FillState | None) -> float | None:
    """Return the unit weight of what was placed [kN/m3], None while nothing is known of it."""
    streams = fill.streams if fill is not None else []
    known = [
        (one.mass.value, one.volume_in_dump.value)
        for one in streams
        if isinstance(one.mass.value, float) and isinstance(one.volume_in_dump.value, float)
    ]
    mass, volume = (sum(part) for part in zip(*known, strict=True)) if known else (0.0, 0.0)
    return mass / (volume * 1000) * GRAVITY if volume > 0 else None
