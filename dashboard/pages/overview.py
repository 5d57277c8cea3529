"""Overview: whether anything is wrong."""

from __future__ import annotations

from typing import Any

from dash import dcc, html
from dash.development.base_component import Component

from analytics.assessment import Evidence
from dashboard import figures
from dashboard.components import (
    bar,
    card,
    empty,
    figure_tile,
    graph,
    status_badge,
    tiles,
)
from dashboard.icons import icon
from dashboard.page import Page, Update
from dashboard.palette import LEVELS
from dashboard.status import ABNORMAL
from dashboard.view import View
from ingest.figure import Figure, unknown
from ingest.text import Text
from twin.state import SettlementState, TwinState


def layout(view: View) -> list[Component]:
    """Return the page below its heading."""
    return [
        html.Div(key_figures(view), id="overview-figures"),
        html.Div(
            [
                html.Div(
                    [
                        card(
                            view.t("Site plan"),
                            graph(
                                view,
                                "overview-plan",
                                figures.site_plan(view),
                                view.t("Plan of the site: zones, and instruments by their status"),
                                height="29rem",
                            ),
                        ),
                        card(view.t("Freshness of data"), fresh(view), id="overview-fresh"),
                    ],
                    className="pm-column",
                ),
                html.Div(
                    [
                        card(
                            view.t("What needs attention"),
                            attention(view),
                            id="overview-attention",
                        ),
                        card(
                            view.t("Section through the dump"),
                            graph(
                                view,
                                "overview-section",
                                figures.section(view),
                                view.t("Schematic section: how full the tiers are, and the front"),
                                height=None,
                            ),
                        ),
                    ],
                    className="pm-column",
                ),
            ],
            className="pm-two-columns pm-last-first",
        ),
    ]


def key_figures(view: View) -> Component:
    """Return the figures that say in one look how the site stands."""
    twin = view.twin
    if twin is None:
        return _waiting(view)
    shown = [_level_tile(view)]
    if twin.fill is not None:
        fill = twin.fill
        plan = view.value_with_unit(fill.planned_volume)
        shown += [
            figure_tile(
                view,
                view.t("Volume in the dump"),
                fill.volume_in_dump,
                note=view.t("plan {value}", value=plan),
            ),
            figure_tile(view, view.t("Actual against plan"), fill.performance, percent=True),
            figure_tile(view, view.t("Front of the dump"), fill.tier, note=_level(view, twin)),
        ]
    fastest = _fastest(twin)
    if fastest is not None:
        shown.append(
            figure_tile(
                view,
                view.t("Fastest settlement"),
                fastest.rate,
                note=view.t("point {point}", point=fastest.point),
            )
        )
    moving = max(
        (each for each in twin.movement if isinstance(each.rate.value, int | float)),
        key=lambda each: abs(float(each.rate.value or 0.0)),
        default=None,
    )
    if moving is not None:
        shown.append(
            figure_tile(
                view,
                view.t("Fastest slope movement"),
                moving.rate,
                note=view.t("inclinometer {name}", name=moving.instrument),
            )
        )
    shown.append(figure_tile(view, view.t("Rain, 7 days"), twin.weather.rain_7d))
    return tiles(shown)


def attention(view: View) -> Any:
    """Return the risks that are abnormal and the alarms that wait for somebody."""
    assessment = view.assessment
    if assessment is None:
        return empty(view.t("No assessment yet"), view.t("It follows the first state of the twin."))
    grave = sorted(
        (risk for risk in assessment.risks if risk.level in ABNORMAL),
        key=lambda risk: -LEVELS.index(risk.level),
    )
    waiting = [
        alarm for alarm in view.queries.open_alarms() if alarm.acknowledged is None and view.live
    ]
    lines: list[Component] = []
    for risk in grave:
        spoken = [_spoken(view, each) for each in risk.evidence[:2]]
        lines.append(
            html.Li(
                [
                    html.Div(
                        [
                            status_badge(view, risk.level),
                            html.Span(view.text(risk.title), className="pm-list-title"),
                            html.Span(view.zone_title(risk.zone), className="pm-quiet")
                            if risk.zone
                            else None,
                        ],
                        className="pm-list-head",
                    ),
                    *[html.P(text, className="pm-quiet") for text in spoken],
                ]
            )
        )
    blind = [risk for risk in assessment.risks if risk.level == "unknown"]
    if not lines:
        lines.append(
            html.Li(
                html.Div(
                    [icon("check"), html.Span(view.t("No risk is above normal"))],
                    className="pm-calm",
                )
            )
        )
    if waiting:
        lines.append(
            html.Li(
                html.Div(
                    [
                        icon("bell"),
                        dcc.Link(
                            view.t("Alarms not acknowledged: {count}", count=len(waiting)),
                            href=view.href("/risk"),
                        ),
                    ],
                    className="pm-calm",
                )
            )
        )
    if blind:
        names = ", ".join(view.text(risk.title) for risk in blind[:4])
        lines.append(
            html.Li(
                [
                    html.Div(
                        [
                            status_badge(view, "unknown"),
                            html.Span(view.t("Cannot be judged: {count}", count=len(blind))),
                        ],
                        className="pm-list-head",
                    ),
                    html.P(names, className="pm-quiet"),
                ]
            )
        )
    return html.Ul(lines, className="pm-list")


def fresh(view: View) -> Component:
    """Return by instrument type how many deliver."""
    kinds: dict[str, list[str]] = {}
    for instrument in view.instruments.values():
        kinds.setdefault(instrument.type, []).append(instrument.freshness)
    rows = []
    for kind, states in kinds.items():
        title = view.text(dict(view.queries.site.instrument_types[kind].title))
        current = states.count("current")
        bad = [state for state in ("unavailable", "stale") if state in states]
        rows.append(
            html.Tr(
                [
                    html.Td(title),
                    html.Td(bar(current / len(states)), style={"width": "30%"}),
                    html.Td(
                        view.t("{count} of {all}", count=current, all=len(states)),
                        style={"whiteSpace": "nowrap"},
                    ),
                    html.Td(
                        [
                            status_badge(view, state, f"{_word(view, state)} {states.count(state)}")
                            for state in bad
                        ]
                    ),
                ]
            )
        )
    last = max(
        (each.last_time for each in view.instruments.values() if each.last_time), default=None
    )
    said = (
        view.t("Last reading {time}", time=view.time(last)) if last else view.t("No readings yet")
    )
    return html.Div(
        [
            html.P(said, className="pm-quiet"),
            html.Div(
                html.Table(html.Tbody(rows), className="pm-table"),
                className="pm-scroll",
                tabIndex=0,
                role="region",
                **{"aria-label": view.t("Freshness of data")},
            ),
        ],
        className="pm-stack",
    )


def _spoken(view: View, evidence: Evidence) -> str:
    what = view.name(evidence.indicator) if evidence.indicator else ""
    words = [evidence.instrument, what, view.value_with_unit(evidence.value)]
    return " ".join(word for word in words if word) + " · " + view.text(evidence.statement)


def _word(view: View, state: str) -> str:
    return view.t("Stale") if state == "stale" else view.t("Unavailable")


def _waiting(view: View) -> Component:
    why = Text("no state of the twin yet: it follows the first readings")
    return tiles(
        [
            _level_tile(view),
            figure_tile(view, view.t("Volume in the dump"), unknown("thousand m3", why)),
            figure_tile(view, view.t("Fastest settlement"), unknown("mm/d", why)),
            figure_tile(view, view.t("Rain, 7 days"), unknown("mm", why)),
        ]
    )


def _level_tile(view: View) -> Component:
    assessment = view.assessment
    if assessment is None:
        why = Text("no assessment yet: it follows the first state of the twin")
        return figure_tile(view, view.t("Gravest risk"), unknown("1", why))
    words = {
        "alarm": view.t("Alarm"),
        "warning": view.t("Warning"),
        "advisory": view.t("Advisory"),
        "unknown": view.t("Unknown"),
        "normal": view.t("Normal"),
    }
    count = sum(risk.level in ABNORMAL for risk in assessment.risks)
    figure = Figure(
        value=words[assessment.level],
        unit="1",
        time=assessment.time,
        source="analytics",
        version=assessment.version,
    )
    return figure_tile(
        view,
        view.t("Gravest risk"),
        figure,
        note=view.t("abnormal: {count} of {all}", count=count, all=len(assessment.risks)),
        status=assessment.level,
    )


def _level(view: View, twin: TwinState) -> str:
    fill = twin.fill
    if fill is None or fill.level.value is None:
        return ""
    return view.t("spread evenly up to {value}", value="+" + view.value_with_unit(fill.level))


def _fastest(twin: TwinState) -> SettlementState | None:
    known = [each for each in twin.settlement if isinstance(each.rate.value, int | float)]
    return max(known, key=lambda each: float(each.rate.value or 0.0), default=None)


PAGE = Page(
    path="/",
    title=Text("Overview"),
    question=Text("Is anything wrong?"),
    icon="overview",
    order=10,
    layout=layout,
    updates=(
        Update("overview-figures", "children", key_figures),
        Update("overview-plan", "figure", figures.site_plan),
        Update("overview-attention", "children", attention),
        Update("overview-section", "figure", figures.section),
        Update("overview-fresh", "children", fresh),
    ),
)
