"""Water: whether it is turning bad.

The page has four parts, of which the address names one: every number carries how it came about,
and all of them at once would keep a small computer busy.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import plotly.graph_objects as go
from dash import html
from dash.development.base_component import Component

from dashboard import figures
from dashboard.components import card, choices, graph, row
from dashboard.page import Page, Update
from dashboard.pages import _water_balance, _water_chemistry, _water_heads, _water_stations
from dashboard.view import View
from ingest.text import Text

_PARTS = {
    "quality": Text("Quality and limits"),
    "levels": Text("Water levels"),
    "chemistry": Text("Wastes, loads, trends"),
    "balance": Text("Balance and rise"),
}


def layout(view: View) -> list[Component]:
    """Return the page below its heading."""
    return [
        html.Div(_water_stations.key_figures(view), id="water-figures"),
        html.Div(parts(view), id="water-parts", className="pm-scroll"),
        _part(view, "quality", _quality(view)),
        _part(view, "levels", _levels(view)),
        _part(view, "chemistry", _chemistry(view)),
        _part(view, "balance", _balance(view)),
    ]


def parts(view: View) -> Component:
    """Return the choice of the part."""
    options = [(name, view.text(title)) for name, title in _PARTS.items()]
    return choices(view, "part", options, _chosen(view), view.t("Part of the page"))


def _chosen(view: View) -> str:
    return view.chosen("part", list(_PARTS))


def _part(view: View, name: str, cards: list[Component]) -> Component:
    inner = html.Div(cards, className="pm-stack")
    return html.Div(inner, id=f"water-part-{name}", hidden=_chosen(view) != name)


def _quality(view: View) -> list[Component]:
    return [
        row(
            card(
                view.t("Through time"),
                graph(
                    view,
                    "water-curve",
                    _curve(view),
                    view.t("The chosen quantity of the chosen station through time, with limits"),
                    height=None,
                ),
                aside=html.Div(_water_stations.ranges(view), id="water-ranges"),
                span="pm-two-thirds",
            ),
            card(
                view.t("Rain and air"),
                [
                    html.Div(_weather(view), id="water-weather"),
                    graph(view, "water-rain", _rain(view), view.t("Rain by day"), height="12rem"),
                ],
                span="pm-third",
            ),
        ),
        card(view.t("Stations and limits"), _stations(view), id="water-stations"),
        card(view.t("Limits by use"), _limits(view), id="water-limits"),
    ]


def _levels(view: View) -> list[Component]:
    return [
        card(
            view.t("Water level, measured and explained"),
            graph(
                view,
                "water-level",
                _level(view),
                view.t("The chosen water level through time, with what rain and melt explain"),
            ),
            aside=html.Div(_water_heads.ranges(view), id="water-level-ranges"),
        ),
        card(view.t("Water levels and what explains them"), _heads(view), id="water-levels"),
    ]


def _chemistry(view: View) -> list[Component]:
    return [
        card(view.t("Acid-base account"), _account(view), id="water-account"),
        row(
            card(view.t("Loads and acidity"), _loads(view), id="water-loads", span="pm-five"),
            card(view.t("Trends"), _trends(view), id="water-trends", span="pm-seven"),
        ),
    ]


def _balance(view: View) -> list[Component]:
    return [
        card(
            view.t("Water balance of the crater"),
            [
                graph(
                    view,
                    "water-months",
                    _bars(view),
                    view.t("Water that came and left by month, and what does not close"),
                    height="16rem",
                ),
                html.Div(_months(view), id="water-balance"),
            ],
        ),
        card(view.t("Rise after pumping stopped"), _rebound(view), id="water-rebound"),
    ]


def _of(part: str, make: Callable[[View], Any]) -> Callable[[View], Any]:
    """Return what makes the content of a part while it is the chosen one, else nothing."""
    return lambda view: make(view) if _chosen(view) == part else None


def _drawn(part: str, make: Callable[[View], go.Figure]) -> Callable[[View], go.Figure]:
    """Return the same of a drawing, which is empty while its part is not the chosen one."""
    return lambda view: make(view) if _chosen(view) == part else figures.blank(view, part)


def _hides(part: str) -> Callable[[View], bool]:
    return lambda view: _chosen(view) != part


_curve = _drawn("quality", _water_stations.curve)
_weather = _of("quality", _water_stations.weather)
_rain = _drawn("quality", _water_stations.rain)
_stations = _of("quality", _water_stations.stations)
_limits = _of("quality", _water_chemistry.limits)
_level = _drawn("levels", _water_heads.curve)
_heads = _of("levels", _water_heads.levels)
_account = _of("chemistry", _water_chemistry.account)
_loads = _of("chemistry", _water_chemistry.loads)
_trends = _of("chemistry", _water_chemistry.trends)
_bars = _drawn("balance", _water_balance.bars)
_months = _of("balance", _water_balance.balance)
_rebound = _of("balance", _water_balance.rebound)

PAGE = Page(
    path="/water",
    title=Text("Water"),
    question=Text("Is it turning bad?"),
    icon="water",
    order=60,
    layout=layout,
    updates=(
        Update("water-figures", "children", _water_stations.key_figures),
        Update("water-parts", "children", parts, "choice"),
        *(Update(f"water-part-{name}", "hidden", _hides(name), "choice") for name in _PARTS),
        Update("water-curve", "figure", _curve),
        Update("water-ranges", "children", _water_stations.ranges),
        Update("water-weather", "children", _weather),
        Update("water-rain", "figure", _rain),
        Update("water-stations", "children", _stations),
        Update("water-limits", "children", _limits),
        Update("water-level", "figure", _level),
        Update("water-level-ranges", "children", _water_heads.ranges),
        Update("water-levels", "children", _heads),
        Update("water-account", "children", _account),
        Update("water-loads", "children", _loads),
        Update("water-trends", "children", _trends),
        Update("water-months", "figure", _bars),
        Update("water-balance", "children", _months),
        Update("water-rebound", "children", _rebound),
    ),
)
