"""Instruments: what each one says."""

from __future__ import annotations

from typing import Any

import plotly.graph_objects as go
from dash import Dash, Input, Output, State, html, no_update
from dash.development.base_component import Component

from dashboard import figures
from dashboard.answers import InstrumentSummary, LatestValue
from dashboard.components import (
    card,
    choices,
    empty,
    export_button,
    facts,
    graph,
    grid,
    range_choices,
    row,
    status_badge,
)
from dashboard.page import Page, Update
from dashboard.palette import STATUSES
from dashboard.queries import Queries
from dashboard.status import instrument_status
from dashboard.view import View
from ingest.text import Text

#: Most nodes whose series are drawn at once.
_MOST_NODES = 6
_AXES = ("resultant", "a", "b")


def layout(view: View) -> list[Component]:
    """Return the page below its heading."""
    if not view.instruments:
        return [empty(view.t("This site has no instruments"))]
    return [
        card(
            view.t("All instruments"),
            grid(
                view,
                "instruments-grid",
                _columns(view),
                rows(view),
                key="name",
                height="19rem",
                selected=_chosen(view).name,
            ),
            aside=[
                html.Span(view.t("Choose a row to see its readings")),
                export_button(view, "instruments-grid"),
            ],
        ),
        html.Div(detail(view), id="instruments-detail"),
    ]


def rows(view: View) -> list[dict[str, Any]]:
    """Return a row per instrument."""
    status = instrument_status(view)
    latest: dict[str, list[LatestValue]] = {}
    for each in view.queries.latest(at=view.at, known_at=view.known_at):
        latest.setdefault(each.instrument, []).append(each)
    return [
        {
            "name": each.name,
            "type": view.text(each.type_title),
            "zone": view.text(each.zone_title),
            "status": view.text(STATUSES[status[each.name]].word),
            "level": status[each.name],
            "value": _last_words(view, each, latest.get(each.name, [])),
            "time": each.last_time.isoformat() if each.last_time else "",
            "shown": view.time(each.last_time),
        }
        for each in view.instruments.values()
    ]


def detail(view: View) -> list[Component]:
    """Return what is shown of the chosen instrument."""
    chosen = _chosen(view)
    quantity = _quantity(view, chosen)
    unit = {each.name: each for each in chosen.quantities}[quantity]
    parts: list[Component] = [
        card(
            f"{chosen.name} · {view.text(unit.title)}",
            graph(
                view,
                "instruments-series",
                series(view),
                view.t(
                    "{quantity} of {name} through time: mean, least and most",
                    quantity=view.text(unit.title),
                    name=chosen.name,
                ),
                height="22rem",
            ),
            aside=[
                choices(
                    view,
                    "quantity",
                    [(each.name, view.text(each.title)) for each in chosen.quantities],
                    quantity,
                    view.t("Quantity"),
                )
                if len(chosen.quantities) > 1
                else None,
                range_choices(view),
            ],
            span="pm-two-thirds" if chosen.node_kind != "depth" else "pm-seven",
        )
    ]
    parts.append(
        card(
            view.t("Profile by depth"),
            graph(
                view,
                "instruments-profile",
                profile(view),
                view.t("Displacement by depth of {name}, depth downwards", name=chosen.name),
                height="22rem",
            ),
            aside=choices(
                view,
                "axis",
                [("resultant", view.t("Resultant")), ("a", "A"), ("b", "B")],
                view.chosen("axis", list(_AXES)),
                view.t("Axis"),
            ),
            span="pm-five" if chosen.node_kind == "depth" else "pm-absent-part",
        )
    )
    title = view.t("About {name}", name=chosen.name)
    span = "pm-third" if chosen.node_kind != "depth" else ""
    return [row(*parts, card(title, about(view), id="instruments-about", span=span))]


def about(view: View) -> Component:
    """Return what the site's file says of the chosen instrument, and how fresh it is."""
    chosen = _chosen(view)
    place = f"{view.number(chosen.x_m)}, {view.number(chosen.y_m)} {view.unit('m')}"
    reports = view.t("with every event")
    if chosen.interval_s:
        reports = view.t("{minutes} min", minutes=round(chosen.interval_s / 60))
    return facts(
        [
            (view.t("Status"), status_badge(view, instrument_status(view)[chosen.name])),
            (view.t("Last reading"), view.time(chosen.last_time)),
            (view.t("Kind"), view.text(chosen.type_title)),
            (view.t("Zone"), view.text(chosen.zone_title)),
            (view.t("Place (east, north)"), place),
            (view.t("Level"), view.with_unit(chosen.z_m, "m")),
            (view.t("Reports every"), reports),
            (
                view.t("Stale after"),
                view.t("{hours} h", hours=round(chosen.stale_after_s / 3600, 1)),
            ),
            *_limits(view, chosen),
        ]
    )


def series(view: View) -> go.Figure:
    """Return the chosen quantity of the chosen instrument through time."""
    chosen = _chosen(view)
    quantity = _quantity(view, chosen)
    frame = view.queries.buckets(
        chosen.name,
        quantity,
        start=view.start(),
        end=None if view.live else view.moment,
        known_at=view.known_at,
        count=480,
    )
    nodes = next(each for each in chosen.quantities if each.name == quantity).nodes
    labels = [_node(view, chosen, label) for label in nodes]
    if len(nodes) > _MOST_NODES:
        step = max(1, -(-len(nodes) // _MOST_NODES))
        frame = frame[frame["node"] % step == 0]
    return figures.series(view, chosen, quantity, frame, labels)


def profile(view: View) -> go.Figure:
    """Return the profiles of the chosen inclinometer; an empty drawing for other instruments."""
    chosen = _chosen(view)
    if chosen.node_kind != "depth":
        return figures.says(view, view.t("This instrument has no profile"))
    found = view.queries.profile(chosen.name, at=view.at, known_at=view.known_at, days=90)
    axis: Any = view.chosen("axis", list(_AXES))
    return figures.profile(view, found, axis)


def callbacks(app: Dash, queries: Queries) -> None:
    """Register the choice of a row: it goes into the address, and the page follows that."""

    @app.callback(
        Output("url", "search", allow_duplicate=True),
        Input("instruments-grid", "selectedRows"),
        State("url", "search"),
        prevent_initial_call=True,
    )
    def choose(selected: Any, search: str) -> Any:
        if not isinstance(selected, list) or not selected:
            return no_update
        view = View(queries, "/instruments", search or "")
        name = selected[0]["name"]
        if _chosen(view).name == name:
            return no_update
        return view.search(instrument=name, quantity=None)


def _columns(view: View) -> list[dict[str, Any]]:
    marks = {f"pm-cell-{level}": f"params.data.level == '{level}'" for level in STATUSES}
    return [
        {"field": "name", "headerName": view.t("Instrument"), "pinned": "left", "width": 120},
        {"field": "type", "headerName": view.t("Kind"), "width": 190},
        {"field": "zone", "headerName": view.t("Zone"), "width": 170},
        {
            "field": "status",
            "headerName": view.t("Status"),
            "width": 130,
            "cellClassRules": marks,
        },
        {"field": "value", "headerName": view.t("Last value"), "width": 230, "sortable": False},
        {
            "field": "time",
            "headerName": view.t("Last reading"),
            "width": 160,
            "valueFormatter": {"function": "params.data.shown"},
        },
    ]


def _chosen(view: View) -> InstrumentSummary:
    return view.instruments[view.chosen("instrument", list(view.instruments))]


def _quantity(view: View, instrument: InstrumentSummary) -> str:
    return view.chosen("quantity", [each.name for each in instrument.quantities])


def _last_words(view: View, instrument: InstrumentSummary, latest: list[LatestValue]) -> str:
    units = {each.name: each for each in instrument.quantities}
    if any(each.nodes for each in instrument.quantities):
        return view.t("{count} nodes", count=len(instrument.quantities[0].nodes))
    few = len(instrument.quantities) <= 2
    words = []
    for each in latest[: 1 if few else 3]:
        value = view.with_unit(each.value, each.unit)
        words.append(value if few else f"{view.text(units[each.quantity].title)} {value}")
    return "; ".join(words)


def _limits(view: View, instrument: InstrumentSummary) -> list[tuple[str, str]]:
    found = []
    for quantity in instrument.quantities:
        for limit in quantity.thresholds:
            above = limit.above is not None
            value = view.with_unit(limit.above if above else limit.below, quantity.unit)
            word = view.text(STATUSES[limit.level].word)
            sign = "> " if above else "< "
            found.append((f"{word}: {view.text(quantity.title)}", sign + value))
    return found


def _node(view: View, instrument: InstrumentSummary, label: float | str) -> str:
    if instrument.node_kind == "depth" and not isinstance(label, str):
        return view.with_unit(float(label), "m")
    return view.stream_title(str(label))


PAGE = Page(
    path="/instruments",
    title=Text("Instruments"),
    question=Text("What does each one say?"),
    icon="instruments",
    order=20,
    layout=layout,
    updates=(
        Update("instruments-grid", "rowData", rows),
        Update("instruments-detail", "children", detail, "choice"),
        Update("instruments-series", "figure", series, "tick"),
        Update("instruments-profile", "figure", profile, "tick"),
        Update("instruments-about", "children", about, "tick"),
    ),
    callbacks=callbacks,
)
