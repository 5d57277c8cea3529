"""A measured water level beside what the twin explained of it, day by day."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import msgspec
import pandas as pd

#: The twin speaks of the last whole day; its middle lies so far before the midnight behind it.
_HALF_A_DAY = timedelta(hours=12)


class GroundwaterSeries(msgspec.Struct, kw_only=True, frozen=True):
    """What one piezometer or well measured, in buckets, and what was explained of it, by day."""

    instrument: str
    unit: str
    times: list[datetime]
    mean: list[float]
    explained_times: list[datetime]
    explained: list[float]
    low: list[float]
    high: list[float]


def groundwater_series(
    instrument: str,
    unit: str,
    measured: pd.DataFrame,
    derived: Callable[[str, str], pd.DataFrame],
) -> GroundwaterSeries:
    """Return a level and its explanation.

    Parameters
    ----------
    measured
        Buckets with the columns start and mean.
    derived
        Returns a computed series of an instrument.
    """
    explained = derived("groundwater.explained", instrument).dropna(subset=["value"])
    # Several states of a day say the same of the day before; the last one is taken.
    middle = pd.DatetimeIndex(explained["time"]).floor("D") - _HALF_A_DAY
    explained = explained.assign(day=middle).drop_duplicates("day", keep="last")
    return GroundwaterSeries(
        instrument=instrument,
        unit=unit,
        times=[time.to_pydatetime() for time in measured["start"]],
        mean=measured["mean"].tolist(),
        explained_times=[time.to_pydatetime() for time in explained["day"]],
        explained=explained["value"].tolist(),
        low=explained["low"].tolist(),
        high=explained["high"].tolist(),
    )
