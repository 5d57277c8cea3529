"""Movement of a slope as its in-place inclinometers see it."""

from __future__ import annotations

from datetime import datetime, timedelta

import numpy as np
import pandas as pd

from ingest.figure import Figure, unknown
from ingest.site import Instrument
from ingest.text import Text
from twin.current import Current, silent
from twin.history import Array
from twin.state import MovementState

WINDOW = timedelta(days=7)

#: Readings that a rate needs in its seven days (design assumption).
NEEDED = 5

#: Step of displacement between two neighbouring nodes below which no shear zone is named [mm]
#: (design assumption: some times the resolution of an in-place inclinometer).
LEAST_SHEAR = 1.0


def movements(current: Current) -> list[MovementState]:
    """Return the state of every in-place inclinometer, in the site's order."""
    return [_movement(current, one) for one in current.site.with_quantity("displacement_a")]


def _movement(current: Current, instrument: Instrument) -> MovementState:
    a, b = (_window(current, instrument.name, f"displacement_{axis}") for axis in "ab")
    whole = a.notna() & b.notna() if a.columns.equals(b.columns) else pd.DataFrame()
    name, nodes = instrument.name, [float(node) for node in instrument.nodes]
    if whole.empty or not whole.to_numpy().any():
        last = current.last_time(name, ("displacement_a", "displacement_b"))
        figures = {
            key: silent(unit, name, last)
            for key, unit in (
                ("largest", "mm"),
                ("depth", "m"),
                ("rate", "mm/d"),
                ("acceleration", "mm/d2"),
            )
        }
        return MovementState(instrument=name, zone=instrument.zone, **figures)
    # The last reading in which a node spoke on both axes; a node that was silent is left out.
    row = int(np.flatnonzero(whole.to_numpy().any(axis=1))[-1])
    time = whole.index[row].to_pydatetime()
    spoke = whole.to_numpy()[row]
    columns = np.asarray(a.columns, dtype=int)[spoke]
    profile = np.stack([frame.to_numpy(dtype=float)[row, spoke] for frame in (a, b)], axis=1)
    moved = np.hypot(profile[:, 0], profile[:, 1])
    node = int(columns[moved.argmax()])
    resultant = ((a[node] ** 2 + b[node] ** 2) ** 0.5).dropna()
    recent = _rate(resultant, current.at - WINDOW, current.at)
    before = _rate(resultant, current.at - 2 * WINDOW, current.at - WINDOW)
    acceleration = (
        Figure(value=(recent[0] - before[0]) / WINDOW.days, unit="mm/d2", time=time, source=name)
        if recent[0] is not None and before[0] is not None
        else _too_few("mm/d2", min(recent[1], before[1]), time, name)
    )
    rate = (
        Figure(value=recent[0], unit="mm/d", time=time, source=name)
        if recent[0] is not None
        else _too_few("mm/d", recent[1], time, name)
    )
    figures = {
        "largest": Figure(
            value=float(moved.max()), unit="mm", time=time, source=name, quality="measured"
        ),
        "depth": _shear_depth(np.array(nodes)[columns], profile, time, name),
        "rate": rate,
        "acceleration": acceleration,
    }
    return MovementState(
        instrument=name,
        zone=instrument.zone,
        **{key: current.judged(figure, name, time) for key, figure in figures.items()},
    )


def _window(current: Current, instrument: str, quantity: str) -> pd.DataFrame:
    """Return the last two windows (index = time, columns = node)."""
    return current.store.frame(
        instrument,
        quantity,
        start=current.at - 2 * WINDOW,
        end=current.end,
        known_at=current.known_at,
        trusted=True,
    )


def _rate(series: pd.Series[float], start: datetime, end: datetime) -> tuple[float | None, int]:
    """Return the slope of a least squares line [mm/d] and the readings that it rests on."""
    part = series[(series.index > start) & (series.index <= end)]
    if len(part) < NEEDED:
        return None, len(part)
    days = (part.index - part.index[0]).total_seconds().to_numpy() / 86_400
    return float(np.polyfit(days, part.to_numpy(), 1)[0]), len(part)


def _too_few(unit: str, count: int, time: datetime, source: str) -> Figure:
    reason = Text(
        "Only {count} of {needed} readings in {days} days",
        {"count": count, "needed": NEEDED, "days": WINDOW.days},
    )
    return unknown(unit, reason, time=time, source=source)


def _shear_depth(depths: Array, profile: Array, time: datetime, source: str) -> Figure:
    """Return the depth of the steepest part of the profile, the shear zone [m]."""
    order = depths.argsort()
    depths, profile = depths[order], profile[order]
    if len(depths) < 2:
        return unknown("m", Text("A shear zone needs two nodes"), time=time, source=source)
    steps = np.hypot(*np.diff(profile, axis=0).T)
    steepest = int((steps / np.diff(depths)).argmax())
    if steps[steepest] < LEAST_SHEAR:
        reason = Text("No two neighbouring nodes differ by {limit} mm", {"limit": LEAST_SHEAR})
        return unknown("m", reason, time=time, source=source)
    return Figure(
        value=float(depths[steepest : steepest + 2].mean()),
        unit="m",
        time=time,
        source=source,
        low=float(depths[steepest]),
        high=float(depths[steepest + 1]),
    )
