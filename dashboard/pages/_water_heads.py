"""Water levels: measured, explained and not explained."""

from __future__ import annotations

from typing import Any

import plotly.graph_objects as go
from dash import html

from dashboard import figures
from dashboard.components import empty, interval, number, pick, range_choices, status_badge, table
from dashboard.view import View
from twin.water_state import GroundwaterState


def curve(view: View) -> go.Figure:
    """Return the chosen level with what explains it."""
    state = chosen(view)
    if state is None:
        return figures.says(view, view.t("This site has no piezometers and no wells"))
    found = view.queries.groundwater_series(
        state.instrument,
        state.quantity,
        start=view.start("90d"),
        end=None if view.live else view.moment,
        known_at=view.known_at,
    )
    unit = view.unit(found.unit)
    return figures.groundwater(view, found, f"{view.name(state.quantity)}, {unit}")


def ranges(view: View) -> list[Any]:
    """Return which level is drawn, and the choice of the span of time."""
    state = chosen(view)
    return [html.Span(state.instrument if state else ""), range_choices(view, "90d")]


def levels(view: View) -> Any:
    """Return every piezometer and well in a row, the largest unexplained rise first."""
    states = view.twin.groundwater if view.twin else []
    if not states:
        return empty(view.t("This site has no piezometers and no wells"))
    now = chosen(view)
    rows = []
    for state in sorted(states, key=_order):
        name = state.instrument
        on = now is not None and now.instrument == name
        rows.append(
            [
                pick(view, name, on, level=name),
                number(view, view.t("{name}, level", name=name), state.level),
                number(view, view.t("{name}, explained", name=name), state.explained),
                number(view, view.t("{name}, by rain and melt", name=name), state.by_water),
                html.Span(
                    [
                        number(view, view.t("{name}, not explained", name=name), state.unexplained),
                        html.Br(),
                        html.Span(interval(view, state.unexplained), className="pm-quiet"),
                    ]
                ),
                _word(view, state),
                number(
                    view,
                    view.t("{name}, not explained, change in 7 days", name=name),
                    state.unexplained_change_7d,
                ),
                number(view, view.t("{name}, efficiency", name=name), state.efficiency),
                number(
                    view,
                    view.t("{name}, pore-pressure ratio", name=name),
                    state.pore_pressure_ratio,
                ),
            ]
        )
    head = [
        view.t("Instrument"),
        view.t("Day's mean"),
        view.t("Explained"),
        view.t("by rain and melt"),
        view.t("Not explained"),
        view.t("In words"),
        view.t("Change, 7 days"),
        view.t("Efficiency"),
        view.t("Pore-pressure ratio"),
    ]
    parts: list[Any] = [table(head, rows, view.t("Water levels and what explains them"))]
    refused: dict[str, list[str]] = {}
    for state in states:
        if state.refusal is not None:
            refused.setdefault(view.text(state.refusal), []).append(state.instrument)
    if refused:
        parts.append(html.P(view.t("Levels that are not explained, and why"), className="pm-quiet"))
        parts.append(
            html.Ul(
                [
                    html.Li([html.Strong(", ".join(names)), " — ", reason])
                    for reason, names in refused.items()
                ],
                className="pm-list pm-quiet",
            )
        )
    parts.append(
        html.P(
            view.t(
                "Calibrated on whole months; judged on blocks of days that the fit had not seen."
                " An efficiency of 1 foretells every day, 0 no better than the mean."
            ),
            className="pm-quiet",
        )
    )
    return html.Div(parts, className="pm-stack")


def chosen(view: View) -> GroundwaterState | None:
    """Return the level that the address names, else the one with the largest rise."""
    states = sorted(view.twin.groundwater if view.twin else [], key=_order)
    names = [state.instrument for state in states]
    name = view.chosen("level", names)
    return next((state for state in states if state.instrument == name), None)


def _order(state: GroundwaterState) -> tuple[bool, float]:
    value = state.unexplained.value
    # A refused one stands behind the others, whatever its level.
    return not state.rise, -value if isinstance(value, float) else float("inf")


def _word(view: View, state: GroundwaterState) -> Any:
    if state.refusal is not None:
        return status_badge(view, "unavailable", view.t("no explanation"))
    if state.rise:
        return status_badge(view, "advisory", view.t("rise without rain"))
    if state.rise is None:
        return view.t("more water than ever seen")
    return view.t("explained")
