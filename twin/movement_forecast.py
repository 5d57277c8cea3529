"""What the past two months of an inclinometer say of the days to come."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

from ingest.figure import Figure, unknown
from ingest.site import Site
from ingest.text import Text
from twin import VERSION
from twin.buckets import Array
from twin.control_charts import cusum, ewma
from twin.history import History
from twin.inverse_velocity import CONFIDENCE, LEAST_VELOCITY, InverseVelocity, inverse_velocity
from twin.state import MovementChart, MovementState

#: Axes of an in-place inclinometer.
AXES = ("displacement_a", "displacement_b")

#: Days that are looked at, and how many of the last of them the control charts watch.
DAYS, WATCHED = 60, 30

#: Days over which the velocity is smoothed for its inverse (design assumption).
SMOOTHING = 5

#: Days with a velocity that the charts need before those that they watch (design assumption).
NEEDED = 15

#: Least standard deviation of the daily velocity [mm/d]: a quarter of the velocity from which the
#: inverse says something (design assumption), so that a still slope does not signal on noise.
LEAST_DEVIATION = LEAST_VELOCITY / 4

MODEL = "inverse_velocity"


@dataclass(frozen=True)
class MovementForecast:
    """Inverse velocity and control charts of a node at a midnight.

    Parameters
    ----------
    inverse
        Its times are days since `midnight`.
    """

    midnight: datetime
    source: str
    inverse: InverseVelocity
    charts: tuple[MovementChart, ...]

    def put(self, state: MovementState) -> None:
        """Set the fields of a state that this speaks of."""
        found = self.inverse
        state.failure = self._failure()
        state.onset = None if found.onset is None else self._time(found.onset)
        state.r2 = found.r2
        state.velocity_time = [self._time(float(day)) for day in found.time]
        state.velocity = [round(float(value), 4) for value in found.velocity]
        if found.fit is not None and found.onset is not None:
            end = found.failure if found.failure is not None else float(found.time[-1])
            intercept, slope = found.fit
            state.fit_time = [self._time(found.onset), self._time(end)]
            state.fit = [intercept + slope * found.onset, max(intercept + slope * end, 0.0)]
        state.charts = list(self.charts)

    def _failure(self) -> Figure:
        found = self.inverse
        if found.failure is None or found.earliest is None or found.latest is None:
            reason = found.reason or Text("The movement does not accelerate")
            return unknown("date", reason, time=self.midnight, source=MODEL)
        value, low, high = (
            self._time(day).date().isoformat()
            for day in (found.failure, found.earliest, found.latest)
        )
        return Figure(
            value=value,
            unit="date",
            time=self.midnight,
            source=MODEL,
            version=VERSION,
            low=low,
            high=high,
            confidence=CONFIDENCE,
            validity=Text(
                "If it goes on accelerating as it has; R2 {r2}, velocity smoothed over {days} days",
                {"r2": round(found.r2 or 0.0, 2), "days": SMOOTHING},
            ),
            quality="forecast",
        )

    def _time(self, day: float) -> datetime:
        return self.midnight + timedelta(seconds=round(day * 86_400))


def axes_of(site: Site, instrument: str) -> list[str]:
    """Return the axes that an instrument measures."""
    return [axis for axis in AXES if axis in site.type_of(instrument).quantities]


def forecast_of(history: History, instrument: str, node: int) -> MovementForecast:
    """Return what daily mean displacements of a node say, up to the last midnight."""
    means = [
        history.daily_node_means(instrument, axis, DAYS)[:, node]
        for axis in axes_of(history.site, instrument)
    ]
    moved = np.sqrt(np.square(np.array(means, dtype=np.float64)).sum(axis=0))
    days = np.arange(DAYS, dtype=np.float64) - DAYS + 0.5
    return MovementForecast(
        history.midnight,
        instrument,
        inverse_velocity(days, moved, smoothing=SMOOTHING, now=0.0),
        charts_of(history.midnight, days, moved),
    )


def charts_of(midnight: datetime, days: Array, moved: Array) -> tuple[MovementChart, ...]:
    """Return CUSUM and EWMA of the daily velocity against the days before those watched."""
    velocity = np.diff(moved) / np.diff(days)
    before, watched = velocity[:-WATCHED], velocity[-WATCHED:]
    known = before[np.isfinite(before)]
    if len(known) < NEEDED:
        reason = Text(
            "Only {count} of {needed} days to compare with",
            {"count": len(known), "needed": NEEDED},
        )
        return (
            MovementChart(method="cusum", reason=reason),
            MovementChart(method="ewma", reason=reason),
        )
    target = float(known.mean())
    deviation = max(float(known.std(ddof=1)), LEAST_DEVIATION)

    def day(index: int | None) -> datetime | None:
        """Return the day on which a velocity ends."""
        if index is None:
            return None
        return midnight + timedelta(days=index - WATCHED)

    sums = cusum(
        watched, target=target, allowance=0.5 * deviation, limit=5 * deviation, one_sided=True
    )
    means = ewma(watched, target=target, deviation=deviation, weight=0.1, width=2.7)
    return (
        MovementChart(
            method="cusum",
            value=float(sums.high[-1]),
            limit=sums.limit,
            signal=day(sums.signal),
            onset=day(sums.onset),
        ),
        MovementChart(
            method="ewma",
            value=float(means.average[-1]),
            limit=float(means.high[-1]),
            signal=day(_above(means.average, means.high)),
        ),
    )


def _above(average: Array, limit: Array) -> int | None:
    """Return the first value above its limit: a slope that slows down needs no signal."""
    beyond = average > limit
    return int(beyond.argmax()) if beyond.any() else None
