"""Bulldozer: tables 14 and 15 of the reclamation project 073/20-TX, volume 3 book 1."""

from __future__ import annotations

import math


def cycle_time(distance_m: float, loaded_m_s: float, empty_m_s: float, auxiliary_s: float) -> float:
    """Return one push and the way back [s] (table 14): `L/v_loaded + L/v_empty + t_auxiliary`."""
    return distance_m / loaded_m_s + distance_m / empty_m_s + auxiliary_s


def drag_prism(blade_height_m: float, blade_width_m: float, friction_deg: float) -> float:
    """Return the volume before the blade [m3] (table 14): `0.5*H^2*B / tan(phi)`.

    Parameters
    ----------
    friction_deg
        Angle of repose of the moving material, phi [deg].
    """
    return 0.5 * blade_height_m**2 * blade_width_m / math.tan(math.radians(friction_deg))


def kept_on_the_way(loss_per_m: float, distance_m: float) -> float:
    """Return the part that is not lost beside the blade [1] (table 14): `1 - 0.005*L`.

    Table 14 prints 0.93 for 0.925 and goes on with it: its 231 m3/h are 230 of the unrounded
    numbers.
    """
    return 1 - loss_per_m * distance_m


def bulldozer_per_hour(
    prism_m3: float, kept: float, terrain: float, cycle_s: float, bulking: float
) -> float:
    """Return what a bulldozer pushes in an hour [m3] (table 14).

    `3600*V_prism*k_loss*k_terrain / (t_cycle*k_bulking)`
    """
    return 3600 * prism_m3 * kept * terrain / (cycle_s * bulking)
