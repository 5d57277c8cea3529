"""What was observed of rain and water, beyond which a run says less."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ingest.text import Text
from twin.buckets import Array
from twin.history import History
from twin.hydrology.groundwater import GRAVITY

#: Length of a season [d], and days of weather from which the range of seasons is told: all four of
#: a year (design assumption).
SEASON_D, NEEDED_D = 90, 360


@dataclass(frozen=True)
class Observed:
    """What was observed until now.

    Parameters
    ----------
    seasons
        Least and most rain and melt of a season over that of a mean one [1], or why not known.
    highest
        Highest daily mean of each piezometer [m above sea].
    days
        For how many days back [d].
    """

    seasons: tuple[float, float] | Text
    highest: dict[str, float]
    days: int

    def too_far(self, rain: float) -> Text | None:
        """Return why rain and melt, times a factor, lie beyond all seasons; None: they do not."""
        if rain == 1:
            return None
        if isinstance(self.seasons, Text):
            return self.seasons
        low, high = self.seasons
        if low <= rain <= high:
            return None
        return Text(
            "Rain and melt times {factor:g} lie beyond what was observed: the seasons of"
            " {count} days brought {low:.2g} to {high:.2g} times the mean",
            {"factor": rain, "count": SEASON_D, "low": low, "high": high},
        )


def seasons(water: Array) -> tuple[float, float] | Text:
    """Return the least and most water of a season over that of a mean one [1], or why not known.

    Parameters
    ----------
    water
        Rain and melt of whole days (days,) [mm].
    """
    if len(water) < NEEDED_D:
        return Text(
            "Only {count} of {needed} days of weather: how much the seasons differ is not known",
            {"count": len(water), "needed": NEEDED_D},
        )
    if water.sum() <= 0:
        return Text("No rain was measured")
    sums = np.convolve(water, np.ones(SEASON_D), "valid") / (SEASON_D * water.mean())
    return max(float(sums.min()), 0.0), float(sums.max())


def highest_heads(history: History, names: list[str], days: int) -> dict[str, float]:
    """Return the highest daily mean of each piezometer that measured [m above sea]."""
    found = {}
    for name in names:
        pressure = "pore_pressure" in history.site.type_of(name).quantities
        means = history.daily_means(name, "pore_pressure" if pressure else "head", days)
        if np.isnan(means).all():
            continue
        highest = float(np.nanmax(means))
        if pressure:
            highest = float(history.site.instruments[name].z_m or 0) + max(highest, 0.0) / GRAVITY
        found[name] = highest
    return found
