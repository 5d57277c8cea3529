"""Plan against actual through time."""

from __future__ import annotations

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from dashboard.figures.canvas import (
    blank,
    faint,
)
from dashboard.palette import SERIES, TOKENS
from dashboard.view import View
from twin.state import FillState


def s_curve(view: View, fill: FillState, *, whole: bool) -> go.Figure:
    """Return plan, actual and forecast volume through time.

    Parameters
    ----------
    whole
        Whether the plan's whole span is drawn, or the past and the next half year alone.
    """
    figure = blank(view, f"s-curve|{whole}")
    token, hue = TOKENS[view.scheme], SERIES[view.scheme][0]
    curve = fill.s_curve
    unit = view.unit("thousand m3")
    hover = "%{y:,.1f} " + unit
    if curve.forecast_time:
        figure.add_scatter(
            x=[*curve.forecast_time, *reversed(curve.forecast_time)],
            y=[*curve.forecast_low, *reversed(curve.forecast_high)],
            fill="toself",
            fillcolor=faint(hue, 0.16),
            line={"width": 0},
            hoverinfo="skip",
            name=view.t("Interval of the forecast"),
        )
        figure.add_scatter(
            x=curve.forecast_time,
            y=curve.forecast,
            mode="lines",
            name=view.t("Forecast"),
            line={"color": hue, "width": 1.75, "dash": "dot"},
            hovertemplate=hover,
        )
    figure.add_scatter(
        x=curve.planned_time,
        y=curve.planned,
        mode="lines",
        name=view.t("Plan"),
        line={"color": token["line-strong"], "width": 1.75, "dash": "dash"},
        hovertemplate=hover,
    )
    figure.add_scatter(
        x=curve.actual_time,
        y=curve.actual,
        mode="lines",
        name=view.t("Actual"),
        line={"color": token["ink"], "width": 2.75},
        hovertemplate=hover,
    )
    if curve.actual_most:
        figure.add_scatter(
            x=[*curve.actual_time, *reversed(curve.actual_time)],
            y=[*curve.actual, *reversed(curve.actual_most)],
            fill="toself",
            fillcolor=faint(token["ink"], 0.12),
            line={"width": 0},
            hoverinfo="skip",
            name=view.t("May have been placed unweighed"),
        )
    known = [each for each in fill.surveys if isinstance(each.volume.value, float)]
    if known:
        spread = [
            each.volume.high - each.volume.value
            if isinstance(each.volume.high, float) and isinstance(each.volume.value, float)
            else 0.0
            for each in known
        ]
        figure.add_scatter(
            x=[each.time for each in known],
            y=[each.volume.value for each in known],
            error_y={"type": "data", "array": spread, "color": token["muted"], "thickness": 1},
            mode="markers",
            marker={"symbol": "diamond-open", "size": 9, "color": token["ink"]},
            name=view.t("Survey"),
            hovertemplate=hover,
        )
    figure.update_yaxes(title=view.t("Volume in the dump, {unit}", unit=unit), rangemode="tozero")
    if not whole and curve.actual_time:
        start, now = curve.actual_time[0], curve.actual_time[-1]
        end = now + max((now - start) * 0.35, pd.Timedelta(days=45).to_pytimedelta())
        reached = [
            float(np.interp(end.timestamp(), [time.timestamp() for time in times], values))
            for times, values in (
                (curve.planned_time, curve.planned),
                (curve.forecast_time, curve.forecast_high),
            )
            if times
        ]
        top = max([*curve.actual, *curve.actual_most, *reached, 1.0]) * 1.05
        figure.update_xaxes(range=[start, end])
        figure.update_yaxes(range=[0, top])
    return figure
