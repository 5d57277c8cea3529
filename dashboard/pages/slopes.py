"""Slopes: whether they stand."""

from __future__ import annotations

from typing import Any

import plotly.graph_objects as go
from dash import dcc, html
from dash.development.base_component import Component

from dashboard import figures
from dashboard.components import (
    card,
    empty,
    figure_tile,
    graph,
    no_state,
    number,
    range_choices,
    row,
    status_badge,
    table,
    tiles,
)
from dashboard.page import Page, Update
from dashboard.status import instrument_status
from dashboard.view import View
from ingest.figure import Figure
from ingest.text import Text


def layout(view: View) -> list[Component]:
    """Return the page below its heading."""
    return [
        html.Div(key_figures(view), id="slopes-figures"),
        row(
            card(
                view.t("Profile by depth"),
                graph(
                    view,
                    "slopes-profile",
                    profile(view),
                    view.t("Displacement by depth of the chosen inclinometer, depth downwards"),
                    height="25rem",
                ),
                aside=html.Div(_name(view, "inclinometer"), id="slopes-profile-name"),
                span="pm-five",
            ),
            card(
                view.t("Pore pressure and head"),
                graph(
                    view,
                    "slopes-pressure",
                    pressure_curve(view),
                    view.t("Pore pressure or head of the chosen instrument through time"),
                    height="25rem",
                ),
                aside=html.Div(ranges(view), id="slopes-ranges"),
                span="pm-seven",
            ),
        ),
        row(
            card(view.t("Movement"), movement(view), id="slopes-movement", span="pm-five"),
            card(
                view.t("Pore pressure and head, by instrument"),
                pressure(view),
                id="slopes-table",
                span="pm-seven",
            ),
        ),
    ]


def key_figures(view: View) -> Component:
    """Return what moves and presses most."""
    twin = view.twin
    if twin is None:
        return no_state(view)
    shown: list[Component] = []
    for label, states, name in (
        (view.t("Fastest movement"), twin.movement, "rate"),
        (view.t("Largest displacement"), twin.movement, "largest"),
        (view.t("Highest pressure or head"), twin.pressure, "level"),
        (view.t("Largest rise in 7 days"), twin.pressure, "change_7d"),
    ):
        found = _extreme(states, name)
        if found is not None:
            figure: Figure = getattr(found, name)
            shown.append(
                figure_tile(
                    view,
                    label,
                    figure,
                    note=found.instrument,
                    status=_status(view, found.instrument),
                )
            )
    shown.append(figure_tile(view, view.t("Rain, 24 hours"), twin.weather.rain_24h))
    shown.append(figure_tile(view, view.t("Rain, 30 days"), twin.weather.rain_30d))
    return tiles(shown)


def ranges(view: View) -> list[Any]:
    """Return the name of the chosen instrument and the choice of the span of time."""
    return [html.Span(_name(view, "piezometer")), range_choices(view)]


def profile(view: View) -> go.Figure:
    """Return the profiles of the chosen inclinometer."""
    name = _name(view, "inclinometer")
    if not name:
        return figures.says(view, view.t("This site has no inclinometers"))
    found = view.queries.profile(name, at=view.at, known_at=view.known_at, days=90)
    return figures.profile(view, found, "resultant")


def pressure_curve(view: View) -> go.Figure:
    """Return pore pressure or head of the chosen instrument through time."""
    name = _name(view, "piezometer")
    if not name:
        return figures.says(view, view.t("This site measures no pore pressure"))
    instrument = view.instruments[name]
    known = {each.name for each in instrument.quantities}
    quantity = "pore_pressure" if "pore_pressure" in known else "head"
    frame = view.queries.buckets(
        name,
        quantity,
        start=view.start(),
        end=None if view.live else view.moment,
        known_at=view.known_at,
        count=480,
    )
    return figures.series(view, instrument, quantity, frame)


def movement(view: View) -> Any:
    """Return every inclinometer in a row."""
    states = view.twin.movement if view.twin else []
    if not states:
        return empty(view.t("Nothing to show"))
    rows = [
        [
            _link(view, "inclinometer", each.instrument),
            _badge(view, each.instrument),
            number(view, each.instrument, each.largest),
            number(view, each.instrument, each.depth),
            number(view, each.instrument, each.rate),
        ]
        for each in states
    ]
    head = [
        view.t("Instrument"),
        view.t("Status"),
        view.t("Largest"),
        view.t("Depth"),
        view.t("Rate, 7 days"),
    ]
    return table(head, rows, view.t("Movement"))


def pressure(view: View) -> Any:
    """Return every piezometer and well in a row."""
    states = view.twin.pressure if view.twin else []
    if not states:
        return empty(view.t("Nothing to show"))
    rows = [
        [
            _link(view, "piezometer", each.instrument),
            view.zone_title(each.zone),
            _badge(view, each.instrument),
            number(view, each.instrument, each.level),
            number(view, each.instrument, each.change_7d),
            number(view, each.instrument, each.change_30d),
        ]
        for each in states
    ]
    head = [
        view.t("Instrument"),
        view.t("Zone"),
        view.t("Status"),
        view.t("Now"),
        view.t("Change, 7 days"),
        view.t("Change, 30 days"),
    ]
    return table(head, rows, view.t("Pore pressure and head"))


def _status(view: View, instrument: str) -> str:
    return instrument_status(view).get(instrument, "unknown")


def _badge(view: View, instrument: str) -> html.Span:
    return status_badge(view, _status(view, instrument))


def _link(view: View, parameter: str, name: str) -> dcc.Link:
    chosen = name == _name(view, parameter)
    return dcc.Link(
        html.Strong(name) if chosen else name,
        href=view.href(**{parameter: name}),
    )


def _name(view: View, parameter: str) -> str:
    quantities = {
        "inclinometer": ("displacement_a",),
        "piezometer": ("pore_pressure", "head"),
    }[parameter]
    site = view.queries.site
    names = [each.name for quantity in quantities for each in site.with_quantity(quantity)]
    states: Any = []
    if view.twin is not None:
        states = view.twin.movement if parameter == "inclinometer" else view.twin.pressure
    most = _extreme(states, "rate" if parameter == "inclinometer" else "change_7d")
    return view.chosen(parameter, names, most.instrument if most else "")


def _extreme(states: Any, name: str) -> Any:
    known = [each for each in states if isinstance(getattr(each, name).value, int | float)]
    return max(
        known,
        key=lambda each: float(getattr(each, name).value),
        default=states[0] if states else None,
    )


PAGE = Page(
    path="/slopes",
    title=Text("Slopes"),
    question=Text("Does it stand?"),
    icon="slopes",
    order=50,
    layout=layout,
    updates=(
        Update("slopes-figures", "children", key_figures),
        Update("slopes-profile", "figure", profile),
        Update("slopes-profile-name", "children", lambda view: _name(view, "inclinometer")),
        Update("slopes-pressure", "figure", pressure_curve),
        Update("slopes-ranges", "children", ranges, "choice"),
        Update("slopes-movement", "children", movement),
        Update("slopes-table", "children", pressure),
    ),
)
