"""Collapse on wetting: what fill that water reaches for the first time may settle beside its creep.

The magnitude is disputed, so it is a range that begins at nothing. Its upper end is a laboratory
line for a deep restored opencast fill (Horsley, 63 m deep, where water rose by 34 m in three
years): no strain under 40 kPa, 13 % under 700 kPa, which others hold for much too high
[1]_. Restored spoil of the Bowen Basin settled by some 4 m as the groundwater came back, 1 m of
it differential [2]_; end-dumped spoil of ten years and under 30 m that stayed dry, by less than
25 mm in five years.

References
----------
.. [1] Discussion of the settlement of the Horsley opencast fill, Proceedings of the Institution of
   Civil Engineers, Geotechnical Engineering 149(2), 129.
.. [2] Settlement of spoil in the Bowen Basin, OneMine document 196370.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ingest.figure import Figure, unknown
from ingest.site import Instrument
from ingest.text import Text
from twin import VERSION
from twin.buckets import Array
from twin.history import History
from twin.settlement.configuration import Wetting, load_rules

#: Stress [kPa] and strain [1] between which the laboratory's line runs.
LOW_STRESS, HIGH_STRESS, HIGH_STRAIN = 40.0, 700.0, 0.13

#: Unit weight of water [kN/m3].
WATER = 9.81

#: Days with water levels before the present ones that a highest level before needs.
NEEDED_D = 30

#: Layers in which the wetted fill is summed.
LAYERS = 50

#: Quantities that tell a level of water.
QUANTITIES = ("pore_pressure", "head")

SOURCE = "laboratory line of the Horsley fill (ICE 149(2), 129)"


@dataclass(frozen=True)
class Rise:
    """How far water has risen at one instrument.

    Parameters
    ----------
    instrument
        Its name.
    distance
        To the point [m].
    before, now
        Highest level before, and of the last days [m above sea].
    """

    instrument: str
    distance: float
    before: float
    now: float


def collapse_strain(stress: Array) -> Array:
    """Return the upper end of the strain on first wetting [1] under a vertical stress [kPa]."""
    return HIGH_STRAIN * np.clip((stress - LOW_STRESS) / (HIGH_STRESS - LOW_STRESS), 0.0, 1.0)


def collapse_settlement(surface: float, before: float, now: float, unit_weight: float) -> float:
    """Return the upper end of what a column of fill settles as water rises through it [mm].

    Parameters
    ----------
    surface, before, now
        Levels of the fill's surface and of the water [m].
    unit_weight
        Of the fill [kN/m3].
    """
    top = min(now, surface)
    if top <= before:
        return 0.0
    edges = np.linspace(before, top, LAYERS + 1)
    middle = (edges[:-1] + edges[1:]) / 2
    strain = collapse_strain(unit_weight * (surface - middle))
    return float(1000 * (strain * np.diff(edges)).sum())


def collapse(history: History, point: Instrument, days: int) -> Figure | None:
    """Return what wetting may add to the settlement of a point, None when it is not asked for.

    Parameters
    ----------
    days
        Days looked back on [d].
    """
    rules = load_rules(history.site)
    if rules is None or rules.wetting is None:
        return None
    wetting = rules.wetting
    rise = _rise(history, point, wetting, days)
    if isinstance(rise, Text):
        return unknown("mm", rise, time=history.midnight, source=point.name)
    told: dict[str, str | int | float] = {
        "instrument": rise.instrument,
        "distance": round(rise.distance),
        "rise": round(rise.now - rise.before, 2),
    }
    source = f"{rise.instrument}, {SOURCE}"
    if rise.now - rise.before < wetting.rise_m:
        return Figure(
            value=0.0,
            unit="mm",
            time=history.midnight,
            source=source,
            version=VERSION,
            validity=Text(
                "Water at {instrument}, {distance} m away, is not higher than it was before",
                told,
            ),
        )
    # Without a surveyed surface the fill is taken to end at the point: what lies above it only
    # adds to the stress, and the wetted fill lies below.
    surface = max(point.z_m or rise.now, rise.now)
    most = collapse_settlement(surface, rise.before, rise.now, wetting.unit_weight_kN_per_m3)
    return Figure(
        value=round(most / 2, 1),
        unit="mm",
        time=history.midnight,
        source=source,
        version=VERSION,
        low=0.0,
        high=round(most, 1),
        validity=Text(
            "Water at {instrument}, {distance} m away, rose {rise} m above its highest level "
            "before. How much fill collapses on wetting is disputed: from nothing to the strain of "
            "a laboratory line, 0 at 40 kPa and 13 % at 700 kPa; the value is the middle",
            told,
        ),
        quality="assumed",
    )


def _rise(history: History, point: Instrument, rules: Wetting, days: int) -> Rise | Text:
    """Return the rise at the nearest instrument that can tell one, or why none can."""
    near = sorted(
        (float(np.hypot(each.x_m - point.x_m, each.y_m - point.y_m)), each.name, quantity)
        for quantity in QUANTITIES
        for each in history.site.with_quantity(quantity)
        if quantity == "head" or each.z_m is not None
    )
    near = [each for each in near if each[0] <= rules.water_within_m]
    if not near:
        return Text(
            "No water level is measured within {distance} m", {"distance": rules.water_within_m}
        )
    for distance, name, quantity in near:
        levels = _levels(history, name, quantity, days)
        before, now = levels[: -rules.settled_d], levels[-rules.settled_d :]
        if (~np.isnan(before)).sum() < NEEDED_D or np.isnan(now).all():
            continue
        return Rise(name, distance, float(np.nanmax(before)), float(np.nanmax(now)))
    return Text(
        "The water within {distance} m has not been measured for {days} days yet",
        {"distance": rules.water_within_m, "days": NEEDED_D + rules.settled_d},
    )


def _levels(history: History, name: str, quantity: str, days: int) -> Array:
    """Return the level of the water on each day [m]: of a tip, its own and the height above it."""
    means = history.daily_means(name, quantity, days)
    if quantity == "head":
        return means
    # A tip that is dry reads nothing or suction: the water stands below it.
    return np.asarray((history.site.instruments[name].z_m or 0.0) + np.maximum(means, 0.0) / WATER)
