"""Weather of a sharply continental place: temperature, precipitation, snow and pressure."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import ClassVar

import numpy as np
from pydantic import Field

from ingest.yaml_file import Configured
from simulators.process import Floats, Ground, Moment, Process


class Storm(Configured):
    """Rain that the scenario prescribes, strongest in the middle.

    Parameters
    ----------
    start
        Beginning (aware).
    duration_h
        Length [h].
    total_mm
        Depth of rain [mm].
    """

    start: Moment
    duration_h: float = Field(gt=0)
    total_mm: float = Field(gt=0)


Months = tuple[float, ...]


class Weather(Process):
    """Temperature, precipitation, snow pack, melt and pressure.

    Rain falls as rectangular pulses that arrive in a Poisson process, the simplest of the models
    of [1]_. Snow melts in proportion to the degrees above freezing [2]_. The pressure's mean
    is that of the standard atmosphere at the barometer's level.

    The monthly means are a design assumption: rounded values of a foothill valley in the south of
    Khakassia, not the record of a station.

    Parameters
    ----------
    temperature_degC, precipitation_mm
        Monthly mean and monthly sum, January to December [degC, mm].
    daily_swing_degC
        Half the difference between afternoon and night, monthly [degC].
    storm_h, storm_mm_per_h
        Mean length [h] and mean intensity [mm/h] of a pulse; both are exponentially distributed.
    degree_day_mm
        Melt a day and degree above freezing [mm/(degC d)].
    random_rain
        Factor on the random part of the precipitation; 0 leaves the prescribed storms alone.
    storms
        Storms of the scenario, on top of the random ones.

    References
    ----------
    .. [1] Rodriguez-Iturbe, I., Cox, D. R., Isham, V. (1987). Some models for rainfall based on
       stochastic point processes. Proc. R. Soc. Lond. A 410, 269-288.
    .. [2] Hock, R. (2003). Temperature index melt modelling in mountain areas. Journal of
       Hydrology 282, 104-115. doi:10.1016/S0022-1694(03)00257-9
    """

    name: ClassVar[str] = "weather"

    temperature_degC: Months = Field(
        default=(-19.5, -16.5, -7.0, 3.0, 10.5, 16.5, 18.5, 16.0, 9.5, 1.5, -9.0, -16.5),
        min_length=12,
        max_length=12,
    )
    precipitation_mm: Months = Field(
        default=(10, 8, 10, 25, 45, 60, 70, 65, 45, 30, 20, 14), min_length=12, max_length=12
    )
    daily_swing_degC: Months = Field(
        default=(4.5, 5.5, 6.0, 6.5, 7.5, 7.5, 7.0, 7.0, 6.5, 5.0, 4.0, 4.0),
        min_length=12,
        max_length=12,
    )
    storm_h: float = Field(default=5.0, gt=0)
    storm_mm_per_h: float = Field(default=0.8, gt=0)
    degree_day_mm: float = Field(default=3.5, gt=0)
    random_rain: float = Field(default=1.0, ge=0)
    storms: tuple[Storm, ...] = ()

    def run(self, ground: Ground, rng: np.random.Generator) -> None:
        """Add temperature, precipitation, rain, melt, snow and pressure of the site."""
        name = ground.site.name
        temperature = self._temperature(ground, rng)
        falling = self._random_rain(ground, rng) + self._prescribed_rain(ground)
        liquid = temperature > 1.0  # usual border between snow and rain [2]_
        rain = np.where(liquid, falling, 0.0)
        snow, melt = snow_pack(
            np.where(liquid, 0.0, falling),
            np.maximum(temperature, 0.0) * (self.degree_day_mm * ground.step_d),
        )
        ground.truth |= {
            ("air_temperature", name): temperature,
            ("precipitation", name): falling,
            ("rain", name): rain,
            ("melt", name): melt,
            ("snow_pack", name): snow,
            ("atmospheric_pressure", name): self._pressure(ground, rng),
        }
        # A rain gauge with a heater reports snow as the water that it holds.
        for gauge in ground.site.with_quantity("rain"):
            ground.truth["rain", gauge.name] = falling
        for quantity in ("air_temperature", "atmospheric_pressure"):
            for instrument in ground.site.with_quantity(quantity):
                ground.truth[quantity, instrument.name] = ground.truth[quantity, name]

    def _monthly(self, ground: Ground, values: Months) -> Floats:
        """Interpolate monthly values to the steps, through the middles of the months."""
        first = datetime(ground.start.year, 1, 1, tzinfo=UTC)
        offset = (ground.start - first).total_seconds() / 86_400
        middle = (np.arange(12) + 0.5) * (365.25 / 12)
        return np.interp((ground.days + offset) % 365.25, middle, values, period=365.25)

    def _temperature(self, ground: Ground, rng: np.random.Generator) -> Floats:
        mean = self._monthly(ground, self.temperature_degC)
        swing = self._monthly(ground, self.daily_swing_degC)
        # Solar time follows the longitude; the warmest hour is about 15 h.
        seconds = (ground.start.hour * 60 + ground.start.minute) * 60
        hour = (ground.days * 24 + seconds / 3600 + ground.site.longitude / 15) % 24
        daily = np.cos(2 * np.pi * (hour - 15) / 24)
        # Passing air masses: wider swings in winter, three days long (design assumption).
        masses = ground.wander(rng, 1.0, 3.0) * np.interp(mean, [-20, 20], [5.0, 2.5])
        return mean + swing * daily + masses

    def _random_rain(self, ground: Ground, rng: np.random.Generator) -> Floats:
        """Return the depth in each step, by Poisson rectangular pulses [mm]."""
        per_day = self._monthly(ground, self.precipitation_mm) * (12 / 365.25)
        mean_depth = self.storm_h * self.storm_mm_per_h
        count = rng.poisson(per_day * ground.step_d * self.random_rain / mean_depth)
        begin = np.repeat(np.arange(ground.steps), count)
        length = rng.exponential(self.storm_h * 3600 / ground.step_s, begin.size)
        intensity = rng.exponential(self.storm_mm_per_h * ground.step_s / 3600, begin.size)
        return _pulses(ground.steps, begin + rng.random(begin.size), length, intensity)

    def _prescribed_rain(self, ground: Ground) -> Floats:
        falling = np.zeros(ground.steps)
        edges = np.arange(ground.steps + 1) * ground.step_s
        for storm in self.storms:
            begin = (storm.start - ground.start).total_seconds()
            share = np.clip((edges - begin) / (storm.duration_h * 3600), 0, 1)
            # The integral of a half sine wave.
            falling += np.diff((1 - np.cos(np.pi * share)) / 2) * storm.total_mm
        return falling

    def _pressure(self, ground: Ground, rng: np.random.Generator) -> Floats:
        barometers = ground.site.with_quantity("atmospheric_pressure")
        level = (barometers[0].z_m or 0.0) if barometers else 0.0
        return standard_pressure(level) + ground.wander(rng, 0.7, 3.0)


def standard_pressure(level_m: float) -> float:
    """Return the pressure of the standard atmosphere at a level above sea [kPa].

    Troposphere of ICAO Doc 7488, with its constants drawn together.
    """
    return 101.325 * math.pow(1 - 2.25577e-5 * level_m, 5.25588)


def _pulses(steps: int, begin: Floats, length: Floats, height: Floats) -> Floats:
    """Return the sum of rectangular pulses in each step (exact at their ends).

    Parameters
    ----------
    steps
        Number of steps.
    begin, length
        Of each pulse [steps].
    height
        Depth that a pulse adds in a full step.
    """
    # The integral of a pulse is a ramp; a ramp's second difference has two entries at each end.
    end = np.minimum(begin + length, steps)
    bend = np.zeros(steps + 2)
    for at, sign in ((begin, 1.0), (end, -1.0)):
        whole = at.astype(np.int64)
        part = at - whole
        np.add.at(bend, whole, sign * height * (1 - part))
        np.add.at(bend, whole + 1, sign * height * part)
    return np.maximum(np.cumsum(bend)[:steps], 0.0)


def snow_pack(snowfall: Floats, possible_melt: Floats) -> tuple[Floats, Floats]:
    """Return the water in the pack after each step, and what melts in it [mm].

    The pack is `max(0, pack + snowfall - possible melt)`; without a loop this is the running sum
    above its running minimum.

    Parameters
    ----------
    snowfall, possible_melt
        Of each step, (steps,) [mm].
    """
    total = np.cumsum(snowfall - possible_melt)
    pack = total - np.minimum(np.minimum.accumulate(total), 0.0)
    melt = snowfall - np.diff(pack, prepend=0.0)
    return pack, np.maximum(melt, 0.0)
