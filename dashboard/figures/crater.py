"""The crater and its fill: in section, and in space."""

from __future__ import annotations

import plotly.graph_objects as go

from dashboard.figures.canvas import blank, faint, lines_of, says
from dashboard.geometry import Geometry, Grid
from dashboard.palette import SERIES, TOKENS
from dashboard.view import View

#: Vertical exaggeration of the view in space.
TALLER = 1.5


def crater_section(view: View, geometry: Geometry) -> go.Figure:
    """Return the section through the crater's middle: base, fill, plan and the full crater."""
    if geometry.reason is not None or geometry.section is None:
        return says(view, view.text(geometry.reason), "crater-section")
    figure = blank(view, "crater-section")
    token, hue = TOKENS[view.scheme], SERIES[view.scheme][0]
    cut = geometry.section
    hover = "%{y:.1f} " + view.unit("m")
    low = min(cut.base_m) - 25
    figure.add_scatter(
        x=[*cut.distance_m, cut.distance_m[-1], cut.distance_m[0]],
        y=[*cut.base_m, low, low],
        fill="toself",
        mode="lines",
        fillcolor=token["rock"],
        line={"color": token["rock-line"], "width": 1.25},
        name=view.t("Rock and the dump before the plan"),
        hoverinfo="skip",
    )
    figure.add_scatter(
        x=[*cut.distance_m, *reversed(cut.distance_m)],
        y=[*cut.fill_m, *reversed(cut.base_m)],
        fill="toself",
        mode="lines",
        fillcolor=token["fill"],
        line={"width": 0},
        name=view.t("Fill"),
        hoverinfo="skip",
    )
    for levels, name, style in (
        (cut.final_m, view.t("Full crater"), {"color": token["line-strong"], "dash": "dot"}),
        (cut.planned_m, view.t("Plan for today"), {"color": hue, "dash": "dash"}),
        (cut.fill_m, view.t("Surface now"), {"color": token["ink"]}),
    ):
        figure.add_scatter(
            x=cut.distance_m,
            y=levels,
            mode="lines",
            line={"width": 1.5, **style},
            name=name,
            hovertemplate=hover,
        )
    front = geometry.front
    if front is not None:
        figure.add_scatter(
            x=[front.edge_m],
            y=[front.z_m],
            mode="markers",
            marker={"symbol": "triangle-down", "size": 11, "color": hue},
            name=view.t("Crest of the front"),
            hovertemplate=f"{view.zone_title(front.tier)}<br>%{{x:.0f}} {view.unit('m')}",
        )
    figure.update_layout(hovermode="x unified", dragmode="pan")
    title = view.t("Distance from the rim that the fill advances to, m")
    figure.update_xaxes(title=lines_of(title, 40))
    figure.update_yaxes(title=view.t("Level, m"))
    return figure


def crater_in_space(view: View, geometry: Geometry) -> go.Figure:
    """Return crater, fill, front and full crater in space."""
    if geometry.reason is not None or geometry.front is None:
        return says(view, view.text(geometry.reason), "crater-space")
    figure = blank(view, "crater-space")
    token, hue = TOKENS[view.scheme], SERIES[view.scheme][0]
    where = "x %{x:.0f}, y %{y:.0f}<br>%{z:.1f} " + view.unit("m")

    def add(level: Grid, colour: str, name: str, opacity: float = 1.0) -> None:
        figure.add_surface(
            x=geometry.x_m,
            y=geometry.y_m,
            z=level,
            colorscale=[[0, colour], [1, colour]],
            showscale=False,
            showlegend=True,
            opacity=opacity,
            name=name,
            hovertemplate=f"{name}<br>{where}<extra></extra>",
            lighting={"ambient": 0.55, "diffuse": 0.7, "specular": 0.05, "roughness": 0.9},
            contours={
                "z": {
                    "show": opacity == 1.0,
                    "start": geometry.stage_level_m[0],
                    "end": geometry.stage_level_m[-1],
                    "size": 15,
                    "color": faint(token["ink"], 0.25),
                    "width": 1,
                }
            },
        )

    # Where nothing is placed the two surfaces are one and would flicker through each other.
    placed: Grid = [
        [
            top if top is not None and bottom is not None and top - bottom > 0.3 else None
            for top, bottom in zip(upper, lower, strict=True)
        ]
        for upper, lower in zip(geometry.fill_m, geometry.base_m, strict=True)
    ]
    add(geometry.base_m, token["rock"], view.t("Rock and the dump before the plan"))
    add(placed, hue, view.t("Fill"))
    add(geometry.final_m, token["line-strong"], view.t("Full crater"), opacity=0.22)
    if geometry.survey is not None:
        add(geometry.survey.level_m, SERIES[view.scheme][1], view.t("Last survey"), opacity=0.6)
    front = geometry.front
    figure.add_scatter3d(
        x=front.x_m,
        y=front.y_m,
        z=[front.z_m] * len(front.x_m),
        mode="lines",
        line={"color": token["ink"], "width": 6},
        name=view.t("Crest of the front"),
        hovertemplate=f"{view.zone_title(front.tier)}<extra></extra>",
    )
    levels = (geometry.stage_level_m[0], geometry.stage_level_m[-1])
    span = max(geometry.x_m[-1] - geometry.x_m[0], geometry.y_m[-1] - geometry.y_m[0])
    axis = {
        "backgroundcolor": token["surface"],
        "gridcolor": token["line"],
        "color": token["muted"],
        "showspikes": False,
    }
    figure.update_layout(
        margin={"l": 0, "r": 0, "t": 0, "b": 0},
        legend={"orientation": "h", "y": 1.0, "x": 0},
        scene={
            "xaxis": {**axis, "title": {"text": view.t("East, m")}},
            "yaxis": {**axis, "title": {"text": view.t("North, m")}},
            "zaxis": {**axis, "title": {"text": view.t("Level, m")}},
            "aspectmode": "manual",
            "aspectratio": {
                "x": (geometry.x_m[-1] - geometry.x_m[0]) / span,
                "y": (geometry.y_m[-1] - geometry.y_m[0]) / span,
                "z": (levels[1] - levels[0]) * TALLER / span,
            },
            "camera": {"eye": {"x": 0.95, "y": -1.6, "z": 1.05}},
            "dragmode": "turntable",
        },
    )
    return figure
