"""Damage to soil: what is lost on the way and how much worse the rest becomes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import plotly.graph_objects as go

from dashboard.figures.canvas import blank, lines_of
from dashboard.palette import SERIES, TOKENS
from dashboard.view import View
from twin.land_use import Result, works
from twin.land_use.soil_damage import LOSS_NORM

#: Parts of the height that the two drawings take.
_LOSSES, _WORSE = (0.74, 0.94), (0.0, 0.54)


def soil_damage(view: View, inputs: Mapping[str, float], results: Sequence[Result]) -> go.Figure:
    """Return the five losses against their norm, above what is worse in the soil afterwards."""
    figure = blank(view, "land")
    token = TOKENS[view.scheme]
    for each, hue in zip(
        [each for each in works()["soil_damage"].inputs if each.name.startswith("loss_")],
        SERIES[view.scheme],
        strict=False,
    ):
        figure.add_bar(
            y=[view.t("Losses")],
            x=[inputs[each.name]],
            orientation="h",
            name=view.text(each.title),
            marker={"color": hue, "line": {"color": token["surface"], "width": 1}},
            hovertemplate=f"{view.text(each.title)}: %{{x:.1f}} %<extra></extra>",
            xaxis="x",
            yaxis="y",
        )
    figure.add_shape(
        type="line",
        x0=LOSS_NORM,
        x1=LOSS_NORM,
        y0=0,
        y1=1,
        xref="x",
        yref="y domain",
        line={"color": token["ink"], "width": 1.5, "dash": "dash"},
    )
    figure.add_annotation(
        x=LOSS_NORM,
        y=1,
        xref="x",
        yref="y domain",
        yanchor="bottom",
        text=view.t("norm {value}", value=view.with_unit(LOSS_NORM, "%")),
        showarrow=False,
        font={"size": 10, "color": token["muted"]},
    )
    worse = [each for each in results if each.figure.unit == "1" and each.name != "dilution"]
    figure.add_bar(
        y=[_name(view, each) for each in worse],
        x=[
            100 * each.figure.value if isinstance(each.figure.value, int | float) else None
            for each in worse
        ],
        orientation="h",
        marker={"color": token["fill"], "line": {"color": token["line-strong"], "width": 1}},
        hovertemplate="%{y}: %{x:.1f} %<extra></extra>",
        showlegend=False,
        xaxis="x2",
        yaxis="y2",
    )
    most = 1.15 * max(LOSS_NORM, sum(inputs[name] for name in inputs if name.startswith("loss_")))
    figure.update_layout(
        barmode="stack",
        showlegend=True,
        legend={"traceorder": "normal"},
        xaxis={"title": view.t("Lost soil, %"), "range": [0, most], "anchor": "y"},
        yaxis={"domain": _LOSSES, "showticklabels": False, "anchor": "x"},
        xaxis2={
            "title": view.t("Worse than before, %"),
            "range": [min(0.0, *_values(worse)), 100],
            "anchor": "y2",
        },
        yaxis2={"domain": _WORSE, "autorange": "reversed", "ticksuffix": "  ", "anchor": "x2"},
    )
    return figure


def _values(worse: Sequence[Result]) -> list[float]:
    known = (each.figure.value for each in worse)
    return [100 * value for value in known if isinstance(value, int | float)] or [0.0]


def _name(view: View, each: Result) -> str:
    return lines_of(view.text(each.case) if each.case else view.text(each.title), 24)
