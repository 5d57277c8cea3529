"""What analytics remembers of the readings between two states, and how new readings change it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

import msgspec

from analytics.channel import Channel, judged
from analytics.foretold import Foretold
from analytics.levels import GRAVITY, DatedLimits, Limit, bound, level_of
from analytics.site_files import Rules
from ingest.clock import EPOCH, from_ns
from ingest.freshness import freshness
from ingest.site import Instrument, Level, Site
from ingest.store import Row

#: A shower is over before three readings of it could come.
EVENTS = frozenset({"rain"})
#: Days that are remembered for the completeness of the data.
DAYS = 8


class PastExceedance(msgspec.Struct, frozen=True, kw_only=True):
    """Values that crossed a limit but came too late to warn of."""

    instrument: str
    quantity: str
    node: int
    level: Level
    start: datetime
    end: datetime
    worst: float
    limit: float
    count: int
    unit: str


class Watch(msgspec.Struct, kw_only=True):
    """All that is remembered; it is stored with every assessment, so that a kill loses nothing.

    Parameters
    ----------
    time
        The last state that was assessed.
    cursor
        The last change of the store that was read whole.
    partial
        The change after it, if a part of it had arrived by `time` and was read already, else 0.
    channels
        Per "instrument/quantity/node" or "indicator/subject".
    last_reading
        Time of the last measured reading per instrument.
    days
        Days (UTC, counted from 1970) with readings, per instrument.
    unchanged
        Last values of an instrument's first node, and the time since which they have been the same.
    foretold
        Forecasts of settlement of the past weeks, oldest first, per point.
    unusual
        How many states in a row the whole site looked unusual.
    turn
        Which of the two places the watch was written to last.
    """

    time: datetime | None = None
    cursor: int = 0
    partial: int = 0
    channels: dict[str, Channel] = {}
    last_reading: dict[str, datetime] = {}
    days: dict[str, list[int]] = {}
    unchanged: dict[str, tuple[dict[str, float], datetime]] = {}
    foretold: dict[str, list[Foretold]] = {}
    unusual: int = 0
    turn: int = 0


def channel_key(instrument: str, quantity: str, node: int) -> str:
    """Return the name of a measured channel."""
    return f"{instrument}/{quantity}/{node}"


def absorb(
    watch: Watch, rows: Iterable[Row], site: Site, rules: Rules, at: datetime
) -> list[PastExceedance]:
    """Take the rows that had arrived by `at` into the watch; return the late exceedances.

    Rows are taken in the order of their own times, so that the order in which one batch arrived
    does not matter. A reading that is older than the silence its type allows, or older than what
    was judged already, is late: it is never judged live.
    """
    late: dict[tuple[str, str, int, Level], PastExceedance] = {}
    dated = _dated_limits(site)
    for row in sorted(rows, key=lambda row: (row.time, row.instrument, row.node, row.received)):
        instrument = site.instruments.get(row.instrument)
        if instrument is None:
            continue
        time = from_ns(row.time)
        if not row.values:
            continue
        before = watch.last_reading.get(row.instrument)
        watch.last_reading[row.instrument] = time if before is None else max(before, time)
        if row.node == 0 and (before is None or time > before):
            held = watch.unchanged.get(row.instrument)
            if held is None or held[0] != row.values:
                watch.unchanged[row.instrument] = (row.values, time)
        _mark_day(watch, row.instrument, time)
        for quantity, value in row.values.items():
            limits = dated.get((row.instrument, quantity))
            if limits is None or quantity in row.flags:
                continue
            held = limits.at(time)
            if held:
                _judge(watch, row, instrument, quantity, value, site, rules, held, late)
    oldest = (at - EPOCH) // timedelta(days=1) - DAYS
    for name, days in watch.days.items():
        if days and days[0] < oldest:
            watch.days[name] = [day for day in days if day >= oldest]
    return [late[key] for key in sorted(late)]


def _dated_limits(site: Site) -> dict[tuple[str, str], DatedLimits]:
    """Return the limits of the site file by (instrument, quantity)."""
    return {
        (instrument.name, quantity): DatedLimits(
            limit for limit in instrument.thresholds if limit.quantity == quantity
        )
        for instrument in site
        for quantity in {limit.quantity for limit in instrument.thresholds}
    }


def _judge(
    watch: Watch,
    row: Row,
    instrument: Instrument,
    quantity: str,
    value: float,
    site: Site,
    rules: Rules,
    held: list[Limit],
    late: dict[tuple[str, str, int, Level], PastExceedance],
) -> None:
    time, kind = from_ns(row.time), site.type_of(instrument.name)
    key = channel_key(instrument.name, quantity, row.node)
    channel = watch.channels.get(key, Channel())
    old = freshness(time, kind, from_ns(row.received)) != "current"
    if old or (channel.time is not None and time <= channel.time):
        _note_late(late, row, quantity, value, site, held)
        return
    if channel.time is not None and freshness(channel.time, kind, time) == "unavailable":
        # After a long silence the last readings before it no longer belong to the same run.
        channel = msgspec.structs.replace(channel, recent=[])
    watch.channels[key] = judged(
        channel,
        value,
        time,
        held,
        raise_after=1 if quantity in EVENTS else rules.raise_after_readings,
        return_after=rules.return_after_readings,
        deadband=rules.deadband,
    )


def _note_late(
    late: dict[tuple[str, str, int, Level], PastExceedance],
    row: Row,
    quantity: str,
    value: float,
    site: Site,
    held: list[Limit],
) -> None:
    time = from_ns(row.time)
    level, limit = level_of(value, held, "normal", 0.0)
    if limit is None or GRAVITY[level] < GRAVITY["advisory"]:
        return
    key = (row.instrument, quantity, row.node, limit.level)
    found = late.get(key)
    worst = value
    if found is not None:
        worse = max if limit.above is not None else min
        worst = worse(found.worst, value)
    late[key] = PastExceedance(
        instrument=row.instrument,
        quantity=quantity,
        node=row.node,
        level=limit.level,
        start=time if found is None else min(found.start, time),
        end=time if found is None else max(found.end, time),
        worst=worst,
        limit=bound(limit),
        count=1 if found is None else found.count + 1,
        unit=site.type_of(row.instrument).quantities[quantity].canonical_unit,
    )


def _mark_day(watch: Watch, instrument: str, time: datetime) -> None:
    day = (time - EPOCH) // timedelta(days=1)
    days = watch.days.setdefault(instrument, [])
    if not days or day > days[-1]:
        days.append(day)
    elif day not in days:
        days.append(day)
        days.sort()
