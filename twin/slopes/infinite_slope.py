"""Infinite slope: a thin slide parallel to a long even face."""

from __future__ import annotations

import math

from ingest.text import Text
from twin.slopes.section import WATER_UNIT_WEIGHT, BadSection


def infinite_slope(
    *,
    slope_deg: float,
    depth: float,
    unit_weight: float,
    cohesion: float,
    friction_deg: float,
    water_height: float = 0.0,
    water_unit_weight: float = WATER_UNIT_WEIGHT,
) -> float:
    """Return the factor of safety of an infinite slope with seepage parallel to it [1].

    `F = c / (g H sin(b) cos(b)) + (1 - gw hw / (g H)) tan(phi) / tan(b)` [1]_.

    Parameters
    ----------
    slope_deg, friction_deg
        Inclination b of the face and friction angle phi [deg].
    depth
        Vertical depth H of the slip plane, above 0 [m].
    unit_weight, cohesion
        Of the ground [kN/m3], [kPa]; one unit weight above and below the water.
    water_height
        Vertical height hw of the water above the slip plane, at most `depth` [m].

    Raises
    ------
    BadSection
        When a number is outside what is said above.

    References
    ----------
    .. [1] Das, B.M. (2018). Principles of Geotechnical Engineering, 9th ed., equation of the
       infinite slope with steady-state seepage (chapter 15).
    """
    for key, good in (
        ("slope_deg", 0 < slope_deg < 90),
        ("depth", depth > 0),
        ("unit_weight", unit_weight > 0),
        ("cohesion", cohesion >= 0),
        ("friction_deg", 0 <= friction_deg < 60),
        ("water_height", 0 <= water_height <= depth),
    ):
        if not good:
            raise BadSection(key, Text("Outside its range"))
    slope = math.radians(slope_deg)
    stress = unit_weight * depth
    held = cohesion / (stress * math.sin(slope) * math.cos(slope))
    share = 1 - water_unit_weight * water_height / stress
    return held + share * math.tan(math.radians(friction_deg)) / math.tan(slope)
