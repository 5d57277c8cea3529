"""Rain, melt, evaporation and air pressure of whole days, without gaps."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ingest.text import Text
from twin.buckets import Array
from twin.history import DAY, History
from twin.hydrology.evaporation_oudin import evaporation_oudin
from twin.hydrology.snow_degree_day import Snow, snow_degree_day
from twin.water_file import GroundwaterRules, WeatherRules

#: Share of days that may be missing; a missing day counts as dry, or as the days beside it
#: (design assumption).
MOST_MISSING = 0.1


@dataclass(frozen=True)
class WeatherDays:
    """Weather of whole UTC days, (days,) each.

    Parameters
    ----------
    start
        First day.
    precipitation
        As water [mm].
    snow
        Rain, melt and pack [mm].
    evaporation
        Potential [mm].
    pressure
        Of the air [kPa]; None: no barometer is named.
    silent
        Whether rain or temperature was not measured (days,): such a day counts as dry.
    """

    start: datetime
    precipitation: Array
    snow: Snow
    evaporation: Array
    pressure: Array | None
    silent: NDArray[np.bool_]

    @property
    def water(self) -> Array:
        """Rain and melt [mm]."""
        return self.snow.rain + self.snow.melt


def weather_days(
    history: History, weather: WeatherRules, rules: GroundwaterRules, days: int
) -> WeatherDays | Text:
    """Return the weather of the last whole days, or why it is not known."""
    return history.keep(
        ("weather_days", days), lambda: _weather_days(history, weather, rules, days)
    )


def _weather_days(
    history: History, weather: WeatherRules, rules: GroundwaterRules, days: int
) -> WeatherDays | Text:
    start = history.midnight - days * DAY
    read = {
        "rain": rules.rain_gauge,
        "air_temperature": rules.thermometer,
        "atmospheric_pressure": rules.barometer,
    }
    means: dict[str, Array] = {}
    for quantity, instrument in read.items():
        if instrument is None:
            continue
        mean = history.daily_means(instrument, quantity, days)
        for part in (mean, mean[-30:]):
            missing = int(np.isnan(part).sum())
            if missing > MOST_MISSING * len(part):
                return Text(
                    "{instrument} has no value on {count} of {days} days",
                    {"instrument": instrument, "count": missing, "days": len(part)},
                )
        means[quantity] = mean
    total = history.daily_totals(rules.rain_gauge, "rain", start, days)[:, 0]
    temperature = _filled(means["air_temperature"])
    snow = snow_degree_day(
        total,
        temperature,
        factor_mm=weather.degree_day_mm,
        border_degC=weather.rain_from_degC,
    )
    day_of_year = pd.date_range(start, periods=days, freq="D").day_of_year.to_numpy(dtype=float)
    pressure = means.get("atmospheric_pressure")
    return WeatherDays(
        start=start,
        precipitation=total,
        snow=snow,
        evaporation=evaporation_oudin(day_of_year, temperature, history.site.latitude),
        pressure=None if pressure is None else _filled(pressure),
        silent=np.isnan(means["rain"]) | np.isnan(means["air_temperature"]),
    )


def _filled(values: Array) -> Array:
    there = np.flatnonzero(~np.isnan(values))
    return np.interp(np.arange(len(values)), there, values[there])
