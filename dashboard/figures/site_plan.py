"""The site from above."""

from __future__ import annotations

import math
from collections.abc import Mapping

import plotly.graph_objects as go

from dashboard.figures.canvas import (
    blank,
    closed,
    filling_tier,
    middle_of,
)
from dashboard.palette import STATUSES, TOKENS
from dashboard.status import instrument_status, zone_status
from dashboard.view import View
from ingest.site import Zone


def site_plan(view: View) -> go.Figure:
    """Return the plan of the site: zones by their outlines, instruments by their status."""
    figure = blank(view, "plan")
    token = TOKENS[view.scheme]
    zones, grave = view.queries.site.zones, zone_status(view)
    filling = filling_tier(view)
    margin = min((x for zone in zones.values() for x, _ in zone.outline), default=0.0) - 12
    for kind in ("rim", "backfill", "tier", "drainage", "weather", "logistics", "area"):
        for name, zone in zones.items():
            if zone.kind != kind or not zone.outline:
                continue
            x, y = closed(zone.outline)
            level = grave.get(name)
            figure.add_scatter(
                x=x,
                y=y,
                mode="lines",
                fill="toself",
                fillcolor=_zone_colour(kind, name == filling, token),
                line={
                    "color": STATUSES[level].fill[view.scheme] if level else token["rock-line"],
                    "width": 2.5 if level else 1,
                },
                hoverinfo="skip",
                showlegend=False,
            )
            label = _zone_label(view, name, level)
            if label and kind == "tier":
                figure.add_annotation(
                    x=margin,
                    y=middle_of(zone.outline, min(x) + 0.03 * (max(x) - min(x))),
                    text=label,
                    xanchor="right",
                    showarrow=False,
                    font={"size": 10, "color": token["ink"] if level else token["muted"]},
                )
            elif label and kind in ("drainage", "logistics"):
                above = kind == "logistics"
                figure.add_annotation(
                    x=(min(x) + max(x)) / 2,
                    y=max(y) if above else min(y),
                    yshift=9 if above else -9,
                    text=label,
                    showarrow=False,
                    font={"size": 10, "color": token["ink"] if level else token["muted"]},
                )
    _add_instruments(figure, view)
    figure.update_layout(
        hovermode="closest",
        dragmode="pan",
        legend={"y": 0, "yanchor": "top", "itemsizing": "constant", "title": {"text": ""}},
        margin={"l": 4, "r": 4, "t": 4, "b": 28},
    )
    figure.update_xaxes(visible=False, constrain="domain", range=_across(zones, left=0.36))
    figure.update_yaxes(visible=False, scaleanchor="x", scaleratio=1)
    _add_scale(figure, view)
    return figure


def _across(zones: Mapping[str, Zone], left: float) -> list[float] | None:
    """Return the range of the plan in x, with a part of it on the left for the tiers' names."""
    east = [x for zone in zones.values() for x, _ in zone.outline]
    if not east:
        return None
    width = max(east) - min(east)
    return [min(east) - left * width, max(east) + 0.05 * width]


def _add_instruments(figure: go.Figure, view: View) -> None:
    status = instrument_status(view)
    token = TOKENS[view.scheme]
    for key in ("normal", "stale", "unavailable", "advisory", "warning", "alarm"):
        placed = [each for each in view.instruments.values() if status[each.name] == key]
        if not placed:
            continue
        look = STATUSES[key]
        calm = key == "normal"
        figure.add_scatter(
            x=[each.x_m for each in placed],
            y=[each.y_m for each in placed],
            mode="markers",
            name=f"{view.text(look.word)}: {len(placed)}",
            text=[each.name for each in placed],
            customdata=[
                [view.text(each.type_title), view.zone_title(each.zone), view.time(each.last_time)]
                for each in placed
            ],
            marker={
                "symbol": look.symbol,
                "size": 8 if calm else 13,
                "color": token["surface"] if calm else look.fill[view.scheme],
                "line": {
                    "width": 2 if calm or "open" in look.symbol else 1.25,
                    "color": token["muted"] if calm or "open" in look.symbol else token["ink"],
                },
            },
            hovertemplate=(
                f"<b>%{{text}}</b> · {view.text(look.word)}<br>%{{customdata[0]}}"
                "<br>%{customdata[1]}<br>%{customdata[2]}<extra></extra>"
            ),
        )


def _add_scale(figure: go.Figure, view: View) -> None:
    outlines = [point for zone in view.queries.site.zones.values() for point in zone.outline]
    if not outlines:
        return
    width = max(x for x, _ in outlines) - min(x for x, _ in outlines)
    length = 10 ** math.floor(math.log10(max(width, 10) / 3))
    length *= 2 if width / 3 / length >= 2 else 1
    right, low = min(x for x, _ in outlines) + length, min(y for _, y in outlines)
    token = TOKENS[view.scheme]
    figure.add_scatter(
        x=[right - length, right],
        y=[low, low],
        mode="lines",
        line={"color": token["muted"], "width": 2},
        hoverinfo="skip",
        showlegend=False,
    )
    figure.add_annotation(
        x=right - length / 2,
        y=low,
        yshift=9,
        text=f"{length:g} {view.unit('m')}",
        showarrow=False,
        font={"size": 10, "color": token["muted"]},
    )


def _zone_colour(kind: str, filling: bool, token: dict[str, str]) -> str:
    if kind == "rim":
        return token["rock"]
    if kind == "tier":
        return token["fill-soft"] if filling else token["raised"]
    return token["raised"] if kind != "drainage" else token["accent-soft"]


#: The shapes of the markers as letters, for the name of a zone; the legend has their words.
_MARKS = {"alarm": "■", "warning": "▲", "advisory": "◆"}


def _zone_label(view: View, name: str, level: str | None) -> str:
    title = view.zone_title(name)
    if level:
        return f"<b>{_MARKS.get(level, '')} {title}</b>"
    return title if len(title) < 40 else ""
