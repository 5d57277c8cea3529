"""The indicator frame: rows = state times, columns = indicator and subject."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable
from datetime import datetime, timedelta

import numpy as np
import pandas as pd

from analytics.assessment import Indicator
from analytics.indicator import current_value, indicator_models
from ingest.site import Site
from ingest.store import Derived, Store
from twin.service import SERIES

Column = tuple[str, str]

#: Least distance of two remembered states, and how long they are remembered: two full years hold
#: every season twice, and the memory stays small on small hardware (design assumption).
STEP = timedelta(hours=6)
MEMORY = timedelta(days=730)


def series_name(indicator: str) -> str:
    """Return the name of an indicator's stored series."""
    return f"indicator.{indicator}"


def computed_series() -> list[str]:
    """Return the name of every series that twin and analytics compute."""
    return [*SERIES, *(series_name(name) for name in indicator_models())]


def points(
    site: Site, indicators: Iterable[Indicator], time: datetime, known_at: datetime
) -> list[Derived]:
    """Return the indicators of one state as points of their series.

    A value that does not speak of the present (stale, unavailable) is stored as not known.
    """
    models = indicator_models()
    return [
        Derived(
            series=series_name(item.name),
            subject=item.subject or site.name,
            time=time,
            known_at=known_at,
            value=current_value(item.value),
            low=_number(item.value.low),
            high=_number(item.value.high),
            unit=item.value.unit,
            model=series_name(item.name),
            version=models[item.name].version,
        )
        for item in indicators
    ]


def indicator_frame(
    store: Store,
    names: Iterable[str] | None = None,
    *,
    start: datetime | None = None,
    end: datetime | None = None,
) -> pd.DataFrame:
    """Return stored indicators (index = state time, aware UTC; columns = indicator, subject).

    NaN: not known. A store without indicators gives an empty frame.
    """
    frames = []
    for name in sorted(names if names is not None else indicator_models()):
        series = store.derived(series_name(name), start=start, end=end)
        if series.empty:
            continue
        wide = series.pivot(index="time", columns="subject", values="value").astype(float)
        wide.columns = pd.MultiIndex.from_tuples(
            [(name, subject) for subject in wide.columns], names=["indicator", "subject"]
        )
        frames.append(wide)
    if not frames:
        columns = pd.MultiIndex.from_tuples([], names=["indicator", "subject"])
        return pd.DataFrame(index=pd.DatetimeIndex([], tz="UTC"), columns=columns, dtype=float)
    return pd.concat(frames, axis=1).sort_index(axis=1)


class History:
    """The habitual indicators of the states so far, in memory.

    It is read once from the store and then kept up to date, because the forest is fitted anew
    every week and a year of the store is slow to read.
    """

    def __init__(self) -> None:
        self._times: list[datetime] = []
        self._rows: list[dict[Column, float]] = []

    @classmethod
    def load(cls, store: Store, site: Site, until: datetime | None) -> History:
        """Return the history of a run up to and with a state."""
        history = cls()
        if until is None:
            return history
        frame = indicator_frame(store, habitual_indicators(), start=until - MEMORY)
        frame = frame[frame.index <= until]
        columns = [(name, "" if subject == site.name else subject) for name, subject in frame]
        for time, values in zip(frame.index, frame.to_numpy(), strict=True):
            known = np.flatnonzero(~np.isnan(values))
            history.append(time.to_pydatetime(), {columns[i]: float(values[i]) for i in known})
        return history

    def append(self, time: datetime, row: dict[Column, float]) -> None:
        """Add one state, unless it follows the last one too closely."""
        if self._times and time < self._times[-1] + STEP:
            return
        self._times.append(time)
        self._rows.append(row)
        forgotten = bisect_left(self._times, time - MEMORY)
        del self._times[:forgotten], self._rows[:forgotten]

    def __len__(self) -> int:
        return len(self._times)

    @property
    def first(self) -> datetime | None:
        """Time of the first state."""
        return self._times[0] if self._times else None

    def before(self, time: datetime) -> pd.DataFrame:
        """Return the states before a moment (index = time; columns = (indicator, subject))."""
        count = bisect_left(self._times, time)
        rows = self._rows[:count]
        columns = sorted({column for row in rows for column in row})
        values = np.full((count, len(columns)), np.nan)
        place = {column: index for index, column in enumerate(columns)}
        for index, row in enumerate(rows):
            for column, value in row.items():
                values[index, place[column]] = value
        names = pd.MultiIndex.from_tuples(columns, names=["indicator", "subject"])
        return pd.DataFrame(values, index=pd.Index(self._times[:count]), columns=names)


def habitual_indicators() -> list[str]:
    """Return the indicators whose change may be judged unusual."""
    return [name for name, model in indicator_models().items() if model.habitual]


def habitual_row(indicators: Iterable[Indicator]) -> dict[Column, float]:
    """Return the current values of the habitual indicators by (indicator, subject)."""
    models = indicator_models()
    return {
        (item.name, item.subject): value
        for item in indicators
        if models[item.name].habitual and (value := current_value(item.value)) is not None
    }


def _number(value: float | str | None) -> float | None:
    return float(value) if isinstance(value, int | float) else None
