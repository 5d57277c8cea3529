"""Measured values through time."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import pandas as pd
import plotly.graph_objects as go

from dashboard.answers import InstrumentSummary, ThresholdSummary
from dashboard.figures.canvas import (
    add_band,
    blank,
    local,
    says,
)
from dashboard.palette import SERIES, STATUSES, TOKENS
from dashboard.view import View


def series(
    view: View,
    instrument: InstrumentSummary,
    quantity: str,
    frame: pd.DataFrame,
    node_labels: Sequence[str] = (),
) -> go.Figure:
    """Return one quantity through time: mean per bucket, with the band from least to most."""
    kept = f"{instrument.name}|{quantity}|{view.parameters.get('range', '')}"
    if frame.empty:
        return says(view, view.t("No readings in this span of time"), kept)
    figure = blank(view, kept)
    found = next(each for each in instrument.quantities if each.name == quantity)
    nodes = sorted(frame["node"].unique())
    for number, node in enumerate(nodes):
        one = frame[frame["node"] == node]
        colour = SERIES[view.scheme][number % len(SERIES[view.scheme])]
        name = node_labels[int(node)] if node_labels else view.t("Mean")
        times = local(view, one["start"])
        if len(nodes) <= 3:
            add_band(
                figure, times, one["min"], one["max"], colour, view.t("Least to most"), not number
            )
        gaps_x, gaps_y = _with_gaps(times, one["mean"].tolist(), frame)
        figure.add_scatter(
            x=gaps_x,
            y=gaps_y,
            mode="lines" if len(one) > 3 else "lines+markers",
            name=name,
            line={"color": colour, "width": 1.75},
            hovertemplate="%{y:,.2f} " + view.unit(found.unit),
        )
    low, high = float(frame["min"].min()), float(frame["max"].max())
    shown = [each for each in found.thresholds if _near(each, low, high)]
    _add_thresholds(figure, view, shown)
    unit = view.unit(found.unit)
    title = view.text(found.title) + (f", {unit}" if unit else "")
    figure.update_yaxes(title=title)
    figure.update_layout(showlegend=True)
    return figure


def rain(view: View, frame: pd.DataFrame) -> go.Figure:
    """Return the sum of rain in each bucket."""
    if frame.empty:
        return says(view, view.t("No readings in this span of time"), "rain")
    figure = blank(view, "rain")
    figure.add_bar(
        x=local(view, frame["start"]),
        y=(frame["mean"] * frame["count"]).tolist(),
        marker={"color": SERIES[view.scheme][0], "line": {"width": 0}},
        name=view.t("Rain"),
        hovertemplate="%{y:.1f} " + view.unit("mm"),
    )
    figure.update_yaxes(title=view.t("Rain by day, mm"), rangemode="tozero")
    figure.update_layout(bargap=0.25, showlegend=False)
    return figure


def _add_thresholds(figure: go.Figure, view: View, thresholds: Sequence[ThresholdSummary]) -> None:
    token = TOKENS[view.scheme]
    for each in thresholds:
        value = each.above if each.above is not None else each.below
        look = STATUSES[each.level]
        figure.add_hline(
            y=value,
            line={"color": look.fill[view.scheme], "width": 1.5, "dash": "dash"},
            annotation={
                "text": f"{view.text(look.word)} {view.number(value)}",
                "font": {"size": 10, "color": token["muted"]},
                "xanchor": "right",
                "yshift": 1,
            },
            annotation_position="top right",
        )


def _near(threshold: ThresholdSummary, low: float, high: float) -> bool:
    """Return whether a limit is near enough to be drawn without flattening the curve."""
    value = threshold.above if threshold.above is not None else threshold.below
    room = max(high - low, abs(high) * 0.05, 1e-9)
    return value is not None and low - 1.5 * room <= value <= high + 1.5 * room


def _with_gaps(
    times: list[datetime], values: list[float], frame: pd.DataFrame
) -> tuple[list[datetime | None], list[float | None]]:
    """Return the curve broken where buckets are missing: silence is not a straight line."""
    if len(times) < 3:
        return list(times), list(values)
    starts = pd.Series(sorted(frame["start"].unique()))
    step = starts.diff().median()
    out_t: list[Any] = []
    out_v: list[Any] = []
    before: datetime | None = None
    for time, value in zip(times, values, strict=True):
        if before is not None and (time - before) > 4 * step:
            out_t.append(before + step)
            out_v.append(None)
        out_t.append(time)
        out_v.append(value)
        before = time
    return out_t, out_v
