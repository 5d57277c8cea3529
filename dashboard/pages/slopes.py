"""Slopes: whether they stand."""

from __future__ import annotations

from dash import html
from dash.development.base_component import Component

from dashboard.components import card, figure_tile, graph, no_state, row, tiles
from dashboard.page import Page, Update
from dashboard.pages import _slope_movement as move
from dashboard.pages import _slope_stability as stability
from dashboard.view import View
from ingest.figure import Figure
from ingest.text import Text


def layout(view: View) -> list[Component]:
    """Return the page below its heading."""
    return [
        html.Div(key_figures(view), id="slopes-figures"),
        row(
            card(
                view.t("Section with its critical circle"),
                graph(
                    view,
                    "slopes-section",
                    stability.section(view),
                    view.t(
                        "Section of the chosen slope to scale: ground, layers, water line from the"
                        " piezometers, and the circle of least factor of safety"
                    ),
                    height=None,
                ),
                aside=html.Div(stability.name(view), id="slopes-section-name"),
                span="pm-two-thirds",
            ),
            card(
                view.t("Chosen slope"),
                stability.details(view),
                id="slopes-details",
                span="pm-third",
            ),
        ),
        card(view.t("Sections"), stability.sections(view), id="slopes-sections"),
        card(view.t("What it rests on"), stability.grounds(view), id="slopes-grounds"),
        row(
            card(
                view.t("Factor of safety through time"),
                graph(
                    view,
                    "slopes-factor",
                    stability.factor_curve(view),
                    view.t(
                        "Factor of safety of the chosen slope through time, with the spread of"
                        " strength, against the required one"
                    ),
                ),
                aside=html.Div(stability.factor_ranges(view), id="slopes-factor-ranges"),
                span="pm-seven",
            ),
            card(
                view.t("What moves it most"),
                [
                    graph(
                        view,
                        "slopes-influences",
                        stability.influences(view),
                        view.t("How far each input alone moves the factor of safety"),
                        height="22rem",
                    ),
                    html.P(
                        stability.influence_words(view),
                        id="slopes-influence-words",
                        className="pm-quiet",
                    ),
                ],
                span="pm-five",
            ),
        ),
        row(
            card(
                view.t("Profile by depth"),
                graph(
                    view,
                    "slopes-profile",
                    move.profile(view),
                    view.t("Displacement by depth of the chosen inclinometer, depth downwards"),
                    height="25rem",
                ),
                aside=html.Div(move.chosen(view, "inclinometer"), id="slopes-profile-name"),
                span="pm-five",
            ),
            card(
                view.t("When would it fail?"),
                [
                    graph(
                        view,
                        "slopes-inverse",
                        move.inverse(view),
                        view.t(
                            "Inverse of the velocity of the chosen inclinometer through time; it"
                            " falls to zero at failure"
                        ),
                        height="16rem",
                    ),
                    html.Div(move.forecast(view), id="slopes-forecast"),
                ],
                aside=html.Div(move.chosen(view, "inclinometer"), id="slopes-inverse-name"),
                span="pm-seven",
            ),
        ),
        card(view.t("Movement"), move.movement(view), id="slopes-movement"),
        row(
            card(
                view.t("Pore pressure and head"),
                graph(
                    view,
                    "slopes-pressure",
                    move.pressure_curve(view),
                    view.t("Pore pressure or head of the chosen instrument through time"),
                    height="25rem",
                ),
                aside=html.Div(move.ranges(view), id="slopes-ranges"),
                span="pm-five",
            ),
            card(
                view.t("Pore pressure and head, by instrument"),
                move.pressure(view),
                id="slopes-table",
                span="pm-seven",
            ),
        ),
    ]


def key_figures(view: View) -> Component:
    """Return what stands least surely, and what moves and presses most."""
    twin = view.twin
    if twin is None:
        return no_state(view)
    shown: list[Component] = []
    state = stability.chosen(view)
    if state is not None:
        note = stability.title(view, state)
        shown.append(
            figure_tile(
                view,
                view.t("Factor of safety"),
                state.factor_of_safety,
                note=note,
                status=stability.level(state),
            )
        )
        shown.append(
            figure_tile(
                view,
                view.t("Probability of failure"),
                stability.in_percent(state.probability),
                note=note,
            )
        )
    for label, states, name in (
        (view.t("Fastest movement"), twin.movement, "rate"),
        (view.t("Largest displacement"), twin.movement, "largest"),
        (view.t("Largest rise in 7 days"), twin.pressure, "change_7d"),
    ):
        found = move.extreme(states, name)
        if found is not None:
            figure: Figure = getattr(found, name)
            shown.append(
                figure_tile(
                    view,
                    label,
                    figure,
                    note=found.instrument,
                    status=move.status(view, found.instrument),
                )
            )
    shown.append(figure_tile(view, view.t("Rain, 30 days"), twin.weather.rain_30d))
    return tiles(shown)


PAGE = Page(
    path="/slopes",
    title=Text("Slopes"),
    question=Text("Does it stand?"),
    icon="slopes",
    order=50,
    layout=layout,
    updates=(
        Update("slopes-figures", "children", key_figures),
        Update("slopes-section", "figure", stability.section),
        Update("slopes-section-name", "children", stability.name),
        Update("slopes-details", "children", stability.details),
        Update("slopes-sections", "children", stability.sections),
        Update("slopes-grounds", "children", stability.grounds),
        Update("slopes-factor", "figure", stability.factor_curve),
        Update("slopes-factor-ranges", "children", stability.factor_ranges),
        Update("slopes-influences", "figure", stability.influences),
        Update("slopes-influence-words", "children", stability.influence_words),
        Update("slopes-profile", "figure", move.profile),
        Update("slopes-profile-name", "children", lambda view: move.chosen(view, "inclinometer")),
        Update("slopes-inverse", "figure", move.inverse),
        Update("slopes-forecast", "children", move.forecast),
        Update("slopes-inverse-name", "children", lambda view: move.chosen(view, "inclinometer")),
        Update("slopes-pressure", "figure", move.pressure_curve),
        Update("slopes-ranges", "children", move.ranges),
        Update("slopes-movement", "children", move.movement),
        Update("slopes-table", "children", move.pressure),
    ),
)
