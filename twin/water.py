"""Water of the drainage: each quantity now, its month, and how the month has changed it."""

from __future__ import annotations

import numpy as np

from ingest.figure import Figure, unknown
from ingest.text import Text
from twin.buckets import Array
from twin.current import Current
from twin.history import History
from twin.state import WaterState

#: What makes an instrument a water station.
QUALITY = {"ph", "conductivity", "sulfate", "iron", "arsenic", "turbidity"}

#: Days with values that a mean needs, of its 30 or 7 (design assumption).
NEEDED = {30: 20, 7: 4}


def waters(current: Current, history: History) -> list[WaterState]:
    """Return the state of every quantity of every water station, in the site's order."""
    states = []
    for instrument in current.site:
        if QUALITY.isdisjoint(current.site.type_of(instrument.name).quantities):
            continue
        for quantity in current.site.type_of(instrument.name).results:
            value = current.figure(instrument.name, quantity)
            days = history.daily_means(instrument.name, quantity, 37)
            recent, before, month = days[-7:], days[:7], days[-30:]
            change = _mean(recent) - _mean(before)
            states.append(
                WaterState(
                    station=instrument.name,
                    zone=instrument.zone,
                    quantity=quantity,
                    value=value,
                    mean_30d=_figure(value, history, _mean(month), month),
                    change_30d=_figure(
                        value, history, change, recent if np.isnan(_mean(recent)) else before
                    ),
                )
            )
    return states


def _mean(days: Array) -> float:
    there = days[~np.isnan(days)]
    return float(there.mean()) if len(there) >= NEEDED[len(days)] else float("nan")


def _figure(value: Figure, history: History, number: float, days: Array) -> Figure:
    """Return a number that rests on days, or why it cannot be had."""
    if value.reason is not None:
        return value
    if np.isnan(number):
        return unknown(
            value.unit,
            Text(
                "Only {count} of {needed} days with values",
                {"count": int((~np.isnan(days)).sum()), "needed": NEEDED[len(days)]},
            ),
            time=history.midnight,
            source=value.source,
        )
    return Figure(
        value=number,
        unit=value.unit,
        time=history.midnight,
        source=value.source,
        quality="stale" if value.quality == "stale" else "derived",
    )
