"""Backfill: whether we are on plan."""

from __future__ import annotations

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
    figure_tile,
    graph,
    no_state,
    number,
    table,
    tiles,
)
from dashboard.page import Page, Update
from dashboard.pages import _backfill_cards, _fleet_card
from dashboard.view import View
from ingest.text import Text
from twin.state import FillState


def layout(view: View) -> list[Component]:
    """Return the page below its heading."""
    return [
        html.Div(key_figures(view), id="backfill-figures"),
        card(
            view.t("Plan, actual, forecast"),
            graph(
                view,
                "backfill-curve",
                curve(view),
                view.t("Volume in the dump through time: plan, actual, and forecast"),
                height="24rem",
            ),
            aside=html.Div(spans(view), id="backfill-spans"),
        ),
        _backfill_cards.completion_card(view),
        html.Div(
            [
                html.Div(
                    card(view.t("Tiers"), tiers(view), id="backfill-tiers"),
                    className="pm-column",
                ),
                html.Div(
                    card(view.t("Waste streams"), streams(view), id="backfill-streams"),
                    className="pm-column",
                ),
            ],
            className="pm-two-columns",
        ),
        _backfill_cards.years_card(view),
        _backfill_cards.surveys_card(view),
        *_backfill_cards.crater_cards(view),
        *_fleet_card.cards(view),
    ]


def key_figures(view: View) -> Component:
    """Return how the fill stands against the plan."""
    if view.twin is None:
        return no_state(view)
    fill = view.twin.fill
    if fill is None:
        return empty(
            view.t("This site has no plan of a dump"),
            view.t("A plan.yaml in the site's folder gives it one."),
        )
    return tiles(
        [
            figure_tile(
                view,
                view.t("Volume in the dump"),
                fill.volume_in_dump,
                note=view.t("plan {value}", value=view.value_with_unit(fill.planned_volume)),
            ),
            figure_tile(view, view.t("Ahead of plan (+) or behind (−)"), fill.variance),
            figure_tile(view, view.t("Actual against plan"), fill.performance, percent=True),
            *_schedule(view, fill),
            figure_tile(
                view,
                view.t("Rate of filling"),
                fill.rate,
                note=view.t("plan {value}", value=view.value_with_unit(fill.planned_rate)),
            ),
            figure_tile(view, view.t("Front of the dump"), fill.tier),
            figure_tile(view, view.t("Level if spread evenly"), fill.level),
            figure_tile(
                view,
                view.t("Plan's volume reached"),
                fill.completion,
                note=_deadline(view, fill),
            ),
        ]
    )


def _schedule(view: View, fill: FillState) -> list[Component]:
    """Return how far the fill runs ahead of the plan in time."""
    if fill.schedule_variance is None:
        return []
    year = fill.plan_year
    note = None
    if year is not None and isinstance(year.value, float):
        note = view.t(
            "year {number} of {count}, planned {tier}",
            number=round(year.value),
            count=len(fill.years),
            tier=view.value(fill.planned_tier) if fill.planned_tier else "",
        )
    label = view.t("Ahead of plan in time (+) or behind (−)")
    return [figure_tile(view, label, fill.schedule_variance, note=note)]


def _deadline(view: View, fill: FillState) -> str:
    """Return the deadline, and how probably it is met."""
    for end in fill.completions:
        if end.end == "plan" and isinstance(end.probability.value, float):
            return view.t(
                "deadline {value}, met with {probability}",
                value=view.value(fill.deadline),
                probability=view.percent(end.probability.value),
            )
    return view.t("deadline {value}", value=view.value(fill.deadline))


def curve(view: View) -> go.Figure:
    """Return the S-curve."""
    fill = _fill(view)
    if fill is None:
        return figures.says(view, view.t("Nothing to show"))
    return figures.s_curve(view, fill, whole=_whole(view))


def spans(view: View) -> Component:
    """Return the choice between the running year and the whole plan."""
    return choices(
        view,
        "plan",
        [("now", view.t("So far")), ("whole", view.t("Whole plan"))],
        "whole" if _whole(view) else "now",
        view.t("Span of the plan"),
    )


def tiers(view: View) -> Any:
    """Return how full each tier is, from the top down as they lie."""
    fill = _fill(view)
    if fill is None:
        return empty(view.t("Nothing to show"))
    rows = []
    unit = view.unit("thousand m3")
    for tier in reversed(fill.tiers):
        title = view.text(tier.title)
        share = tier.fraction.value
        rows.append(
            [
                title,
                bar(share if isinstance(share, int | float) else None),
                number(view, title, tier.fraction, percent=True),
                number(view, title, tier.filled, bare=True),
                number(view, title, tier.capacity, bare=True),
            ]
        )
    head = [
        view.t("Tier"),
        "",
        view.t("Share"),
        view.t("Filled, {unit}", unit=unit),
        view.t("Capacity, {unit}", unit=unit),
    ]
    return table(head, rows, view.t("Tiers"))


def streams(view: View) -> Any:
    """Return what each waste stream has brought, against its plan."""
    fill = _fill(view)
    if fill is None:
        return empty(view.t("Nothing to show"))
    rows = []
    unit = view.unit("thousand m3")
    for stream in fill.streams:
        title = view.text(stream.title)
        actual, planned = stream.volume_in_dump.value, stream.planned_volume.value
        share = None
        if isinstance(actual, int | float) and isinstance(planned, int | float) and planned:
            share = actual / planned
        rows.append(
            [
                title,
                number(view, title, stream.mass, bare=True),
                number(view, title, stream.volume_in_dump, bare=True),
                number(view, title, stream.planned_volume, bare=True),
                html.Div(
                    [bar(None if share is None else share / 1.5, planned=1 / 1.5)],
                    title=view.percent(share),
                ),
                number(view, title, stream.rate, bare=True),
            ]
        )
    head = [
        view.t("Stream"),
        view.t("Mass, {unit}", unit=view.unit("t")),
        view.t("Volume, {unit}", unit=unit),
        view.t("Plan, {unit}", unit=unit),
        view.t("Against plan (mark)"),
        view.t("Rate of 30 days, {unit}", unit=view.unit("t/d")),
    ]
    return table(head, rows, view.t("Waste streams"))


def _fill(view: View) -> FillState | None:
    return view.twin.fill if view.twin else None


def _whole(view: View) -> bool:
    return view.chosen("plan", ["now", "whole"]) == "whole"


PAGE = Page(
    path="/backfill",
    title=Text("Backfill"),
    question=Text("Are we on plan?"),
    icon="backfill",
    order=30,
    layout=layout,
    updates=(
        Update("backfill-figures", "children", key_figures),
        Update("backfill-curve", "figure", curve),
        Update("backfill-spans", "children", spans, "choice"),
        Update("backfill-tiers", "children", tiers),
        Update("backfill-streams", "children", streams),
        *_backfill_cards.UPDATES,
        *_fleet_card.UPDATES,
    ),
    callbacks=_fleet_card.callbacks,
)
