"""Water balance of the crater, and the rise of the water after pumping."""

from __future__ import annotations

from typing import Any

import plotly.graph_objects as go
from dash import html

from dashboard import figures
from dashboard.components import empty, facts, number, table
from dashboard.view import View
from twin.water_state import ReboundState


def bars(view: View) -> go.Figure:
    """Return the balance by month as a drawing."""
    return figures.water_months(view, view.twin.water_balance if view.twin else None)


def balance(view: View) -> Any:
    """Return the balance by month, newest first."""
    found = view.twin.water_balance if view.twin else None
    if found is None:
        return empty(
            view.t("This site asks for no water balance"),
            view.t("A file water.yaml in the site's folder says what belongs to it."),
        )
    if found.refusal is not None:
        return empty(view.t("No water balance yet"), view.text(found.refusal))
    rows = []
    for each in reversed(found.months):
        name = f"{each.month:%Y-%m}"
        rows.append(
            [
                name,
                number(
                    view,
                    view.t("{month}, rain and snow", month=name),
                    each.precipitation,
                    bare=True,
                ),
                number(view, view.t("{month}, inflow", month=name), each.inflow, bare=True),
                number(
                    view, view.t("{month}, evaporation", month=name), each.evaporation, bare=True
                ),
                number(view, view.t("{month}, outflow", month=name), each.outflow, bare=True),
                number(view, view.t("{month}, stored", month=name), each.storage, bare=True),
                number(
                    view, view.t("{month}, does not close", month=name), each.residual, bare=True
                ),
            ]
        )
    head = [
        view.t("Month"),
        view.t("Rain and snow"),
        view.t("Inflow"),
        view.t("Evaporation"),
        view.t("Outflow"),
        view.t("Stored"),
        view.t("Does not close"),
    ]
    unit = view.unit("thousand m3")
    head[1:] = [f"{text}, {unit}" for text in head[1:]]
    total = number(view, view.t("Does not close, all months"), found.residual)
    return html.Div(
        [
            table(head, rows, view.t("Water balance of the crater by month")),
            html.P(
                [
                    view.t("All months together do not close by"),
                    " ",
                    total,
                    ". ",
                    view.t("Areas, inflow and uncertainties are design assumptions of water.yaml."),
                ],
                className="pm-quiet",
            ),
        ],
        className="pm-stack",
    )


def rebound(view: View) -> Any:
    """Return the rise of the water after pumping stopped, or that none is asked for."""
    states = view.twin.rebound if view.twin else []
    if not states:
        return empty(
            view.t("No pumping has stopped"),
            view.t("When it does, water.yaml names the day, the wells and the design level."),
        )
    return html.Div([_rebound(view, state) for state in states], className="pm-stack")


def _rebound(view: View, state: ReboundState) -> Any:
    lines = [
        (view.t("Level now"), state.level),
        (view.t("In a year"), state.in_a_year),
        (view.t("Final level"), state.final),
        (view.t("Design level"), state.design_level),
        (view.t("Design level reached"), state.reached),
    ]
    parts: list[Any] = [
        html.Strong(state.well),
        facts([(name, number(view, f"{state.well}, {name}", figure)) for name, figure in lines]),
    ]
    if state.final.reason is not None:
        parts.append(
            html.P([html.Strong(view.t("No forecast:")), " ", view.text(state.final.reason)])
        )
    return html.Div(parts)
