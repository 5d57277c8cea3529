"""Snow pack and melt by degree-days."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from twin.buckets import Array


class Snow(NamedTuple):
    """Water of each day, (days,) each [mm].

    Parameters
    ----------
    rain
        Precipitation that fell as rain.
    melt
        Water that left the pack.
    pack
        Water in the pack at the end of the day.
    """

    rain: Array
    melt: Array
    pack: Array


def snow_degree_day(
    precipitation: Array, temperature: Array, *, factor_mm: float, border_degC: float
) -> Snow:
    """Return rain, melt and snow pack of each day; precipitation = rain + melt + change of pack.

    The pack melts in proportion to the degrees of the day's mean above freezing [1]_.

    Parameters
    ----------
    precipitation
        Of each day as water (days,) [mm].
    temperature
        Daily mean of the air (days,) [degC].
    factor_mm
        Melt a day and degree above freezing [mm/(degC d)].
    border_degC
        Temperature from which precipitation falls as rain [degC].

    References
    ----------
    .. [1] Hock, R. (2003). Temperature index melt modelling in mountain areas. Journal of
       Hydrology 282, 104-115. doi:10.1016/S0022-1694(03)00257-9
    """
    liquid = temperature > border_degC
    rain = np.where(liquid, precipitation, 0.0)
    possible = np.maximum(temperature, 0.0) * factor_mm
    pack, melt = np.empty(len(rain)), np.empty(len(rain))
    held = 0.0
    for day, (snow, most) in enumerate(
        zip((precipitation - rain).tolist(), possible.tolist(), strict=True)
    ):
        melt[day] = min(held + snow, most)
        held += snow - melt[day]
        pack[day] = held
    return Snow(rain, melt, pack)
