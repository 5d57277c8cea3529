"""Settlement: when we may grade."""

from __future__ import annotations

from typing import Any

import plotly.graph_objects as go
from dash import html
from dash.development.base_component import Component

from dashboard import figures
from dashboard.components import (
    bar,
    card,
    empty,
    figure_tile,
    graph,
    no_state,
    number,
    pick,
    range_choices,
    row,
    table,
    tiles,
)
from dashboard.page import Page, Update
from dashboard.pages._grading_card import grading, grading_card
from dashboard.pages._settlement_between import (
    area_map,
    map_choices,
    map_words,
    neighbours,
    worst,
)
from dashboard.pages._settlement_point import point_facts
from dashboard.view import View
from ingest.figure import Figure
from ingest.text import Text
from twin.state import SettlementState


def layout(view: View) -> list[Component]:
    """Return the page below its heading."""
    return [
        html.Div(key_figures(view), id="settlement-figures"),
        row(
            card(
                view.t("Measured and forecast"),
                graph(
                    view,
                    "settlement-curve",
                    curve(view),
                    view.t("Settlement of the chosen point through time, with its forecast"),
                    height=None,
                ),
                aside=html.Div(ranges(view), id="settlement-ranges"),
                span="pm-two-thirds",
            ),
            card(view.t("Chosen point"), chosen(view), id="settlement-chosen", span="pm-third"),
        ),
        row(
            card(
                view.t("Between the points"),
                html.Div(
                    [
                        graph(
                            view,
                            "settlement-map",
                            area_map(view),
                            view.t("Settlement between the points, from above"),
                        ),
                        html.Div(map_words(view), id="settlement-map-words"),
                    ],
                    className="pm-stack",
                ),
                aside=html.Div(map_choices(view), id="settlement-map-choices"),
                span="pm-half",
            ),
            card(
                view.t("Differential settlement"),
                neighbours(view),
                id="settlement-neighbours",
                span="pm-half",
            ),
        ),
        card(view.t("Settlement points"), points(view), id="settlement-points"),
        grading_card(view),
    ]


def key_figures(view: View) -> Component:
    """Return the extremes over all points: they decide when grading may begin."""
    if view.twin is None:
        return no_state(view)
    states = view.twin.settlement
    if not states:
        return empty(view.t("This site has no settlement points"))
    shown = []
    for label, name in (
        (view.t("Largest settlement"), "settlement"),
        (view.t("Fastest settlement"), "rate"),
        (view.t("Most still to come"), "remaining"),
    ):
        found = _extreme(states, name)
        figure: Figure = getattr(found, name)
        shown.append(
            figure_tile(view, label, figure, note=view.t("point {point}", point=found.point))
        )
    dated = [each for each in states if each.grading.value is not None]
    last = max(dated, key=lambda each: str(each.grading.value), default=states[0])
    shown.append(
        figure_tile(
            view,
            view.t("Grading may begin (last point)"),
            last.grading,
            note=view.t("known for {count} of {all} points", count=len(dated), all=len(states)),
        )
    )
    tilt = worst(view)
    if tilt is not None:
        shown.append(
            figure_tile(
                view,
                view.t("Largest tilt"),
                tilt,
                note=view.t("between neighbouring points"),
                status="advisory" if any(each.over for each in view.twin.tilt) else "normal",
            )
        )
    return tiles(shown)


def ranges(view: View) -> list[Any]:
    """Return the name of the point and the choice of the span of time."""
    point = _point(view)
    return [html.Span(point), range_choices(view, "all")]


def curve(view: View) -> go.Figure:
    """Return what the chosen point measured, and its forecast."""
    point = _point(view)
    if not point:
        return figures.says(view, view.t("This site has no settlement points"))
    found = view.queries.settlement_series(
        point,
        start=view.start("all"),
        end=None if view.live else view.moment,
        at=view.at,
        known_at=view.known_at,
    )
    return figures.settlement(view, found)


def chosen(view: View) -> Any:
    """Return what is known of the chosen point, or why it is not."""
    found = [
        each for each in (view.twin.settlement if view.twin else []) if each.point == _point(view)
    ]
    if not found:
        return empty(view.t("No state of the twin yet"))
    return point_facts(view, found[0])


def points(view: View) -> Any:
    """Return every point in a row."""
    states = view.twin.settlement if view.twin else []
    if not states:
        return empty(view.t("Nothing to show"))
    now = _point(view)
    rows = []
    for state in states:
        share = state.consolidation.value
        rows.append(
            [
                pick(view, state.point, state.point == now, point=state.point),
                view.zone_title(state.zone),
                number(view, state.point, state.settlement),
                number(view, state.point, state.rate),
                number(view, state.point, state.ultimate),
                bar(share if isinstance(share, int | float) else None),
                number(view, state.point, state.grading),
                view.name(state.model) if state.model else _why(view, state),
            ]
        )
    head = [
        view.t("Point"),
        view.t("Zone"),
        view.t("Settlement"),
        view.t("Rate"),
        view.t("Final settlement"),
        view.t("Consolidation"),
        view.t("Grading from"),
        view.t("Method, or why none"),
    ]
    return table(head, rows, view.t("Settlement points"))


def _why(view: View, state: SettlementState) -> html.Span:
    # One reason for all methods says more than that all refuse.
    reasons = list({str(why): why for why in state.refusals.values()}.values())
    reason = reasons[0] if len(reasons) == 1 else state.ultimate.reason
    return html.Span(view.text(reason), className="pm-quiet")


def _point(view: View) -> str:
    """Return the chosen point; else one with a forecast, else the one that settled most."""
    names = [each.name for each in view.queries.site.with_quantity("settlement")]
    states = view.twin.settlement if view.twin else []
    told = [state for state in states if state.model]
    best = _extreme(told or states, "settlement").point if states else ""
    return view.chosen("point", names, best)


def _extreme(states: list[SettlementState], name: str) -> SettlementState:
    known = [each for each in states if isinstance(getattr(each, name).value, int | float)]
    return max(known, key=lambda each: float(getattr(each, name).value), default=states[0])


PAGE = Page(
    path="/settlement",
    title=Text("Settlement"),
    question=Text("When may we grade?"),
    icon="settlement",
    order=40,
    layout=layout,
    updates=(
        Update("settlement-figures", "children", key_figures),
        Update("settlement-curve", "figure", curve),
        Update("settlement-ranges", "children", ranges),
        Update("settlement-chosen", "children", chosen),
        Update("settlement-map", "figure", area_map),
        Update("settlement-map-words", "children", map_words),
        Update("settlement-map-choices", "children", map_choices, "choice"),
        Update("settlement-neighbours", "children", neighbours),
        Update("settlement-points", "children", points),
        Update("settlement-grading", "children", grading),
    ),
)
