"""Risk: what may happen, and which alarms wait for somebody."""

from __future__ import annotations

from typing import Any

from dash import Dash, Input, Output, State, dcc, html, no_update
from dash.development.base_component import Component

from analytics.assessment import Evidence, Risk
from dashboard.actor import current_actor
from dashboard.components import (
    author_input,
    bar,
    card,
    empty,
    export_button,
    grid,
    number,
    row,
    status_badge,
)
from dashboard.page import Page, Update
from dashboard.palette import LEVELS, STATUSES
from dashboard.queries import Queries
from dashboard.questions import BadQuestion
from dashboard.status import ABNORMAL
from dashboard.view import View
from ingest.text import Text

_KINDS = {"live": Text("Live"), "past exceedance": Text("Past exceedance, from late data")}
_INDICATOR_GROUPS = {
    "fill": Text("Backfill"),
    "settlement": Text("Settlement"),
    "water": Text("Water"),
    "slope": Text("Slopes"),
    "data": Text("Data"),
    "territory": Text("Territory"),
    "post_mining": Text("Post-mining"),
}


def layout(view: View) -> list[Component]:
    """Return the page below its heading."""
    return [
        html.Div(risks(view), id="risk-risks"),
        card(
            view.t("Alarms"),
            grid(view, "risk-alarms", _alarm_columns(view), alarms(view), key="id", height="17rem"),
            aside=export_button(view, "risk-alarms"),
        ),
        row(
            card(
                view.t("Acknowledge an alarm"),
                html.Div(acknowledge(view), id="risk-acknowledge"),
                span="pm-third",
            ),
            card(
                view.t("Indicators"),
                grid(
                    view, "risk-indicators", _indicator_columns(view), indicators(view), key="key"
                ),
                aside=export_button(view, "risk-indicators"),
                span="pm-two-thirds",
            ),
        ),
    ]


def risks(view: View) -> Any:
    """Return every risk, gravest first, with what speaks for it."""
    assessment = view.assessment
    if assessment is None:
        return card(
            view.t("Risks"),
            empty(view.t("No assessment yet"), view.t("It follows the first state of the twin.")),
        )
    order = sorted(assessment.risks, key=lambda risk: (-LEVELS.index(risk.level), risk.name))
    return html.Div([_risk(view, risk) for risk in order], className="pm-columns")


def alarms(view: View) -> list[dict[str, Any]]:
    """Return the alarms of the journal, newest first."""
    rows = []
    for alarm in view.queries.alarms(limit=200):
        if not view.live and alarm.raised > view.moment:
            continue
        seen = alarm.acknowledged
        rows.append(
            {
                "id": str(alarm.id),
                "level": alarm.level,
                "status": view.text(STATUSES[alarm.level].word),
                "title": view.text(alarm.title),
                "zone": view.zone_title(alarm.zone),
                "raised": alarm.raised.isoformat(),
                "raised_shown": view.time(alarm.raised),
                "returned": alarm.returned.isoformat() if alarm.returned else "",
                "returned_shown": view.time(alarm.returned) if alarm.returned else "",
                "seen": f"{seen.author}: {seen.note}" if seen else "",
                "kind": view.text(_KINDS[alarm.kind]),
            }
        )
    return rows


def acknowledge(view: View) -> list[Any]:
    """Return the alarms that wait for somebody, each with its form."""
    waiting = [each for each in view.queries.open_alarms() if each.acknowledged is None]
    if not view.live:
        return [empty(view.t("Only a live page can acknowledge"))]
    if not current_actor().may("operator"):
        return [empty(view.t("Your key may read alone"))]
    if not waiting:
        return [empty(view.t("No alarm waits for anybody"))]
    options = [
        {
            "value": str(each.id),
            "label": f"{view.text(STATUSES[each.level].word)} · {view.text(each.title)} · "
            f"{view.time(each.raised)}",
        }
        for each in waiting
    ]
    return [
        html.Div(
            [
                html.Label(
                    [
                        view.t("Alarm"),
                        dcc.Dropdown(
                            id="risk-alarm",
                            options=options,
                            value=options[0]["value"],
                            clearable=False,
                        ),
                    ]
                ),
                html.Label([view.t("Your name"), author_input("risk-author")]),
                html.Label([view.t("What was found, what is done"), dcc.Input(id="risk-note")]),
                html.Button(
                    view.t("Acknowledge"), id="risk-send", className="pm-button", n_clicks=0
                ),
                html.P(id="risk-answer", role="status", className="pm-quiet"),
            ],
            className="pm-form",
        )
    ]


def indicators(view: View) -> list[dict[str, Any]]:
    """Return every indicator of the last assessment."""
    rows = []
    for each in view.assessment.indicators if view.assessment else []:
        rows.append(
            {
                "key": f"{each.name}|{each.subject}",
                "group": view.text(_INDICATOR_GROUPS[each.group]),
                "title": view.text(each.title),
                "subject": _subject(view, each.subject),
                "value": each.value.value if each.value.value is not None else "",
                "shown": view.value_with_unit(each.value),
                "why": view.text(each.value.reason) if each.value.reason else "",
                "time": view.time(each.value.time),
            }
        )
    return rows


def callbacks(app: Dash, queries: Queries) -> None:
    """Register the acknowledgement."""

    @app.callback(
        Output("risk-answer", "children"),
        Output("risk-alarms", "rowData", allow_duplicate=True),
        Input("risk-send", "n_clicks"),
        State("risk-alarm", "value"),
        State("risk-author", "value"),
        State("risk-note", "value"),
        State("url", "search"),
        prevent_initial_call=True,
    )
    def send(clicks: int, alarm: str, author: str | None, note: str | None, search: str) -> Any:
        if not clicks:
            return no_update, no_update
        view = View(queries, "/risk", search)
        actor = current_actor()
        if not actor.may("operator"):
            return view.t("Your key may read alone"), no_update
        try:
            signed = actor.signs(author)
        except BadQuestion:
            return view.t("Give your name: the journal keeps it."), no_update
        view.queries.acknowledge(int(alarm), signed, (note or "").strip())
        return view.t("Acknowledged and kept in the journal."), alarms(view)


def _risk(view: View, risk: Risk) -> Component:
    head = html.Div(
        [html.H3(view.text(risk.title)), status_badge(view, risk.level)],
        className="pm-component-head",
    )
    where = html.P(
        [
            html.Span(view.zone_title(risk.zone)),
            " · ",
            html.Span(f"{view.name(risk.model)} {risk.version}"),
            " · ",
            view.time(risk.time),
        ],
        className="pm-quiet",
    )
    parts: list[Any] = [head, where]
    if risk.score is not None:
        parts.append(
            html.Div(
                [
                    html.Span(
                        view.t("Score {score:.2f} (0 usual, 1 unusual)", score=risk.score),
                        className="pm-quiet",
                    ),
                    bar(risk.score),
                ]
            )
        )
    if risk.reason is not None:
        parts.append(html.P(view.text(risk.reason), className="pm-quiet"))
    if risk.evidence:
        first = 4 if risk.level in ABNORMAL else 2
        parts.append(html.Ul([_evidence(view, each) for each in risk.evidence[:first]]))
        rest = risk.evidence[first:]
        if rest:
            parts.append(
                html.Details(
                    [
                        html.Summary(view.t("More evidence: {count}", count=len(rest))),
                        html.Ul([_evidence(view, each) for each in rest]),
                    ]
                )
            )
    return html.Section(parts, className=f"pm-component pm-tile-level-{risk.level}")


def _evidence(view: View, evidence: Evidence) -> html.Li:
    spoken = view.name(evidence.indicator) if evidence.indicator else ""
    about = evidence.instrument or (evidence.subject and _subject(view, evidence.subject))
    label = " · ".join(part for part in (about, spoken) if part)
    value = number(view, label, evidence.value)
    limit = (
        view.t("limit {value}", value=view.with_unit(evidence.limit, evidence.value.unit))
        if evidence.limit is not None
        else ""
    )
    name: Any = label
    if evidence.instrument in view.instruments:
        name = [
            dcc.Link(
                evidence.instrument,
                href=view.href("/instruments", instrument=evidence.instrument),
            ),
            " ",
            spoken,
        ]
    return html.Li(
        [
            html.Span("·", **{"aria-hidden": "true"}),
            html.Div(
                [
                    html.Div(
                        [
                            html.Span(name),
                            ": ",
                            value,
                            " ",
                            html.Span(limit, className="pm-quiet"),
                        ]
                    ),
                    html.Div(view.text(evidence.statement), className="pm-quiet"),
                ]
            ),
        ]
    )


def _subject(view: View, subject: str) -> str:
    """Return what people call a zone, a section of a slope, or the site; an instrument's name."""
    if subject in view.queries.site.zones or not subject:
        return view.zone_title(subject)
    slopes = (view.twin.slopes if view.twin else None) or []
    titles = (view.text(each.title) for each in slopes if each.section == subject)
    return next(titles, subject)


def _alarm_columns(view: View) -> list[dict[str, Any]]:
    marks = {f"pm-cell-{level}": f"params.data.level == '{level}'" for level in STATUSES}
    return [
        {
            "field": "status",
            "headerName": view.t("Level"),
            "width": 110,
            "cellClassRules": marks,
        },
        {"field": "title", "headerName": view.t("Risk"), "width": 200},
        {"field": "zone", "headerName": view.t("Zone"), "width": 150},
        {
            "field": "raised",
            "headerName": view.t("Raised"),
            "width": 150,
            "sort": "desc",
            "valueFormatter": {"function": "params.data.raised_shown"},
        },
        {
            "field": "returned",
            "headerName": view.t("Returned to normal"),
            "width": 150,
            "valueFormatter": {"function": "params.data.returned_shown"},
        },
        {"field": "seen", "headerName": view.t("Acknowledged by"), "width": 170},
        {"field": "kind", "headerName": view.t("Kind"), "width": 110},
    ]


def _indicator_columns(view: View) -> list[dict[str, Any]]:
    return [
        {"field": "group", "headerName": view.t("Group"), "width": 110},
        {"field": "title", "headerName": view.t("Indicator"), "width": 260},
        {"field": "subject", "headerName": view.t("Of what"), "width": 150},
        {
            "field": "value",
            "headerName": view.t("Value"),
            "width": 130,
            "valueFormatter": {"function": "params.data.shown"},
        },
        {"field": "time", "headerName": view.t("Time"), "width": 150},
        {"field": "why", "headerName": view.t("Why it is not known"), "width": 260},
    ]


PAGE = Page(
    path="/risk",
    title=Text("Risk"),
    question=Text("What may happen?"),
    icon="risk",
    order=70,
    layout=layout,
    updates=(
        Update("risk-risks", "children", risks),
        Update("risk-alarms", "rowData", alarms),
        Update("risk-indicators", "rowData", indicators),
    ),
    callbacks=callbacks,
)
