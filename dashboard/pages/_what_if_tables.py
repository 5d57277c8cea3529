"""Variants side by side: measures, years and slides, each with its difference to the baseline."""

from __future__ import annotations

from typing import Any

import msgspec
from dash import html
from dash.development.base_component import Component

from dashboard.components import card, interval, number, table
from dashboard.i18n import LONG_SPAN_D, YEAR_D
from dashboard.pages._what_if_asked import Asked
from dashboard.view import View
from ingest.figure import Figure
from ingest.text import Text
from twin.what_if.results import VariantResult

_MACHINES = {
    "loader": Text("loader"),
    "trucks": Text("trucks"),
    "bulldozer": Text("bulldozer"),
}

#: Measures that are shown in percent.
_PERCENT = {"probability", "fleet_share", "held_back"}


#: Why a measure has no interval, where the basis itself does not say it.
_NO_SPREAD: dict[str, Text | None] = {
    "fleet_share": Text("the tables of the fleet give norms without a spread"),
    "held_back": Text("it is the mean of all paths"),
    "grading": None,  # its validity says it
    "cost": Text("the unit costs are given without a spread"),
}


def name_of(view: View, asked: Asked, place: int) -> str:
    """Return what a result's column is called."""
    result = asked.results[place]
    if place == 0:
        return view.t("As it is")
    return result.name or view.t("This variant")


def cards(view: View, asked: Asked) -> list[Component]:
    """Return the tables."""
    found = [
        card(view.t("Variants side by side"), [_measures(view, asked), *_remarks(view, asked)])
    ]
    if any(result.years for result in asked.results):
        found.append(card(view.t("Volume at the end of each year"), _years(view, asked)))
    if any(result.tiers for result in asked.results):
        found.append(card(view.t("Tiers at the deadline"), _tiers(view, asked)))
    if any(result.slopes for result in asked.results):
        found.append(card(view.t("Factor of safety of each slide"), _slopes(view, asked)))
    return found


def _head(view: View, asked: Asked, first: str) -> list[str]:
    return [first, *(name_of(view, asked, place) for place in range(len(asked.results)))]


def _measures(view: View, asked: Asked) -> Component:
    rows: list[list[Any]] = []
    for place, base in enumerate(asked.results[0].measures):
        title = view.text(base.title)
        unit = "" if base.figure.unit in ("date", "name", "1") else view.unit(base.figure.unit)
        cells: list[Any] = [f"{title}, {unit}" if unit else title]
        for column, result in enumerate(asked.results):
            measure = result.measures[place]
            label = f"{title}, {name_of(view, asked, column)}"
            percent = base.name in _PERCENT
            cells.append(_cell(view, label, measure.figure, measure.difference, percent=percent))
        rows.append(cells)
    return table(_head(view, asked, view.t("What")), rows, view.t("Variants side by side"))


def _cell(
    view: View, label: str, figure: Figure, difference: Figure | None, *, percent: bool = False
) -> Component:
    shown: Component
    if figure.unit == "name" and figure.value in _MACHINES:
        shown = html.Span(view.text(_MACHINES[str(figure.value)]))
    else:
        shown = number(view, label, figure, percent=percent, bare=True)
    change = None if difference is None else change_of(view, difference, percent=percent)
    lines = [_between(view, figure, percent=percent), change]
    return html.Div([shown, *(html.Div(each, className="pm-quiet") for each in lines if each)])


def _between(view: View, figure: Figure, *, percent: bool = False) -> str | None:
    """Return the interval of a figure in words, None when it has none or none that is wider."""
    if figure.low is None or figure.high is None or figure.low == figure.high:
        return None
    if figure.unit != "name" and not percent:
        return interval(view, figure)
    low, high = (
        view.percent(end)
        if isinstance(end, int | float)
        else view.value(msgspec.structs.replace(figure, value=end))
        for end in (figure.low, figure.high)
    )
    return view.t("{low} to {high}", low=low, high=high)


def _span(view: View, days: float) -> str:
    """Return days, and from two years on in years too."""
    text = view.with_unit(days, "d")
    return text if days < LONG_SPAN_D else f"{text} ({view.with_unit(days / YEAR_D, 'y')})"


def change_of(view: View, difference: Figure, *, percent: bool = False) -> str | None:
    """Return a difference with its sign and interval, None where nothing changes."""
    value = difference.value
    if not isinstance(value, float) or value == 0:
        return None

    def signed(each: float) -> str:
        size = abs(each)
        if percent:
            text = view.percent(size, 1)
        else:
            text = (
                _span(view, size) if difference.unit == "d" else view.number(size, difference.unit)
            )
        # What is shown as zero has no sign.
        sign = ("+" if each > 0 else "−") if any(digit in text for digit in "123456789") else ""
        return f"{sign}{text}"

    text = signed(value)
    if isinstance(difference.low, float) and isinstance(difference.high, float):
        return view.t(
            "{change} ({low} to {high})",
            change=text,
            low=signed(difference.low),
            high=signed(difference.high),
        )
    return text


def _remarks(view: View, asked: Asked) -> list[Component]:
    """Return why something is not known or has no interval, and what to know of the variants."""
    reasons: dict[str, None] = {}
    for result in asked.results:
        for measure in result.measures:
            title, figure = view.text(measure.title), measure.figure
            if figure.reason is not None:
                reasons[f"{title}: {view.text(figure.reason)}"] = None
            elif figure.low is None and result.basis == "measured" and measure.name in _NO_SPREAD:
                why = view.text(_NO_SPREAD[measure.name] or figure.validity or "")
                reasons[f"{title}: {view.t('no interval')}: {why}"] = None
    for place, result in enumerate(asked.results):
        for note in result.notes:
            reasons[f"{name_of(view, asked, place)}: {view.text(note)}"] = None
    return [html.Ul([html.Li(each) for each in reasons], className="pm-quiet")] if reasons else []


def _years(view: View, asked: Asked) -> Component:
    years = sorted({each.year for result in asked.results for each in result.years})
    rows = []
    for year in years:
        cells: list[Any] = [str(year)]
        for column, result in enumerate(asked.results):
            found = next((each for each in result.years if each.year == year), None)
            if found is None:
                cells.append("")
                continue
            label = f"{year}, {name_of(view, asked, column)}"
            cells.append(
                html.Div(
                    [
                        number(view, label, found.volume, bare=True),
                        html.Div(view.value(found.tier), className="pm-quiet"),
                    ]
                )
            )
        rows.append(cells)
    unit = view.unit("thousand m3")
    head = _head(view, asked, view.t("Year; {unit}, and tier of the front", unit=unit))
    return table(head, rows, view.t("Volume at the end of each year"))


def _tiers(view: View, asked: Asked) -> Component:
    rows = []
    for place, base in enumerate(asked.results[0].tiers):
        title = view.text(base.title)
        cells: list[Any] = [title]
        for column, result in enumerate(asked.results):
            tier = result.tiers[place]
            label = f"{title}, {name_of(view, asked, column)}"
            filled = tier.filled
            cells.append(
                html.Div(
                    [
                        number(view, label, filled, percent=True, bare=True),
                        html.Div(_between(view, filled, percent=True), className="pm-quiet"),
                        html.Div(
                            view.t(
                                "+{base} to +{crest} m, {capacity}",
                                base=_level(view, tier.base_m),
                                crest=_level(view, tier.crest_m),
                                capacity=view.value_with_unit(tier.capacity),
                            ),
                            className="pm-quiet",
                        ),
                    ]
                )
            )
        rows.append(cells)
    return table(
        _head(view, asked, view.t("Tier; filled, its levels, and what it takes")),
        rows,
        view.t("Tiers at the deadline"),
    )


def _level(view: View, level: float) -> str:
    """Return a level without digits that say nothing [m above sea]."""
    text = f"{round(level, 2):g}"
    return text.replace(".", ",") if view.language == "ru" else text


def _slopes(view: View, asked: Asked) -> Component:
    rows = []
    for place, base in enumerate(asked.results[0].slopes):
        title = f"{view.text(base.title)}, {view.text(base.slide_title)}"
        cells: list[Any] = [title]
        for column, result in enumerate(asked.results):
            slide = result.slopes[place]
            label = f"{title}, {name_of(view, asked, column)}"
            figure = slide.factor_of_safety
            cells.append(_cell(view, label, figure, _less(asked.results[0], place, figure)))
        water = view.t("measured") if base.measured else view.t("assumed")
        rows.append([*cells, water, view.t("yes") if base.begun else view.t("no")])
    head = [
        *_head(view, asked, view.t("Slide")),
        view.t("Water"),
        view.t("Stands by the deadline"),
    ]
    return table(head, rows, view.t("Factor of safety of each slide"))


def _less(baseline: VariantResult, place: int, figure: Figure) -> Figure | None:
    base = baseline.slopes[place].factor_of_safety
    if not isinstance(figure.value, float) or not isinstance(base.value, float):
        return None
    return Figure(value=figure.value - base.value, unit="1")
