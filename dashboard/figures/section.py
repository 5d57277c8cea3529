"""The fill in section."""

from __future__ import annotations

import math
from collections.abc import Sequence

import plotly.graph_objects as go

from dashboard.figures.canvas import (
    blank,
    closed,
    crossings,
    says,
)
from dashboard.palette import SERIES, TOKENS
from dashboard.view import View
from twin.state import TierState

#: Tangent of the tiers' face, 37 degrees: reclamation project 073/20-TX (angle of repose).
FACE = math.tan(math.radians(37))


def section(view: View) -> go.Figure:
    """Return the schematic section through the dump: tiers, how full they are, plan and front."""
    fill = view.twin.fill if view.twin else None
    if fill is None or not fill.tiers:
        return says(view, view.t("This site has no plan of a dump"), "section")
    figure = blank(view, "section")
    edges = _bench_edges(view, [tier.tier for tier in fill.tiers])
    if edges is None:
        return says(view, view.t("The tiers have no outlines"), "section")
    wall, toe = edges[0][1], edges[0][0]
    for one in edges:
        wall, toe = max(wall, one[1]), min(toe, one[0])
    base = min(tier.base_m for tier in fill.tiers)
    crest = max(tier.crest_m for tier in fill.tiers)
    depth = 0.12 * (crest - base)
    _add_rock(figure, view, toe, wall, base, crest, depth)
    for tier, (edge, _) in zip(fill.tiers, edges, strict=True):
        _add_tier(figure, view, tier, edge, _wall_at(wall, tier.base_m, crest))
    levels = [base, *(tier.crest_m for tier in fill.tiers)]
    level = fill.level.value
    if isinstance(level, int | float):
        figure.add_scatter(
            x=[toe, wall],
            y=[level, level],
            mode="lines",
            line={"color": SERIES[view.scheme][0], "width": 2, "dash": "dot"},
            name=view.t("Level if spread evenly"),
            hovertemplate=view.t("Level if spread evenly") + ": %{y:.1f} " + view.unit("m"),
        )
        figure.add_annotation(
            x=wall + 93,
            y=level,
            xanchor="right",
            yshift=8,
            text=f"+{view.with_unit(level, 'm')}",
            showarrow=False,
            font={"size": 11, "color": SERIES[view.scheme][0]},
        )
    figure.update_layout(
        hovermode="closest",
        dragmode="pan",
        margin={"l": 4, "r": 8, "t": 4, "b": 4},
        showlegend=False,
    )
    figure.update_xaxes(visible=False, range=[toe - 95, wall + 95])
    figure.update_yaxes(
        title=view.t("Level, m"),
        range=[base - depth, crest + 18],
        tickvals=levels,
        ticktext=[f"+{each:g}" for each in levels],
        gridcolor="rgba(0,0,0,0)",
    )
    return figure


def _bench_edges(view: View, tiers: Sequence[str]) -> list[tuple[float, float]] | None:
    """Return where each tier's bench begins and ends on the line through the dump's middle [m]."""
    zones = view.queries.site.zones
    outlines = [zones[tier].outline for tier in tiers if tier in zones]
    if len(outlines) < len(tiers) or not all(outlines):
        return None
    xs = [x for outline in outlines for x, _ in outline]
    middle = (min(xs) + max(xs)) / 2
    edges = []
    for outline in outlines:
        found = crossings(outline, middle)
        if not found:
            return None
        edges.append((found[0], found[-1]))
    return edges


def _wall_at(wall: float, level: float, crest: float) -> float:
    """Return where the crater's wall stands at a level: it is drawn at 60 degrees."""
    return wall - (crest - level) / math.tan(math.radians(60))


def _add_rock(
    figure: go.Figure,
    view: View,
    toe: float,
    wall: float,
    base: float,
    crest: float,
    depth: float,
) -> None:
    token = TOKENS[view.scheme]
    foot = _wall_at(wall, base, crest)
    figure.add_scatter(
        x=[toe - 95, toe - 30, toe + 5, foot, wall, wall + 95, wall + 95, toe - 95],
        y=[crest, crest, base, base, crest, crest, base - depth, base - depth],
        mode="lines",
        fill="toself",
        fillcolor=token["rock"],
        line={"color": token["rock-line"], "width": 1.25},
        hoverinfo="skip",
        showlegend=False,
    )
    figure.add_annotation(
        x=(toe + wall) / 2,
        y=base - depth / 2,
        text=view.t("Schematic section, not to scale"),
        showarrow=False,
        font={"size": 10, "color": token["muted"]},
    )


def _add_tier(figure: go.Figure, view: View, tier: TierState, edge: float, wall: float) -> None:
    """Draw one tier: its planned body as an outline, what is filled as a body from the wall on."""
    token = TOKENS[view.scheme]
    height = tier.crest_m - tier.base_m
    run = height / FACE
    rise = height / math.tan(math.radians(60))
    crest_edge = edge + min(run, 30) if height > 40 else edge
    body = [
        (crest_edge - min(run, 30), tier.base_m),
        (crest_edge, tier.crest_m),
        (wall + rise, tier.crest_m),
        (wall, tier.base_m),
    ]
    x, y = closed(body)
    title = view.text(tier.title)
    filled, capacity = (view.value_with_unit(each) for each in (tier.filled, tier.capacity))
    said = view.t("filled {filled} of {capacity}", filled=filled, capacity=capacity)
    hover = f"<b>{title}</b><br>{said}<extra></extra>"
    figure.add_scatter(
        x=x,
        y=y,
        mode="lines",
        fill="toself",
        fillcolor=token["surface"],
        line={"color": token["line-strong"], "width": 1, "dash": "dot"},
        hovertemplate=hover,
        hoveron="fills",
        name=title,
        text=title,
    )
    share = tier.fraction.value if isinstance(tier.fraction.value, int | float) else 0.0
    if share > 0:
        share = min(share, 1.0)
        front = wall - share * (wall - crest_edge)
        lean = min(run, 30)
        x, y = closed(
            [
                (front - lean, tier.base_m),
                (front, tier.crest_m),
                (wall + rise, tier.crest_m),
                (wall, tier.base_m),
            ]
        )
        figure.add_scatter(
            x=x,
            y=y,
            mode="lines",
            fill="toself",
            fillcolor=token["fill"],
            line={"color": token["ink"], "width": 1.25},
            hoverinfo="skip",
        )
    words = f"{title} · {view.percent(share, 1)}" if share > 0 else title
    # An empty tier is named at the wall, where a narrow screen has room to the left of the name.
    figure.add_annotation(
        x=crest_edge + 8 if share > 0 else wall + rise / 2,
        y=(tier.base_m + tier.crest_m) / 2,
        xanchor="left" if share > 0 else "right",
        xshift=0 if share > 0 else -6,
        text=words,
        showarrow=False,
        font={"size": 10, "color": token["ink"] if share > 0 else token["muted"]},
    )
