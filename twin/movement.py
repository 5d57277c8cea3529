"""Movement of a slope as its in-place inclinometers see it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

import numpy as np

from ingest.clock import to_ns
from ingest.figure import Figure, unknown
from ingest.site import Instrument
from ingest.text import Text
from twin.buckets import Array
from twin.current import Current, silent
from twin.history import History
from twin.movement_forecast import AXES, axes_of, forecast_of
from twin.state import MovementState

WINDOW = timedelta(days=7)

#: Readings that a rate needs in its seven days (design assumption).
NEEDED = 5

#: Step of displacement between two neighbouring nodes below which no shear zone is named [mm]
#: (design assumption: some times the resolution of an in-place inclinometer).
LEAST_SHEAR = 1.0

_UNITS = {"largest": "mm", "depth": "m", "rate": "mm/d", "acceleration": "mm/d2"}


def movements(current: Current, history: History) -> list[MovementState]:
    """Return the state of every in-place inclinometer, in the site's order.

    Rates rest on the readings up to the last midnight and on the newest one.
    """
    return [_movement(current, history, one) for one in current.site.with_quantity(AXES[0])]


def _movement(current: Current, history: History, instrument: Instrument) -> MovementState:
    name = instrument.name
    spoke, profile, time = _newest_profile(current, instrument)
    if time is None:
        last = current.last_time(name, AXES)
        figures = {key: silent(unit, name, last) for key, unit in _UNITS.items()}
        state = _with(figures, instrument)
        state.failure = silent("date", name, last)
        return state
    moved = np.linalg.norm(profile, axis=1)
    node = spoke[int(moved.argmax())]
    days, resultant = history.keep(
        (name, node, "movement"), lambda: _resultant(history, name, node)
    )
    now = (to_ns(time) - to_ns(history.midnight)) / 86_400e9
    if now >= 0:
        days, resultant = np.append(days, now), np.append(resultant, moved.max())
    end = (to_ns(current.at) - to_ns(history.midnight)) / 86_400e9
    recent = _rate(days, resultant, end - WINDOW.days, end)
    before = _rate(days, resultant, end - 2 * WINDOW.days, end - WINDOW.days)
    depths = np.array([float(instrument.nodes[index]) for index in spoke])
    figures = {
        "largest": Figure(
            value=float(moved.max()), unit="mm", time=time, source=name, quality="measured"
        ),
        "depth": _shear_depth(depths, profile, time, name),
        "rate": (
            Figure(value=recent[0], unit="mm/d", time=time, source=name)
            if recent[0] is not None
            else _too_few("mm/d", recent[1], time, name)
        ),
        "acceleration": (
            Figure(
                value=(recent[0] - before[0]) / WINDOW.days, unit="mm/d2", time=time, source=name
            )
            if recent[0] is not None and before[0] is not None
            else _too_few("mm/d2", min(recent[1], before[1]), time, name)
        ),
    }
    state = _with(
        {key: current.judged(figure, name, time) for key, figure in figures.items()}, instrument
    )
    forecast = history.keep((name, node, "failure"), lambda: forecast_of(history, name, node))
    forecast.put(state)
    state.failure = current.judged(state.failure, name, time) if state.failure else None
    return state


def _with(figures: Mapping[str, Figure], instrument: Instrument) -> MovementState:
    return MovementState(
        instrument=instrument.name,
        zone=instrument.zone,
        largest=figures["largest"],
        depth=figures["depth"],
        rate=figures["rate"],
        acceleration=figures["acceleration"],
    )


def _newest_profile(
    current: Current, instrument: Instrument
) -> tuple[list[int], Array, datetime | None]:
    """Return the nodes that spoke last on every axis, their displacements and the time.

    A node that was silent, or whose value is not trusted, when the others spoke is left out.
    """
    axes = axes_of(current.site, instrument.name)
    found: dict[int, list[tuple[datetime, float]]] = {}
    for node in range(instrument.node_count):
        last = [current.last(instrument.name, axis, node) for axis in axes]
        whole = [value for value in last if value is not None]
        if len(whole) == len(axes) and len({time for time, _ in whole}) == 1:
            found[node] = whole
    time = max((values[0][0] for values in found.values()), default=None)
    spoke = [node for node, values in found.items() if values[0][0] == time]
    profile = np.array([[value for _, value in found[node]] for node in spoke])
    return spoke, profile, time


def _resultant(history: History, instrument: str, node: int) -> tuple[Array, Array]:
    """Return days since the last midnight and resultant displacement of a node [mm]."""
    found = [
        history.values(instrument, axis, 2 * WINDOW.days)
        for axis in axes_of(history.site, instrument)
    ]
    axes = [(each.time[each.node == node], each.value[each.node == node]) for each in found]
    times = axes[0][0]
    for other, _ in axes[1:]:
        times = np.intersect1d(times, other, assume_unique=True)
    moved = np.array([value[np.isin(time, times)] for time, value in axes])
    days = (times - to_ns(history.midnight)) / 86_400e9
    return days, np.linalg.norm(moved, axis=0)


def _rate(days: Array, moved: Array, start: float, end: float) -> tuple[float | None, int]:
    """Return the slope of a least squares line [mm/d] and the readings that it rests on."""
    part = (days > start) & (days <= end)
    count = int(part.sum())
    if count < NEEDED:
        return None, count
    x = days[part] - days[part].mean()
    return float((x * moved[part]).sum() / (x**2).sum()), count


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
    steps = np.linalg.norm(np.diff(profile, axis=0), axis=1)
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
