"""Settlement between the points, from above."""

from __future__ import annotations

import plotly.graph_objects as go

from dashboard.figures.canvas import blank, closed, says
from dashboard.palette import TOKENS
from dashboard.settlement_answers import SettlementMap
from dashboard.view import View


def settlement_map(view: View, found: SettlementMap, deviation: bool) -> go.Figure:
    """Return the map of a quantity, or of its standard deviation; or why there is none.

    One hue from light to strong: a map of settlement is no alarm. The points have the colour of
    what is known of them, also where nothing is known between them.
    """
    kept = f"settlement-map|{found.quantity}|{deviation}"
    if found.reason is not None and (deviation or not found.values):
        return says(view, view.text(found.reason), kept)
    figure = blank(view, kept)
    token = TOKENS[view.scheme]
    unit = view.unit(found.unit)
    values, others = found.mean, found.deviation
    if deviation:
        values, others = others, values
    value, spread = view.t("Value"), view.t("Standard deviation")
    first, second = (spread, value) if deviation else (value, spread)
    hover = f"{first} %{{z:.4~g}} {unit}<br>{second} %{{customdata:.4~g}} {unit}"
    figure.add_heatmap(
        x=found.x_m,
        y=found.y_m,
        z=values,
        customdata=others,
        coloraxis="coloraxis",
        hovertemplate=hover + "<extra></extra>",
        hoverongaps=False,
        zsmooth=False,
    )
    places = [view.queries.site.instruments[name] for name in found.points]
    zones = {place.zone for place in places}
    for name in sorted(zones):
        outline = view.queries.site.zones[name].outline
        if outline:
            x, y = closed(outline)
            figure.add_scatter(
                x=x,
                y=y,
                mode="lines",
                line={"color": token["rock-line"], "width": 1},
                hoverinfo="skip",
                showlegend=False,
            )
    figure.add_scatter(
        x=[place.x_m for place in places],
        y=[place.y_m for place in places],
        mode="markers+text",
        text=[name.rsplit("-", 1)[-1] for name in found.points],
        customdata=list(zip(found.points, found.values, strict=True)),
        textposition="top center",
        textfont={"size": 10, "color": token["ink"]},
        marker={
            "size": 9,
            "line": {"width": 1.75, "color": token["ink"]},
            **(
                {"color": token["surface"]}
                if deviation
                else {"color": found.values, "coloraxis": "coloraxis"}
            ),
        },
        hovertemplate=f"%{{customdata[0]}}: %{{customdata[1]:.4~g}} {unit}<extra></extra>",
        showlegend=False,
    )
    figure.update_layout(
        coloraxis={
            "colorscale": [[0, token["accent-soft"]], [1, token["accent"]]],
            "colorbar": {
                "title": {"text": unit, "side": "top"},
                "thickness": 10,
                "outlinewidth": 0,
                "len": 0.9,
            },
        },
        hovermode="closest",
        dragmode="pan",
        margin={"l": 4, "r": 4, "t": 4, "b": 4},
    )
    figure.update_xaxes(visible=False, constrain="domain")
    figure.update_yaxes(visible=False, scaleanchor="x", scaleratio=1)
    return figure
