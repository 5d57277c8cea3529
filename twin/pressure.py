"""Pore pressure and head: now, and against the days a week and a month ago."""

from __future__ import annotations

import math

from ingest.figure import Figure, unknown
from ingest.text import Text
from twin.current import Current
from twin.history import History
from twin.state import PressureState

QUANTITIES = ("pore_pressure", "head")


def pressures(current: Current, history: History) -> list[PressureState]:
    """Return the state of every piezometer and observation well, in the site's order."""
    states = []
    for quantity in QUANTITIES:
        for instrument in current.site.with_quantity(quantity):
            level = current.figure(instrument.name, quantity)
            states.append(
                PressureState(
                    instrument=instrument.name,
                    zone=instrument.zone,
                    quantity=quantity,
                    level=level,
                    change_7d=_change(level, instrument.name, quantity, history, 7),
                    change_30d=_change(level, instrument.name, quantity, history, 30),
                )
            )
    return states


def _change(level: Figure, instrument: str, quantity: str, history: History, days: int) -> Figure:
    """Return the level less the mean of the UTC day that began `days` before the last midnight."""
    if level.reason is not None or not isinstance(level.value, float):
        return level
    before = float(history.daily_means(instrument, quantity, 30)[30 - days])
    if math.isnan(before):
        reason = Text("No value of {days} days ago", {"days": days})
        return unknown(level.unit, reason, time=level.time, source=instrument)
    return Figure(
        value=level.value - before,
        unit=level.unit,
        time=level.time,
        source=instrument,
        quality="stale" if level.quality == "stale" else "derived",
    )


def pore_pressure_ratio(pore_pressure: float, depth_m: float, unit_weight: float) -> float:
    """Return `ru = u / (gamma z)`, the pore pressure as a share of the weight above [1].

    Bishop, A. W., Morgenstern, N. R. (1960). Stability coefficients for earth slopes. Geotechnique
    10, 129-150.

    Parameters
    ----------
    pore_pressure
        u [kPa]; suction counts as none.
    depth_m
        z, of the point below the surface [m], above 0.
    unit_weight
        gamma of what lies above [kN/m3], above 0.
    """
    if depth_m <= 0 or unit_weight <= 0:
        raise ValueError(f"depth {depth_m} m, unit weight {unit_weight} kN/m3: both above 0")
    return max(pore_pressure, 0.0) / (unit_weight * depth_m)
