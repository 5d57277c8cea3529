"""Parts that every drawing shares: the empty one, times, colours, lines of text."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import pandas as pd
import plotly.graph_objects as go

from dashboard.palette import TOKENS, template
from dashboard.view import View

Point = tuple[float, float]


def blank(view: View, kept: str = "") -> go.Figure:
    """Return an empty drawing in the house's look.

    Parameters
    ----------
    kept
        What the visitor's zoom belongs to: the zoom is kept while it stays the same.
    """
    figure = go.Figure()
    figure.update_layout(
        template=template(view.scheme, view.separators), uirevision=f"{view.frame}|{kept}"
    )
    return figure


def says(view: View, text: str, kept: str = "") -> go.Figure:
    """Return a drawing that says why there is nothing to draw."""
    figure = blank(view, kept)
    figure.update_xaxes(visible=False)
    figure.update_yaxes(visible=False)
    figure.add_annotation(
        text="<br>".join(wrap(text)),
        showarrow=False,
        x=0.5,
        y=0.5,
        xref="paper",
        yref="paper",
        font={"color": TOKENS[view.scheme]["muted"], "size": 13},
    )
    return figure


def filling_tier(view: View) -> str:
    """Return the name of the tier in which the front stands, "" when it is not known."""
    fill = view.twin.fill if view.twin else None
    return str(fill.tier.value) if fill and fill.tier.value else ""


def closed(outline: Sequence[Point]) -> tuple[list[float], list[float]]:
    """Return x and y of an outline whose last point is its first."""
    points = [*outline, outline[0]]
    return [x for x, _ in points], [y for _, y in points]


def crossings(outline: Sequence[Point], x: float) -> list[float]:
    """Return where an outline crosses a line of constant x, as y."""
    found = []
    for (x1, y1), (x2, y2) in zip(outline, [*outline[1:], outline[0]], strict=True):
        if (x1 - x) * (x2 - x) <= 0 and x1 != x2:
            found.append(y1 + (y2 - y1) * (x - x1) / (x2 - x1))
    return sorted(found)


def middle_of(outline: Sequence[Point], x: float) -> float:
    """Return the middle of an outline on a line of constant x, as y."""
    found = crossings(outline, x)
    if not found:
        return sum(y for _, y in outline) / len(outline)
    return (found[0] + found[-1]) / 2


def local(view: View, times: Any) -> list[datetime]:
    """Return times as the site's clocks show them: plotly draws what stands in them."""
    return [
        pd.Timestamp(time).tz_convert(view.zone).tz_localize(None).to_pydatetime() for time in times
    ]


def faint(colour: str, share: float) -> str:
    """Return a colour (#rrggbb) that lets through all but a share [1]."""
    red, green, blue = (int(colour[place : place + 2], 16) for place in (1, 3, 5))
    return f"rgba({red},{green},{blue},{share})"


def wrap(text: str, width: int = 46) -> list[str]:
    """Return a text in lines of about a width [characters]."""
    lines, line = [], ""
    for word in text.split():
        if line and len(line) + len(word) >= width:
            lines.append(line)
            line = word
        else:
            line = f"{line} {word}".strip()
    return [*lines, line]


def add_band(
    figure: go.Figure,
    times: list[datetime],
    low: pd.Series,
    high: pd.Series,
    colour: str,
    name: str,
    shown: bool,
) -> None:
    """Fill the band between two curves."""
    figure.add_scatter(
        x=[*times, *reversed(times)],
        y=[*low.tolist(), *reversed(high.tolist())],
        fill="toself",
        fillcolor=faint(colour, 0.18),
        line={"width": 0},
        hoverinfo="skip",
        name=name,
        showlegend=shown,
    )


def lines_of(text: str, width: int) -> str:
    """Return a long title on several lines of at most so many letters, for narrow screens."""
    return "<br>".join(textwrap.wrap(text, width))
