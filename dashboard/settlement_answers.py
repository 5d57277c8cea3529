"""What pages and routes read of settlement between the points and beside the plan."""

from __future__ import annotations

from datetime import datetime

import msgspec

from dashboard.questions import BadQuestion
from ingest.site import Site
from ingest.text import Text
from twin.plan import Plan
from twin.settlement.configuration import load_rules
from twin.settlement.expected import expected_band
from twin.settlement.surface import QUANTITIES, settlement_surface
from twin.state import TwinState

#: Points of the band that the plan expects.
BAND_POINTS = 40


class SettlementMap(msgspec.Struct, kw_only=True, frozen=True):
    """A quantity of the settlement points as a map, with its standard deviation.

    `mean` and `deviation` have a row for each of `y_m` and a column for each of `x_m` [m on the
    site's grid]; null outside the area between the points. `values` holds what is known of each of
    `points`, `explained` the share of their variance that the map explains between them. `reason`
    says why there is no map.
    """

    site: str
    time: datetime | None
    known_at: datetime | None
    quantity: str
    unit: str
    points: list[str]
    x_m: list[float]
    y_m: list[float]
    mean: list[list[float | None]]
    deviation: list[list[float | None]]
    length_m: float | None
    reason: Text | None
    values: list[float] = []
    explained: float | None = None


class ExpectedBand(msgspec.Struct, kw_only=True, frozen=True):
    """The settlement of a point that the plan's loads should bring [mm]."""

    times: list[datetime]
    low: list[float]
    middle: list[float]
    high: list[float]


def settlement_map(site: Site, state: TwinState | None, quantity: str) -> SettlementMap:
    """Return the map of a quantity in a state.

    Raises
    ------
    BadQuestion
        When the quantity cannot be mapped.
    """
    if quantity not in QUANTITIES:
        raise BadQuestion("quantity", quantity, f"give one of {', '.join(QUANTITIES)}")
    found = settlement_surface(site, state.settlement if state else [], quantity)
    return SettlementMap(
        site=site.name,
        time=state.time if state else None,
        known_at=state.known_at if state else None,
        quantity=found.quantity,
        unit=found.unit,
        points=found.points,
        x_m=found.x_m,
        y_m=found.y_m,
        mean=found.mean,
        deviation=found.deviation,
        length_m=found.length_m,
        reason=found.reason,
        values=found.values,
        explained=found.explained,
    )


def expected_of(
    site: Site, plan: Plan | None, point: str, start: datetime, end: datetime
) -> ExpectedBand | None:
    """Return the band that the plan expects at a point, None when nothing is expected of it.

    Up to the last measured value and no further: a forecast supposes that no load is added, the
    plan adds more.
    """
    rules = load_rules(site)
    if plan is None or rules is None or rules.expected is None or end <= start:
        return None
    if site.instruments[point].zone != rules.expected.tier:
        return None
    step = (end - start) / (BAND_POINTS - 1)
    times = [start + index * step for index in range(BAND_POINTS)]
    low, middle, high = expected_band(site, plan, rules.expected, times).round(1).tolist()
    return ExpectedBand(times=times, low=low, middle=middle, high=high)
