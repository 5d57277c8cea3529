"""Verification: whether the numbers are right."""

from __future__ import annotations

from typing import Any

from dash import html
from dash.development.base_component import Component

from dashboard.components import (
    card,
    empty,
    export_button,
    figure_tile,
    grid,
    pick,
    status_badge,
    table,
    tiles,
)
from dashboard.page import Page, Update
from dashboard.verification import Titled
from dashboard.view import View
from ingest.figure import Figure
from ingest.text import Text

#: Digits that a number keeps: published ones have up to five.
_DIGITS = 6
_DIGITS_OF_DIFFERENCE = 2
_ALL = "all"


def layout(view: View) -> list[Component]:
    """Return the page below its heading."""
    return [
        html.Div(summary(view), id="verification-summary"),
        card(view.t("Subjects"), subjects(view), id="verification-subjects"),
        card(
            view.t("Published and computed"),
            grid(
                view,
                "verification-grid",
                _columns(view),
                rows(view),
                key="key",
                height="34rem",
            ),
            aside=[
                html.Span(view.t("A tolerance holds both ways")),
                export_button(view, "verification-grid"),
            ],
        ),
    ]


def summary(view: View) -> Component:
    """Return how many numbers are met; one that is not stands first and in colour."""
    found = view.queries.verification()
    wrong = [each for each in found if not each.verified.ok]
    shown: list[Component] = [_alarm(view, wrong)] if wrong else []
    source = "postmine verify"
    counted = {
        view.t("Published numbers"): (len(found), "normal"),
        view.t("Met within the tolerance"): (len(found) - len(wrong), "normal"),
        view.t("Not met"): (len(wrong), "alarm" if wrong else "normal"),
        view.t("Subjects"): (len({each.verified.subject for each in found}), "normal"),
    }
    shown.append(
        tiles(
            [
                figure_tile(
                    view, label, Figure(value=count, unit="1", source=source), status=status
                )
                for label, (count, status) in counted.items()
            ]
        )
    )
    return html.Div(shown, className="pm-stack")


def _alarm(view: View, wrong: list[Titled]) -> Component:
    lines = [
        html.Li(
            [
                status_badge(view, "alarm", view.text(each.subject_title)),
                " ",
                view.t(
                    "{name}: published {published}, computed {computed}",
                    name=view.text(each.title),
                    published=_exact(view, each.verified.published),
                    computed=_exact(view, each.verified.computed),
                ),
            ]
        )
        for each in wrong
    ]
    return html.Section(
        [
            html.H2(view.t("Numbers that are not met: do not rely on their subjects")),
            html.Ul(lines, className="pm-list"),
        ],
        className="pm-card pm-card-body pm-failed",
        role="alert",
    )


def subjects(view: View) -> Any:
    """Return each subject with how many of its numbers are met; choosing one narrows the grid."""
    found: dict[str, list[Titled]] = {}
    for each in view.queries.verification():
        found.setdefault(each.verified.subject, []).append(each)
    if not found:
        return empty(view.t("Nothing to show"))
    chosen = _subject(view)
    shown = [_choice(view, _ALL, view.t("All subjects"), chosen, view.queries.verification())]
    shown += [
        _choice(view, name, view.text(parts[0].subject_title), chosen, parts)
        for name, parts in sorted(found.items(), key=lambda each: _met(each[1]))
    ]
    head = [view.t("Subject"), view.t("Numbers"), view.t("Met"), view.t("Worst")]
    return table(head, shown, view.t("Subjects"))


def _met(parts: list[Titled]) -> bool:
    return all(each.verified.ok for each in parts)


def _choice(view: View, name: str, title: str, chosen: str, parts: Any) -> list[Any]:
    met = sum(1 for each in parts if each.verified.ok)
    worst = max(_share(each) for each in parts)
    return [
        pick(view, title, name == chosen, subject=name),
        view.number(len(parts)),
        view.number(met)
        if met == len(parts)
        else status_badge(view, "alarm", view.t("{met} of {all}", met=met, all=len(parts))),
        view.t("{share} of the tolerance", share=view.percent(worst)),
    ]


def rows(view: View) -> list[dict[str, Any]]:
    """Return a row per published number of the chosen subject, failing ones first."""
    subject = _subject(view)
    found = [
        (index, each)
        for index, each in enumerate(view.queries.verification())
        if subject in (_ALL, each.verified.subject)
    ]
    found.sort(key=lambda each: each[1].verified.ok)
    return [
        {
            "key": str(index),
            "ok": view.t("met") if each.verified.ok else view.t("NOT MET"),
            "level": "normal" if each.verified.ok else "alarm",
            "subject": view.text(each.subject_title),
            "name": view.text(each.title),
            "source": view.source(each.verified.source),
            **_numbers(view, each),
        }
        for index, each in found
    ]


def _numbers(view: View, each: Titled) -> dict[str, Any]:
    verified = each.verified
    numbers = {
        "published": verified.published,
        "computed": verified.computed,
        "difference": verified.difference,
        "tolerance": verified.tolerance,
    }
    known = {name: value if value == value else None for name, value in numbers.items()}
    return {
        **known,
        **{f"{name}_shown": _exact(view, value) for name, value in numbers.items()},
        "difference_shown": _exact(view, numbers["difference"], _DIGITS_OF_DIFFERENCE),
    }


def _share(each: Titled) -> float:
    """Return how much of its tolerance a comparison uses [1]."""
    verified = each.verified
    difference = abs(verified.difference)
    if difference != difference:
        return float("inf")
    return difference / verified.tolerance if verified.tolerance else float(difference > 0)


def _exact(view: View, value: float, digits: int = _DIGITS) -> str:
    """Return a number with all digits that were published."""
    if value != value:
        return view.number(None)
    text = f"{value:.{digits}g}".replace("-", "\u2212")
    return text.replace(".", view.separators[0])


def _subject(view: View) -> str:
    legal = [each.verified.subject for each in view.queries.verification()]
    return view.chosen("subject", [_ALL, *legal], _ALL)


def _columns(view: View) -> list[dict[str, Any]]:
    marks = {"pm-cell-alarm": "params.data.level == 'alarm'"}
    number = {"type": "rightAligned", "width": 120, "filter": False}
    shown = {
        name: {**number, "valueFormatter": {"function": f"params.data.{name}_shown"}}
        for name in ("published", "computed", "difference", "tolerance")
    }
    return [
        {"field": "ok", "headerName": view.t("Result"), "width": 120, "cellClassRules": marks},
        {
            "field": "name",
            "headerName": view.t("Number"),
            "width": 240,
            "cellClassRules": marks,
        },
        {"field": "published", "headerName": view.t("Published"), **shown["published"]},
        {"field": "computed", "headerName": view.t("Computed"), **shown["computed"]},
        {"field": "difference", "headerName": view.t("Difference"), **shown["difference"]},
        {"field": "tolerance", "headerName": view.t("Tolerance"), **shown["tolerance"]},
        {"field": "subject", "headerName": view.t("Subject"), "width": 130},
        {"field": "source", "headerName": view.t("Source"), "width": 280},
    ]


PAGE = Page(
    path="/verification",
    title=Text("Verification"),
    question=Text("Are the numbers right?"),
    icon="verification",
    order=95,
    layout=layout,
    updates=(
        Update("verification-subjects", "children", subjects, "choice"),
        Update("verification-grid", "rowData", rows, "choice"),
    ),
)
