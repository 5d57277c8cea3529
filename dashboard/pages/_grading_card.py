"""The card of the Settlement page that says when each tier may be graded, and what it takes."""

from __future__ import annotations

from dash import html
from dash.development.base_component import Component

from dashboard.components import card, empty, facts, number, status_badge, table
from dashboard.view import View
from ingest.text import Text
from twin.state import GradingState, GradingZone

_VERDICTS = {
    "ready": Text("ready"),
    "not_before": Text("not before"),
    "unknown": Text("not known"),
}

_WORKS = {
    "graded_area": Text("Level area to grade"),
    "graded_volume": Text("Earth to move"),
    "steepest_slope": Text("Steepest slope left"),
    "grading_hours": Text("Hours of a bulldozer"),
    "cover_area": Text("Area to cover, true"),
    "cover_on_plan_area": Text("Soil over the area in plan"),
    "cover_on_true_area": Text("Soil over the true area"),
    "cover_printed": Text("Soil as the project prints it"),
    "soil_available": Text("Soil on the site"),
    "soil_missing": Text("Soil to be brought"),
    "soil_round_trip": Text("Round trip of a truck"),
    "soil_trips": Text("Trips"),
    "soil_truck_hours": Text("Hours of trucks"),
    "soil_days": Text("Working days with the trucks on the list"),
}


def grading_card(view: View) -> Component:
    """Return when each tier may be graded, and what grading and cover take."""
    return card(view.t("Grading and cover"), grading(view), id="settlement-grading")


def grading(view: View) -> Component:
    """Return the body of the card."""
    state = view.twin.grading if view.twin else None
    if state is None:
        return empty(
            view.t("This site has no plan of a dump"),
            view.t("A plan.yaml in the site's folder gives it one."),
        )
    parts: list[Component] = [_zones(view, state)]
    if state.notes:
        parts.append(
            html.Ul([html.Li(view.text(note)) for note in state.notes], className="pm-list")
        )
    if state.works:
        parts.append(_works(view, state))
    else:
        parts.append(
            html.P(
                view.t("A grading.yaml in the site's folder says what grading and cover take."),
                className="pm-quiet",
            )
        )
    return html.Div(parts, className="pm-stack")


def _zones(view: View, state: GradingState) -> Component:
    limit = view.value_with_unit(state.limit)
    rows = [
        [
            view.zone_title(zone.zone),
            _verdict(view, zone),
            number(view, view.zone_title(zone.zone), zone.date),
            number(view, view.zone_title(zone.zone), zone.fastest),
            view.t("{slow} of {all}", slow=zone.slow, all=zone.points)
            if zone.points
            else view.number(None),
            html.Span(view.text(zone.reason), className="pm-quiet"),
        ]
        for zone in state.zones
    ]
    head = [
        view.t("Tier"),
        view.t("May be graded"),
        view.t("Date"),
        view.t("Fastest rate"),
        view.t("Slower than {limit}", limit=limit),
        view.t("Why"),
    ]
    return table(head, rows, view.t("When each tier may be graded"))


def _verdict(view: View, zone: GradingZone) -> Component:
    word = view.text(_VERDICTS[zone.verdict])
    if zone.verdict == "unknown":
        return status_badge(view, "unavailable", word)
    return html.Strong(word) if zone.verdict == "ready" else html.Span(word)


def _works(view: View, state: GradingState) -> Component:
    return facts(
        [
            (view.text(title), number(view, view.text(title), state.works[name]))
            for name, title in _WORKS.items()
            if name in state.works
        ]
    )
