"""Surveys of the fill: what a surveyor would find in the crater."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from pydantic import Field

from simulators.process import Ground, Process


class Survey(Process):
    """The volume in place, a little denser than the factors of the plan say.

    Density and uncertainty are a design assumption: the project names no surveys.

    Parameters
    ----------
    in_place
        True volume over the volume by the factors of the plan [1].
    spread
        Standard deviation of it, over months [1].
    uncertainty_thousand_m3
        Standard uncertainty that the surveyor states [thousand m3].
    """

    name: ClassVar[str] = "survey"
    needs: ClassVar[tuple[str, ...]] = ("deliveries",)

    in_place: float = Field(default=0.985, gt=0)
    spread: float = Field(default=0.005, ge=0)
    uncertainty_thousand_m3: float = Field(default=4.0, gt=0)

    def run(self, ground: Ground, rng: np.random.Generator) -> None:
        """Add the volume that a survey would find, and its uncertainty."""
        volume = ground.truth.get(("volume", ground.site.name))
        if volume is None:
            return
        in_place = self.in_place + ground.wander(rng, self.spread, 60)
        for instrument in ground.site.with_quantity("surveyed_volume"):
            ground.truth["surveyed_volume", instrument.name] = volume / 1000 * in_place
            ground.truth["surveyed_uncertainty", instrument.name] = np.full(
                ground.steps, self.uncertainty_thousand_m3
            )
