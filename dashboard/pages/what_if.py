"""What-if: what would happen under changed assumptions, side by side with the own forecast."""

from __future__ import annotations

from itertools import groupby
from typing import Any

from dash import ALL, Dash, Input, Output, State, ctx, dcc, html, no_update
from dash.development.base_component import Component

from dashboard import figures
from dashboard.components import card, empty, graph, no_state
from dashboard.page import Page, Update
from dashboard.pages import _what_if_saved, _what_if_tables
from dashboard.pages._what_if_asked import Asked, asked_of, may_run, shown, titled
from dashboard.queries import Queries
from dashboard.view import View, utc
from ingest.text import Text
from twin.what_if import inputs as known
from twin.what_if.changes import BadChange
from twin.what_if.tiers import HEIGHT


def layout(view: View) -> list[Component]:
    """Return the page below its heading."""
    return [
        card(
            view.t("Changes"),
            html.Div(
                [
                    html.Div(fields(view), id="whatif-fields"),
                    html.Div(undo(view), id="whatif-undo"),
                ],
                className="pm-form",
            ),
        ),
        html.Div(results(view), id="whatif-results", className="pm-column"),
        card(
            view.t("Saved variants"),
            [html.Div(_what_if_saved.listed(view), id="whatif-saved"), _what_if_saved.form(view)],
        ),
    ]


def fields(view: View) -> list[Component]:
    """Return the inputs by groups; a group with a change stands open."""
    asked = asked_of(view)
    if asked.start is None:
        return []
    remarks = dict(zip(asked.start.inputs, _remarks(view, asked), strict=True))
    found = []
    for group, members in groupby(asked.start.inputs.values(), key=lambda each: each.group):
        inputs = list(members)
        changed = any(each.key in asked.written for each in inputs)
        parts = []
        for legend, same in groupby(inputs, key=lambda each: _legend(view, each)):
            block = html.Div(
                [_field(view, asked, each, remarks[each.key]) for each in same],
                className="pm-land-fields",
            )
            if legend:
                block = html.Fieldset([html.Legend(legend), block], className="pm-whatif-subject")
            parts.append(block)
        found.append(
            html.Details(
                [html.Summary(view.text(known.GROUPS[group])), *parts],
                open=changed or group in ("drainage", "rain"),
                className="pm-fleet-form",
            )
        )
    return found


def undo(view: View) -> Any:
    """Return from which state the runs begin, and the way back to no changes."""
    asked = asked_of(view)
    if asked.start is None:
        return None
    line = html.P(
        view.t("From the state of {time}.", time=view.time(asked.start.now)),
        className="pm-quiet",
        title=utc(asked.start.now),
    )
    if not asked.written:
        return line
    back = view.href(**dict.fromkeys(asked.written))
    return html.Div([line, dcc.Link(view.t("Undo the changes"), href=back)])


def results(view: View) -> list[Component]:
    """Return the variants side by side, or why one cannot be run."""
    asked = asked_of(view)
    if asked.start is None:
        return [no_state(view)]
    found: list[Component] = []
    if asked.wrong:
        lines = [html.Li(_said(view, asked, error)) for error in asked.wrong.values()]
        text = view.t("This variant is not run: a change cannot be made.")
        found.append(card(view.t("This variant"), [html.P(text, role="alert"), html.Ul(lines)]))
    elif asked.changes and not may_run():
        text = view.t("Running and saving variants needs the role of an engineer.")
        found.append(card(view.t("This variant"), empty(text)))
    curves = [
        (_what_if_tables.name_of(view, asked, place), result.curve)
        for place, result in enumerate(asked.results)
    ]
    missing = next((each.figure.reason for each in asked.results[0].measures[:1]), None)
    drawing = figures.variants(view, asked.start.state.fill, curves, missing)
    words = "; ".join(
        f"{name}: {view.value(result.measures[0].figure)}"
        for (name, _), result in zip(curves, asked.results, strict=True)
        if result.measures and result.measures[0].name == "completion"
    )
    description = view.t(
        "Volume in the dump by variant. Plan's volume reached: {dates}", dates=words
    )
    basis = asked.results[0]
    rests = []
    if basis.rests_on is not None:
        text = view.t("Rests on: {basis}", basis=view.text(basis.rests_on))
        plan = basis.basis == "plan"
        rests = [html.P(text, className="pm-whatif-plan" if plan else "pm-quiet")]
    found.append(
        card(
            view.t("Volume through time"),
            [*rests, graph(view, "whatif-curves", drawing, description, height="24rem")],
        )
    )
    return [*found, *_what_if_tables.cards(view, asked)]


def callbacks(app: Dash, queries: Queries) -> None:
    """Register that inputs go into the address, that remarks follow it, and that one can save."""

    @app.callback(
        Output("url", "search", allow_duplicate=True),
        Input({"type": "whatif-input", "input": ALL}, "value"),
        State({"type": "whatif-input", "input": ALL}, "id"),
        State("url", "search"),
        prevent_initial_call=True,
    )
    def change(values: list[Any], ids: list[dict[str, str]], search: str) -> Any:
        view = View(queries, "/what-if", search or "")
        start = queries.what_if.start(view.at, view.known_at)
        if not ctx.triggered or start is None or not ids:
            return no_update
        changes = {
            key: text or None for key, text in _shown(ids, values).items() if key in start.inputs
        }
        changed = view.search(**changes)
        return no_update if changed == (search or "") else changed

    @app.callback(
        Output("whatif-fields", "children"),
        Output({"type": "whatif-remark", "input": ALL}, "children"),
        Input("url", "search"),
        State({"type": "whatif-input", "input": ALL}, "id"),
        State({"type": "whatif-input", "input": ALL}, "value"),
        State("url", "pathname"),
        prevent_initial_call=True,
    )
    def follow(search: str, ids: list[dict[str, str]], values: list[Any], path: str) -> Any:
        kept = [no_update] * len(ids)
        if path != "/what-if" or not ids:
            return no_update, kept
        view = View(queries, path, search or "")
        asked = asked_of(view)
        if asked.start is None:
            return no_update, kept
        typed = _shown(ids, values)
        if list(typed) != list(asked.start.inputs) or typed != {
            key: asked.written.get(key, "") for key in asked.start.inputs
        }:
            return fields(view), kept
        return no_update, _remarks(view, asked)

    _what_if_saved.callbacks(app, queries)


def _shown(ids: list[dict[str, str]], values: list[Any]) -> dict[str, str]:
    """Return what stands in the inputs, as an address writes it."""
    found = {}
    for each, value in zip(ids, values, strict=True):
        given = value[0] if isinstance(value, list) and value else value
        found[each["input"]] = "" if given is None or given == [] else str(given).strip()
    return found


def _field(view: View, asked: Asked, each: known.Input, remark: Component) -> Component:
    text = asked.written.get(each.key, "")
    name = {"type": "whatif-input", "input": each.key}
    control: Component
    if each.kind == "switch":
        option = {"label": view.t("built"), "value": "on", "disabled": not may_run()}
        control = dcc.Checklist(id=name, options=[option], value=["on"] if text == "on" else [])
    else:
        now = shown(each.now)
        if each.kind in ("number", "whole") and view.language == "ru":
            now = now.replace(".", ",")
        control = dcc.Input(
            id=name,
            value=text,
            debounce=True,
            inputMode="decimal" if each.kind in ("number", "whole") else "text",
            autoComplete="off",
            placeholder=now or _example(each),
            disabled=not may_run(),
        )
    return html.Label(
        [
            html.Span(titled(view, each) if each.group == "streams" else machine(view, each)),
            control,
            html.Span(remark, id={"type": "whatif-remark", "input": each.key}),
        ],
        className="pm-whatif-wide" if each.kind in ("order", "periods") else None,
    )


def _legend(view: View, each: known.Input) -> str:
    """Return what several inputs are together: of a stream, or the heights of tiers."""
    if each.group == "streams":
        return view.text(dict(each.subject))
    if each.key.startswith(HEIGHT):
        return view.t("Heights of the tiers, {unit}", unit=view.unit(each.unit))
    return ""


def machine(view: View, each: known.Input) -> str:
    """Return what an input is called: a count by its machine, a height by its tier."""
    return view.text(dict(each.subject)) if each.subject else titled(view, each)


def _example(each: known.Input) -> str:
    return {"date": "2027-01-01", "periods": "2027-01-01..2027-06-30"}.get(each.kind, "")


def _remarks(view: View, asked: Asked) -> list[Component]:
    """Return for each input what is wrong with it, or what may be given."""
    assert asked.start is not None
    return [
        html.Span(_sentence(view, asked.wrong[key]), className="pm-field-wrong", role="alert")
        if key in asked.wrong
        else html.Span(
            view.t("changed")
            if key in asked.written
            else (view.text(each.legal) if each.kind != "switch" else ""),
            className="pm-quiet",
        )
        for key, each in asked.start.inputs.items()
    ]


def _sentence(view: View, error: BadChange) -> str:
    if error.refusal:
        return view.text(error.legal)
    return view.t(
        "{value} cannot be used; legal: {legal}", value=error.value, legal=view.text(error.legal)
    )


def _said(view: View, asked: Asked, error: BadChange) -> str:
    assert asked.start is not None
    found = asked.start.inputs.get(error.key)
    if found is None:  # the fleet, or the tiers, cannot be as a whole
        group = known.GROUPS.get(error.key.partition(".")[0])
        said = view.text(error.legal)
        return f"{view.text(group)}: {said}" if group else said
    subject = f"{view.text(dict(found.subject))}: " if found.subject else ""
    return f"{subject}{titled(view, found)}: {_sentence(view, error)}"


PAGE = Page(
    path="/what-if",
    title=Text("What-if"),
    question=Text("What would happen if?"),
    icon="what_if",
    order=72,
    layout=layout,
    # A run begins from the state that was asked for: it does not change under the reader's eyes.
    updates=(
        Update("whatif-undo", "children", undo, "choice"),
        Update("whatif-results", "children", results, "choice"),
        Update("whatif-saved", "children", _what_if_saved.listed, "choice"),
    ),
    callbacks=callbacks,
)
