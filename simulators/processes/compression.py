"""Settlement: compression of the old fill under each new lift, and creep after it."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from pydantic import Field
from scipy.signal import fftconvolve

from simulators.process import Ground, Process


class Compression(Process):
    """Every lift compresses the fill below a point within days, which then creeps on.

    The creep of a lift grows with the logarithm of the time since it was placed, as measured on
    rockfill [1]_; lifts add up. Moduli, thickness and times are a design assumption, chosen inside
    the usual range of end-dumped rock and tailings.

    Parameters
    ----------
    thickness_m
        Thickness of the old fill below the points, lowest and highest [m].
    modulus_kPa
        Constrained modulus, lowest and highest [kPa].
    response_d
        Time in which a lift's compression takes place [d].
    creep_per_decade
        Strain a tenfold of time under `reference_kPa` [1].
    creep_start_d
        Time from which the logarithm counts [d].
    age_d
        Age of the old fill at the start: it still creeps under its own weight [d].

    References
    ----------
    .. [1] Sowers, G. F., Williams, R. C., Wallace, T. S. (1965). Compressibility of broken rock
       and the settlement of rockfills. Proc. 6th ICSMFE, Montreal, vol. 2, 561-565.
    """

    name: ClassVar[str] = "compression"
    needs: ClassVar[tuple[str, ...]] = ("fill",)

    thickness_m: tuple[float, float] = (10.0, 16.0)
    modulus_kPa: tuple[float, float] = (9_000.0, 14_000.0)
    response_d: float = Field(default=4.0, gt=0)
    creep_per_decade: float = Field(default=0.004, ge=0)
    reference_kPa: float = Field(default=150.0, gt=0)
    creep_start_d: float = Field(default=3.0, gt=0)
    age_d: float = Field(default=700.0, gt=0)

    def run(self, ground: Ground, rng: np.random.Generator) -> None:
        """Add the settlement of each point since the start."""
        points = ground.site.with_quantity("settlement")
        thickness = rng.uniform(*self.thickness_m, len(points))
        modulus = rng.uniform(*self.modulus_kPa, len(points))
        own_weight = np.log10(1 + ground.days / self.age_d) * self.creep_per_decade
        creep = np.log10(1 + ground.days / self.creep_start_d) * self.creep_per_decade
        for index, point in enumerate(points):
            stress = ground.truth.get(("added_stress", point.name))
            strain = own_weight.copy()
            if stress is not None:
                added = np.diff(stress, prepend=0.0)
                acting = stress - ground.memory(added, self.response_d)
                after = fftconvolve(added, creep)[: ground.steps] / self.reference_kPa
                strain += acting / modulus[index] + after
            # Neither part can turn back; this removes the rounding of the transform.
            settlement = np.maximum.accumulate(np.maximum(strain, 0.0)) * thickness[index]
            ground.truth["settlement", point.name] = 1000.0 * settlement
