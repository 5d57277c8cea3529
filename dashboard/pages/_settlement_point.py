"""What is known of one settlement point, and why a method was refused."""

from __future__ import annotations

from typing import Any

from dash import html

from dashboard.components import bar, facts, number
from dashboard.view import View
from ingest.figure import Figure
from twin.state import SettlementState


def point_facts(view: View, state: SettlementState) -> html.Div:
    """Return everything that the twin says of a point."""
    share = state.consolidation.value
    lines = [
        (view.t("Settlement"), state.settlement),
        (view.t("Rate, 30 days"), state.rate),
        (view.t("Final settlement"), state.ultimate),
        (view.t("Still to come"), state.remaining),
    ]
    shown = [(name, number(view, name, figure)) for name, figure in lines]
    name = view.t("Consolidation")
    shown.append((name, number(view, name, state.consolidation, percent=True)))
    name = view.t("Grading from")
    shown.append((name, number(view, name, state.grading)))
    if state.expected is not None:
        name = view.t("Expected by the plan")
        beside = against_plan(view, state)
        told = [number(view, name, state.expected), f" · {beside}" if beside else ""]
        shown.append((name, html.Span(told)))
    if state.collapse is not None:
        name = view.t("Collapse on wetting")
        shown.append((name, number(view, name, state.collapse)))
    return html.Div(
        [
            html.Div(
                [
                    html.Strong(state.point),
                    html.Span(view.zone_title(state.zone), className="pm-quiet"),
                ],
                className="pm-list-head",
            ),
            bar(share if isinstance(share, int | float) else None),
            facts(shown),
            *_holds_when(view, view.t("Still to come:"), state.remaining),
            *_holds_when(view, view.t("Consolidation:"), state.consolidation),
            *_forecast(view, state),
            *_collapse(view, state.collapse),
        ],
        className="pm-stack",
    )


def _holds_when(view: View, name: str, figure: Figure) -> list[Any]:
    """Return what a figure rests on, in words that are seen without asking."""
    if figure.value is None or figure.validity is None:
        return []
    return [html.P([html.Strong(name), " ", view.text(figure.validity)], className="pm-quiet")]


def against_plan(view: View, state: SettlementState) -> str:
    """Return where the measured settlement lies against what the plan expects, "" if unknown."""
    expected, measured = state.expected, state.settlement.value
    if expected is None or not isinstance(measured, int | float):
        return ""
    if not isinstance(expected.low, int | float) or not isinstance(expected.high, int | float):
        return ""
    if measured < expected.low:
        return view.t("measured is below the band")
    if measured > expected.high:
        return view.t("measured is above the band")
    return view.t("measured is within the band")


def _forecast(view: View, state: SettlementState) -> list[Any]:
    """Return who forecasts, or why nobody does."""
    parts: list[Any] = []
    if state.model and state.error is not None:
        parts.append(
            html.P(
                view.t(
                    "Forecast by the {model}: continued from earlier days, it was {error} wrong",
                    model=view.name(state.model),
                    error=view.percent(state.error),
                ),
                className="pm-quiet",
            )
        )
    elif state.ultimate.reason is not None:
        parts.append(
            html.P([html.Strong(view.t("No forecast:")), " ", view.text(state.ultimate.reason)])
        )
    if not state.refusals:
        return parts
    parts.append(html.P(view.t("Methods that were refused"), className="pm-quiet"))
    reasons = {view.text(why): None for why in state.refusals.values()}
    if len(reasons) == 1 and not state.model:
        # One reason for all of them is said once.
        items = [html.Li([html.Strong(view.t("All methods")), " — ", next(iter(reasons))])]
    else:
        items = [
            html.Li([html.Strong(view.name(name)), " — ", view.text(why)])
            for name, why in state.refusals.items()
        ]
    parts.append(html.Ul(items, className="pm-list pm-quiet"))
    return parts


def _collapse(view: View, figure: Figure | None) -> list[Any]:
    """Return what water may do to the fill, in a sentence."""
    if figure is None:
        return []
    text = figure.reason if figure.value is None else figure.validity
    return [
        html.P(
            [html.Strong(view.t("Collapse on wetting:")), " ", view.text(text)],
            className="pm-quiet" if not figure.value else "",
        )
    ]
