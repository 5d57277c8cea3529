"""How instruments see the truth: noise, resolution, limits of range."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from simulators.process import Floats


class Accuracy(NamedTuple):
    """Noise (standard deviation) and resolution of a quantity, in its canonical unit.

    `relative` is noise as a share of the value, on top of `noise`.
    """

    noise: float
    resolution: float
    relative: float = 0.0


#: Design assumption: the order of size that data sheets of such instruments give.
ACCURACY: dict[str, Accuracy] = {
    "air_temperature": Accuracy(0.1, 0.1),
    "arsenic": Accuracy(0.0004, 0.0001, 0.03),
    "atmospheric_pressure": Accuracy(0.01, 0.01),
    "conductivity": Accuracy(2.0, 1.0, 0.005),
    "displacement_a": Accuracy(0.08, 0.01),
    "displacement_b": Accuracy(0.08, 0.01),
    "flow": Accuracy(0.03, 0.01, 0.01),
    "head": Accuracy(0.005, 0.01),
    "iron": Accuracy(0.01, 0.01, 0.02),
    "load_mass": Accuracy(0.02, 0.02),
    "ph": Accuracy(0.02, 0.01),
    "pore_pressure": Accuracy(0.12, 0.05),
    "rain": Accuracy(0.0, 0.2),
    "settlement": Accuracy(0.4, 0.1),
    "sulfate": Accuracy(1.0, 1.0, 0.01),
    "surveyed_uncertainty": Accuracy(0.0, 0.1),
    "surveyed_volume": Accuracy(4.0, 0.1),
    "temperature": Accuracy(0.03, 0.1),
    "turbidity": Accuracy(0.2, 0.1, 0.03),
}

#: Quantities that cannot be negative; their readings are cut at zero.
NOT_NEGATIVE = {"arsenic", "conductivity", "flow", "iron", "load_mass", "sulfate", "turbidity"}


def measured(quantity: str, truth: Floats, rng: np.random.Generator) -> Floats:
    """Return what an instrument reports of the truth, before faults.

    Parameters
    ----------
    truth
        True values at the times of the readings, (n,) or (n, nodes).
    """
    accuracy = ACCURACY.get(quantity, Accuracy(0.0, 0.001))
    noise = rng.standard_normal(truth.shape)
    if accuracy.relative:
        noise *= accuracy.noise + accuracy.relative * np.abs(truth)
    else:
        noise *= accuracy.noise
    noise += truth
    if quantity in NOT_NEGATIVE:
        np.maximum(noise, 0.0, out=noise)
    return rounded(quantity, noise)


def rounded(quantity: str, values: Floats) -> Floats:
    """Return values as the display of the instrument shows them, in steps of the resolution."""
    resolution = ACCURACY.get(quantity, Accuracy(0.0, 0.001)).resolution
    per_unit = round(1 / resolution)
    # Whole numbers divided by a whole number: the shortest decimals, without 0.30000000000000004.
    return np.rint(values * per_unit) / per_unit


def tipped(quantity: str, fallen: Floats) -> Floats:
    """Return what a tipping gauge counts between its readings, in whole tips.

    Parameters
    ----------
    fallen
        True sum since the start at the times of the readings, (n,).
    """
    resolution = ACCURACY[quantity].resolution
    # The small shift keeps a full bucket full in spite of rounding.
    tips = np.floor(fallen / resolution + 1e-9)
    return rounded(quantity, np.diff(tips, prepend=0.0) * resolution)
