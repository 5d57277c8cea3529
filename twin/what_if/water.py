"""Water and what it carries, with other rain and other streams."""

from __future__ import annotations

import math
from datetime import datetime
from functools import lru_cache

import numpy as np

from ingest.figure import Figure, unknown
from ingest.text import Text
from twin import VERSION
from twin.chemistry.account import account_of
from twin.chemistry.acid_base_account import blend
from twin.chemistry.stations import Z_95
from twin.history import DAY
from twin.hydrology.surface_store import surface_store
from twin.what_if.carried import Carried, months_of_outflow
from twin.what_if.changes import Changes
from twin.what_if.start import Start, Weather

SOURCE = "water_balance"


def outflow(start: Start, changes: Changes) -> Figure:
    """Return the water that leaves in a year [thousand m3/y].

    What leaves now, and the change of what seeps through the surface store with the changed rain.
    """
    unit = "thousand m3/y"
    balance = start.state.water_balance
    if balance is None or start.water is None or start.water.balance is None:
        return unknown(unit, Text("The site asks for no water balance"), time=start.now)
    known = months_of_outflow(start.state)
    if not known:
        reason = balance.refusal or balance.residual.reason or Text("No whole month is known")
        return unknown(unit, reason, time=start.now, source=SOURCE)
    yearly = 12 / len(known)
    value = sum(float(month.outflow.value or 0) for month in known) * yearly
    ends = [
        sum(float(getattr(month.outflow, end) or 0) for month in known) * yearly
        for end in ("low", "high")
    ]
    gained = 0.0
    rain = changes.number("rain.factor", 1.0)
    if rain != 1:
        if isinstance(start.weather, Text):
            return unknown(unit, start.weather, time=start.now, source=SOURCE)
        rules = start.water.balance
        depth = sum(
            _seepage(start.weather, rain, rules.soil_store_mm, month.month, month.outflow.time)
            - _seepage(start.weather, 1.0, rules.soil_store_mm, month.month, month.outflow.time)
            for month in known
        )
        gained = depth * rules.catchment_thousand_m2 / 1000 * yearly
    observed = start.observed.too_far(rain) is None
    return Figure(
        value=max(value + gained, 0.0),
        unit=unit,
        time=start.now,
        source=SOURCE,
        version=VERSION,
        low=max(ends[0] + gained, 0.0) if observed else None,
        high=max(ends[1] + gained, 0.0) if observed else None,
        confidence=known[0].outflow.confidence if observed else None,
        validity=Text(
            "By the {count} whole months from {first} on whose outflow is known, counted as a year;"
            " inflow from outside stays what it is",
            {"count": len(known), "first": f"{known[0].month:%Y-%m}"},
        ),
        quality="forecast" if rain != 1 else "derived",
    )


def _seepage(
    weather: Weather, rain: float, store_mm: float, begin: datetime, end: datetime | None
) -> float:
    """Return what seeps down in a month with other rain [mm]."""
    assert end is not None
    first, stop = (begin - weather.start) // DAY, (end - weather.start) // DAY
    return float(
        _by_day(weather.water.tobytes(), weather.evaporation.tobytes(), rain, store_mm)[
            max(first, 0) : max(stop, 0)
        ].sum()
    )


@lru_cache(maxsize=64)
def _by_day(
    water: bytes, evaporation: bytes, rain: float, store_mm: float
) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    given = np.frombuffer(water, dtype=float) * rain
    found: np.ndarray[tuple[int], np.dtype[np.float64]] = surface_store(
        given, np.frombuffer(evaporation, dtype=float), store_mm
    ).seepage
    return found


def loads(start: Start, outflow: Figure) -> list[tuple[str, str, Figure]]:
    """Return what the outflow of a year carries, by station and quantity [t/y].

    Parameters
    ----------
    outflow
        Of a year, with the changes.
    """
    return [
        (station, quantity, _load(start, outflow, each))
        for station, quantity, each in start.carried
    ]


def _load(start: Start, outflow: Figure, carried: Carried | Text) -> Figure:
    reason = carried if isinstance(carried, Text) else outflow.reason
    if isinstance(carried, Text) or not isinstance(outflow.value, float):
        reason = reason or Text("No reading yet")
        return unknown("t/y", reason, time=start.now, source=SOURCE)
    # thousand m3/y times mg/L (g/m3) are kg/y.
    value = outflow.value * carried.share * carried.concentration / 1000
    low = high = None
    if isinstance(outflow.low, float) and isinstance(outflow.high, float) and outflow.value > 0:
        # The outflow and the concentration err independently.
        water = (outflow.high - outflow.low) / 2 / outflow.value
        half = value * math.hypot(water, Z_95 * carried.uncertainty)
        low, high = max(value - half, 0.0), value + half
    return Figure(
        value=value,
        unit="t/y",
        time=start.now,
        source=carried.station,
        version=VERSION,
        low=low,
        high=high,
        confidence=outflow.confidence if low is not None else None,
        validity=Text(
            "The water that leaves in a year with its mean concentration over the same months,"
            " {concentration:.3g} mg/L; it keeps it, so that more water carries more",
            {"concentration": carried.concentration},
        ),
        quality=outflow.quality,
    )


def blended(start: Start, masses: dict[str, float] | None) -> Figure:
    """Return NP : AP of everything placed when the plan's volume is reached [1].

    Parameters
    ----------
    masses
        By stream, what is placed until then [t]; None: not known when that is.
    """
    water, fill = start.water, start.state.fill
    source = "acid_base_account"
    if water is None or not water.streams or fill is None:
        return unknown("1", Text("The site names no composition of its wastes"), time=start.now)
    if masses is None:
        reason = Text("It is not known when the fill will be complete")
        return unknown("1", reason, time=start.now, source=source)
    parts, total = [], 0.0
    for stream in fill.streams:
        mass = stream.mass.value if isinstance(stream.mass.value, float) else 0.0
        mass += masses.get(stream.stream, 0.0)
        total += mass
        pair = account_of(water.streams.get(stream.stream))
        if not isinstance(pair, Text) and mass > 0:
            parts.append((mass, pair))
    if not parts:
        reason = Text("Nothing was placed whose chemistry is known")
        return unknown("1", reason, time=start.now, source=source)
    low, high = sorted(blend([(mass, pair[side]) for mass, pair in parts]).ratio for side in (0, 1))
    return Figure(
        value=(low + high) / 2,
        unit="1",
        time=start.now,
        source=source,
        version=VERSION,
        low=low,
        high=high,
        validity=Text(
            "For {share:.0%} of the mass placed; the chemistry of the rest is not known",
            {"share": sum(mass for mass, _ in parts) / total},
        ),
        quality="assumed",
    )
