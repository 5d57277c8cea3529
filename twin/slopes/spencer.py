"""Spencer's method."""

from __future__ import annotations

import numpy as np

from twin.slopes.bishop_simplified import (
    LEAST,
    LEAST_M_ALPHA,
    MOST,
    bishop_simplified,
)
from twin.slopes.slices import (
    NO_CONVERGENCE,
    NOT_BRACKETED,
    TENSION,
    TOO_STEEP,
    Factors,
    Slices,
    first_reason,
    settle,
)


def spencer(
    slices: Slices,
    *,
    refuse_lifted: bool = True,
    iterations: int = 60,
    tolerance: float = 1e-10,
) -> Factors:
    """Return the factors of safety of circles by Spencer's method.

    All forces between slices have one inclination `t`. Their resultant on a slice is
    `Q = (s / F - W sin(a)) / (cos(a - t) + tan(phi) / F sin(a - t))` with
    `s = c l + (W cos(a) - u l) tan(phi)` [1]_; forces balance where `sum(Q) = 0`, moments about
    the centre where `sum(Q cos(a - t)) = 0`. Both are solved for F and t at once by Newton's
    method, from Bishop's factor on.

    Parameters
    ----------
    refuse_lifted
        Whether a circle is refused when water leaves a base less than no strength; otherwise that
        base counts as having none.
    iterations
        Most steps.
    tolerance
        Relative step [1] at which it has converged.

    References
    ----------
    .. [1] Spencer, E. (1967). A method of analysis of the stability of embankments assuming
       parallel inter-slice forces. Geotechnique 17(1), 11-26.
    """
    begun = bishop_simplified(slices, refuse_lifted=refuse_lifted)
    refused = begun.refused
    value = np.where(refused > 0, 1.0, begun.value)
    angle = np.arctan2(slices.sine, slices.cosine)
    length = slices.length
    strength = (
        slices.cohesion * length
        + (slices.weight * slices.cosine - slices.pressure * length) * slices.friction
    )
    friction = np.where(slices.lifted, 0.0, slices.friction)
    strength = np.where(slices.lifted, 0.0, strength)
    pull = slices.weight * slices.sine
    # Half the mean inclination of the base is where most solutions lie.
    tilt = 0.5 * np.arctan2(pull.sum(axis=-1), (slices.weight * slices.cosine).sum(axis=-1))
    converged = np.zeros(value.shape, dtype=bool)
    scale = slices.weight.sum(axis=-1)
    for _ in range(iterations):
        factor, lean = value[..., None], angle - tilt[..., None]
        sine, cosine = np.sin(lean), np.cos(lean)
        below = cosine + friction / factor * sine
        below = np.where(np.abs(below) > 0.02, below, 0.02)
        force = (strength / factor - pull) / below
        by_factor = (-strength + force * friction * sine) / factor**2 / below
        by_tilt = -force * (sine - friction / factor * cosine) / below
        balance = force.sum(axis=-1)
        moment = (force * cosine).sum(axis=-1)
        a, b = by_factor.sum(axis=-1), by_tilt.sum(axis=-1)
        c = (by_factor * cosine).sum(axis=-1)
        d = (by_tilt * cosine + force * sine).sum(axis=-1)
        determinant = a * d - b * c
        determinant = np.where(np.abs(determinant) > 1e-14 * scale**2, determinant, np.inf)
        step = (d * balance - b * moment) / determinant
        turn = (a * moment - c * balance) / determinant
        following = np.clip(value - step, value / 1.5, value * 1.5)
        tilt = np.clip(tilt - np.clip(turn, -0.2, 0.2), -1.2, 1.2)
        still = (np.abs(step) <= tolerance * value) & (np.abs(turn) <= 1e-8)
        converged = still & (np.maximum(np.abs(balance), np.abs(moment)) <= 1e-6 * scale)
        value = following
        if (converged | (refused > 0)).all():
            break
    lean = angle - tilt[..., None]
    below = np.cos(lean) + friction / value[..., None] * np.sin(lean)
    force = (strength / value[..., None] - pull) / np.where(below > 0.02, below, 0.02)
    normal = slices.weight * slices.cosine - slices.pressure * length - force * np.sin(lean)
    held = np.where(slices.lifted, 0.0, slices.cohesion * length + normal * friction)
    refused = first_reason(
        refused,
        (~converged, NO_CONVERGENCE),
        ((value < LEAST) | (value > MOST), NOT_BRACKETED),
        ((below < LEAST_M_ALPHA).any(axis=-1), TOO_STEEP),
        ((held < -1e-9 * scale[..., None]).any(axis=-1), TENSION),
    )
    return settle(value, refused, normal, tilt)
