"""Ordinary method of slices (Fellenius)."""

from __future__ import annotations

import numpy as np

from twin.slopes.slices import NOT_DRIVEN, TENSION, Factors, Slices, first_reason, settle


def ordinary(slices: Slices, *, refuse_lifted: bool = True) -> Factors:
    """Return the factors of safety of circles by the ordinary method.

    `F = sum(c l + (W cos(a) - u l) tan(phi)) / sum(W sin(a))` [1]_. Forces between slices are
    left out, so it is on the safe side, the more so the higher the pore pressure.

    Parameters
    ----------
    refuse_lifted
        Whether a circle is refused when water leaves a base less than no strength; otherwise that
        base counts as having none.

    References
    ----------
    .. [1] Fredlund, D.G. and Krahn, J. (1977). Comparison of slope stability methods of analysis.
       Canadian Geotechnical Journal 14(3), 429-439, equation for the ordinary method.
    """
    drive = slices.drive
    length = slices.length
    normal = slices.weight * slices.cosine - slices.pressure * length
    strength = slices.cohesion * length + normal * slices.friction
    refused = first_reason(slices.refused, (drive <= 0, NOT_DRIVEN))
    if refuse_lifted:
        refused = first_reason(refused, ((strength < 0).any(axis=-1), TENSION))
    strength = np.maximum(strength, 0)
    value = strength.sum(axis=-1) / np.where(drive > 0, drive, 1.0)
    return settle(value, refused, normal)
