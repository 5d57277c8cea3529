"""The surface of the fill: where the loads are tipped, and how it rises tier by tier."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from pydantic import Field

from ingest.site import Zone
from simulators.process import Floats, Ground, Process

GRAVITY = 9.81


class Fill(Process):
    """Loads are tipped at one place after the other; each place is the ground of a point.

    The places are the settlement points of the tier that is being filled; each stands for an
    equal part of the tier's area. That the tip moves every few days is a design assumption.

    Parameters
    ----------
    stay_d
        Shortest and longest stay of the tip at a place [d].
    """

    name: ClassVar[str] = "fill"
    needs: ClassVar[tuple[str, ...]] = ("deliveries",)

    stay_d: tuple[int, int] = Field(default=(5, 11))

    def run(self, ground: Ground, rng: np.random.Generator) -> None:
        """Add the level of the fill, and the load on each place since the start."""
        site = ground.site
        tiers = [site.zones[name] for name in site.of_zone_kind("tier")]
        if not tiers or ("volume", site.name) not in ground.truth:
            return
        ground.truth["fill_level", site.name] = level_of(ground.of_site("volume"), tiers)
        points = [point for point in site.with_quantity("settlement") if point.zone in site.zones]
        if not points:
            return
        area = outline_area(site.zones[points[0].zone]) / len(points)
        place = self._places(ground, len(points), rng)[ground.loads.second // ground.step_s]
        added = np.zeros((ground.steps, len(points)))
        np.add.at(
            added,
            (ground.loads.second // ground.step_s, place),
            ground.loads.mass * (GRAVITY / area),
        )
        stress = np.cumsum(added, axis=0)
        for column, point in enumerate(points):
            ground.truth["added_stress", point.name] = stress[:, column]

    def _places(self, ground: Ground, count: int, rng: np.random.Generator) -> np.ndarray:
        """Return the place of the tip in each step: every place once, then again, (steps,)."""
        per_day = round(86_400 / ground.step_s)
        place = np.empty(0, np.int64)
        while place.size < ground.steps:
            stays = rng.integers(self.stay_d[0], self.stay_d[1] + 1, count)
            place = np.concatenate([place, np.repeat(rng.permutation(count), stays * per_day)])
        return place[: ground.steps]


def outline_area(zone: Zone) -> float:
    """Return the area inside a zone's outline [m2] (shoelace formula)."""
    x, y = np.array(zone.outline).T
    return float(abs(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1))) / 2)


def level_of(volume: Floats, tiers: list[Zone]) -> Floats:
    """Return the level that a volume reaches when the tiers are filled one by one as prisms.

    Parameters
    ----------
    volume
        Volume in the dump, (steps,) [m3].
    tiers
        The tiers, lowest first.
    """
    levels = [float(tiers[0].base_m or 0.0)]
    volumes = [0.0]
    for tier in tiers:
        levels.append(float(tier.crest_m or levels[-1]))
        volumes.append(volumes[-1] + outline_area(tier) * (levels[-1] - levels[-2]))
    return np.interp(volume, volumes, levels)
