"""Instruments: what each one says."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

import plotly.graph_objects as go
from dash import Dash, Input, Output, State, dcc, html, no_update
from dash.development.base_component import Component

from dashboard import figures
from dashboard.actor import current_actor
from dashboard.answers import InstrumentSummary, LatestValue
from dashboard.components import (
    author_input,
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
from dashboard.icons import icon
from dashboard.page import Page, Update
from dashboard.pages import _flags
from dashboard.palette import STATUSES
from dashboard.queries import Queries
from dashboard.questions import BadQuestion
from dashboard.status import instrument_status
from dashboard.view import View
from ingest.clock import iso
from ingest.import_map import read_number, read_time
from ingest.text import Text

#: Most nodes whose series are drawn at once.
_MOST_NODES = 6
#: Most readings by hand that are shown.
_MOST_BY_HAND = 20
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
                _export_link(view, chosen, quantity),
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
    read = card(
        view.t("Read by people"), by_hand(view), id="instruments-by-hand", span="pm-two-thirds"
    )
    form = card(view.t("Reading by hand"), _form(view, chosen, quantity), span="pm-third")
    return [
        row(*parts, card(title, about(view), id="instruments-about", span=span)),
        row(form, read) if view.live else row(read),
        row(*_flags.flag_cards(view, chosen, quantity, _node)),
    ]


def by_hand(view: View) -> Component:
    """Return the last readings of the chosen instrument that people made, and who they were."""
    chosen = _chosen(view)
    titles = {each.name: each.title for each in chosen.quantities}
    found = [
        each
        for each in view.queries.hand_readings(chosen.name, limit=_MOST_BY_HAND)
        if (view.at is None or each.time <= view.at)
        and (view.known_at is None or each.received <= view.known_at)
    ]
    if not found:
        return html.P(view.t("Nobody has read this instrument by hand"), className="pm-quiet")
    return facts(
        [
            (
                f"{view.time(each.time)} · {view.text(titles[each.quantity])}",
                " · ".join(
                    part
                    for part in (view.with_unit(each.value, each.unit), each.author, each.note)
                    if part
                ),
            )
            for each in found
            if each.quantity in titles
        ]
    )


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
    """Register the choice of a row, which goes into the address, and both forms."""
    _flags.callbacks(app, queries, _chosen, _quantity)

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

    @app.callback(
        Output("instruments-hand-answer", "children"),
        Output("instruments-by-hand", "children", allow_duplicate=True),
        Input("instruments-hand-send", "n_clicks"),
        State("instruments-hand-node", "value"),
        State("instruments-hand-value", "value"),
        State("instruments-hand-time", "value"),
        State("instruments-hand-author", "value"),
        State("instruments-hand-note", "value"),
        State("url", "search"),
        prevent_initial_call=True,
    )
    def send(
        clicks: int,
        node: float | str | None,
        value: str | None,
        time: str | None,
        author: str | None,
        note: str | None,
        search: str,
    ) -> Any:
        if not clicks:
            return no_update, no_update
        view = View(queries, "/instruments", search)
        actor = current_actor()
        if not actor.may("operator"):
            return view.t("Your key may read alone"), no_update
        chosen = _chosen(view)
        try:
            number = read_number(value or "", (), "," if "," in (value or "") else ".")
            moment = read_time(time or "", ZoneInfo(queries.site.time_zone))
        except ValueError:
            number = None
        if number is None:
            return view.t("Give a number, and a time such as 2026-03-01 14:30."), no_update
        try:
            signed = actor.signs(author)
        except BadQuestion:
            return view.t("Give your name: the journal keeps it."), no_update
        try:
            queries.add_by_hand(
                chosen.name,
                _quantity(view, chosen),
                number,
                time=moment,
                author=signed,
                note=(note or "").strip(),
                node=node,
            )
        except BadQuestion:
            return view.t("Refused: the time lies in the future, or is none."), no_update
        return view.t("Stored, and kept with your name."), by_hand(view)


def _form(view: View, chosen: InstrumentSummary, quantity: str) -> Component:
    """Return where somebody writes down what they have read."""
    asked = next(each for each in chosen.quantities if each.name == quantity)
    kind = view.queries.site.type_of(chosen.name).quantities[quantity]
    nodes = list(asked.nodes)
    return html.Div(
        [
            html.Label(
                [
                    view.t("Node"),
                    dcc.Dropdown(
                        id="instruments-hand-node",
                        options=[
                            {"label": _node(view, chosen, node), "value": node} for node in nodes
                        ],
                        value=nodes[0] if nodes else None,
                        clearable=False,
                    ),
                ],
                hidden=not nodes,
            ),
            html.Label(
                [
                    f"{view.text(asked.title)}, {view.unit(kind.unit)}",
                    dcc.Input(id="instruments-hand-value", inputMode="decimal"),
                ]
            ),
            html.Label(
                [
                    view.t("Time of the reading, by the site's clocks"),
                    dcc.Input(id="instruments-hand-time", placeholder="2026-03-01 14:30"),
                ]
            ),
            html.Label([view.t("Your name"), author_input("instruments-hand-author")]),
            html.Label([view.t("Note"), dcc.Input(id="instruments-hand-note")]),
            html.Button(
                view.t("Store the reading"),
                id="instruments-hand-send",
                className="pm-button",
                n_clicks=0,
            ),
            html.P(id="instruments-hand-answer", role="status", className="pm-quiet"),
        ],
        className="pm-form",
    )


def _export_link(view: View, chosen: InstrumentSummary, quantity: str) -> Component:
    """Return the link to the shown readings as a file."""
    asked = {"instrument": chosen.name, "quantity": quantity}
    start = view.start()
    times = {"from": start, "at": None if view.live else view.moment, "known_at": view.known_at}
    asked |= {name: iso(time) for name, time in times.items() if time is not None}
    return html.A(
        [icon("export", 15), view.t("Export CSV")],
        href=f"/api/v1/sites/{view.queries.site.name}/readings.csv?{urlencode(asked)}",
        download=f"{chosen.name}.csv",
        className="pm-button",
    )


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
