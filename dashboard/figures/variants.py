"""Forecasts of several variants through time."""

from __future__ import annotations

from collections.abc import Sequence

import plotly.graph_objects as go

from dashboard.figures.canvas import blank, faint, local, says
from dashboard.palette import SERIES, TOKENS
from dashboard.view import View
from ingest.text import Text
from twin.state import FillState
from twin.what_if.results import VolumeCurve

_DASHES = ("solid", "dash", "dot", "dashdot", "longdash", "longdashdot")


def variants(
    view: View,
    fill: FillState | None,
    curves: Sequence[tuple[str, VolumeCurve]],
    missing: Text | None = None,
) -> go.Figure:
    """Return plan, what was placed, and the fan of each variant.

    Parameters
    ----------
    curves
        Name and curve of each; the first is the twin's own forecast.
    missing
        Why there is none.
    """
    if fill is None or not any(curve.time for _, curve in curves):
        text = view.text(missing or Text("There is no forecast of the fill yet"))
        return says(view, text, "variants")
    figure = blank(view, "variants")
    token = TOKENS[view.scheme]
    unit = view.unit("thousand m3")
    hover = "%{y:,.0f} " + unit
    figure.add_scatter(
        x=local(view, fill.s_curve.planned_time),
        y=fill.s_curve.planned,
        mode="lines",
        name=view.t("Plan"),
        line={"color": token["line-strong"], "width": 1.5, "dash": "dash"},
        hovertemplate=hover,
    )
    figure.add_scatter(
        x=local(view, fill.s_curve.actual_time),
        y=fill.s_curve.actual,
        mode="lines",
        name=view.t("Actual"),
        line={"color": token["ink"], "width": 2.5},
        hovertemplate=hover,
    )
    hues = (token["muted"], *SERIES[view.scheme])
    for place, (name, curve) in enumerate(curves):
        if not curve.time:
            continue
        hue = hues[place % len(hues)]
        times = local(view, curve.time)
        if curve.low:  # by the plan's rates there is no interval
            figure.add_scatter(
                x=[*times, *reversed(times)],
                y=[*curve.low, *reversed(curve.high)],
                fill="toself",
                fillcolor=faint(hue, 0.14),
                line={"width": 0},
                hoverinfo="skip",
                showlegend=False,
                legendgroup=name,
            )
        figure.add_scatter(
            x=times,
            y=curve.middle,
            mode="lines",
            name=name,
            legendgroup=name,
            line={"color": hue, "width": 2, "dash": _DASHES[place % len(_DASHES)]},
            hovertemplate=hover,
        )
    if isinstance(fill.deadline.value, str):
        figure.add_vline(
            x=fill.deadline.value, line={"color": token["ink"], "width": 1, "dash": "dot"}
        )
    figure.update_yaxes(title=view.t("Volume in the dump, {unit}", unit=unit), rangemode="tozero")
    return figure
