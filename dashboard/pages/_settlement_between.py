"""Settlement between the points: the map with its uncertainty, and the tilt of neighbours."""

from __future__ import annotations

from typing import Any

import plotly.graph_objects as go
from dash import dcc, html

from dashboard import figures
from dashboard.components import choices, empty, number, status_badge, table
from dashboard.view import View
from ingest.figure import Figure
from twin.settlement.configuration import load_rules
from twin.settlement.surface import QUANTITIES
from twin.state import TiltState

#: Rows of the table of neighbours that are shown at once.
SHOWN = 12


def area_map(view: View) -> go.Figure:
    """Return the map of the chosen quantity."""
    found = view.queries.settlement_map(_quantity(view), view.at, view.known_at)
    return figures.settlement_map(view, found, _deviation(view))


def map_choices(view: View) -> list[Any]:
    """Return the choice of what is mapped."""
    names = {
        "settlement": view.t("Settlement"),
        "remaining": view.t("Still to come"),
        "rate": view.t("Rate"),
    }
    return [
        choices(
            view,
            "map",
            [(name, names[name]) for name in QUANTITIES],
            _quantity(view),
            view.t("What the map shows"),
        ),
        choices(
            view,
            "spread",
            [("value", view.t("Value")), ("deviation", view.t("Uncertainty"))],
            "deviation" if _deviation(view) else "value",
            view.t("Value or its uncertainty"),
        ),
    ]


def map_words(view: View) -> html.P:
    """Return what the map rests on."""
    found = view.queries.settlement_map(_quantity(view), view.at, view.known_at)
    if found.reason is not None and found.values and not _deviation(view):
        return html.P(view.text(found.reason), className="pm-quiet")
    if found.reason is not None or found.length_m is None:
        return html.P("")
    return html.P(
        view.t(
            "Gaussian process over {count} points; settlements are alike over {length}. Nothing is "
            "shown outside the area between the points.",
            count=len(found.points),
            length=view.with_unit(round(found.length_m), "m"),
        ),
        className="pm-quiet",
    )


def worst(view: View) -> Figure | None:
    """Return the largest tilt, None when no neighbours are compared."""
    found = view.twin.tilt if view.twin else []
    return found[0].tilt if found else None


def neighbours(view: View) -> Any:
    """Return the tilt between neighbours, the largest first."""
    rules = load_rules(view.queries.site)
    if rules is None or rules.neighbours is None:
        return empty(
            view.t("Not configured"),
            view.t("settlement.yaml of the site says which points are neighbours"),
        )
    found = view.twin.tilt if view.twin else []
    if not found:
        return empty(
            view.t("No neighbours"),
            view.t(
                "No two points lie within {distance} of each other",
                distance=view.with_unit(rules.neighbours.within_m, "m"),
            ),
        )
    rows = [_row(view, each) for each in found[:SHOWN]]
    head = [
        view.t("Neighbours"),
        view.t("Distance"),
        view.t("Difference"),
        view.t("Tilt"),
    ]
    over = sum(1 for each in found if each.over)
    return html.Div(
        [
            table(head, rows, view.t("Differential settlement of neighbours")),
            html.P(
                view.t(
                    "{over} of {count} pairs are over {limit} ({source}); the largest {shown} are "
                    "shown. Settlement counts from each point's installation.",
                    over=over,
                    count=len(found),
                    shown=len(rows),
                    limit=view.with_unit(rules.neighbours.limit_mm_per_m, "mm/m"),
                    source=view.source(rules.neighbours.source),
                ),
                className="pm-quiet",
            ),
        ],
        className="pm-stack",
    )


def _row(view: View, pair: TiltState) -> list[Any]:
    label = f"{pair.first} – {pair.second}"
    tilt: list[Any] = [number(view, label, pair.tilt)]
    if pair.over:
        tilt += [" ", status_badge(view, "advisory", view.t("Over the limit"))]
    elif pair.over is None:
        tilt += [" ", html.Span(view.text(pair.tilt.reason), className="pm-quiet")]
    return [
        html.Span(
            [
                dcc.Link(pair.first, href=view.href(point=pair.first)),
                " – ",
                dcc.Link(pair.second, href=view.href(point=pair.second)),
            ]
        ),
        view.with_unit(pair.distance_m, "m"),
        number(view, label, pair.difference),
        html.Span(tilt),
    ]


def _quantity(view: View) -> str:
    return view.chosen("map", list(QUANTITIES), "settlement")


def _deviation(view: View) -> bool:
    return view.chosen("spread", ["value", "deviation"], "value") == "deviation"
