"""Single readings that are far off."""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np
from pydantic import Field

from simulators.fault import Bools, Fault
from simulators.process import Floats


class Spike(Fault):
    """Now and then a reading jumps by `size` up or down, and is back at the next.

    Parameters
    ----------
    chance
        Probability of each reading [1].
    size
        Height of the jump, in the quantity's canonical unit.
    """

    name: ClassVar[str] = "spike"

    fault: Literal["spike"]
    quantity: str
    chance: float = Field(default=0.05, gt=0, le=1)
    size: float = Field(gt=0)

    def spoil(self, values: Floats, days: Floats, inside: Bools, rng: np.random.Generator) -> None:
        """Add the jumps."""
        del days
        hit = inside & (rng.random(inside.size) < self.chance)
        values[hit] += rng.choice([-self.size, self.size], (int(hit.sum()), 1))
