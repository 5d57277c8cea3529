"""A store of water at the surface: what evaporates, and what is left to seep down or run off."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from twin.buckets import Array


class Surface(NamedTuple):
    """Water of each day, (days,) each [mm]; water = evaporation + seepage + change of held.

    Parameters
    ----------
    evaporation
        Actual.
    seepage
        What the store could not hold.
    held
        In the store at the end of the day.
    """

    evaporation: Array
    seepage: Array
    held: Array


def surface_store(water: Array, potential: Array, capacity_mm: float) -> Surface:
    """Return what a day's rain and melt become.

    Actual evaporation falls with the share of the store that is filled (the single bucket of
    Manabe, S. (1969), Monthly Weather Review 97, 739-774); what does not fit leaves downwards.

    Parameters
    ----------
    water, potential
        Rain with melt, and potential evaporation, of each day (days,) [mm].
    capacity_mm
        What the store holds [mm]; it begins half full.
    """
    evaporation, seepage, held = (np.empty(len(water)) for _ in range(3))
    now = capacity_mm / 2
    for day, (comes, most) in enumerate(zip(water.tolist(), potential.tolist(), strict=True)):
        now += comes
        evaporation[day] = min(most * min(now / capacity_mm, 1.0), now)
        now -= evaporation[day]
        seepage[day] = max(now - capacity_mm, 0.0)
        now -= seepage[day]
        held[day] = now
    return Surface(evaporation, seepage, held)
