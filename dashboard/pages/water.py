"""Water: whether it is turning bad."""

from __future__ import annotations

from dash import html
from dash.development.base_component import Component

from dashboard.components import card, graph, row
from dashboard.page import Page, Update
from dashboard.pages import _water_balance, _water_chemistry, _water_heads, _water_stations
from dashboard.view import View
from ingest.text import Text


def layout(view: View) -> list[Component]:
    """Return the page below its heading."""
    return [
        html.Div(_water_stations.key_figures(view), id="water-figures"),
        row(
            card(
                view.t("Through time"),
                graph(
                    view,
                    "water-curve",
                    _water_stations.curve(view),
                    view.t("The chosen quantity of the chosen station through time, with limits"),
                    height=None,
                ),
                aside=html.Div(_water_stations.ranges(view), id="water-ranges"),
                span="pm-two-thirds",
            ),
            card(
                view.t("Rain and air"),
                [
                    html.Div(_water_stations.weather(view), id="water-weather"),
                    graph(
                        view,
                        "water-rain",
                        _water_stations.rain(view),
                        view.t("Rain by day"),
                        height="12rem",
                    ),
                ],
                span="pm-third",
            ),
        ),
        card(view.t("Stations and limits"), _water_stations.stations(view), id="water-stations"),
        card(view.t("Limits by use"), _water_chemistry.limits(view), id="water-limits"),
        card(
            view.t("Water level, measured and explained"),
            graph(
                view,
                "water-level",
                _water_heads.curve(view),
                view.t("The chosen water level through time, with what rain and melt explain"),
            ),
            aside=html.Div(_water_heads.ranges(view), id="water-level-ranges"),
        ),
        card(
            view.t("Water levels and what explains them"),
            _water_heads.levels(view),
            id="water-levels",
        ),
        card(view.t("Acid-base account"), _water_chemistry.account(view), id="water-account"),
        row(
            card(
                view.t("Loads and acidity"),
                _water_chemistry.loads(view),
                id="water-loads",
                span="pm-half",
            ),
            card(
                view.t("Trends"), _water_chemistry.trends(view), id="water-trends", span="pm-half"
            ),
        ),
        card(
            view.t("Water balance of the crater"),
            [
                graph(
                    view,
                    "water-months",
                    _water_balance.bars(view),
                    view.t("Water that came and left by month, and what does not close"),
                    height="16rem",
                ),
                html.Div(_water_balance.balance(view), id="water-balance"),
            ],
        ),
        card(
            view.t("Rise after pumping stopped"), _water_balance.rebound(view), id="water-rebound"
        ),
    ]


PAGE = Page(
    path="/water",
    title=Text("Water"),
    question=Text("Is it turning bad?"),
    icon="water",
    order=60,
    layout=layout,
    updates=(
        Update("water-figures", "children", _water_stations.key_figures),
        Update("water-curve", "figure", _water_stations.curve),
        Update("water-ranges", "children", _water_stations.ranges, "choice"),
        Update("water-weather", "children", _water_stations.weather),
        Update("water-rain", "figure", _water_stations.rain),
        Update("water-stations", "children", _water_stations.stations),
        Update("water-limits", "children", _water_chemistry.limits),
        Update("water-level", "figure", _water_heads.curve),
        Update("water-level-ranges", "children", _water_heads.ranges, "choice"),
        Update("water-levels", "children", _water_heads.levels),
        Update("water-account", "children", _water_chemistry.account),
        Update("water-loads", "children", _water_chemistry.loads),
        Update("water-trends", "children", _water_chemistry.trends),
        Update("water-months", "figure", _water_balance.bars),
        Update("water-balance", "children", _water_balance.balance),
        Update("water-rebound", "children", _water_balance.rebound),
    ),
)
