"""Territory indicators: what the land of the mine is used for, and the shares that judge it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import plotly.graph_objects as go

from dashboard.figures.canvas import blank, lines_of, says
from dashboard.palette import SERIES, TOKENS
from dashboard.view import View
from twin.land_use import Result

#: Parts of the height that the two drawings take.
_LAND, _SHARES = (0.82, 1.0), (0.0, 0.66)


def territory(view: View, inputs: Mapping[str, float], results: Sequence[Result]) -> go.Figure:
    """Return the sanitary zone by use, above every indicator that is a share."""
    needed = ("external_dumps_reclaimed", "internal_dumps_reclaimed", "recreation", "built_up")
    if not inputs.keys() >= set(needed):
        return says(view, view.t("The areas of the sanitary zone are not recorded"), "land")
    figure = blank(view, "land")
    token = TOKENS[view.scheme]
    value = {each.name: each.figure.value for each in results}
    disturbed = value["disturbed_land"]
    parts = (
        (view.t("Disturbed land"), disturbed if isinstance(disturbed, int | float) else None),
        (
            view.t("Reclaimed"),
            inputs["external_dumps_reclaimed"] + inputs["internal_dumps_reclaimed"],
        ),
        (view.t("Recreation"), inputs["recreation"]),
        (view.t("Built-up land"), inputs["built_up"]),
    )
    for (name, area), hue in zip(parts, SERIES[view.scheme], strict=False):
        figure.add_bar(
            y=[view.t("Sanitary zone")],
            x=[area],
            orientation="h",
            name=name,
            marker={"color": hue, "line": {"color": token["surface"], "width": 1}},
            hovertemplate=f"{name}: %{{x:,.0f}} {view.unit('ha')}<extra></extra>",
            xaxis="x",
            yaxis="y",
        )
    shares = [each for each in results if each.figure.unit == "%"]
    figure.add_bar(
        y=[lines_of(view.text(each.title), 30) for each in shares],
        x=[each.figure.value for each in shares],
        orientation="h",
        marker={"color": token["fill"], "line": {"color": token["line-strong"], "width": 1}},
        hovertemplate="%{y}: %{x:.1f} %<extra></extra>",
        showlegend=False,
        xaxis="x2",
        yaxis="y2",
    )
    figure.update_layout(
        barmode="stack",
        showlegend=True,
        legend={"traceorder": "normal"},
        xaxis={
            "title": view.t("Sanitary zone, {unit}", unit=view.unit("ha")),
            "rangemode": "tozero",
            "anchor": "y",
        },
        yaxis={"domain": _LAND, "showticklabels": False, "anchor": "x"},
        xaxis2={"title": "%", "rangemode": "tozero", "anchor": "y2"},
        yaxis2={"domain": _SHARES, "autorange": "reversed", "ticksuffix": "  ", "anchor": "x2"},
    )
    return figure
