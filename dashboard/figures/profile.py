"""Displacement along an inclinometer."""

from __future__ import annotations

from typing import Literal

import plotly.graph_objects as go

from dashboard.answers import Profile
from dashboard.figures.canvas import (
    blank,
    says,
)
from dashboard.palette import SERIES, TOKENS
from dashboard.view import View


def profile(view: View, found: Profile, axis: Literal["resultant", "a", "b"]) -> go.Figure:
    """Return displacement by depth, depth downwards: the last profile and those before it."""
    kept = f"{found.instrument}|{axis}"
    if not found.times:
        return says(view, view.t("No profile in this span of time"), kept)
    figure = blank(view, kept)
    rows = getattr(found, axis)
    token = TOKENS[view.scheme]
    picks = _spread(len(rows), 6)
    for place, index in enumerate(picks):
        last = index == picks[-1]
        share = (place + 1) / len(picks)
        figure.add_scatter(
            x=rows[index],
            y=found.depths,
            mode="lines+markers" if last else "lines",
            name=view.day(found.times[index]),
            line={
                "color": SERIES[view.scheme][0] if last else token["fill"],
                "width": 2.5 if last else 1.25,
            },
            marker={"size": 5},
            opacity=1 if last else 0.35 + 0.5 * share,
            hovertemplate="%{x:.2f} " + view.unit("mm") + ", %{y:.1f} " + view.unit("m"),
        )
    figure.update_yaxes(
        title=view.t("Depth below the collar, m"),
        autorange="reversed",
        rangemode="tozero",
    )
    figure.update_xaxes(
        title=view.t("Displacement, mm"),
        side="bottom",
        zeroline=True,
        zerolinecolor=token["line-strong"],
    )
    figure.update_layout(hovermode="closest")
    return figure


def _spread(count: int, most: int) -> list[int]:
    if count <= most:
        return list(range(count))
    return sorted({round(index * (count - 1) / (most - 1)) for index in range(most)})
