"""Water stations: each quantity against its limits, through time, and the weather beside it."""

from __future__ import annotations

from typing import Any

import pandas as pd
import plotly.graph_objects as go
from dash import html
from dash.development.base_component import Component

from dashboard import figures
from dashboard.answers import InstrumentSummary, ThresholdSummary
from dashboard.components import (
    empty,
    facts,
    figure_tile,
    no_state,
    number,
    pick,
    range_choices,
    status_badge,
    table,
    tiles,
)
from dashboard.palette import LEVELS
from dashboard.view import View
from twin.state import WaterState

#: What people look at first, in this order, where it is measured.
_FIRST = ("ph", "sulfate", "arsenic", "iron", "conductivity", "turbidity")


def key_figures(view: View) -> Component:
    """Return of each quantity the station that is worst against its limits."""
    if view.twin is None:
        return no_state(view)
    states = view.twin.water
    if not states:
        return empty(view.t("This site measures no water chemistry"))
    shown = []
    for quantity in _FIRST:
        of_it = [each for each in states if each.quantity == quantity]
        if not of_it:
            continue
        worst = max(of_it, key=lambda each: _badness(view, each))
        level, limit = _judged(view, worst)
        shown.append(
            figure_tile(
                view,
                _title(view, of_it[0].station, quantity),
                worst.value,
                note=f"{worst.station} · "
                + (view.t("limit {value}", value=limit) if limit else view.t("no limit")),
                status=level,
            )
        )
    return tiles(shown)


def curve(view: View) -> go.Figure:
    """Return the chosen quantity through time, all stations of the site together."""
    instrument, quantity = _chosen(view)
    if instrument is None:
        return figures.says(view, view.t("This site measures no water chemistry"))
    frame = view.queries.buckets(
        instrument.name,
        quantity,
        start=view.start("1y"),
        end=None if view.live else view.moment,
        known_at=view.known_at,
        count=480,
    )
    return figures.series(view, instrument, quantity, frame)


def ranges(view: View) -> list[Any]:
    """Return what is drawn, and the choice of the span of time."""
    instrument, quantity = _chosen(view)
    name = f"{instrument.name} · {_title(view, instrument.name, quantity)}" if instrument else ""
    return [html.Span(name), range_choices(view, "1y")]


def weather(view: View) -> Any:
    """Return the rain of the last days and the air."""
    if view.twin is None:
        return None
    air = view.twin.weather
    lines = [
        (view.t("Rain, 24 hours"), air.rain_24h),
        (view.t("Rain, 7 days"), air.rain_7d),
        (view.t("Rain, 30 days"), air.rain_30d),
        (view.t("Air temperature"), air.air_temperature),
        (view.t("Atmospheric pressure"), air.atmospheric_pressure),
    ]
    return facts([(name, number(view, name, figure)) for name, figure in lines])


def rain(view: View) -> go.Figure:
    """Return the rain of the last 30 days, by day."""
    gauges = view.queries.site.with_quantity("rain")
    if not gauges:
        return figures.says(view, view.t("This site measures no rain"))
    end = view.moment
    frame = view.queries.buckets(
        gauges[0].name,
        "rain",
        start=end - pd.Timedelta(days=30).to_pytimedelta(),
        end=end,
        known_at=view.known_at,
        count=30,
        trusted=True,
    )
    return figures.rain(view, frame)


def stations(view: View) -> Any:
    """Return every quantity of every station in a row, worst first."""
    states = view.twin.water if view.twin else []
    if not states:
        return empty(view.t("Nothing to show"))
    instrument, quantity = _chosen(view)
    rows = []
    for each in sorted(states, key=lambda state: -_badness(view, state)):
        level, limit = _judged(view, each)
        title = _title(view, each.station, each.quantity)
        label = f"{each.station}, {title}"
        on = instrument is not None and (instrument.name, quantity) == (each.station, each.quantity)
        rows.append(
            [
                pick(view, each.station, on, station=each.station, quantity=each.quantity),
                title,
                status_badge(view, level),
                number(view, label, each.value),
                limit,
                number(view, label, each.mean_30d),
                number(view, label, each.change_30d),
            ]
        )
    head = [
        view.t("Station"),
        view.t("Quantity"),
        view.t("Status"),
        view.t("Now"),
        view.t("Limit"),
        view.t("Mean, 30 days"),
        view.t("Change, 30 days"),
    ]
    return table(head, rows, view.t("Stations and limits"))


def _chosen(view: View) -> tuple[InstrumentSummary | None, str]:
    names = [each.name for each in view.queries.site.of_type("water_station")]
    if not names:
        return None, ""
    instrument = view.instruments[view.chosen("station", names)]
    known = [each.name for each in instrument.quantities]
    first = next((each for each in _FIRST[1:] if each in known), known[0])
    return instrument, view.chosen("quantity", known, first)


def _title(view: View, station: str, quantity: str) -> str:
    kind = view.queries.site.type_of(station)
    return view.text(dict(kind.quantities[quantity].title))


def _limits(view: View, state: WaterState) -> list[ThresholdSummary]:
    quantities = view.instruments[state.station].quantities
    return next((list(each.thresholds) for each in quantities if each.name == state.quantity), [])


def _judged(view: View, state: WaterState) -> tuple[str, str]:
    """Return the level that the value has by the limits in force, and the nearest limit."""
    value, limits = state.value.value, _limits(view, state)
    if not isinstance(value, int | float):
        return "unavailable", ""
    passed = [each for each in limits if _passes(value, each)]
    level = max((each.level for each in passed), key=LEVELS.index, default="normal")
    if state.value.quality in ("stale", "unavailable"):
        level = state.value.quality
    order = sorted(limits, key=lambda each: LEVELS.index(each.level))
    nearest = next((each for each in order if each not in passed), order[-1] if order else None)
    if nearest is None:
        return level, ""
    above = nearest.above is not None
    bound = nearest.above if above else nearest.below
    text = view.with_unit(bound, state.value.unit)
    return level, ("≤ " if above else "≥ ") + text


def _passes(value: float, limit: ThresholdSummary) -> bool:
    if limit.above is not None:
        return value > limit.above
    return limit.below is not None and value < limit.below


def _badness(view: View, state: WaterState) -> float:
    """Return how bad a value is against its limits, for the order of the table alone."""
    value = state.value.value
    if not isinstance(value, int | float):
        return -1.0
    ratios = [
        value / each.above if each.above else (each.below or 0.0) / max(value, 1e-9)
        for each in _limits(view, state)
    ]
    return max(ratios, default=0.0)
