"""Every colour of the dashboard: for the style sheet, the figures and the tables alike.

Grey is the colour of a normal day; hues are kept for what is abnormal and for telling series
apart. The hues follow the set of Okabe and Ito [1]_, which people with any kind of colour vision
can tell apart; a mark's shape and a word say the same as its colour.

References
----------
.. [1] Okabe, M. and Ito, K. (2008). Color Universal Design. https://jfly.uni-koeln.de/color/
"""

from __future__ import annotations

from typing import Any, Literal, NamedTuple

import plotly.graph_objects as go

from ingest.text import Text

Scheme = Literal["light", "dark"]

#: Surfaces and inks by scheme. Text on its surface has a contrast of 4.5 or more (WCAG AA).
TOKENS: dict[Scheme, dict[str, str]] = {
    "light": {
        "ground": "#eef0f2",
        "surface": "#ffffff",
        "raised": "#f6f7f8",
        "ink": "#171c21",
        "muted": "#56606a",
        "line": "#d5dade",
        "line-strong": "#7d8790",
        "hover": "#e6e9ec",
        "accent": "#1f5f8b",
        "accent-soft": "#dbe7f0",
        "rock": "#d9d4cb",
        "rock-line": "#a39b8d",
        "fill": "#9aa3ab",
        "fill-soft": "#c9cfd4",
    },
    "dark": {
        "ground": "#101316",
        "surface": "#181c20",
        "raised": "#1f2429",
        "ink": "#e8ebee",
        "muted": "#9da7b1",
        "line": "#2d343a",
        "line-strong": "#76818b",
        "hover": "#262c32",
        "accent": "#8cc3ea",
        "accent-soft": "#203646",
        "rock": "#33312d",
        "rock-line": "#69645b",
        "fill": "#6d7780",
        "fill-soft": "#3c444b",
    },
}

#: Colours that tell series apart, none of which stands for an alarm level.
SERIES: dict[Scheme, tuple[str, ...]] = {
    "light": ("#0072b2", "#00795a", "#a04a7d", "#5b646d", "#3b8fc4", "#6b5b95"),
    "dark": ("#6bb8e8", "#2fc79b", "#dd93b9", "#aab3bb", "#9ad0f0", "#b3a4dc"),
}


class Status(NamedTuple):
    """How one status looks: never by colour alone.

    Parameters
    ----------
    word
        What it is called.
    fill, ink
        Colour of its badge and of the text on it, in both schemes.
    symbol
        Shape of its marker in a figure (plotly's names); the style sheet draws the same shape.
    """

    word: Text
    fill: dict[Scheme, str]
    ink: dict[Scheme, str]
    symbol: str


def _both(colour: str) -> dict[Scheme, str]:
    return {"light": colour, "dark": colour}


_DARK_INK = _both("#14181c")

#: Alarm levels and freshness, gravest first.
STATUSES: dict[str, Status] = {
    "alarm": Status(
        Text("Alarm"),
        {"light": "#c24a00", "dark": "#ff7a3d"},
        {"light": "#ffffff", "dark": "#14181c"},
        "square",
    ),
    "warning": Status(Text("Warning"), _both("#e69f00"), _DARK_INK, "triangle-up"),
    "advisory": Status(Text("Advisory"), _both("#f0e442"), _DARK_INK, "diamond"),
    "unavailable": Status(
        Text("Unavailable"),
        {"light": "#e1e5e8", "dark": "#2a3036"},
        {"light": "#454e57", "dark": "#b6bfc7"},
        "x-thin-open",
    ),
    "stale": Status(
        Text("Stale"),
        {"light": "#e1e5e8", "dark": "#2a3036"},
        {"light": "#454e57", "dark": "#b6bfc7"},
        "circle-open-dot",
    ),
    "unknown": Status(
        Text("Unknown"),
        {"light": "#e1e5e8", "dark": "#2a3036"},
        {"light": "#454e57", "dark": "#b6bfc7"},
        "circle-open",
    ),
    "normal": Status(
        Text("Normal"),
        {"light": "#e6e9ec", "dark": "#262c32"},
        {"light": "#3b444d", "dark": "#c3cbd2"},
        "circle",
    ),
    "current": Status(
        Text("Current"),
        {"light": "#e6e9ec", "dark": "#262c32"},
        {"light": "#3b444d", "dark": "#c3cbd2"},
        "circle",
    ),
}

#: Order of gravity, calm first.
LEVELS = ("normal", "unknown", "advisory", "warning", "alarm")

FONT = '"Inter Variable", "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif'


def style_sheet() -> str:
    """Return the palette as CSS variables, for both schemes."""
    blocks = []
    for scheme, tokens in TOKENS.items():
        names = {f"--pm-{name}": colour for name, colour in tokens.items()}
        for key, status in STATUSES.items():
            names[f"--pm-{key}"] = status.fill[scheme]
            names[f"--pm-{key}-ink"] = status.ink[scheme]
        for number, colour in enumerate(SERIES[scheme], start=1):
            names[f"--pm-series-{number}"] = colour
        body = "".join(f"{name}:{colour};" for name, colour in names.items())
        blocks.append(f':root[data-mantine-color-scheme="{scheme}"]{{{body}}}')
    return "".join(blocks)


def template(scheme: Scheme, separators: str) -> go.layout.Template:
    """Return the look of every figure.

    Parameters
    ----------
    scheme
        Light or dark.
    separators
        Decimal and thousands mark, such as ".," or ", ".
    """
    token = TOKENS[scheme]
    axis: dict[str, Any] = {
        "gridcolor": token["line"],
        "gridwidth": 1,
        "linecolor": token["line-strong"],
        "showline": False,
        "zeroline": False,
        "ticks": "",
        "tickfont": {"color": token["muted"], "size": 11},
        "title": {"font": {"color": token["muted"], "size": 11}, "standoff": 8},
        "automargin": True,
        "fixedrange": False,
    }
    layout = go.Layout(
        font={"family": FONT, "size": 12, "color": token["ink"]},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        colorway=list(SERIES[scheme]),
        margin={"l": 8, "r": 12, "t": 8, "b": 8},
        xaxis=axis,
        yaxis=axis,
        separators=separators,
        legend={
            "orientation": "h",
            "x": 0,
            "xanchor": "left",
            "y": 1.02,
            "yanchor": "bottom",
            "font": {"size": 11, "color": token["muted"]},
            "bgcolor": "rgba(0,0,0,0)",
        },
        hoverlabel={
            "bgcolor": token["raised"],
            "bordercolor": token["line-strong"],
            "font": {"family": FONT, "size": 12, "color": token["ink"]},
            "align": "left",
        },
        hovermode="x unified",
        dragmode="zoom",
        modebar={
            "bgcolor": "rgba(0,0,0,0)",
            "color": token["line-strong"],
            "activecolor": token["ink"],
        },
    )
    return go.layout.Template(layout=layout)
