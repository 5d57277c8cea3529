"""When the plan's volume is reached, as a distribution."""

from __future__ import annotations

from datetime import datetime

import plotly.graph_objects as go

from dashboard.figures.canvas import blank, faint, local, says
from dashboard.palette import SERIES, TOKENS
from dashboard.view import View
from twin.state import FillState


def completion(view: View, fill: FillState | None) -> go.Figure:
    """Return the probability with which the plan's volume is reached by a date."""
    found = next((each for each in fill.completions if each.end == "plan"), None) if fill else None
    times = [each for each in found.values if isinstance(each, datetime)] if found else []
    if fill is None or found is None or len(times) < 2:
        reason = found.expected.reason if found else None
        text = view.text(reason) if reason else view.t("Nothing to show")
        return says(view, text, "completion")
    figure = blank(view, "completion")
    token, hue = TOKENS[view.scheme], SERIES[view.scheme][0]
    dates = local(view, times)
    shares = found.shares[: len(times)]
    figure.add_scatter(
        x=dates,
        y=[100 * share for share in shares],
        mode="lines",
        fill="tozeroy",
        fillcolor=faint(hue, 0.16),
        line={"color": hue, "width": 2},
        name=view.t("Reached by this date"),
        hovertemplate="%{y:.0f} %",
    )
    if isinstance(fill.deadline.value, str):
        ends = [*dates, datetime.fromisoformat(fill.deadline.value)]
        spare = (max(ends) - min(ends)) / 40
        figure.update_xaxes(range=[min(ends) - spare, max(ends)])
        figure.add_vline(
            x=fill.deadline.value,
            line={"color": token["ink"], "width": 1.5, "dash": "dash"},
        )
        figure.add_annotation(
            x=fill.deadline.value,
            y=100,
            text=view.t("deadline {value}", value=view.value(fill.deadline)),
            showarrow=False,
            xanchor="left",
            xshift=4,
            font={"size": 11, "color": token["muted"]},
        )
    figure.update_yaxes(title=view.t("Probability, %"), range=[0, 108])
    figure.update_layout(showlegend=False)
    return figure
