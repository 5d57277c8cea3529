"""A slope in section, to scale: ground, layers, water line and critical circle."""

from __future__ import annotations

import math

import numpy as np
import plotly.graph_objects as go

from dashboard.figures.canvas import blank, closed, faint, says
from dashboard.palette import SERIES, STATUSES, TOKENS
from dashboard.view import View
from twin.state import SlopeState

#: Points of the arc that is drawn.
ARC = 60


def slope_section(view: View, state: SlopeState | None, level: str) -> go.Figure:
    """Return a section with its critical circle, water line and factor of safety.

    Parameters
    ----------
    level
        Status of the factor of safety: "normal", or an alarm level that colours the circle.
    """
    if state is None or len(state.ground) < 2:
        return says(view, view.t("This site has no sections of slopes"), "slope-section")
    figure = blank(view, f"slope-section|{state.section}")
    token, hue = TOKENS[view.scheme], SERIES[view.scheme][0]
    ground = np.array(state.ground)
    left, right = _window(state, ground)
    bottom = float(ground[:, 1].min())
    if state.circle is not None:
        bottom = min(bottom, state.circle.level - state.circle.radius)
    bottom -= 0.15 * float(np.ptp(ground[:, 1]))
    if state.rock_m is not None:
        bottom = max(bottom, state.rock_m - 5) if state.rock_m > bottom else bottom
    _add_body(figure, view, state, ground, bottom)
    for point in state.layers[1:]:
        figure.add_scatter(
            x=[x for x, _ in point.top],
            y=[y for _, y in point.top],
            mode="lines",
            line={"color": token["line-strong"], "width": 1, "dash": "dot"},
            name=view.text(point.title),
            hovertemplate=view.text(point.title) + ": +%{y:.0f} " + view.unit("m"),
        )
    if state.water_line:
        stale = state.water_level.quality == "stale"
        figure.add_scatter(
            x=[x for x, _ in state.water_line],
            y=[y for _, y in state.water_line],
            mode="lines",
            line={"color": hue, "width": 2, "dash": "dash" if stale else "solid"},
            name=view.t("Water line, stale") if stale else view.t("Water line"),
            hovertemplate="+%{y:.1f} " + view.unit("m"),
        )
        _add_tips(figure, view, state)
    if state.circle is not None:
        _add_circle(figure, view, state, level)
    figure.update_layout(
        hovermode="closest", dragmode="pan", margin={"l": 4, "r": 8, "t": 4, "b": 4}
    )
    figure.update_layout(showlegend=True)
    figure.update_xaxes(title=view.t("Distance from the toe, m"), range=[left, right])
    top = float(ground[:, 1].max())
    figure.update_yaxes(
        title=view.t("Level, m"),
        range=[bottom, top + 0.12 * (top - bottom)],
        scaleanchor="x",
        scaleratio=1,
    )
    return figure


def _window(state: SlopeState, ground: np.ndarray) -> tuple[float, float]:
    """Return between which x the drawing runs: the slope, its circle, and some ground beside."""
    steps = np.flatnonzero(np.diff(ground[:, 1]))
    left, right = float(ground[steps[0], 0]), float(ground[steps[-1] + 1, 0])
    if state.circle is not None:
        ends = sorted((state.circle.entry, state.circle.exit))
        left, right = min(left, ends[0]), max(right, ends[1])
    places = [head.place_m for head in state.heads]
    left, right = min([left, *places]), max([right, *places])
    room = 0.15 * (right - left)
    return max(left - room, float(ground[0, 0])), min(right + room, float(ground[-1, 0]))


def _add_body(
    figure: go.Figure, view: View, state: SlopeState, ground: np.ndarray, bottom: float
) -> None:
    token = TOKENS[view.scheme]
    outline = [*map(tuple, ground.tolist()), (ground[-1, 0], bottom), (ground[0, 0], bottom)]
    x, y = closed(outline)
    figure.add_scatter(
        x=x,
        y=y,
        mode="lines",
        fill="toself",
        fillcolor=faint(token["fill"], 0.35),
        line={"color": token["ink"], "width": 1.25},
        hoverinfo="skip",
        showlegend=False,
    )
    rock = np.array(state.rock) if state.rock else None
    if rock is None and state.rock_m is not None:
        rock = np.array([(ground[0, 0], state.rock_m), (ground[-1, 0], state.rock_m)])
    if rock is not None and rock[:, 1].max() > bottom:
        figure.add_scatter(
            x=[*rock[:, 0], rock[-1, 0], rock[0, 0]],
            y=[*np.maximum(rock[:, 1], bottom), bottom, bottom],
            mode="lines",
            fill="toself",
            fillcolor=token["rock"],
            line={"color": token["rock-line"], "width": 1},
            name=view.t("Rock"),
            hoverinfo="skip",
        )


def _add_tips(figure: go.Figure, view: View, state: SlopeState) -> None:
    token = TOKENS[view.scheme]
    tips = [head for head in state.heads if head.tip_m is not None]
    if not tips:
        return
    figure.add_scatter(
        x=[head.place_m for head in tips],
        y=[head.tip_m for head in tips],
        mode="markers",
        marker={
            "symbol": ["triangle-up" if head.used else "triangle-up-open" for head in tips],
            "size": 8,
            "color": token["ink"],
        },
        name=view.t("Piezometer tips"),
        text=[f"{head.instrument}: {view.value_with_unit(head.head)}" for head in tips],
        hovertemplate="%{text}<extra></extra>",
    )


def _add_circle(figure: go.Figure, view: View, state: SlopeState, level: str) -> None:
    circle = state.circle
    assert circle is not None
    token = TOKENS[view.scheme]
    colour = token["ink"] if level == "normal" else STATUSES[level].fill[view.scheme]
    start, end = sorted((circle.entry, circle.exit))
    first, last = (
        math.asin(max(-1.0, min(1.0, (x - circle.x) / circle.radius))) for x in (start, end)
    )
    angles = np.linspace(first, last, ARC)
    factor = state.factor_of_safety
    said = view.t("F = {factor}", factor=view.value(factor))
    figure.add_scatter(
        x=(circle.x + circle.radius * np.sin(angles)).tolist(),
        y=(circle.level - circle.radius * np.cos(angles)).tolist(),
        mode="lines",
        line={"color": colour, "width": 2.5},
        name=view.t("Critical circle"),
        hovertemplate=said + "<extra></extra>",
    )
    middle = float(angles[ARC // 2])
    figure.add_annotation(
        x=circle.x + circle.radius * math.sin(middle),
        y=circle.level - circle.radius * math.cos(middle),
        text=f"<b>{said}</b>",
        showarrow=False,
        yshift=14,
        bgcolor=faint(token["surface"], 0.8),
        font={"size": 13, "color": token["ink"]},
    )
