"""Acid-base account, acidity, loads, trends, and limits by use."""

from __future__ import annotations

from typing import Any

from dash import html

from dashboard.components import empty, interval, number, status_badge, table
from dashboard.view import View
from twin.water_state import AcidBaseAccount, LimitState, TrendState


def account(view: View) -> Any:
    """Return the acid-base account of every stream and of what was placed."""
    chemistry = view.twin.chemistry if view.twin else None
    if chemistry is None or chemistry.blend is None:
        return empty(
            view.t("No acid-base account"),
            view.t("It needs a plan, and the composition of the wastes in water.yaml."),
        )
    wastes = [chemistry.blend, *chemistry.streams]
    rows = [_waste(view, each) for each in wastes]
    head = [
        view.t("Waste"),
        view.t("Placed"),
        view.t("Verdict"),
        view.t("NP : AP"),
        view.t("AP"),
        view.t("NP"),
        view.t("NNP"),
        view.t("MPA"),
        view.t("NAPP"),
    ]
    parts: list[Any] = [table(head, rows, view.t("Acid-base account"))]
    for each in wastes:
        if each.ratio.validity is not None:
            parts.append(html.P(view.text(each.ratio.validity), className="pm-quiet"))
    parts.append(
        html.P(
            view.t(
                "AP, NP and NNP in kg CaCO₃/t, MPA and NAPP in kg H₂SO₄/t. NNP below zero makes"
                " acid; NAPP above zero makes acid. NP : AP above 3: unlikely, 1 to 3: possible,"
                " below 1: likely. The intervals come from the composition and from how much of"
                " the lime and magnesia is carbonate, which the project does not say."
            ),
            className="pm-quiet",
        )
    )
    return html.Div(parts, className="pm-stack")


def _waste(view: View, each: AcidBaseAccount) -> list[Any]:
    title = view.text(each.title)
    shown = [
        number(view, f"{title}, {name}", figure, bare=True)
        for name, figure in (
            (view.t("NP : AP"), each.ratio),
            (view.t("AP"), each.acid_potential),
            (view.t("NP"), each.neutralisation_potential),
            (view.t("NNP"), each.net_neutralisation),
            (view.t("MPA"), each.maximum_acidity),
            (view.t("NAPP"), each.net_acid_production),
        )
    ]
    reason = each.acid_potential.reason
    verdict = view.text(each.verdict) if each.verdict else view.text(reason)
    name = html.Strong(title) if each.stream == "" else title
    shown[0] = html.Span([shown[0], html.Br(), interval(view, each.ratio)])
    return [name, number(view, f"{title}, {view.t('Placed')}", each.mass), verdict, *shown]


def loads(view: View) -> Any:
    """Return what every station's water carries, its acidity, and the lime that this takes."""
    chemistry = view.twin.chemistry if view.twin else None
    if chemistry is None or not (chemistry.loads or chemistry.acidity):
        return empty(view.t("No loads"), view.t("They need a flow and a loads part in water.yaml."))
    parts: list[Any] = []
    if chemistry.loads:
        rows = []
        for each in chemistry.loads:
            label = f"{each.station}, {view.name(each.quantity)}"
            rows.append(
                [
                    each.station,
                    view.name(each.quantity),
                    number(view, view.t("{what}, load", what=label), each.load),
                    number(view, view.t("{what}, by flow", what=label), each.concentration),
                ]
            )
        head = [
            view.t("Station"),
            view.t("Quantity"),
            view.t("Load, 30 days"),
            view.t("Mean weighted by flow"),
        ]
        parts.append(table(head, rows, view.t("Loads")))
    if chemistry.acidity:
        rows = [
            [
                each.station,
                number(view, view.t("{what}, acidity", what=each.station), each.acidity),
                number(view, view.t("{what}, lime", what=each.station), each.lime),
                number(view, view.t("{what}, cost of lime", what=each.station), each.cost),
            ]
            for each in chemistry.acidity
        ]
        head = [view.t("Station"), view.t("Acidity"), view.t("Lime needed"), view.t("Cost")]
        parts.append(table(head, rows, view.t("Acidity and lime")))
        validity = chemistry.acidity[0].acidity.validity
        if validity is not None:
            parts.append(html.P(view.text(validity), className="pm-quiet"))
    return html.Div(parts, className="pm-stack")


def trends(view: View) -> Any:
    """Return the trend of every quality, the surest first."""
    chemistry = view.twin.chemistry if view.twin else None
    if chemistry is None or not chemistry.trends:
        return empty(view.t("No trends"), view.t("This site measures no water chemistry"))
    rows = [_trend(view, each) for each in sorted(chemistry.trends, key=_surest)]
    head = [
        view.t("Station"),
        view.t("Quantity"),
        view.t("Trend"),
        view.t("Slope"),
        view.t("p"),
    ]
    parts: list[Any] = [table(head, rows, view.t("Trends"))]
    notes = {view.text(each.note) for each in chemistry.trends if each.note is not None}
    notes |= {
        view.text(each.slope.reason) for each in chemistry.trends if each.slope.reason is not None
    }
    parts.extend(html.P(note, className="pm-quiet") for note in sorted(notes))
    parts.append(
        html.P(
            view.t(
                "Mann-Kendall on monthly means, by month of the year from three years on; Sen's"
                " slope with its interval of 95 %."
            ),
            className="pm-quiet",
        )
    )
    return html.Div(parts, className="pm-stack")


def _surest(each: TrendState) -> float:
    return each.p.value if isinstance(each.p.value, float) else 2.0


def _trend(view: View, each: TrendState) -> list[Any]:
    label = f"{each.station}, {view.name(each.quantity)}"
    slope = each.slope.value
    if not isinstance(slope, float):
        word = view.t("not known")
    elif not each.significant:
        word = view.t("none that is sure")
    else:
        word = view.t("rising") if slope > 0 else view.t("falling")
    return [
        each.station,
        view.name(each.quantity),
        word,
        number(view, view.t("{what}, slope", what=label), each.slope),
        number(view, view.t("{what}, p", what=label), each.p),
    ]


def limits(view: View) -> Any:
    """Return every quantity against the limits of every use, broken ones first."""
    chemistry = view.twin.chemistry if view.twin else None
    if chemistry is None or not chemistry.limits:
        return empty(
            view.t("No limits by use"), view.t("water.yaml names uses, stations and limits.")
        )
    rows = []
    for each in sorted(chemistry.limits, key=_broken_first):
        label = f"{view.text(each.title)}, {each.station}, {view.name(each.quantity)}"
        bound = ("≤ " if each.side == "above" else "≥ ") + view.value_with_unit(each.limit)
        rows.append(
            [
                view.text(each.title),
                each.station,
                view.name(each.quantity),
                _kept(view, each),
                number(view, label, each.value),
                html.Span(bound, title=view.source(each.limit.source)),
                number(view, view.t("{what}, days beyond", what=label), each.days_beyond),
                view.day(each.since),
                _source(view, each),
            ]
        )
    head = [
        view.t("Use"),
        view.t("Station"),
        view.t("Quantity"),
        view.t("Status"),
        view.t("Now"),
        view.t("Limit"),
        view.t("Days beyond, of 30"),
        view.t("In force from"),
        view.t("Source"),
    ]
    return table(head, rows, view.t("Limits by use"))


def _source(view: View, each: LimitState) -> Any:
    source = html.Span(view.source(each.limit.source), className="pm-quiet")
    if each.compared:
        return source
    remark = html.Span(view.t("not compared with the document"), className="pm-quiet")
    return [source, html.Br(), remark]


def _kept(view: View, each: LimitState) -> Any:
    if each.kept is None:
        return status_badge(view, "unavailable")
    if not each.kept:
        return status_badge(view, "warning", view.t("beyond the limit"))
    return status_badge(view, "normal", view.t("kept"))


def _broken_first(each: LimitState) -> tuple[bool, float]:
    days = each.days_beyond.value
    return each.kept is not False, -days if isinstance(days, float) else 1.0
