"""Saved variants on the What-if page: keep one, open one, lay some side by side."""

from __future__ import annotations

from typing import Any

from dash import ALL, Dash, Input, Output, State, ctx, dcc, html, no_update
from dash.development.base_component import Component

from analytics.saved_variants import SavedVariant
from dashboard.actor import current_actor
from dashboard.components import author_input, empty, table
from dashboard.pages._what_if_asked import (
    BESIDE,
    DIVIDER,
    MOST_BESIDE,
    Asked,
    asked_of,
    may_run,
    said,
    shown,
)
from dashboard.queries import Queries
from dashboard.questions import BadQuestion, UnknownName
from dashboard.view import View, utc
from ingest.errors import ServiceError


def form(view: View) -> Component:
    """Return the form that keeps the variant of the address; hidden from who may not."""
    if not may_run():
        text = view.t("Running and saving variants needs the role of an engineer.")
        return html.P(text, className="pm-quiet")
    return html.Div(
        [
            html.Label([view.t("Name of the variant"), dcc.Input(id="whatif-name", maxLength=100)]),
            html.Label([view.t("Author"), author_input("whatif-author")]),
            html.Label([view.t("Note"), dcc.Input(id="whatif-note", maxLength=500)]),
            html.Button(view.t("Save this variant"), id="whatif-save", className="pm-button"),
            html.P("", id="whatif-answer", role="status"),
        ],
        className="pm-form",
    )


def listed(view: View) -> Any:
    """Return the saved variants, each with the ways to open it."""
    asked = asked_of(view)
    if not asked.saved:
        return empty(
            view.t("No saved variants yet"),
            view.t("Change something above and save it under a name."),
        )
    rows = [_row(view, asked, each) for each in asked.saved]
    head = [view.t("Variant"), view.t("Changes"), view.t("Saved"), view.t("Open")]
    return table(head, rows, view.t("Saved variants"))


def _row(view: View, asked: Asked, variant: SavedVariant) -> list[Any]:
    beside = asked.beside
    changes = "; ".join(
        said(view, asked.start, key, value) for key, value in variant.changes.items()
    )
    note = html.Div(variant.note, className="pm-quiet") if variant.note else None
    names = [each for each in beside if each != variant.name]
    word = view.t("Take away")
    if variant.name not in beside:
        word, names = view.t("Lay beside"), [*names, variant.name][-MOST_BESIDE:]
    loaded = {
        key: shown(tuple(value) if isinstance(value, list) else value)
        for key, value in variant.changes.items()
    }
    # A variant of a live state opens as it was known then; one of a past state at its time.
    then = {"at": None, "known_at": utc(variant.known_at)}
    if variant.at != variant.known_at:
        then = {"at": utc(variant.at), "known_at": None}
    ways = [
        (word, view.href(**{BESIDE: DIVIDER.join(names) or None})),
        (view.t("Load"), view.href("/what-if", **loaded)),
        (view.t("As it was saved"), view.href("/what-if", **{**loaded, **then})),
    ]
    return [
        html.Div([variant.name, note]),
        changes or view.t("no changes"),
        html.Div([view.time(variant.saved), html.Div(variant.author, className="pm-quiet")]),
        html.Div(
            [
                html.Div(
                    [
                        dcc.Link(
                            [text, html.Span(f": {variant.name}", className="pm-hidden")],
                            href=href,
                            className="pm-choice",
                        )
                        for text, href in ways
                    ],
                    className="pm-choices pm-choices-wrap",
                ),
                _deletion(view, variant.name) if may_run() else None,
            ]
        ),
    ]


def _deletion(view: View, name: str) -> Component:
    """Return the way to delete a variant: what it means is read before the button is there."""
    return html.Details(
        [
            html.Summary(
                [view.t("Delete"), html.Span(f": {name}", className="pm-hidden")],
                **{"data-focus": f"delete {name}"},
            ),
            html.P(
                view.t(
                    "It leaves this list for everybody, and its name can be used again. Its"
                    " inputs stay on record, with who deleted it and when."
                )
            ),
            html.Button(
                view.t("Delete “{name}”", name=name),
                id={"type": "whatif-delete", "name": name},
                className="pm-button",
            ),
        ],
        className="pm-whatif-delete",
    )


def callbacks(app: Dash, queries: Queries) -> None:
    """Register the buttons that save and delete."""

    @app.callback(
        Output("whatif-answer", "children"),
        Output("whatif-saved", "children", allow_duplicate=True),
        Input("whatif-save", "n_clicks"),
        State("whatif-name", "value"),
        State("whatif-author", "value"),
        State("whatif-note", "value"),
        State("url", "search"),
        prevent_initial_call=True,
    )
    def save(
        clicks: int | None, name: str | None, author: str | None, note: str | None, search: str
    ) -> Any:
        if not clicks:
            return no_update, no_update
        view = View(queries, "/what-if", search or "")
        if not may_run():
            refused = view.t("Your key does not allow this: it needs the role of an engineer")
            return refused, no_update
        asked = asked_of(view)
        if asked.start is None or asked.wrong or not asked.changes:
            return view.t("Nothing is changed, or a change cannot be made."), no_update
        if not (name or "").strip():
            return view.t("Give the variant a name."), no_update
        try:
            signed = current_actor().signs(author)
        except BadQuestion:
            return view.t("Give your name: the journal keeps it."), no_update
        if (name or "").strip() in [each.name for each in asked.saved]:
            return view.t("There is a variant of this name already: give another."), no_update
        try:
            queries.what_if.save(
                asked.start, name or "", asked.changes.document(), signed, note or ""
            )
        except (BadQuestion, ServiceError) as error:
            return view.t("Not saved: {reason}", reason=error), no_update
        return view.t("Saved, with your name."), listed(view)

    @app.callback(
        Output("whatif-answer", "children", allow_duplicate=True),
        Output("whatif-saved", "children", allow_duplicate=True),
        Output("url", "search", allow_duplicate=True),
        Input({"type": "whatif-delete", "name": ALL}, "n_clicks"),
        State("whatif-author", "value"),
        State("url", "search"),
        prevent_initial_call=True,
    )
    def delete(clicks: list[int | None], author: str | None, search: str) -> Any:
        if not ctx.triggered_id or not any(clicks):
            return no_update, no_update, no_update
        view = View(queries, "/what-if", search or "")
        return delete_variant(view, ctx.triggered_id["name"], author)


def delete_variant(view: View, name: str, author: str | None) -> tuple[str, Any, Any]:
    """Delete a variant for who looks; return what to say, the list, and the address without it."""
    if not may_run():
        refused = view.t("Your key does not allow this: it needs the role of an engineer")
        return refused, no_update, no_update
    try:
        signed = current_actor().signs(author)
    except BadQuestion:
        return view.t("Give your name: the journal keeps it."), no_update, no_update
    beside = asked_of(view).beside
    try:
        view.queries.what_if.delete(name, signed)
    except UnknownName:
        gone = view.t("Somebody has deleted “{name}” already.", name=name)
        return gone, listed(view), no_update
    except ServiceError as error:
        return view.t("Not deleted: {reason}", reason=error), no_update, no_update
    left = DIVIDER.join(each for each in beside if each != name)
    address = view.search(**{BESIDE: left or None}) if name in beside else no_update
    return view.t("“{name}” is deleted.", name=name), listed(view), address
