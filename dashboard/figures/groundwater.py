"""Water levels with what explains them, and the crater's water by months."""

from __future__ import annotations

import plotly.graph_objects as go

from dashboard.figures.canvas import blank, faint, local, says
from dashboard.groundwater_series import GroundwaterSeries
from dashboard.palette import SERIES, TOKENS
from dashboard.view import View
from twin.water_state import WaterBalance


def groundwater(view: View, found: GroundwaterSeries, title: str) -> go.Figure:
    """Return what one instrument measured over what rain, melt, air and load explain of it."""
    kept = f"groundwater|{found.instrument}|{view.parameters.get('range', '')}"
    if not found.times:
        return says(view, view.t("No readings in this span of time"), kept)
    figure = blank(view, kept)
    token, hue = TOKENS[view.scheme], SERIES[view.scheme][0]
    hover = "%{y:.2f} " + view.unit(found.unit)
    if found.explained_times:
        times = local(view, found.explained_times)
        figure.add_scatter(
            x=[*times, *reversed(times)],
            y=[*found.low, *reversed(found.high)],
            fill="toself",
            fillcolor=faint(hue, 0.16),
            line={"width": 0},
            hoverinfo="skip",
            name=view.t("95 % of days foretold"),
        )
        figure.add_scatter(
            x=times,
            y=found.explained,
            mode="lines",
            name=view.t("Explained"),
            line={"color": hue, "width": 1.75, "dash": "dot"},
            hovertemplate=hover,
        )
    figure.add_scatter(
        x=local(view, found.times),
        y=found.mean,
        mode="lines",
        name=view.t("Measured"),
        line={"color": token["ink"], "width": 2},
        hovertemplate=hover,
    )
    figure.update_yaxes(title=title)
    figure.update_layout(showlegend=True)
    return figure


def water_months(view: View, balance: WaterBalance | None) -> go.Figure:
    """Return what came and what left by month, with what does not close."""
    if balance is None:
        return says(view, view.t("This site asks for no water balance"), "water-months")
    if not balance.months:
        return says(view, view.text(balance.refusal), "water-months")
    figure = blank(view, "water-months")
    months = local(view, [each.month for each in balance.months])
    parts = (
        (view.t("Rain and snow"), "precipitation", 1),
        (view.t("Inflow"), "inflow", 1),
        (view.t("Evaporation"), "evaporation", -1),
        (view.t("Outflow"), "outflow", -1),
    )
    hover = "%{y:.1f} " + view.unit("thousand m3")
    for number, (name, part, sign) in enumerate(parts):
        values = [getattr(each, part).value for each in balance.months]
        figure.add_bar(
            x=months,
            y=[None if value is None else sign * value for value in values],
            name=name,
            marker={"color": SERIES[view.scheme][number], "line": {"width": 0}},
            hovertemplate=hover,
        )
    left = [each.residual for each in balance.months]
    figure.add_scatter(
        x=months,
        y=[each.value for each in left],
        error_y={
            "type": "data",
            "array": [
                each.high - each.value if isinstance(each.high, float) else None for each in left
            ],
            "color": TOKENS[view.scheme]["muted"],
        },
        mode="markers",
        marker={"color": TOKENS[view.scheme]["ink"], "size": 7, "symbol": "diamond"},
        name=view.t("Does not close"),
        hovertemplate=hover,
    )
    figure.update_layout(barmode="relative", bargap=0.35, showlegend=True)
    figure.update_yaxes(title=view.t("Water by month, 10³ m³"))
    return figure
