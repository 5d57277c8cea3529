"""The zero of an instrument wanders away."""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np

from simulators.fault import Bools, Fault
from simulators.process import Floats


class Drift(Fault):
    """An error that grows steadily, and is gone when the instrument has been replaced.

    Parameters
    ----------
    per_d
        Growth a day, in the quantity's canonical unit.
    """

    name: ClassVar[str] = "drift"

    fault: Literal["drift"]
    quantity: str
    per_d: float

    def spoil(self, values: Floats, days: Floats, inside: Bools, rng: np.random.Generator) -> None:
        """Add the error."""
        del rng
        values[inside] += self.per_d * days[inside, None]
