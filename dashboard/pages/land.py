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
from twin.land_use import Refusal, Result

_DRAWINGS: dict[str, Callable[[View, Mapping[str, float], Sequence[Result]], go.Figure]] = {
    "land_allotment": figures.land_allotment,
    "cutoff_grade": figures.cutoff_grade,
    "losses_dilution": figures.losses_dilution,
    "complex_ore": figures.complex_ore,
}


def layout(view: View) -> list[Component]:
    """Return the page below its heading."""
    return [
        html.Div(choice(view), id="land-works"),
        row(
            card(view.t("Inputs"), form(view), id="land-form", span="pm-five"),
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


def form(view: View) -> Component:
    """Return the inputs with their units, where each comes from, and what is wrong with it."""
    asked = asked_of(view)
    wrong = {each.name: each for each in asked.refusals}
    own = view.queries.land_use.start(asked.name, None)
    starts = [
        (
            view.t("The site's own"),
            view.href("/land", work=asked.name),
            asked.variant is None,
        )
    ]
    starts += [
        (
            str(each),
            view.href("/land", work=asked.name, start=str(each)),
            asked.variant == each,
        )
        for each in land_use.variants(asked.name)
    ]
    return html.Div(
        [
            html.P(view.t("Start from the site's own inputs, or from a variant of the guide:")),
            _links(starts, view.t("Starting values")),
            html.P(_said_of_start(view, asked, own), className="pm-quiet", role="status"),
            html.Div(
                [_field(view, asked, each, wrong.get(each.name)) for each in asked.work.inputs],
                className="pm-land-fields",
            ),
            dcc.Link(
                view.t("Undo the changes"),
                href=view.href(
                    "/land",
                    work=asked.name,
                    start=str(asked.variant) if asked.variant is not None else None,
                ),
            )
            if asked.changed
            else None,
        ],
        className="pm-form",
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
    if asked.name in _DRAWINGS:
        values = asked.work.completed(asked.values)
        drawing = _DRAWINGS[asked.name](view, values, asked.results)
        height = "30rem" if asked.name == "land_allotment" else "18rem"
        body = graph(view, "land-drawing", drawing, words(view, asked.results), height=height)
        found.insert(0, card(view.t("Drawing"), body))
    return found


def callbacks(app: Dash, queries: Queries) -> None:
    """Register that what is written into an input goes into the address."""

    @app.callback(
        Output("url", "search", allow_duplicate=True),
        Input({"type": "land-input", "input": ALL}, "value"),
        State({"type": "land-input", "input": ALL}, "id"),
        State("url", "search"),
        prevent_initial_call=True,
    )
    def change(values: list[Any], ids: list[dict[str, str]], search: str) -> Any:
        if not ctx.triggered:
            return no_update
        view = View(queries, "/land", search or "")
        asked = asked_of(view)
        changes: dict[str, str | None] = {}
        for each, value in zip(ids, values, strict=True):
            name = each["input"]
            if name not in asked.work.by_name:
                return no_update  # the form of another work that is on its way out
            text = plain(str(value if value is not None else ""))
            changes[name] = None if not text or text == start_text(asked, name) else text
        changed = view.search(**changes)
        return no_update if changed == (search or "") else changed


def _field(view: View, asked: Asked, each: land_use.Input, refusal: Refusal | None) -> Component:
    text = asked.changed.get(each.name, start_text(asked, each.name))
    shown = text.replace(".", ",") if view.language == "ru" else text
    unit = view.unit(each.unit)
    title = view.text(each.title)
    return html.Label(
        [
            html.Span(f"{title}, {unit}" if unit else title),
            dcc.Input(
                id={"type": "land-input", "input": each.name},
                value=shown,
                debounce=True,
                inputMode="decimal",
                autoComplete="off",
                placeholder=view.t("not recorded"),
                className="pm-input-wrong" if refusal else "",
            ),
            html.Span(sentence(view, refusal), className="pm-field-wrong", role="alert")
            if refusal
            else html.Span(_origin(view, asked, each), className="pm-quiet"),
        ]
    )


def _origin(view: View, asked: Asked, each: land_use.Input) -> str:
    """Return where the value of an input comes from."""
    if each.name in asked.changed:
        return view.t("changed")
    if each.name in asked.start:
        if asked.variant is None:
            return view.t("recorded")
        return view.t("variant {number}", number=asked.variant)
    if each.default is not None:
        return view.t("constant of the guide")
    return view.t("legal: {legal}", legal=view.text(each.legal))


def _said_of_start(view: View, asked: Asked, own: Mapping[str, float]) -> str:
    if asked.variant is not None:
        return view.t(
            "Variant {number} of the KuzSTU practical guide: starting values, not this site's.",
            number=asked.variant,
        )
    needed = sum(each.default is None for each in asked.work.inputs)
    recorded = sum(each.default is None and each.name in own for each in asked.work.inputs)
    return view.t(
        "The site has recorded {recorded} of the {needed} inputs that have no constant.",
        recorded=recorded,
        needed=needed,
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
        Update("land-form", "children", form, "choice"),
        Update("land-results", "children", results),
    ),
    callbacks=callbacks,
)
