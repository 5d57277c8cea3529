"""An instrument repeats its last value."""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np

from simulators.fault import Bools, Fault
from simulators.process import Floats


class Stuck(Fault):
    """Every reading in the window equals the first one in it."""

    name: ClassVar[str] = "stuck"

    fault: Literal["stuck"]

    def spoil(self, values: Floats, days: Floats, inside: Bools, rng: np.random.Generator) -> None:
        """Repeat the first value."""
        del days, rng
        if inside.any():
            values[inside] = values[int(np.argmax(inside))]
