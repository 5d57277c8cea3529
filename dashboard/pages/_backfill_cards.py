"""Cards of the Backfill page: completion, years of the plan, surveys, the crater in space."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import plotly.graph_objects as go
from dash import html
from dash.development.base_component import Component

from dashboard import figures
from dashboard.components import (
    bar,
    card,
    choices,
    empty,
    graph,
    number,
    status_badge,
    table,
)
from dashboard.page import Update
from dashboard.view import View
from ingest.figure import Figure
from twin.state import CompletionState, FillState, SurveyState


def completion_card(view: View) -> Component:
    """Return when the dump reaches its ends, as a table and a drawing."""
    return card(
        view.t("When it is done"),
        [
            html.Div(ends(view), id="backfill-ends"),
            graph(
                view,
                "backfill-completion",
                completion(view),
                view.t("Probability that the plan's volume is reached by a date"),
                height="14rem",
            ),
        ],
    )


def years_card(view: View) -> Component:
    """Return plan and actual by year."""
    return card(view.t("Years of the plan"), years(view), id="backfill-years")


def surveys_card(view: View) -> Component:
    """Return the surveys beside the weighbridge."""
    return card(view.t("Surveys and weighbridge"), surveys(view), id="backfill-surveys")


def crater_cards(view: View) -> list[Component]:
    """Return the crater as a section or in space, as the address chooses, and the tiers' faces.

    What is not chosen is not drawn: a small computer without graphics takes long over the space.
    """
    return [
        card(
            view.t("The crater and its fill"),
            [
                _drawn(
                    view,
                    "section",
                    graph(
                        view,
                        "backfill-section",
                        section(view),
                        view.t(
                            "Section along the advance: rock, fill, front, plan and the full crater"
                        ),
                        height="20rem",
                    ),
                ),
                _drawn(
                    view,
                    "space",
                    graph(
                        view,
                        "backfill-space",
                        space(view),
                        view.t(
                            "Crater, fill, front and full crater in space, taller than in nature;"
                            " the section and the table of faces say the same"
                        ),
                        height="26rem",
                    ),
                ),
                html.Div(front(view), id="backfill-front"),
                html.Div(faces(view), id="backfill-faces"),
            ],
            aside=html.Div(drawings(view), id="backfill-drawings"),
        ),
    ]


def drawings(view: View) -> Component:
    """Return the choice between section and space."""
    options = [("section", view.t("Section")), ("space", view.t("In space"))]
    return choices(view, "drawing", options, _drawing(view), view.t("Drawing of the crater"))


def _drawing(view: View) -> str:
    return view.chosen("drawing", ["section", "space"])


def _drawn(view: View, name: str, drawing: Component) -> Component:
    return html.Div(drawing, id=f"backfill-drawn-{name}", hidden=_drawing(view) != name)


def _hides(name: str) -> Callable[[View], bool]:
    return lambda view: _drawing(view) != name


def ends(view: View) -> Any:
    """Return the ends of the filling with their quantiles and probabilities."""
    fill = _fill(view)
    if fill is None or not fill.completions:
        return empty(view.t("Nothing to show"))
    known = [each for each in fill.completions if each.expected.value is not None]
    rows = [_end(view, each) for each in fill.completions]
    head = [
        view.t("End"),
        view.t("Target"),
        view.t("Early (10 %)"),
        view.t("Median"),
        view.t("Late (90 %)"),
        view.t("Probability by the deadline"),
    ]
    reason = fill.completions[0].expected.reason
    below = (
        html.P(view.text(reason), className="pm-quiet")
        if not known and reason is not None
        else html.P(
            view.t(
                "From blocks of past months, drawn at random a thousand times: they hold the"
                " spread, the breakdowns and the weather of these months."
            ),
            className="pm-quiet",
        )
    )
    return [table(head, rows, view.t("When it is done")), below]


def _end(view: View, end: CompletionState) -> list[Any]:
    title = view.text(end.title)

    def edge(value: float | str | None) -> str:
        if value is None:
            return "—"
        if isinstance(value, str):
            return view.day(value)
        return view.with_unit(value, end.expected.unit)

    return [
        title,
        number(view, title, end.target),
        edge(end.expected.low),
        number(view, title, end.expected),
        edge(end.expected.high),
        number(view, title, end.probability, percent=True),
    ]


def completion(view: View) -> go.Figure:
    """Return the distribution of the completion."""
    return figures.completion(view, _fill(view))


def years(view: View) -> Any:
    """Return the years of the calendar plan, planned and placed."""
    fill = _fill(view)
    if fill is None or not fill.years:
        return empty(view.t("Nothing to show"))
    rows = []
    unit = view.unit("thousand m3")
    for each in fill.years:
        title = str(each.year)
        placed, planned = each.placed, each.planned.value
        share = None
        if placed is not None and isinstance(placed.value, float) and isinstance(planned, float):
            share = placed.value / planned if planned else None
        tiers = [
            f"{view.zone_title(tier)}: {view.number(volume, 'thousand m3')}"
            for tier, volume in each.by_tier.items()
            if volume > 0
        ]
        rows.append(
            [
                title,
                number(view, title, each.planned, bare=True),
                number(view, title, placed, bare=True) if placed is not None else "—",
                bar(share),
                "; ".join(tiers),
            ]
        )
    head = [
        view.t("Year"),
        view.t("Plan, {unit}", unit=unit),
        view.t("Placed, {unit}", unit=unit),
        view.t("Against plan"),
        view.t("Planned in"),
    ]
    since = fill.planned_since
    note = (
        html.P(
            view.t("This calendar holds since {day}.", day=view.value(since)),
            className="pm-quiet",
            title=view.source(since.source),
        )
        if since is not None
        else None
    )
    return [table(head, rows, view.t("Years of the plan")), note]


def surveys(view: View) -> Any:
    """Return what surveys and weighbridge say of the same moments."""
    fill = _fill(view)
    if fill is None:
        return empty(view.t("Nothing to show"))
    if not fill.surveys:
        return empty(
            view.text(fill.no_surveys) if fill.no_surveys else view.t("No survey yet"),
            view.t("postmine survey add brings a surface or a stated volume."),
        )
    unit = view.unit("thousand m3")
    head = [
        view.t("Time"),
        view.t("Surveyed, {unit}", unit=unit),
        view.t("Weighed, {unit}", unit=unit),
        view.t("Difference, {unit}", unit=unit),
        view.t("Density in place, {unit}", unit=view.unit("t/m3")),
        view.t("Since the survey before, {unit}", unit=view.unit("t/m3")),
        view.t("Compaction"),
        view.t("Finding"),
    ]
    return table(
        head, [_survey(view, each) for each in fill.surveys], view.t("Surveys and weighbridge")
    )


def _survey(view: View, survey: SurveyState) -> list[Any]:
    title = f"{survey.instrument}, {view.day(survey.time)}"

    def cell(figure: Figure) -> Any:
        return number(view, title, figure, bare=True)

    finding = view.text(survey.finding)
    return [
        view.day(survey.time),
        cell(survey.volume),
        cell(survey.weighed),
        cell(survey.difference),
        cell(survey.density),
        cell(survey.density_since),
        cell(survey.compaction),
        [status_badge(view, "advisory"), " ", finding] if survey.exceeds else finding,
    ]


def section(view: View) -> go.Figure:
    """Return the section through the crater, where it is chosen."""
    if _drawing(view) != "section":
        return figures.blank(view)
    return figures.crater_section(view, view.queries.geometry(view.at, view.known_at))


def space(view: View) -> go.Figure:
    """Return the crater in space, where it is chosen."""
    if _drawing(view) != "space":
        return figures.blank(view)
    return figures.crater_in_space(view, view.queries.geometry(view.at, view.known_at))


def front(view: View) -> Any:
    """Return where the front stands, in words."""
    fill = _fill(view)
    if fill is None:
        return None
    if fill.front is None:
        return html.P(view.text(fill.no_front), className="pm-quiet")
    title = view.t("Front of the dump")
    return html.P(
        [
            view.t("Front of the dump"),
            ": ",
            view.zone_title(fill.front.tier),
            ", ",
            view.t("share of its way"),
            " ",
            number(view, title, fill.front.advanced, percent=True),
            ", ",
            view.t("its crest stands from the rim at"),
            " ",
            number(view, title, fill.front.edge),
        ],
        className="pm-quiet",
    )


def faces(view: View) -> Any:
    """Return the faces of the tiers as a table, and what is assumed."""
    geometry = view.queries.geometry(view.at, view.known_at)
    if not geometry.tiers:
        return None
    rows = [
        [
            view.text(face.title),
            view.number(face.height_m, "m"),
            view.number(face.face_deg, "deg"),
            view.number(face.edge_m, "m"),
            view.number(face.bench_m, "m"),
        ]
        for face in reversed(geometry.tiers)
    ]
    head = [
        view.t("Tier"),
        view.t("Height, m"),
        view.t("Face, °"),
        view.t("Crest from the rim, m"),
        view.t("Bench, m"),
    ]
    said = [
        *(view.text(each) for each in geometry.assumptions),
        view.t(
            "Overall slope {slope}: from the toe of the second tier to the topmost crest.",
            slope=view.with_unit(geometry.overall_deg, "deg"),
        ),
    ]
    return html.Details(
        [
            html.Summary(view.t("Faces of the finished tiers, and what is assumed")),
            table(head, rows, view.t("Faces of the finished tiers")),
            html.Ul([html.Li(each) for each in said]),
        ]
    )


def _fill(view: View) -> FillState | None:
    return view.twin.fill if view.twin else None


UPDATES = (
    Update("backfill-ends", "children", ends),
    Update("backfill-completion", "figure", completion),
    Update("backfill-years", "children", years),
    Update("backfill-surveys", "children", surveys),
    Update("backfill-drawings", "children", drawings, "choice"),
    *(
        Update(f"backfill-drawn-{name}", "hidden", _hides(name), "choice")
        for name in ("section", "space")
    ),
    Update("backfill-section", "figure", section),
    Update("backfill-space", "figure", space),
    Update("backfill-front", "children", front),
    Update("backfill-faces", "children", faces),
)
