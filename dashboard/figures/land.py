"""Land use: pit and dumps to scale, and what decides the works of ores."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import plotly.graph_objects as go

from dashboard.figures.canvas import Point, blank, closed, faint, wrap
from dashboard.palette import SERIES, TOKENS
from dashboard.view import View
from twin.land_use import Result

#: Points of a quarter of a circle.
_QUARTER = 16
_SHAPES = ("circle", "square", "rectangle")
_DASHES = {"circle": "solid", "square": "dash", "rectangle": "dot"}


def land_allotment(view: View, inputs: Mapping[str, float], results: Sequence[Result]) -> go.Figure:
    """Return four plans to one scale: the pit, the bases of dumps, both ways of flattening."""
    figure = blank(view, "land")
    token = TOKENS[view.scheme]
    value = {each.name: each.figure.value for each in results}
    length, width = inputs["pit_floor_length"], inputs["pit_floor_width"]
    spread = inputs["pit_depth"] / math.tan(math.radians(inputs["pit_wall_angle"]))
    zone = spread + inputs["sanitary_zone_width"]
    ratio = inputs["rectangle_ratio"]
    best = str(value["best_shape"]).lower()
    base = _base(value, best, ratio)
    reach = {
        scheme: _number(value, f"dust_zone_{scheme}") + _growth(value, scheme)
        for scheme in ("bottom_up", "top_down")
    }
    dump_x = max(base) / 2 + max(reach.values())
    dump_y = min(base) / 2 + max(reach.values())
    gap = 0.12 * max(length + 2 * zone, 2 * dump_x)
    right = max(length / 2 + zone, dump_x) + gap + dump_x
    below = -(width / 2 + zone + 2 * gap + dump_y)

    named: set[str] = set()

    def add(
        outline: list[Point], name: str, colour: str, fill: str | None, dash: str = "solid"
    ) -> None:
        x, y = closed(outline)
        figure.add_scatter(
            x=x,
            y=y,
            mode="lines",
            fill="toself" if fill else None,
            fillcolor=fill,
            line={"color": colour, "width": 1.5, "dash": dash},
            text=name,
            hoverinfo="text",
            hoveron="points+fills" if fill else "points",
            name=name,
            legendgroup=name,
            showlegend=name not in named,
        )
        named.add(name)

    def title(x: float, y: float, text: str) -> None:
        figure.add_annotation(
            x=x,
            y=y,
            yanchor="bottom",
            text="<br>".join(wrap(text, 22)),
            showarrow=False,
            font={"size": 11, "color": token["muted"]},
        )

    floor = _rectangle(0, 0, length, width)
    add(
        _offset(0, 0, length, width, zone), view.t("Sanitary zone"), token["rock-line"], None, "dot"
    )
    add(_offset(0, 0, length, width, spread), view.t("Pit"), token["rock-line"], token["rock"])
    add(floor, view.t("Pit floor"), token["ink"], token["fill-soft"])
    title(0, width / 2 + zone, view.t("Pit field, {area:.0f} ha", area=_number(value, "pit_field")))
    names = {
        "circle": view.t("Circle"),
        "square": view.t("Square"),
        "rectangle": view.t("Rectangle"),
    }
    highest = 0.0
    for shape in _SHAPES:
        if value.get(f"dump_width_{shape}") is None:
            continue
        across, along = _base(value, shape, ratio)
        outline = _outline(shape, right, 0, along, across)
        colour = token["ink"] if shape == best else token["line-strong"]
        add(outline, names[shape], colour, None, _DASHES[shape])
        highest = max(highest, across / 2)
    title(right, highest, view.t("Bases of the dump, {area:.0f} ha", area=_area(value, best)))
    for scheme, x, name in (
        (
            "bottom_up",
            0.0,
            view.t("Bottom-up, dust over {area:.0f} ha", area=_dust(value, "bottom_up")),
        ),
        (
            "top_down",
            right,
            view.t("Top-down, dust over {area:.0f} ha", area=_dust(value, "top_down")),
        ),
    ):
        across, along = base
        grown = _growth(value, scheme)
        dusty = grown + _number(value, f"dust_zone_{scheme}")
        hue = SERIES[view.scheme][0]
        add(
            _moved(best, x, below, along, across, dusty),
            view.t("Dust zone"), hue, faint(hue, 0.12), "dot",
        )  # fmt: skip
        add(
            _moved(best, x, below, along, across, grown),
            view.t("Dump after flattening"), token["ink"], token["fill-soft"],
        )  # fmt: skip
        add(
            _outline(best, x, below, along, across),
            view.t("Dump before flattening"), token["ink"], None, "dash",
        )  # fmt: skip
        title(x, below + across / 2 + dusty, name)
    _scale(view, figure, -max(length / 2 + zone, dump_x), below - dump_y, 2 * right)
    figure.update_layout(
        hovermode="closest", dragmode="pan", margin={"l": 4, "r": 4, "t": 24, "b": 8}
    )
    figure.update_xaxes(visible=False, constrain="domain")
    figure.update_yaxes(visible=False, scaleanchor="x", scaleratio=1)
    return figure


def cutoff_grade(view: View, inputs: Mapping[str, float], results: Sequence[Result]) -> go.Figure:
    """Return the minimum grade by what is sold, against the grade of the block."""
    figure = blank(view, "land")
    token = TOKENS[view.scheme]
    least = [each for each in results if each.name.startswith("least_grade")]
    grade = inputs["block_grade"]
    figure.add_bar(
        y=["<br>".join(wrap(view.text(each.case), 20)) for each in least],
        x=[each.figure.value for each in least],
        orientation="h",
        marker={
            "color": [
                token["fill"] if _known(each) < grade else token["fill-soft"] for each in least
            ],
            "line": {"color": token["line-strong"], "width": 1},
        },
        hovertemplate="%{y}: %{x:.2f} %<extra></extra>",
        showlegend=False,
    )
    figure.add_vline(x=grade, line={"color": token["ink"], "width": 2})
    figure.add_annotation(
        x=grade,
        y=1,
        yref="paper",
        yanchor="bottom",
        text=view.t("Block: {grade} %", grade=grade),
        showarrow=False,
        font={"size": 11, "color": token["ink"]},
    )
    title = "<br>".join(wrap(view.t("Minimum industrial grade, %"), 24))
    figure.update_xaxes(title=title, rangemode="tozero")
    figure.update_yaxes(autorange="reversed", automargin=True)
    figure.update_layout(margin={"t": 28})
    return figure


def losses_dilution(
    view: View, _inputs: Mapping[str, float], results: Sequence[Result]
) -> go.Figure:
    """Return losses over dilution by scheme, the drawing that step 3 of work 5 asks for."""
    figure = blank(view, "land")
    token = TOKENS[view.scheme]
    by_name = {each.name: each for each in results}
    best = by_name["best_scheme"].figure.value
    for scheme, symbol in (("a", "circle"), ("b", "square"), ("c", "diamond")):
        loss, diluted = by_name[f"loss_{scheme}"], by_name[f"dilution_{scheme}"]
        chosen = loss.case is not None and loss.case.template == best
        figure.add_scatter(
            x=[diluted.figure.value],
            y=[loss.figure.value],
            mode="markers+text",
            text=[view.text(loss.case)],
            textposition="top center",
            marker={
                "symbol": symbol,
                "size": 13,
                "color": token["ink"] if chosen else token["surface"],
                "line": {"width": 2, "color": token["ink"]},
            },
            cliponaxis=False,
            hovertemplate="%{text}: %{x:.2f} %, %{y:.2f} %<extra></extra>",
            showlegend=False,
        )
    figure.update_xaxes(title=view.t("Dilution, %"))
    figure.update_yaxes(title=view.t("Losses, %"))
    figure.update_layout(margin={"t": 28, "r": 40})
    return figure


def complex_ore(view: View, _inputs: Mapping[str, float], results: Sequence[Result]) -> go.Figure:
    """Return the allowed yearly cost beside the deposit's own."""
    figure = blank(view, "land")
    token = TOKENS[view.scheme]
    by_name = {each.name: each for each in results}
    shown = [by_name["allowed"], by_name["own"]]
    figure.add_bar(
        y=["<br>".join(wrap(view.text(each.title), 20)) for each in shown],
        x=[each.figure.value for each in shown],
        orientation="h",
        marker={
            "color": [token["fill-soft"], token["fill"]],
            "line": {"color": token["line-strong"], "width": 1},
        },
        hovertemplate="%{y}: %{x:,.1f} " + view.unit("million rub/y") + "<extra></extra>",
        showlegend=False,
    )
    figure.update_xaxes(title=view.unit("million rub/y"), rangemode="tozero")
    figure.update_yaxes(autorange="reversed", automargin=True)
    return figure


def _known(each: Result) -> float:
    return float(each.figure.value) if isinstance(each.figure.value, int | float) else math.nan


def _number(value: Mapping[str, float | str | None], name: str) -> float:
    found = value.get(name)
    return float(found) if isinstance(found, int | float) else 0.0


def _area(value: Mapping[str, float | str | None], shape: str) -> float:
    return _number(value, f"dump_area_{shape}")


def _dust(value: Mapping[str, float | str | None], scheme: str) -> float:
    return _number(value, f"dusted_area_{scheme}")


def _growth(value: Mapping[str, float | str | None], scheme: str) -> float:
    return _number(value, f"growth_{scheme}")


def _base(value: Mapping[str, float | str | None], shape: str, ratio: float) -> tuple[float, float]:
    """Return width and length of a dump's base [m]."""
    width = _number(value, f"dump_width_{shape}")
    return width, width * (ratio if shape == "rectangle" else 1)


def _rectangle(x: float, y: float, along: float, across: float) -> list[Point]:
    a, b = along / 2, across / 2
    return [(x - a, y - b), (x + a, y - b), (x + a, y + b), (x - a, y + b)]


def _outline(shape: str, x: float, y: float, along: float, across: float) -> list[Point]:
    if shape != "circle":
        return _rectangle(x, y, along, across)
    return _offset(x, y, 0, 0, across / 2)


def _moved(
    shape: str, x: float, y: float, along: float, across: float, distance: float
) -> list[Point]:
    """Return an outline moved outward, with round corners."""
    if shape == "circle":
        return _offset(x, y, 0, 0, across / 2 + distance)
    return _offset(x, y, along, across, distance)


def _offset(x: float, y: float, along: float, across: float, distance: float) -> list[Point]:
    corners = ((1, 1, 0), (-1, 1, 1), (-1, -1, 2), (1, -1, 3))
    return [
        (
            x + right * along / 2 + distance * math.cos(turn),
            y + up * across / 2 + distance * math.sin(turn),
        )
        for right, up, quarter in corners
        for step in range(_QUARTER + 1)
        for turn in [(quarter + step / _QUARTER) * math.pi / 2]
    ]


def _scale(view: View, figure: go.Figure, left: float, low: float, width: float) -> None:
    length = 10 ** math.floor(math.log10(width / 3))
    length *= 2 if width / 3 / length >= 2 else 1
    token = TOKENS[view.scheme]
    figure.add_scatter(
        x=[left, left + length],
        y=[low, low],
        mode="lines",
        line={"color": token["muted"], "width": 2},
        hoverinfo="skip",
        showlegend=False,
    )
    figure.add_annotation(
        x=left + length / 2,
        y=low,
        yshift=9,
        text=f"{length:g} {view.unit('m')}",
        showarrow=False,
        font={"size": 10, "color": token["muted"]},
    )
