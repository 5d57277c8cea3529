"""The part of the Instruments page where engineers set and lift flags, and say why."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from dash import Dash, Input, Output, State, dcc, html, no_update
from dash.development.base_component import Component

from dashboard.actor import current_actor
from dashboard.answers import InstrumentSummary
from dashboard.components import author_input, card, facts
from dashboard.queries import Queries
from dashboard.questions import BadQuestion
from dashboard.view import View
from ingest.errors import ServiceError
from ingest.import_map import read_time
from ingest.store.ground import FlagEntry
from ingest.text import Text

FLAG_WORDS = {
    "out_of_range": Text("out of range"),
    "too_fast": Text("changed too fast"),
    "spike": Text("spike"),
    "stuck": Text("stuck"),
    "gap": Text("after a gap"),
    "late": Text("late"),
    "low_battery": Text("low battery"),
    "disagrees": Text("disagrees with its twin"),
    "rejected": Text("rejected by a person"),
}
_ACTIONS = {"set": Text("Set"), "lift": Text("Lift")}
_DONE = {"set": Text("set"), "lift": Text("lifted")}
#: Most entries of the journal that are shown.
_MOST = 20
_ALL_NODES = "all"
#: Returns the words for a node of an instrument.
NodeWords = Callable[[View, InstrumentSummary, float | str], str]


def flag_cards(view: View, chosen: InstrumentSummary, quantity: str, node: NodeWords) -> list[Any]:
    """Return the form, for whom it is, and what was said of the chosen instrument's flags."""
    said = card(
        view.t("Flags set and lifted by people"),
        journal(view, chosen),
        id="instruments-flags",
        span="pm-two-thirds",
    )
    if not view.live or not current_actor().may("engineer"):
        return [said]
    return [
        card(view.t("Flag readings"), _form(view, chosen, quantity, node), span="pm-third"),
        said,
    ]


def journal(view: View, chosen: InstrumentSummary) -> Component:
    """Return the last words of engineers on flags of an instrument: who, when, why."""
    moments = [each for each in (view.at, view.known_at) if each is not None]
    found = [
        each
        for each in _entries(view.queries, chosen.name)
        if all(each.time <= moment for moment in moments)
    ][:_MOST]
    if not found:
        return html.P(view.t("Nobody has set or lifted a flag of it"), className="pm-quiet")
    titles = {each.name: each.title for each in chosen.quantities}
    return facts([(view.time(each.time), _words(view, each, titles)) for each in found])


def _entries(queries: Queries, instrument: str) -> Sequence[FlagEntry]:
    found: list[FlagEntry] = []
    before = None
    while len(found) < _MOST and (page := queries.flag_journal(limit=200, before=before)):
        found += [each for each in page if each.instrument == instrument]
        before = page[-1].id
    return found


def _words(view: View, entry: FlagEntry, titles: dict[str, dict[str, str]]) -> str:
    start = view.t("the beginning") if entry.start is None else view.time(entry.start)
    end = view.t("on") if entry.end is None else view.time(entry.end)
    said = view.t(
        "{quantity}: “{flag}” {done}, from {start} to {end}",
        quantity=view.text(titles.get(entry.quantity, entry.quantity)),
        flag=view.text(FLAG_WORDS.get(entry.flag, Text(entry.flag))),
        done=view.text(_DONE[entry.action]),
        start=start,
        end=end,
    )
    return " · ".join((said, entry.author, entry.reason))


def _form(view: View, chosen: InstrumentSummary, quantity: str, node: NodeWords) -> Component:
    asked = next(each for each in chosen.quantities if each.name == quantity)
    nodes = [(str(index), node(view, chosen, label)) for index, label in enumerate(asked.nodes)]
    return html.Div(
        [
            html.P(
                view.t("Of {quantity}; nothing is deleted", quantity=view.text(asked.title)),
                className="pm-quiet",
            ),
            _choice(
                view.t("What to do"),
                "action",
                [(name, view.text(word)) for name, word in _ACTIONS.items()],
                "set",
            ),
            _choice(
                view.t("Flag"),
                "flag",
                [(name, view.text(word)) for name, word in FLAG_WORDS.items()],
                "rejected",
            ),
            html.Div(
                _choice(
                    view.t("Node"), "node", [(_ALL_NODES, view.t("All nodes")), *nodes], _ALL_NODES
                ),
                hidden=not nodes,
            ),
            _input(view.t("First reading, by the site's clocks"), "from", "2026-03-01 14:30"),
            _input(view.t("Up to, not with it; empty: on"), "to", "2026-03-02 00:00"),
            html.Label([view.t("Your name"), author_input("instruments-flag-author")]),
            _input(view.t("Why"), "reason", ""),
            html.Button(
                view.t("Write it down"),
                id="instruments-flag-send",
                className="pm-button",
                n_clicks=0,
            ),
            html.P(id="instruments-flag-answer", role="status", className="pm-quiet"),
        ],
        className="pm-form",
    )


def _choice(title: str, name: str, options: Sequence[tuple[str, str]], value: str) -> Component:
    return html.Label(
        [
            title,
            dcc.Dropdown(
                id=f"instruments-flag-{name}",
                options=[{"label": label, "value": key} for key, label in options],
                value=value,
                clearable=False,
            ),
        ]
    )


def _input(title: str, name: str, example: str) -> Component:
    return html.Label([title, dcc.Input(id=f"instruments-flag-{name}", placeholder=example)])


def callbacks(
    app: Dash,
    queries: Queries,
    chosen: Callable[[View], InstrumentSummary],
    quantity: Callable[[View, InstrumentSummary], str],
) -> None:
    """Register the button of the form."""

    @app.callback(
        Output("instruments-flag-answer", "children"),
        Output("instruments-flags", "children", allow_duplicate=True),
        Input("instruments-flag-send", "n_clicks"),
        State("instruments-flag-action", "value"),
        State("instruments-flag-flag", "value"),
        State("instruments-flag-node", "value"),
        State("instruments-flag-from", "value"),
        State("instruments-flag-to", "value"),
        State("instruments-flag-author", "value"),
        State("instruments-flag-reason", "value"),
        State("url", "search"),
        prevent_initial_call=True,
    )
    def write(
        clicks: int,
        action: Any,
        flag: str,
        node: str,
        start: str | None,
        end: str | None,
        author: str | None,
        reason: str | None,
        search: str,
    ) -> Any:
        if not clicks:
            return no_update, no_update
        view = View(queries, "/instruments", search)
        actor = current_actor()
        if not actor.may("engineer"):
            refused = view.t("Your key does not allow this: it needs the role of an engineer")
            return refused, no_update
        zone = ZoneInfo(queries.site.time_zone)
        try:
            first = _moment(start, zone)
            last = _moment(end, zone)
        except ValueError:
            return view.t("Give times such as 2026-03-01 14:30."), no_update
        if first is None:
            return view.t("Give times such as 2026-03-01 14:30."), no_update
        try:
            signed = actor.signs(author)
        except BadQuestion:
            return view.t("Give your name: the journal keeps it."), no_update
        if not (reason or "").strip():
            return view.t("Say why: who reads it later has to know."), no_update
        if last is not None and last <= first:
            return view.t("The stretch ends before it begins."), no_update
        instrument = chosen(view)
        try:
            queries.write_flag(
                FlagEntry(
                    instrument=instrument.name,
                    quantity=quantity(view, instrument),
                    node=None if node == _ALL_NODES else int(node),
                    start=first,
                    end=last,
                    flag=flag,
                    action=action,
                    author=signed,
                    reason=(reason or "").strip(),
                    time=queries.now(),
                )
            )
        except (BadQuestion, ServiceError) as error:
            return str(error), no_update
        return view.t("Written down, with your name."), journal(view, instrument)


def _moment(text: str | None, zone: ZoneInfo) -> datetime | None:
    return None if not (text or "").strip() else read_time(text or "", zone)
