"""Inverse velocity of an inclinometer, with its fit and the window of dates."""

from __future__ import annotations

import plotly.graph_objects as go

from dashboard.figures.canvas import blank, faint, local, says
from dashboard.palette import SERIES, TOKENS
from dashboard.view import View
from ingest.figure import Figure
from twin.state import MovementState

#: Velocity below which the inverse is not drawn [mm/d]: it would flatten everything else.
LEAST_DRAWN = 0.02


def inverse_velocity(view: View, state: MovementState | None) -> go.Figure:
    """Return the inverse of the smoothed velocity through time, and where its fit ends."""
    if state is None:
        return says(view, view.t("This site has no inclinometers"), "inverse-velocity")
    kept = f"inverse-velocity|{state.instrument}"
    pairs = [
        (time, 1 / value)
        for time, value in zip(state.velocity_time, state.velocity, strict=True)
        if value >= LEAST_DRAWN
    ]
    if not pairs:
        return says(view, view.t("Too slow, or too short a series, for an inverse velocity"), kept)
    figure = blank(view, kept)
    token, hue = TOKENS[view.scheme], SERIES[view.scheme][0]
    figure.add_scatter(
        x=local(view, [time for time, _ in pairs]),
        y=[value for _, value in pairs],
        mode="markers",
        marker={"color": token["ink"], "size": 5},
        name=view.t("Inverse velocity"),
        hovertemplate="%{y:.2f} " + view.unit("d/mm"),
    )
    if state.fit:
        figure.add_scatter(
            x=local(view, state.fit_time),
            y=state.fit,
            mode="lines",
            line={"color": hue, "width": 2, "dash": "solid" if _known(state.failure) else "dot"},
            name=view.t("Fit from the onset on"),
            hoverinfo="skip",
        )
    window = state.failure
    if window is not None and _known(window):
        figure.add_vrect(
            x0=str(window.low),
            x1=f"{window.high}T23:59:59",
            fillcolor=faint(hue, 0.18),
            line_width=0,
            annotation={
                "text": view.t("window of failure dates"),
                "font": {"size": 10, "color": token["muted"]},
            },
            annotation_position="top left",
        )
    figure.update_yaxes(title=view.t("Inverse velocity, d/mm"), rangemode="tozero")
    figure.update_layout(showlegend=True)
    return figure


def _known(figure: Figure | None) -> bool:
    return figure is not None and figure.value is not None
