"""Displacement along inclinometers: a thin zone that creeps faster when water presses on it."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from pydantic import Field

from ingest.yaml_file import Configured
from simulators.process import Ground, Process


class Zone(Configured):
    """A shear zone that an inclinometer crosses.

    Parameters
    ----------
    depth_m, thickness_m
        Its middle and its thickness along the casing [m].
    driven_by
        Piezometers whose mean rise since the start drives it.
    yield_kPa
        Rise from which it moves faster [kPa].
    mm_per_d_per_kPa
        Further speed for each kilopascal above [mm/(d kPa)].
    """

    depth_m: float = Field(gt=0)
    thickness_m: float = Field(default=3.0, gt=0)
    driven_by: tuple[str, ...] = Field(min_length=1)
    yield_kPa: float = Field(default=20.0, ge=0)
    mm_per_d_per_kPa: float = Field(default=0.10, ge=0)


class ShearZone(Process):
    """Visco-plastic creep: speed in proportion to what exceeds a yield point [1]_.

    All parameters are a design assumption.

    Parameters
    ----------
    quiet_mm_per_year
        Slow creep of the fill's surface at every inclinometer [mm/year].
    zones
        Shear zones by inclinometer.

    References
    ----------
    .. [1] Angeli, M.-G., Gasparetto, P., Menotti, R. M., Pasuto, A., Silvano, S. (1996). A
       visco-plastic model for slope analysis applied to a mudslide in Cortina d'Ampezzo, Italy.
       Quarterly Journal of Engineering Geology 29, 233-240.
    """

    name: ClassVar[str] = "shear_zone"
    needs: ClassVar[tuple[str, ...]] = ("pore_pressure",)

    quiet_mm_per_year: float = Field(default=5.0, ge=0)
    zones: dict[str, Zone] = Field(default_factory=dict)

    def instruments(self) -> tuple[str, ...]:
        """Return the inclinometers with a zone and the piezometers that drive them."""
        driving = (name for zone in self.zones.values() for name in zone.driven_by)
        return (*self.zones, *driving)

    def run(self, ground: Ground, rng: np.random.Generator) -> None:
        """Add both displacements of each inclinometer, (steps, nodes)."""
        for inclinometer in ground.site.with_quantity("displacement_a"):
            depth = np.array([float(node) for node in inclinometer.nodes])
            creep = ground.days * (self.quiet_mm_per_year / 365.25 * rng.uniform(0.6, 1.4))
            lean = rng.uniform(-0.15, 0.15)
            moved = creep[:, None] * (1 - depth / depth.max())
            zone = self.zones.get(inclinometer.name)
            if zone is not None:
                pressure = np.mean(
                    [ground.truth["pore_pressure", name] for name in zone.driven_by], axis=0
                )
                excess = np.maximum(pressure - pressure[0] - zone.yield_kPa, 0.0)
                slip = np.cumsum(excess) * (zone.mm_per_d_per_kPa * ground.step_d)
                above = 1 / (1 + np.exp((depth - zone.depth_m) * (4 / zone.thickness_m)))
                moved = moved + slip[:, None] * above
            ground.truth["displacement_a", inclinometer.name] = moved
            ground.truth["displacement_b", inclinometer.name] = lean * moved
