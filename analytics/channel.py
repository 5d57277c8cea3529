"""One measured quantity, or one indicator, against its limits: persistence and hysteresis."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import msgspec

from analytics.assessment import RiskLevel
from analytics.levels import GRAVITY, Limit, bound, gravest, level_of


class Channel(msgspec.Struct, kw_only=True):
    """What is remembered of one channel between two states.

    Parameters
    ----------
    level
        Level that is held.
    since
        Time of the first value of the run that led to the level.
    time, value
        The last value that was judged.
    recent
        Levels of the last values taken by themselves, and their times, oldest first.
    limit
        The limit of the held level; of the calmest limit in force while all is normal.
    """

    level: RiskLevel = "unknown"
    since: datetime | None = None
    time: datetime | None = None
    value: float = 0.0
    recent: list[tuple[datetime, RiskLevel]] = []
    limit: float | None = None


def judged(
    channel: Channel,
    value: float,
    time: datetime,
    held: Sequence[Limit],
    *,
    raise_after: int,
    return_after: int,
    deadband: float,
) -> Channel:
    """Return the channel after one more value; a value that is not newer changes nothing.

    A level is raised when `raise_after` successive values pass its limit, so that one spike raises
    nothing; it is lowered when `return_after` successive values are within it by the deadband.

    Parameters
    ----------
    held
        The limits in force at the value's own time.
    """
    if channel.time is not None and time <= channel.time:
        return channel
    alone, _ = level_of(value, held, channel.level, deadband)
    recent = [*channel.recent, (time, alone)][-max(raise_after, return_after) :]
    level: RiskLevel = "normal" if channel.level == "unknown" else channel.level
    since = channel.since
    rising = recent[-raise_after:]
    lowest = min((entry for _, entry in rising), key=GRAVITY.__getitem__)
    falling = recent[-return_after:]
    highest = gravest(entry for _, entry in falling)
    if len(rising) == raise_after and GRAVITY[lowest] > GRAVITY[level]:
        level, since = lowest, rising[0][0]
    elif len(falling) == return_after and GRAVITY[highest] < GRAVITY[level]:
        level, since = highest, falling[0][0]
    return Channel(
        level=level,
        since=since or time,
        time=time,
        value=value,
        recent=recent,
        limit=_shown_limit(held, level, value),
    )


def _shown_limit(limits: Sequence[Limit], level: RiskLevel, value: float) -> float | None:
    """Return the limit that a reader wants to see beside the value."""
    same = [bound(limit) for limit in limits if limit.level == level] or [
        bound(limit) for limit in limits
    ]
    return min(same, key=lambda number: abs(number - value), default=None)
