"""Settlement of a point through time, with its forecast."""

from __future__ import annotations

import plotly.graph_objects as go

from dashboard.answers import SettlementSeries
from dashboard.figures.canvas import (
    blank,
    faint,
    local,
    says,
)
from dashboard.palette import SERIES, TOKENS
from dashboard.settlement_answers import ExpectedBand
from dashboard.view import View


def settlement(view: View, found: SettlementSeries) -> go.Figure:
    """Return what one point settled, and its forecast with the interval; settlement downwards."""
    kept = f"settlement|{found.point}|{view.parameters.get('range', '')}"
    if not found.times:
        return says(view, view.t("No readings in this span of time"), kept)
    figure = blank(view, kept)
    token, hue = TOKENS[view.scheme], SERIES[view.scheme][0]
    hover = "%{y:.1f} " + view.unit("mm")
    state = found.state
    if found.expected is not None:
        _add_expected(figure, view, found.expected)
    if state is not None and state.forecast_time:
        times = local(view, state.forecast_time)
        if state.forecast_low and state.forecast_high:
            figure.add_scatter(
                x=[*times, *reversed(times)],
                y=[*state.forecast_low, *reversed(state.forecast_high)],
                fill="toself",
                fillcolor=faint(hue, 0.16),
                line={"width": 0},
                hoverinfo="skip",
                name=view.t("Interval of the forecast"),
            )
        figure.add_scatter(
            x=times,
            y=state.forecast,
            mode="lines",
            name=view.t("Forecast"),
            line={"color": hue, "width": 1.75, "dash": "dot"},
            hovertemplate=hover,
        )
    times = local(view, found.times)
    figure.add_scatter(
        x=times,
        y=found.mean,
        mode="lines+markers" if len(times) < 60 else "lines",
        marker={"size": 4},
        name=view.t("Measured"),
        line={"color": token["ink"], "width": 2},
        hovertemplate=hover,
    )
    figure.update_yaxes(title=view.t("Settlement, mm"), autorange="reversed")
    return figure


def _add_expected(figure: go.Figure, view: View, band: ExpectedBand) -> None:
    """Add what the plan's loads should settle: a grey band behind everything."""
    token = TOKENS[view.scheme]
    times = local(view, band.times)
    figure.add_scatter(
        x=[*times, *reversed(times)],
        y=[*band.low, *reversed(band.high)],
        fill="toself",
        fillcolor=faint(token["fill"], 0.16),
        line={"width": 0},
        hoverinfo="skip",
        name=view.t("Expected by the plan"),
    )
