"""What the twin foretold of settlement in the past weeks, to hold what came against it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

import msgspec
import numpy as np

from twin.state import TwinState

#: Age of a forecast from which it says something, after which it is dropped, and the time between
#: two that are remembered [d] (design assumption: two to six weeks).
LEAST_AGE, MOST_AGE, EVERY = timedelta(days=14), timedelta(days=42), timedelta(days=14)


class Foretold(msgspec.Struct, kw_only=True):
    """The upper bound of a forecast of one settlement point.

    Parameters
    ----------
    made
        Time of the state that told it.
    time, high
        Its next weeks, and the upper bound at them [mm].
    """

    made: datetime
    time: list[datetime]
    high: list[float]

    def upper(self, at: datetime) -> float:
        """Return the upper bound at a moment [mm], straight between the times that were told."""
        since = [(time - self.made).total_seconds() for time in self.time]
        return float(np.interp((at - self.made).total_seconds(), since, self.high))


def remember(kept: dict[str, list[Foretold]], state: TwinState) -> None:
    """Take the forecasts of a state into what is kept, oldest first per point.

    What was told of a point is forgotten when its settlement is foretold no more: the forecast held
    for another load.
    """
    for point in state.settlement:
        if not point.forecast_time or not point.forecast_high:
            kept.pop(point.point, None)
            continue
        told = [each for each in kept.get(point.point, []) if state.time - each.made <= MOST_AGE]
        if not told or state.time - told[-1].made >= EVERY:
            # One point beyond the age at which it is dropped ends the last stretch.
            count = 1 + sum(time - state.time < MOST_AGE for time in point.forecast_time)
            told.append(
                Foretold(
                    made=state.time,
                    time=point.forecast_time[:count],
                    high=point.forecast_high[:count],
                )
            )
        kept[point.point] = told


def oldest(kept: Mapping[str, list[Foretold]], at: datetime) -> dict[str, Foretold]:
    """Return the oldest forecast of each point that is old enough to be judged."""
    return {
        point: told[0] for point, told in kept.items() if told and at - told[0].made >= LEAST_AGE
    }
