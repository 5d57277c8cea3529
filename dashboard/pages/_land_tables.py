"""The results of a land-use work as tables and as words."""

from __future__ import annotations

from typing import Any

from dash import html
from dash.development.base_component import Component

from dashboard.components import number, table
from dashboard.view import View
from twin.land_use import Result


def tables(view: View, found: list[Result]) -> list[Component]:
    """Return the results in the guide's order: plain ones in lines, cases side by side."""
    blocks: list[list[Result]] = []
    for each in found:
        if not blocks or (blocks[-1][0].case is None) != (each.case is None):
            blocks.append([])
        blocks[-1].append(each)
    shown = [
        _lines(view, block) if block[0].case is None else _cases(view, block) for block in blocks
    ]
    notes = {
        f"{view.text(each.case)}: {view.text(each.figure.validity)}"
        if each.case
        else view.text(each.figure.validity)
        for each in found
        if each.figure.validity is not None
    }
    if notes:
        shown.append(html.Ul([html.Li(each) for each in sorted(notes)], className="pm-quiet"))
    return [html.Div(shown, className="pm-stack")]


def words(view: View, found: list[Result]) -> str:
    """Return the main results as words, for those who do not see the drawing."""
    parts = []
    for each in found:
        if each.figure.value is not None and (each.case is not None or each.figure.unit == "%"):
            title = view.text(each.title) + (f", {view.text(each.case)}" if each.case else "")
            parts.append(f"{title}: {view.value_with_unit(each.figure)}")
    return "; ".join(parts)


def _lines(view: View, block: list[Result]) -> Component:
    rows = [[each.number, view.text(each.title), _cell(view, each)] for each in block]
    head = [view.t("Formula"), view.t("Quantity"), view.t("Value")]
    return table(head, rows, view.t("Results"))


def _cases(view: View, block: list[Result]) -> Component:
    """Return cases beside quantities, the longer of the two downwards."""
    cases = list(dict.fromkeys(str(each.case) for each in block))
    titles = list(dict.fromkeys(str(each.title) for each in block))
    found = {(str(each.title), str(each.case)): each for each in block}
    down = len(cases) > len(titles)

    def cell(title: str, case: str) -> Any:
        each = found.get((title, case))
        if each is None:
            return ""
        return [_cell(view, each), html.Small(f" ({each.number})", className="pm-quiet")]

    if down:
        head = [view.t("Of what"), *(view.text(title) for title in titles)]
        rows = [[view.text(case), *(cell(title, case) for title in titles)] for case in cases]
    else:
        head = [view.t("Quantity"), *(view.text(case) for case in cases)]
        rows = [[view.text(title), *(cell(title, case) for case in cases)] for title in titles]
    return table(head, rows, view.t("Results"))


def _cell(view: View, each: Result) -> Component:
    label = view.text(each.title)
    if each.case is not None:
        label = f"{label}, {view.text(each.case)}"
    shown = number(view, label, each.figure)
    if each.figure.reason is None:
        return shown
    return html.Span([shown, html.Small(f" {view.text(each.figure.reason)}", className="pm-quiet")])
