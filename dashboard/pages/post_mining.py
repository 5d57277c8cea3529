"""Post-mining 6.0: what this land will be."""

from __future__ import annotations

from typing import Any

from dash import html
from dash.development.base_component import Component

from analytics.assessment import Component as Part
from analytics.assessment import PostMining
from dashboard.components import bar, card, empty, export_button, grid, how_button
from dashboard.icons import icon
from dashboard.page import Page, Update
from dashboard.view import View
from ingest.text import Text


def layout(view: View) -> list[Component]:
    """Return the page below its heading."""
    return [
        html.Div(stage(view), id="post-stage"),
        html.Div(components(view), id="post-components"),
        card(
            view.t("Territory indicators"),
            grid(view, "post-territory", _columns(view), territory(view), key="name"),
            aside=export_button(view, "post-territory"),
        ),
    ]


def stage(view: View) -> Any:
    """Return the stage that the recorded evidence supports, and how it follows."""
    found = _found(view)
    if found is None:
        return card(
            view.t("Stage"),
            empty(view.t("No assessment yet"), view.t("It follows the first state of the twin.")),
        )
    reached = str(found.stage.value or "")
    steps = [
        html.Li(
            f"{number}.0",
            className="pm-step" + (" pm-step-on" if f"{number}.0" == reached else ""),
            **({"aria-current": "step"} if f"{number}.0" == reached else {}),
        )
        for number in range(1, 7)
    ]
    label = view.t("Stage of post-mining")
    return html.Section(
        [
            html.Div(
                [
                    html.Span(view.value(found.stage), className="pm-stage-number"),
                    html.Div(
                        [
                            html.Span(
                                [label, " ", how_button(view, label, found.stage)],
                                className="pm-tile-label",
                            ),
                            html.H2(view.text(found.stage_title), className="pm-stage-title"),
                        ]
                    ),
                ],
                className="pm-stage",
            ),
            html.Ol(steps, className="pm-steps", **{"aria-label": label}),
            html.Div(_explanation(view, found), className="pm-reasons"),
        ],
        className="pm-card pm-stage-card",
        **{"aria-label": label},
    )


def components(view: View) -> Any:
    """Return the seven components, each with what is present and what is missing."""
    found = _found(view)
    if found is None:
        return None
    return html.Div([_component(view, each) for each in found.components], className="pm-columns")


def territory(view: View) -> list[dict[str, Any]]:
    """Return the territory indicators."""
    found = _found(view)
    return [
        {
            "name": f"{each.name}|{each.subject}",
            "title": view.text(each.title),
            "value": each.value.value if each.value.value is not None else "",
            "shown": view.value_with_unit(each.value),
            "source": view.source(each.value.source),
            "why": view.text(each.value.reason) if each.value.reason else "",
        }
        for each in (found.territory if found else [])
    ]


def _component(view: View, part: Part) -> Component:
    title = view.text(part.title)
    share = part.fraction.value
    lines = [(text, "check", "") for text in part.present]
    lines += [(text, "missing", "pm-absent") for text in part.missing]
    words = {"check": view.t("present:"), "missing": view.t("missing:")}
    return html.Section(
        [
            html.Div(
                [
                    html.H3(title),
                    html.Span(
                        [
                            html.Strong(view.percent(share)),
                            " ",
                            how_button(view, title, part.fraction),
                        ]
                        if isinstance(share, int | float)
                        else [
                            view.value(part.fraction),
                            " ",
                            how_button(view, title, part.fraction),
                        ]
                    ),
                ],
                className="pm-component-head",
            ),
            bar(share if isinstance(share, int | float) else None),
            html.Ul(
                [
                    html.Li(
                        [
                            icon(mark, 16),
                            html.Span(
                                [html.Span(words[mark], className="pm-hidden"), view.text(text)]
                            ),
                        ],
                        className=style,
                    )
                    for text, mark, style in lines
                ]
            ),
        ],
        className="pm-component",
    )


def _explanation(view: View, found: PostMining) -> list[Component]:
    """Return the sentences, with what they list beneath them: a bare name belongs to the last."""
    groups: list[tuple[str, list[str]]] = []
    for line in found.explanation:
        if line.values or not groups:
            groups.append((view.text(line), []))
        else:
            groups[-1][1].append(view.text(line))
    return [
        html.Div([html.P(said), html.Ul([html.Li(each) for each in listed]) if listed else None])
        for said, listed in groups
    ]


def _found(view: View) -> PostMining | None:
    return view.assessment.post_mining if view.assessment else None


def _columns(view: View) -> list[dict[str, Any]]:
    return [
        {"field": "title", "headerName": view.t("Indicator"), "width": 340},
        {
            "field": "value",
            "headerName": view.t("Value"),
            "width": 140,
            "valueFormatter": {"function": "params.data.shown"},
        },
        {"field": "why", "headerName": view.t("Why it is not known"), "width": 320},
        {"field": "source", "headerName": view.t("Source"), "width": 220},
    ]


PAGE = Page(
    path="/post-mining",
    title=Text("Post-mining 6.0"),
    question=Text("What will this land be?"),
    icon="post_mining",
    order=80,
    layout=layout,
    updates=(
        Update("post-stage", "children", stage),
        Update("post-components", "children", components),
        Update("post-territory", "rowData", territory),
    ),
)
