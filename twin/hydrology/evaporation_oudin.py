"""Potential evaporation from the air temperature alone, after Oudin et al. (2005)."""

from __future__ import annotations

import math

import numpy as np

from twin.buckets import Array

#: Solar constant [MJ/(m2 min)] and latent heat of vaporisation [MJ/kg].
_SOLAR_CONSTANT, _LATENT_HEAT = 0.0820, 2.45


def extraterrestrial_radiation(day_of_year: Array, latitude_deg: float) -> Array:
    """Return the radiation above the atmosphere (days,) [MJ/(m2 d)].

    Equations 21-25 of [1]_.

    Parameters
    ----------
    day_of_year
        1 to 366 (days,) [1].
    latitude_deg
        Northern positive [deg].

    References
    ----------
    .. [1] Allen, R. G., Pereira, L. S., Raes, D., Smith, M. (1998). Crop evapotranspiration.
       FAO Irrigation and Drainage Paper 56.
    """
    latitude = math.radians(latitude_deg)
    angle = 2 * np.pi * np.asarray(day_of_year, dtype=float) / 365
    distance = 1 + 0.033 * np.cos(angle)
    declination = 0.409 * np.sin(angle - 1.39)
    sunset = np.arccos(np.clip(-np.tan(latitude) * np.tan(declination), -1, 1))
    return np.asarray(
        24
        * 60
        / np.pi
        * _SOLAR_CONSTANT
        * distance
        * (
            sunset * np.sin(latitude) * np.sin(declination)
            + np.cos(latitude) * np.cos(declination) * np.sin(sunset)
        )
    )


def evaporation_oudin(day_of_year: Array, temperature: Array, latitude_deg: float) -> Array:
    """Return the potential evaporation (days,) [mm/d].

    `E = Re / (lambda rho) * (T + 5) / 100` where T + 5 > 0, else 0 (equation 3 of [1]_). It needs
    no more than a thermometer, and served rainfall-runoff models as well as Penman's method on
    308 catchments [1]_.

    Parameters
    ----------
    day_of_year
        1 to 366 (days,) [1].
    temperature
        Daily mean of the air (days,) [degC]; NaN gives NaN.
    latitude_deg
        Northern positive [deg].

    References
    ----------
    .. [1] Oudin, L., Hervieu, F., Michel, C., Perrin, C., Andreassian, V., Anctil, F., Loumagne,
       C. (2005). Which potential evapotranspiration input for a lumped rainfall-runoff model?
       Journal of Hydrology 303, 290-306. doi:10.1016/j.jhydrol.2004.08.026
    """
    radiation = extraterrestrial_radiation(day_of_year, latitude_deg)
    return np.asarray(radiation / _LATENT_HEAT * np.maximum(temperature + 5, 0) / 100)
