"""What the fleet can do, as a part of the state of the ground."""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache

from ingest.figure import Figure, unknown
from ingest.text import Text
from twin import VERSION
from twin.fleet.capacity import Capacity, ImpossibleFleet, capacity
from twin.fleet.inputs import Fleet, Fleets, yearly_volumes
from twin.plan import Plan
from twin.state import FillState, FleetKindState, FleetState

SOURCE = "fleet_capacity"

#: Days of a year of the weighbridge's pace [d].
YEAR = 365.25


def fleet_state(
    fleets: Fleets | None, plan: Plan | None, fill: FillState | None, at: datetime
) -> FleetState | None:
    """Return what the fleet in force can move, None for a site without one.

    Parameters
    ----------
    fill
        What the weighbridge said of the streams.
    """
    if fleets is None or plan is None:
        return None
    fleet = fleets.at(at)
    volumes = yearly_volumes(fleet, plan, at)
    planned = Figure(
        value=sum(volumes.values()),
        unit="thousand m3/y",
        time=at,
        source=plan.streams_at(at).source,
        quality="planned",
    )
    try:
        found = _capacity(fleet, tuple(volumes.items()))
    except ImpossibleFleet as error:
        return _refused(fleet, planned, error.reason, _actual(fleet, plan, fill, at), at)
    return FleetState(
        since=fleet.since,
        planned=planned,
        capacity=_figure(
            found.yearly,
            "thousand m3/y",
            at,
            Text(
                "Of the material in place; machines are shared so that most is moved, in the "
                "plan's proportion of the streams"
            ),
        ),
        share=_figure(found.share, "1", at),
        bottleneck=Figure(
            value=found.bottleneck, unit="name", time=at, source=SOURCE, version=VERSION
        ),
        actual=_actual(fleet, plan, fill, at),
        overload=_figure(found.overload, "1", at),
        kinds=[
            FleetKindState(
                role=kind.role,
                count=Figure(
                    value=kind.count,
                    unit="machines",
                    time=at,
                    source=fleet.source,
                    quality="planned",
                ),
                least=(
                    unknown(
                        "machines", Text("There is no machine of this kind"), time=at, source=SOURCE
                    )
                    if kind.least is None
                    else _figure(kind.least, "machines", at)
                ),
                share=_figure(kind.share, "1", at),
            )
            for kind in found.kinds
        ],
    )


@lru_cache(maxsize=16)
def _capacity(fleet: Fleet, volumes: tuple[tuple[str, float], ...]) -> Capacity:
    return capacity(fleet, dict(volumes))


def _figure(value: float, unit: str, at: datetime, validity: Text | None = None) -> Figure:
    return Figure(
        value=value, unit=unit, time=at, source=SOURCE, version=VERSION, validity=validity
    )


def _actual(fleet: Fleet, plan: Plan, fill: FillState | None, at: datetime) -> Figure:
    """Return the weighbridge's pace of the fleet's materials, as a volume in place."""
    streams = plan.streams_at(at).by_name
    if fill is None:
        return unknown("thousand m3/y", Text("The site has no plan"), time=at)
    volume = 0.0
    quality = "derived"
    rates = {each.stream: each.rate for each in fill.streams}
    for name in fleet.materials:
        rate = rates.get(name)
        if rate is None or name not in streams:
            continue
        if not isinstance(rate.value, int | float):
            reason = rate.reason or Text("No reading yet")
            return unknown("thousand m3/y", reason, time=rate.time, source=rate.source)
        quality = "stale" if rate.quality == "stale" else quality
        volume += rate.value * YEAR / 1000 / streams[name].bulk_density
    return Figure(
        value=volume,
        unit="thousand m3/y",
        time=at,
        source=", ".join({rate.source: None for rate in rates.values()}),
        version=VERSION,
        quality="stale" if quality == "stale" else "derived",
    )


def _refused(
    fleet: Fleet, planned: Figure, reason: Text, actual: Figure, at: datetime
) -> FleetState:
    def none(unit: str) -> Figure:
        return unknown(unit, reason, time=at, source=SOURCE)

    return FleetState(
        since=fleet.since,
        planned=planned,
        capacity=none("thousand m3/y"),
        share=none("1"),
        bottleneck=none("name"),
        actual=actual,
        overload=none("1"),
        kinds=[],
    )
