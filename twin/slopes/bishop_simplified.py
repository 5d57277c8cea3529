"""Bishop's simplified method."""

from __future__ import annotations

import numpy as np

from twin.buckets import Array
from twin.slopes.slices import (
    NO_CONVERGENCE,
    NOT_BRACKETED,
    NOT_DRIVEN,
    TENSION,
    TOO_STEEP,
    Codes,
    Factors,
    Slices,
    first_reason,
    settle,
)

#: Least m_alpha: below it the normal force on the base of a slice is not to be trusted (Whitman,
#: R.V. and Bailey, W.A. (1967), Journal of the Soil Mechanics and Foundations Division 93(SM4)).
LEAST_M_ALPHA = 0.2

#: Factors of safety between which a solution is looked for.
LEAST, MOST = 0.01, 100.0


def bishop_simplified(
    slices: Slices,
    *,
    refuse_lifted: bool = True,
    iterations: int = 30,
    tolerance: float = 1e-10,
) -> Factors:
    """Return the factors of safety of circles by Bishop's simplified method.

    `F = sum((c b + (W - u b) tan(phi)) / m) / sum(W sin(a))` with
    `m = cos(a) + sin(a) tan(phi) / F` [1]_, solved by Newton's method.

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
    .. [1] Bishop, A.W. (1955). The use of the slip circle in the stability analysis of slopes.
       Geotechnique 5(1), 7-17.
    """
    held = (
        slices.cohesion * slices.width
        + (slices.weight - slices.pressure * slices.width) * slices.friction
    )
    drive = slices.drive
    refused = first_reason(slices.refused, (drive <= 0, NOT_DRIVEN))
    lifted = slices.lifted
    if refuse_lifted:
        refused = first_reason(refused, (lifted.any(axis=-1), TENSION))
    held = np.where(lifted, 0.0, held)
    friction = np.where(lifted, 0.0, slices.friction)
    value, refused, steepness = solve(
        held, drive, slices.sine, slices.cosine, friction, refused, iterations, tolerance
    )
    shear = held / steepness  # what the base can hold [kN]
    safe = np.where(friction > 0, friction, 1.0)
    carried = (
        slices.weight
        - slices.pressure * slices.width
        - slices.cohesion * slices.width * slices.sine / slices.cosine / value[..., None]
    ) / steepness
    normal = np.where(friction > 0, (shear - slices.cohesion * slices.length) / safe, carried)
    return settle(value, refused, normal)


def solve(
    held: Array,
    drive: Array,
    sine: Array,
    cosine: Array,
    friction: Array,
    refused: Codes,
    iterations: int = 30,
    tolerance: float = 1e-10,
) -> tuple[Array, Codes, Array]:
    """Return factors of safety, codes of refusal, and m_alpha (circles x slices).

    Parameters
    ----------
    held
        `c b + (W - u b) tan(phi)` of the slices [kN] (circles x slices).
    drive
        `sum(W sin(a))` [kN] (circles).
    """
    drive = np.where(drive > 0, drive, 1.0)
    lean = sine * friction
    value = np.clip((held / np.maximum(cosine + lean, 0.05)).sum(axis=-1) / drive, 0.1, MOST)
    steepness = cosine + lean / value[..., None]
    converged = np.zeros(value.shape, dtype=bool)
    for _ in range(iterations):
        # m_alpha below its limit is held there: such a circle is refused at the end.
        kept = np.maximum(steepness, 0.05)
        part = held / kept
        excess = value - part.sum(axis=-1) / drive
        slope = 1 - (part / kept * lean).sum(axis=-1) / drive / value**2
        step = excess / np.where(np.abs(slope) > 0.05, slope, 1.0)
        following = np.clip(value - step, value / 3, value * 3)
        converged = np.abs(following - value) <= tolerance * value
        value = following
        steepness = cosine + lean / value[..., None]
        if (converged | (refused > 0)).all():
            break
    refused = first_reason(
        refused,
        ((steepness < LEAST_M_ALPHA).any(axis=-1), TOO_STEEP),
        ((value < LEAST) | (value > MOST), NOT_BRACKETED),
        (~converged, NO_CONVERGENCE),
    )
    return value, refused, np.maximum(steepness, 0.05)
