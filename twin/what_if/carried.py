"""What the water that leaves in a year carries: concentrations of the months of the outflow."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from ingest.text import Text
from twin.buckets import Array
from twin.chemistry.stations import (
    MONTH_DAYS,
    flow_weighted_concentration,
    load_uncertainty,
)
from twin.history import DAY, History
from twin.hydrology.balance import NEEDED_SHARE
from twin.state import TwinState
from twin.water_file import WaterFile
from twin.water_state import WaterMonth


@dataclass(frozen=True)
class Carried:
    """A concentration in the water that leaves at a station.

    Parameters
    ----------
    station, quantity
        Where and what.
    concentration
        Mean of the water, weighted by flow [mg/L].
    uncertainty
        Its relative standard uncertainty [1].
    share
        Of all water that leaves, what leaves at the station [1].
    """

    station: str
    quantity: str
    concentration: float
    uncertainty: float
    share: float


def months_of_outflow(state: TwinState) -> list[WaterMonth]:
    """Return the months whose outflow is known, oldest first."""
    balance = state.water_balance
    months = balance.months if balance is not None else []
    return [month for month in months if isinstance(month.outflow.value, float)]


def carried(
    history: History, water: WaterFile | None, state: TwinState
) -> list[tuple[str, str, Carried | Text]]:
    """Return the concentrations of the stations of the outflow, or why they are not known.

    By station and quantity. They are those of the months of which the outflow of a year is made,
    so that water and load of one answer are on one basis.
    """
    chemistry, months = state.chemistry, months_of_outflow(state)
    if water is None or water.balance is None or water.loads is None or chemistry is None:
        return []
    names = water.balance.outflow_stations
    asked = [(each.station, each.quantity) for each in chemistry.loads if each.station in names]
    if not months:
        reason = Text("No whole month is known")
        return [(station, quantity, reason) for station, quantity in asked]
    days = (history.midnight - months[0].month) // DAY

    def by_month(station: str, quantity: str) -> list[Array]:
        means = history.daily_means(station, quantity, days)
        spans = [
            ((each.month - months[0].month) // DAY, (each.outflow.time - months[0].month) // DAY)
            for each in months
            if each.outflow.time is not None
        ]
        return [means[first:stop] for first, stop in spans]

    flows = {name: by_month(name, "flow") for name in names}
    volumes = {
        name: float(sum(np.nanmean(each) * len(each) for each in flows[name])) for name in names
    }
    total, rules = sum(volumes.values()), water.loads
    found: list[tuple[str, str, Carried | Text]] = []
    for station, quantity in asked:
        values, flow = by_month(station, quantity), flows[station]
        told = sum(
            int((~np.isnan(one * other)).sum()) >= MONTH_DAYS
            for one, other in zip(values, flow, strict=True)
        )
        needed = math.ceil(NEEDED_SHARE * len(months))
        if told < needed:
            reason = Text(
                "Concentration and flow together in only {count} of {needed} months of the outflow",
                {"count": told, "needed": needed},
            )
            found.append((station, quantity, reason))
            continue
        together = np.concatenate(values), np.concatenate(flow)
        mean, scatter = flow_weighted_concentration(*together)
        if math.isnan(mean):
            found.append((station, quantity, Text("No water flowed")))
            continue
        hours = 24 * int((~np.isnan(together[0] * together[1])).sum())
        spread = load_uncertainty(scatter, hours, rules.concentration_uncertainty, 0.0)
        one = Carried(station, quantity, mean, spread, volumes[station] / total)
        found.append((station, quantity, one))
    return found
