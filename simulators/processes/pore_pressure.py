"""Pore pressure: a water level at rest, answers to rain and melt, and to every new lift."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from pydantic import Field

from simulators.process import Ground, Process

WATER_UNIT_WEIGHT = 9.81  # kN/m3


class PorePressure(Process):
    """Two linear stores in a row for water, and undrained loading that dissipates.

    A cascade of linear stores is the oldest model of delayed runoff [1]_. A lift raises the pore
    pressure by a share of its stress (Skempton's coefficient [2]_), which then drains away; the
    decay is the first term of one-dimensional consolidation. All parameters are a design
    assumption.

    Parameters
    ----------
    level_m
        Level of the water at rest [m above sea].
    arrival_d, recession_d
        Time of the way down, and of draining away again [d].
    answer_kPa_per_mm
        Rise for a millimetre of rain that has arrived [kPa/mm].
    melt_share
        Share of the melt water that seeps in; the ground is still frozen [1].
    slow_drainage
        Instruments in ground that drains badly.
    slow_answer_kPa_per_mm
        Their answer [kPa/mm].
    loading_share
        Rise for a kilopascal of new load [1].
    loading_d
        Time in which that rise drains away [d].

    References
    ----------
    .. [1] Nash, J. E. (1957). The form of the instantaneous unit hydrograph. IAHS Publ. 45,
       114-121.
    .. [2] Skempton, A. W. (1954). The pore-pressure coefficients A and B. Geotechnique 4, 143-147.
    """

    name: ClassVar[str] = "pore_pressure"
    needs: ClassVar[tuple[str, ...]] = ("weather", "fill")

    level_m: float = 589.0
    arrival_d: float = Field(default=2.0, gt=0)
    recession_d: float = Field(default=22.0, gt=0)
    answer_kPa_per_mm: float = Field(default=0.06, ge=0)
    melt_share: float = Field(default=0.6, ge=0, le=1)
    slow_drainage: tuple[str, ...] = ()
    slow_answer_kPa_per_mm: float = Field(default=0.30, ge=0)
    loading_share: float = Field(default=0.06, ge=0, le=1)
    loading_d: float = Field(default=5.0, gt=0)

    def instruments(self) -> tuple[str, ...]:
        """Return the instruments in badly drained ground."""
        return self.slow_drainage

    def run(self, ground: Ground, rng: np.random.Generator) -> None:
        """Add pore pressure and temperature of each piezometer."""
        water = ground.of_site("rain") + self.melt_share * ground.of_site("melt")
        on_the_way = ground.memory(water, self.arrival_d)
        arriving = on_the_way * (1 - np.exp(-ground.step_d / self.arrival_d))
        stored = ground.memory(arriving, self.recession_d)
        points = [
            point
            for point in ground.site.with_quantity("settlement")
            if ("added_stress", point.name) in ground.truth
        ]
        for piezometer in ground.site.with_quantity("pore_pressure"):
            slow = piezometer.name in self.slow_drainage
            answer = self.slow_answer_kPa_per_mm if slow else self.answer_kPa_per_mm
            answer *= rng.uniform(0.85, 1.15)
            depth = self.level_m - (self.level_m if piezometer.z_m is None else piezometer.z_m)
            pressure = max(depth, 0.0) * WATER_UNIT_WEIGHT + answer * stored
            if points:
                nearest = min(
                    points,
                    key=lambda p: (
                        (p.x_m - piezometer.x_m) ** 2 + (p.y_m - piezometer.y_m) ** 2,
                        p.name,
                    ),
                )
                stress = ground.truth["added_stress", nearest.name]
                lift = np.diff(stress, prepend=0.0)
                pressure = pressure + self.loading_share * ground.memory(lift, self.loading_d)
            ground.truth["pore_pressure", piezometer.name] = pressure
            # Deep ground follows the year weakly and late (design assumption).
            ground.truth["temperature", piezometer.name] = 4.0 + 0.6 * np.sin(
                2 * np.pi * (ground.days - 200) / 365.25
            )
