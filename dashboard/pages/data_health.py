"""Data health: whether what the pages say can be believed."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from dash import Dash, Input, Output, State, html, no_update
from dash.development.base_component import Component

from dashboard.actor import current_actor
from dashboard.answers import BrokerHealth, DeviceState, ProcessHealth
from dashboard.components import (
    author_input,
    card,
    export_button,
    facts,
    figure_tile,
    grid,
    row,
    status_badge,
    tiles,
)
from dashboard.i18n import translate
from dashboard.page import Page, Update
from dashboard.palette import STATUSES
from dashboard.queries import Queries
from dashboard.questions import BadQuestion
from dashboard.view import View
from ingest.figure import Figure
from ingest.store import DeadLetter
from ingest.text import Text, text_of

_SERVICES = {"twin": Text("Twin"), "risk": Text("Analysis of risks")}
_PROCESSES = {
    "ingest": Text("Ingest"),
    "forward": Text("Forwarder"),
    "twin": Text("Process of the twin"),
    "risk": Text("Process of the analysis"),
}
#: Characters of a dead letter that are shown.
_SHOWN = 120


def layout(view: View) -> list[Component]:
    """Return the page below its heading."""
    return [
        html.Div(key_figures(view), id="health-figures"),
        row(
            card(
                view.t("Freshness by instrument"),
                grid(view, "health-instruments", _columns(view), instruments(view), key="name"),
                aside=export_button(view, "health-instruments"),
                span="pm-seven",
            ),
            card(
                view.t("Store and services"), services(view), id="health-services", span="pm-five"
            ),
        ),
        card(
            view.t("Messages that could not be understood"),
            [
                grid(
                    view,
                    "health-letters",
                    _letter_columns(view),
                    letters(view),
                    key="id",
                    height="18rem",
                ),
                html.Div(retry(view), id="health-retry"),
            ],
            aside=export_button(view, "health-letters"),
        ),
        card(view.t("What was assumed"), assumptions(view), id="health-assumptions"),
    ]


def key_figures(view: View) -> Component:
    """Return how much arrives and how much does not."""
    states = [each.freshness for each in view.instruments.values()]
    health = view.queries.health()
    now = view.queries.now()  # what the store holds is never of the past

    def count(value: int, source: str, time: datetime = view.moment) -> Figure:
        return Figure(value=value, unit="1", time=time, source=source, quality="measured")

    silent = states.count("unavailable")
    return tiles(
        [
            figure_tile(
                view,
                view.t("Instruments that deliver"),
                count(states.count("current"), "store"),
                note=view.t("of {all}", all=len(states)),
            ),
            figure_tile(view, view.t("Stale"), count(states.count("stale"), "store")),
            figure_tile(view, view.t("Unavailable"), count(silent, "store")),
            figure_tile(view, view.t("Stored rows"), count(health.store.rows, "store", now)),
            figure_tile(view, view.t("Dead letters"), count(health.dead_letters, "ingest", now)),
        ]
    )


def instruments(view: View) -> list[dict[str, Any]]:
    """Return the freshness of every instrument, and how it delivered in the last days."""
    delivered = view.queries.deliveries(view.at, view.known_at)
    devices = view.queries.devices(view.at, view.known_at)
    return [
        {
            "name": each.name,
            "type": view.text(each.type_title),
            "level": each.freshness,
            "status": view.text(STATUSES[each.freshness].word),
            "time": each.last_time.isoformat() if each.last_time else "",
            "shown": view.time(each.last_time),
            "ago": view.ago(each.last_time) if each.last_time else view.t("never"),
            "delay": _rounded(delivered[each.name].mean_delay_s, 1),
            "complete": _rounded(delivered[each.name].completeness, 100),
            "flagged": _rounded(delivered[each.name].flagged, 100),
            "missing": delivered[each.name].missing,
            "restarts": delivered[each.name].restarts,
            "battery": devices[each.name].battery_v,
            "battery_low": bool(devices[each.name].battery_low),
            "battery_shown": _battery(view, devices[each.name]),
            "firmware": devices[each.name].firmware or "",
        }
        for each in view.instruments.values()
    ]


def services(view: View) -> Component:
    """Return whether the store and the services can be used, and how far they have come."""
    health = view.queries.health()
    store = health.store
    ok = view.t("Works") if store.ok else view.t("Cannot be used")
    lines: list[tuple[Any, Any]] = [
        (view.t("Store"), status_badge(view, "normal" if store.ok else "alarm", ok)),
        (view.t("Kind of store"), view.source(view.text(text_of(store.detail))) or store.backend),
        (view.t("Last change"), view.number(store.last_sequence)),
        (
            view.t("Forwarded to InfluxDB"),
            view.t("no forwarder in this run")
            if store.forwarded_sequence is None
            else view.t(
                "up to change {number} ({behind} behind)",
                number=store.forwarded_sequence,
                behind=store.last_sequence - store.forwarded_sequence,
            ),
        ),
    ]
    for service in health.services:
        name = view.text(_SERVICES.get(service.name, Text(service.name)))
        if service.state_time is None or service.behind_s is None:
            lines.append((name, status_badge(view, "unknown", view.t("No state yet"))))
            continue
        said = view.t(
            "{time}, {hours} h behind the clock",
            time=view.time(service.state_time),
            hours=round(service.behind_s / 3600, 1),
        )
        lines.append(
            (
                name,
                [status_badge(view, "stale"), " ", said] if view.late(service.state_time) else said,
            )
        )
    lines += _processes(view, health.processes)
    lines += _weakness(view, health.broker)
    lines.append((view.t("Kind of run"), view.t("Replay") if health.replay else view.t("Live")))
    first, last = view.site.first_time, view.site.last_time
    lines.append((view.t("Readings from"), view.time(first)))
    lines.append((view.t("Readings to"), view.time(last)))
    return facts(lines)


def letters(view: View) -> list[dict[str, Any]]:
    """Return the newest dead letters."""
    return [
        {
            "id": str(each.id),
            "received": each.received.isoformat(),
            "shown": view.time(each.received),
            "topic": each.topic,
            "reason": _reason(view, each),
            "size": each.size,
            "kept": view.t("whole") if each.kept else view.t("its beginning alone"),
            "resolved": f"{view.time(each.resolved)}, {each.resolved_by}" if each.resolved else "",
            "payload": each.payload[:_SHOWN].decode("utf-8", "replace"),
        }
        for each in view.queries.dead_letters(limit=200)
        if view.live or each.received <= view.moment
    ]


def retry(view: View) -> list[Component]:
    """Return the form that tries dead letters again after the site's files were put right."""
    if not view.live or not current_actor().may("engineer"):
        return []
    return [
        html.Div(
            [
                html.Label([view.t("Your name"), author_input("health-author")]),
                html.Button(
                    view.t("Try again, by the site's files as they are now"),
                    id="health-send",
                    className="pm-button",
                    n_clicks=0,
                ),
                html.P(id="health-answer", role="status", className="pm-quiet"),
            ],
            className="pm-form",
        )
    ]


def callbacks(app: Dash, queries: Queries) -> None:
    """Register the retry of dead letters."""

    @app.callback(
        Output("health-answer", "children"),
        Output("health-letters", "rowData", allow_duplicate=True),
        Input("health-send", "n_clicks"),
        State("health-author", "value"),
        State("url", "search"),
        prevent_initial_call=True,
    )
    def send(clicks: int, author: str | None, search: str) -> Any:
        if not clicks:
            return no_update, no_update
        view = View(queries, "/data-health", search)
        said = retried(view, author)
        return said, letters(view)


def retried(view: View, author: str | None) -> str:
    """Try all dead letters again and return what came of it, or why it was not done."""
    actor = current_actor()
    if not actor.may("engineer"):
        return view.t("Your key does not allow this: it needs the role of an engineer")
    try:
        signed = actor.signs(author)
    except BadQuestion:
        return view.t("Give your name: the journal keeps it.")
    try:
        done = view.queries.retry_dead_letters(signed)
    except BadQuestion as error:
        return str(error)
    return view.t(
        "Understood now: {resolved}; rows stored: {stored}; still not understood: {wrong}",
        resolved=len(done.resolved),
        stored=done.stored,
        wrong=len(done.still_wrong),
    )


def _processes(view: View, found: list[ProcessHealth]) -> list[tuple[Any, Any]]:
    """Return the broker and each process: whether it lives, and what it says of itself."""
    lines: list[tuple[Any, Any]] = []
    brokers = [
        each.numbers["broker_connected"] > 0 and each.alive
        for each in found
        if "broker_connected" in each.numbers
    ]
    if brokers:
        connected = all(brokers)
        word = view.t("Connected") if connected else view.t("Not connected")
        badge = status_badge(view, "normal" if connected else "alarm", word)
        lines.append((view.t("Broker"), badge))
    for each in found:
        name = view.text(_PROCESSES[each.name]) if each.name in _PROCESSES else each.name
        word = view.t("Works") if each.alive else view.t("Does not work")
        badge = status_badge(view, "normal" if each.alive else "alarm", word)
        lines.append(
            (name, [badge, " ", html.Span(view.source(each.detail), className="pm-quiet")])
        )
    return lines


def _weakness(view: View, broker: BrokerHealth | None) -> list[tuple[Any, Any]]:
    """Return what a kill of the broker can cost, and the cure; nothing where it costs nothing."""
    if broker is None or not broker.said:
        return []
    said = ": ".join(view.text(each) for each in broker.said)
    return [(view.t("Weakness of the broker"), html.Span(said, className="pm-quiet"))]


def assumptions(view: View) -> Component:
    """Return what the site's file assumes, and where the site's data come from."""
    site = view.queries.site
    said = [html.Li(view.text(dict(each))) for each in site.assumptions]
    return html.Div(
        [
            html.Ul(said, className="pm-explanation") if said else html.P(view.t("Nothing")),
            html.P(
                view.t("Source: {source}", source=view.source(site.source)), className="pm-quiet"
            ),
        ],
        className="pm-stack",
    )


def _columns(view: View) -> list[dict[str, Any]]:
    marks = {f"pm-cell-{level}": f"params.data.level == '{level}'" for level in STATUSES}
    return [
        {"field": "name", "headerName": view.t("Instrument"), "pinned": "left", "width": 150},
        {"field": "type", "headerName": view.t("Kind"), "width": 180},
        {"field": "status", "headerName": view.t("Status"), "width": 120, "cellClassRules": marks},
        {
            "field": "time",
            "headerName": view.t("Last reading"),
            "width": 160,
            "valueFormatter": {"function": "params.data.shown"},
        },
        {"field": "ago", "headerName": view.t("How long ago"), "width": 140, "sortable": False},
        {"field": "delay", "headerName": view.t("Mean delay, 7 days (s)"), "width": 170},
        {"field": "complete", "headerName": view.t("Complete, 7 days (%)"), "width": 170},
        {"field": "flagged", "headerName": view.t("Flagged, 7 days (%)"), "width": 170},
        {"field": "missing", "headerName": view.t("Missing numbers, 7 days"), "width": 180},
        {"field": "restarts", "headerName": view.t("Counted anew, 7 days"), "width": 170},
        {
            "field": "battery",
            "headerName": view.t("Battery (V)"),
            "width": 130,
            "valueFormatter": {"function": "params.data.battery_shown"},
            "cellClassRules": {"pm-cell-warning": "params.data.battery_low"},
        },
        {"field": "firmware", "headerName": view.t("Firmware"), "width": 110},
    ]


def _reason(view: View, letter: DeadLetter) -> str:
    """Return why a letter was not understood; names in it stay as the sender wrote them."""
    said = [translate(each, view.language) for each in letter.said]
    return "; ".join(said) or letter.reason


def _battery(view: View, device: DeviceState) -> str:
    """Return the voltage in words: a low one not by its colour alone."""
    if device.battery_v is None:
        return ""
    shown = view.number(device.battery_v)
    return view.t("{volts}, low", volts=shown) if device.battery_low else shown


def _rounded(value: float | None, factor: int) -> float | None:
    return None if value is None else round(value * factor, 1)


def _letter_columns(view: View) -> list[dict[str, Any]]:
    return [
        {
            "field": "received",
            "headerName": view.t("Received"),
            "width": 160,
            "valueFormatter": {"function": "params.data.shown"},
        },
        {"field": "topic", "headerName": view.t("Topic"), "width": 260},
        {"field": "reason", "headerName": view.t("Reason"), "width": 320},
        {"field": "resolved", "headerName": view.t("Resolved"), "width": 180},
        {"field": "size", "headerName": view.t("Bytes"), "width": 110},
        {"field": "kept", "headerName": view.t("Kept"), "width": 150},
        {"field": "payload", "headerName": view.t("Payload"), "width": 260},
    ]


PAGE = Page(
    path="/data-health",
    title=Text("Data health"),
    question=Text("Can I believe it?"),
    icon="data_health",
    order=90,
    layout=layout,
    callbacks=callbacks,
    updates=(
        Update("health-figures", "children", key_figures),
        Update("health-instruments", "rowData", instruments),
        Update("health-services", "children", services),
        Update("health-letters", "rowData", letters),
    ),
)
