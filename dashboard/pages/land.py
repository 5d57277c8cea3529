"""Land: what land is taken and what comes back."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import plotly.graph_objects as go
from dash import ALL, Dash, Input, Output, State, ctx, dcc, html, no_update
from dash.development.base_component import Component

from dashboard import figures
from dashboard.components import card, empty, graph, row
from dashboard.page import Page, Update
from dashboard.pages._land_asked import (
    Asked,
    asked_of,
    chosen_work,
    input_title,
    plain,
    sentence,
    start_text,
)
from dashboard.pages._land_tables import tables, words
from dashboard.queries import Queries
from dashboard.view import View
from ingest.text import Text
from twin import land_use
from twin.land_use import Result

_DRAWINGS: dict[str, Callable[[View, Mapping[str, float], Sequence[Result]], go.Figure]] = {
    "land_allotment": figures.land_allotment,
    "soil_damage": figures.soil_damage,
    "territory": figures.territory,
    "cutoff_grade": figures.cutoff_grade,
    "losses_dilution": figures.losses_dilution,
    "complex_ore": figures.complex_ore,
}
#: Heights of the drawings that need more than the usual one.
_HEIGHTS = {"land_allotment": "34rem", "soil_damage": "26rem", "territory": "32rem"}


def layout(view: View) -> list[Component]:
    """Return the page below its heading."""
    inputs = [
        html.Div(starts(view), id="land-starts", className="pm-stack"),
        html.Div(fields(view), id="land-fields", className="pm-land-fields"),
        html.Div(undo(view), id="land-undo"),
    ]
    return [
        html.Div(choice(view), id="land-works"),
        row(
            card(view.t("Inputs"), html.Div(inputs, className="pm-form"), span="pm-five"),
            html.Div(results(view), id="land-results", className="pm-seven pm-column"),
        ),
    ]


def choice(view: View) -> Component:
    """Return the works, one of which is chosen."""
    chosen = chosen_work(view)
    return _links(
        [
            (
                f"{each.number}. {view.text(each.title)}",
                view.href("/land", work=name),
                name == chosen,
            )
            for name, each in land_use.works().items()
        ],
        view.t("Works of the guide"),
    )


def starts(view: View) -> list[Component]:
    """Return the inputs that one can start from, and whose they are."""
    asked = asked_of(view)
    options = [
        (view.t("The site's own"), view.href("/land", work=asked.name), asked.variant is None)
    ]
    options += [
        (
            str(each),
            view.href("/land", work=asked.name, start=str(each)),
            asked.variant == each,
        )
        for each in land_use.variants(asked.name)
    ]
    return [
        html.P(view.t("Start from the site's own inputs, or from a variant of the guide:")),
        _links(options, view.t("Starting values")),
        html.P(_said_of_start(view, asked), className="pm-quiet", role="status"),
    ]


def fields(view: View) -> list[Component]:
    """Return the inputs with their units, each with a remark."""
    asked = asked_of(view)
    remarks = _remarks(view, asked)
    return [
        _field(view, asked, each, remark)
        for each, remark in zip(asked.work.inputs, remarks, strict=True)
    ]


def undo(view: View) -> Any:
    """Return the way back to the starting values, None where nothing is changed."""
    asked = asked_of(view)
    if not asked.changed:
        return None
    start = None if asked.variant is None else str(asked.variant)
    return dcc.Link(
        view.t("Undo the changes"), href=view.href("/land", work=asked.name, start=start)
    )


def results(view: View) -> list[Component]:
    """Return the drawing and the numbered results, or why there are none."""
    asked = asked_of(view)
    title = view.t("Results")
    if asked.refusals:
        lines = [
            html.Li(f"{input_title(view, asked.work, each.name)}: {sentence(view, each)}")
            for each in asked.refusals
        ]
        text = view.t("Nothing is computed from inputs that cannot be:")
        return [card(title, [html.P(text), html.Ul(lines)])]
    if asked.results is None:
        missing = asked.work.missing(asked.values)
        titles = ", ".join(input_title(view, asked.work, name) for name in missing)
        return [
            card(
                title,
                [
                    empty(
                        view.t("Not known for this site"),
                        view.t("Not recorded: {inputs}", inputs=titles),
                    ),
                    html.P(
                        dcc.Link(
                            view.t("Start from variant 1 of the guide"),
                            href=view.href("/land", work=asked.name, start="1"),
                            className="pm-button",
                        ),
                        className="pm-land-offer",
                    ),
                ],
            )
        ]
    found = [card(title, tables(view, asked.results))]
    remarks = [html.Li(view.text(each)) for each in asked.work.remarks]
    found.append(card(view.t("Restored and assumed"), html.Ul(remarks, className="pm-quiet")))
    if asked.name in _DRAWINGS:
        values = asked.work.completed(asked.values)
        drawing = _DRAWINGS[asked.name](view, values, asked.results)
        height = _HEIGHTS.get(asked.name, "18rem")
        body = graph(view, "land-drawing", drawing, words(view, asked.results), height=height)
        found.insert(0, card(view.t("Drawing"), body))
    return found


def callbacks(app: Dash, queries: Queries) -> None:
    """Register that inputs go into the address, and that remarks follow the address.

    The inputs themselves are made anew only when the address holds other values than they do: a
    visitor who types on while an answer comes must not lose what is being typed.
    """

    @app.callback(
        Output("url", "search", allow_duplicate=True),
        Input({"type": "land-input", "input": ALL}, "value"),
        State({"type": "land-input", "input": ALL}, "id"),
        State("url", "search"),
        prevent_initial_call=True,
    )
    def change(values: list[Any], ids: list[dict[str, str]], search: str) -> Any:
        view = View(queries, "/land", search or "")
        asked = asked_of(view)
        shown = _shown(ids, values)
        if not ctx.triggered or list(shown) != list(asked.work.by_name):
            return no_update  # the inputs of another work, on their way out
        changes = {
            name: None if text in ("", start_text(asked, name)) else text
            for name, text in shown.items()
        }
        changed = view.search(**changes)
        return no_update if changed == (search or "") else changed

    @app.callback(
        Output("land-fields", "children"),
        Output({"type": "land-remark", "input": ALL}, "children"),
        Input("url", "search"),
        State({"type": "land-input", "input": ALL}, "id"),
        State({"type": "land-input", "input": ALL}, "value"),
        State("url", "pathname"),
        prevent_initial_call=True,
    )
    def follow(search: str, ids: list[dict[str, str]], values: list[Any], path: str) -> Any:
        kept = [no_update] * len(ids)
        if path != "/land":
            return no_update, kept
        view = View(queries, path, search or "")
        asked = asked_of(view)
        if _shown(ids, values) != {
            name: asked.changed.get(name, start_text(asked, name)) for name in asked.work.by_name
        }:
            return fields(view), kept
        return no_update, _remarks(view, asked)


def _shown(ids: list[dict[str, str]], values: list[Any]) -> dict[str, str]:
    """Return what stands in the inputs, as an address writes it."""
    return {
        each["input"]: plain("" if value is None else str(value))
        for each, value in zip(ids, values, strict=True)
    }


def _field(view: View, asked: Asked, each: land_use.Input, remark: Component) -> Component:
    text = asked.changed.get(each.name, start_text(asked, each.name))
    unit = view.unit(each.unit)
    title = view.text(each.title)
    return html.Label(
        [
            html.Span(f"{title}, {unit}" if unit else title),
            dcc.Input(
                id={"type": "land-input", "input": each.name},
                value=text.replace(".", ",") if view.language == "ru" else text,
                debounce=True,
                inputMode="decimal",
                autoComplete="off",
                placeholder=view.t("not recorded"),
            ),
            html.Span(remark, id={"type": "land-remark", "input": each.name}),
        ]
    )


def _remarks(view: View, asked: Asked) -> list[Component]:
    """Return for each input what is wrong with it, or where its value comes from."""
    wrong = {each.name: each for each in asked.refusals}
    return [
        html.Span(sentence(view, wrong[each.name]), className="pm-field-wrong", role="alert")
        if each.name in wrong
        else html.Span(_origin(view, asked, each), className="pm-quiet")
        for each in asked.work.inputs
    ]


def _origin(view: View, asked: Asked, each: land_use.Input) -> str:
    if each.name in asked.changed:
        return view.t("changed")
    if each.name in asked.start:
        if asked.variant is None:
            return view.t("recorded")
        return view.t("variant {number}", number=asked.variant)
    if each.assumed:
        return view.t("design assumption")
    if each.default is not None:
        return view.t("constant of the guide")
    return view.t("legal: {legal}", legal=view.text(each.legal))


def _said_of_start(view: View, asked: Asked) -> str:
    if asked.variant is not None:
        return view.t(
            "Variant {number} of the KuzSTU practical guide: starting values, not this site's.",
            number=asked.variant,
        )
    needed = [each.name for each in asked.work.inputs if each.default is None]
    return view.t(
        "The site has recorded {recorded} of the {needed} inputs that have no constant.",
        recorded=sum(name in asked.start for name in needed),
        needed=len(needed),
    )


def _links(options: Sequence[tuple[str, str, bool]], label: str) -> html.Nav:
    return html.Nav(
        [
            dcc.Link(word, href=href, className="pm-choice" + (" pm-choice-on" if chosen else ""))
            for word, href, chosen in options
        ],
        className="pm-choices pm-choices-wrap",
        **{"aria-label": label},
    )


PAGE = Page(
    path="/land",
    title=Text("Land"),
    question=Text("What land is taken and what comes back?"),
    icon="land",
    order=75,
    layout=layout,
    updates=(
        Update("land-works", "children", choice, "choice"),
        Update("land-starts", "children", starts, "choice"),
        Update("land-undo", "children", undo, "choice"),
        Update("land-results", "children", results),
    ),
    callbacks=callbacks,
)
