"""Levels in the order of their gravity, and the level of one value against dated limits."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from datetime import datetime
from typing import Protocol

from analytics.assessment import RiskLevel
from ingest.site import Level

#: From no ground for a judgement to grave.
GRAVITY: dict[RiskLevel, int] = {"unknown": 0, "normal": 1, "advisory": 2, "warning": 3, "alarm": 4}
_BY_GRAVITY = {gravity: level for level, gravity in GRAVITY.items()}


class Limit(Protocol):
    """What a limit of a reading (`site.yaml`) and of an indicator (`response_plan.yaml`) share."""

    @property
    def level(self) -> Level: ...  # noqa: D102
    @property
    def above(self) -> float | None: ...  # noqa: D102
    @property
    def below(self) -> float | None: ...  # noqa: D102
    @property
    def start(self) -> datetime: ...  # noqa: D102


def gravest(levels: Iterable[RiskLevel]) -> RiskLevel:
    """Return the gravest of the levels, "unknown" of none."""
    return _BY_GRAVITY[max((GRAVITY[level] for level in levels), default=0)]


def calmer(one: RiskLevel, other: RiskLevel) -> RiskLevel:
    """Return the calmer of two levels."""
    return one if GRAVITY[one] <= GRAVITY[other] else other


def in_force(limits: Iterable[Limit], at: datetime) -> list[Limit]:
    """Return the limits that hold at a moment.

    Of two of the same level and direction the one that came later replaces the earlier.
    """
    return DatedLimits(limits).at(at)


class DatedLimits:
    """Limits with the dates from which they hold, to be asked for many moments."""

    def __init__(self, limits: Iterable[Limit]) -> None:
        self._limits = sorted(limits, key=lambda limit: limit.start)
        self._starts = [limit.start for limit in self._limits]
        self._known: dict[int, list[Limit]] = {}

    def at(self, time: datetime) -> list[Limit]:
        """Return the limits that hold at a moment."""
        count = bisect_right(self._starts, time)
        if count not in self._known:
            latest: dict[tuple[str, bool], Limit] = {}
            for limit in self._limits[:count]:
                latest[limit.level, limit.above is not None] = limit
            self._known[count] = list(latest.values())
        return self._known[count]


def bound(limit: Limit) -> float:
    """Return the number of a limit, whichever side it is of."""
    return limit.above if limit.above is not None else limit.below or 0.0


def passed(limit: Limit, value: float, margin: float = 0.0) -> bool:
    """Return whether a value is beyond a limit; `margin` moves the limit towards calm."""
    if limit.above is not None:
        return value > limit.above - margin
    return value < bound(limit) + margin


def level_of(
    value: float, limits: Iterable[Limit], held: RiskLevel, deadband: float
) -> tuple[RiskLevel, Limit | None]:
    """Return the gravest level whose limit a value passes, and that limit.

    Parameters
    ----------
    value
        The value, in the unit of the limits.
    limits
        The limits in force.
    held
        The level that is held now: its limit, and calmer ones, are only left when the value has
        come back by the deadband (hysteresis).
    deadband
        Part of the limit [1].
    """
    level: RiskLevel = "normal"
    found: Limit | None = None
    for limit in limits:
        margin = deadband * abs(bound(limit)) if GRAVITY[limit.level] <= GRAVITY[held] else 0.0
        if passed(limit, value, margin) and GRAVITY[limit.level] > GRAVITY[level]:
            level, found = limit.level, limit
    return level, found
