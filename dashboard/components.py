"""The building blocks of every page: cards, figures with their provenance, marks, tables."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from typing import Any

import dash_ag_grid as dag
import plotly.graph_objects as go
from dash import dcc, html
from dash.development.base_component import Component

from dashboard.actor import current_actor
from dashboard.icons import icon
from dashboard.palette import STATUSES
from dashboard.view import RANGES, View, utc
from ingest.figure import Figure, FigureQuality
from ingest.text import Text

Children = Any

_QUALITY: dict[FigureQuality, Text] = {
    "measured": Text("Measured"),
    "derived": Text("Computed"),
    "forecast": Text("Forecast"),
    "planned": Text("Planned"),
    "assumed": Text("Assumed"),
    "stale": Text("Stale"),
    "unavailable": Text("Unavailable"),
}

_RANGE_NAMES = {
    "7d": Text("7 d"),
    "30d": Text("30 d"),
    "90d": Text("90 d"),
    "1y": Text("1 y"),
    "all": Text("All"),
}


def card(
    title: str,
    body: Children,
    *,
    aside: Children = None,
    id: str | None = None,
    span: str = "",
) -> html.Section:
    """Return a titled part of a page.

    Parameters
    ----------
    aside
        What stands at the right of the title: a choice, a button, a remark.
    span
        Style class that says how wide the card is in its row.
    """
    head = [html.H2(title, className="pm-card-title")]
    if aside is not None:
        head.append(html.Div(aside, className="pm-card-aside"))
    named = {} if id is None else {"id": id}
    return html.Section(
        [
            html.Div(head, className="pm-card-head"),
            html.Div(body, className="pm-card-body", **named),
        ],
        className=f"pm-card {span}",
        **{"aria-label": title},
    )


def row(*children: Component) -> html.Div:
    """Return cards side by side; they stand below each other where there is no room."""
    return html.Div(list(children), className="pm-row")


def mark(status: str) -> html.Span:
    """Return the shape of a status; a word must stand beside it."""
    return html.Span(className=f"pm-mark pm-mark-{status}", **{"aria-hidden": "true"})


def status_badge(view: View, status: str, word: str | None = None) -> html.Span:
    """Return a status as shape, word and colour; a normal one is plain grey text."""
    text = word or view.text(STATUSES[status].word)
    return html.Span([mark(status), text], className=f"pm-badge pm-badge-{status}")


def figure_tile(
    view: View,
    label: str,
    figure: Figure,
    *,
    note: Children = None,
    percent: bool = False,
    status: str = "normal",
) -> html.Div:
    """Return a number with its unit, time and source, and a way to see how it came about.

    Parameters
    ----------
    note
        What it is to be held against: the plan, a limit.
    percent
        Whether a ratio is shown in percent.
    status
        An alarm level, when the number is abnormal.
    """
    shown = "unavailable" if figure.value is None else figure.quality
    unit = view.unit(figure.unit)
    if percent and isinstance(figure.value, int | float):
        value, unit = view.percent(figure.value, 1).removesuffix("\u202f%"), "%"
    else:
        value = view.value(figure)
    below: list[Children] = []
    if figure.value is None and figure.reason is not None:
        below.append(html.Span(view.text(figure.reason), className="pm-tile-reason"))
    elif (band := interval(view, figure)) is not None:
        below.append(html.Span(band))
    if note is not None:
        below.append(html.Span(note))
    foot: list[Children] = []
    if shown == "stale":
        foot.append(html.Span([icon("clock", 12), view.t("Stale")], className="pm-stale-word"))
    elif status in ("advisory", "warning", "alarm") and not isinstance(figure.value, str):
        foot.append(status_badge(view, status))
    if figure.time is not None:
        foot.append(html.Span(view.time(figure.time), title=utc(figure.time)))
    text = isinstance(figure.value, str)
    return html.Div(
        [
            html.Div(
                [
                    html.Span(label, className="pm-tile-label"),
                    how_button(view, label, figure),
                ],
                className="pm-tile-head",
            ),
            html.Div(
                [
                    mark(status) if text and status != "normal" else None,
                    html.Span(value, className="pm-tile-value" + (" pm-tile-text" if text else "")),
                    html.Span(unit, className="pm-tile-unit") if unit and not text else None,
                ],
                className="pm-tile-number",
            ),
            html.Div(below, className="pm-tile-note"),
            html.Div(foot, className="pm-tile-foot"),
        ],
        className=f"pm-tile pm-tile-{shown} pm-tile-level-{status}",
        title=_summary(view, figure),
    )


def tiles(children: Sequence[Component]) -> html.Div:
    """Return figures in as few even rows as there are six in a row."""
    columns = math.ceil(len(children) / max(math.ceil(len(children) / 6), 1))
    return html.Div(list(children), className="pm-tiles", style={"--pm-columns": columns})


def number(
    view: View, label: str, figure: Figure, *, percent: bool = False, bare: bool = False
) -> html.Span:
    """Return a figure inside a table or a line: value, unit, and its provenance on opening.

    Parameters
    ----------
    percent
        Whether a ratio is shown in percent.
    bare
        Whether the unit is left out because the column's head says it.
    """
    shown = "unavailable" if figure.value is None else figure.quality
    if percent and isinstance(figure.value, int | float):
        text = view.percent(figure.value)
    else:
        text = view.value(figure) if bare else view.value_with_unit(figure)
    return html.Span(
        [
            icon("clock", 12) if shown == "stale" else None,
            html.Button(
                text,
                className="pm-how pm-number",
                title=_summary(view, figure),
                **{
                    "aria-label": view.t(
                        "{label}: {value}. How it came about", label=label, value=text
                    ),
                    "data-focus": f"{label}",
                    "data-how": _how(view, label, figure),
                },
            ),
        ],
        className=f"pm-inline pm-inline-{shown}",
    )


def interval(view: View, figure: Figure) -> str | None:
    """Return a forecast's interval in words, None when it has none."""
    if figure.low is None or figure.high is None:
        return None
    low, high = (
        view.day(end) if isinstance(end, str) else view.number(end, figure.unit)
        for end in (figure.low, figure.high)
    )
    values = {"low": low, "high": high}
    if figure.confidence is None:
        return view.t("{low} to {high}", **values)
    return view.t("{low} to {high} ({confidence:.0%})", confidence=figure.confidence, **values)


def how_button(view: View, label: str, figure: Figure) -> html.Button:
    """Return the button that opens how a number came about."""
    return html.Button(
        icon("info", 14),
        className="pm-how pm-how-icon",
        **{
            "aria-label": view.t("How it came about: {label}", label=label),
            "data-focus": f"how {label}",
            "data-how": _how(view, label, figure),
        },
    )


def _how(view: View, label: str, figure: Figure) -> str:
    """Return how a number came about, as `postmine.js` shows it.

    An attribute, because a component for every line of every number would keep the browser busy
    for seconds at every change of a page.
    """
    lines = [
        (view.t("Value"), view.value_with_unit(figure)),
        (view.t("Kind"), view.text(_QUALITY[figure.quality])),
        (view.t("Interval"), interval(view, figure)),
        (view.t("Why it is not known"), figure.reason and view.text(figure.reason)),
        (view.t("Holds when"), figure.validity and view.text(figure.validity)),
        (view.t("Time"), figure.time and f"{view.time(figure.time)} ({view.zone.key})"),
        (view.t("Time in UTC"), figure.time and utc(figure.time)),
        (view.t("Source"), view.source(figure.source) if figure.source else None),
        (view.t("Version"), figure.version),
    ]
    shown = {"title": label, "lines": [(name, str(text)) for name, text in lines if text]}
    return json.dumps(shown, ensure_ascii=False, separators=(",", ":"))


def facts(lines: Sequence[tuple[Children, Children]]) -> html.Dl:
    """Return names and what stands for them."""
    return html.Dl(
        [html.Div([html.Dt(name), html.Dd(text)]) for name, text in lines], className="pm-facts"
    )


def bar(fraction: float | None, *, planned: float | None = None) -> html.Div:
    """Return a share as a bar, with a tick where the plan stands."""
    share = min(max(fraction or 0.0, 0.0), 1.0)
    parts: list[Component] = [
        html.Div(className="pm-share-fill", style={"width": f"{share * 100:.2f}%"})
    ]
    if planned is not None:
        left = min(max(planned, 0.0), 1.0) * 100
        parts.append(html.Div(className="pm-share-plan", style={"left": f"{left:.2f}%"}))
    unknown = " pm-share-unknown" if fraction is None else ""
    return html.Div(parts, className="pm-share" + unknown, **{"aria-hidden": "true"})


def table(head: Sequence[str], rows: Sequence[Sequence[Children]], caption: str) -> html.Div:
    """Return a small table; a long one belongs into a grid."""
    return html.Div(
        html.Table(
            [
                html.Caption(caption, className="pm-hidden"),
                html.Thead(html.Tr([html.Th(text, scope="col") for text in head])),
                html.Tbody([html.Tr([html.Td(cell) for cell in cells]) for cells in rows]),
            ],
            className="pm-table",
        ),
        className="pm-scroll",
        tabIndex=0,
        role="region",
        **{"aria-label": caption},
    )


def graph(
    view: View,
    id: str,
    figure: go.Figure,
    description: str,
    *,
    height: str | None = "20rem",
) -> html.Figure:
    """Return a drawing with the words that stand for it.

    Parameters
    ----------
    description
        What the drawing shows, for those who do not see it.
    height
        In a unit of the style sheet; None: what its card leaves it.
    """
    return html.Figure(
        [
            dcc.Graph(
                id=id,
                figure=figure,
                responsive=True,
                style={"height": height} if height else {"height": "100%"},
                config={
                    "displaylogo": False,
                    "displayModeBar": "hover",
                    "responsive": True,
                    "locale": view.language,
                    "modeBarButtonsToRemove": ["select2d", "lasso2d", "autoScale2d"],
                    # A drawing leaves this machine only as a file that somebody saves.
                    "showSendToCloud": False,
                },
            ),
            html.Figcaption(description, className="pm-hidden"),
        ],
        className="pm-graph" if height else "pm-graph pm-graph-fill",
        role="group",
        **{"aria-label": description},
    )


def grid(
    view: View,
    id: str,
    columns: list[dict[str, Any]],
    rows: list[dict[str, Any]],
    *,
    key: str,
    height: str = "24rem",
    selected: str | None = None,
) -> html.Div:
    """Return a table that sorts, filters and exports.

    Parameters
    ----------
    key
        The field that names a row, so that a new state of it replaces the old.
    selected
        Name of the row that is chosen; rows cannot be chosen when it is None.
    """
    options: dict[str, Any] = {
        "theme": {"function": _GRID_THEME},
        "animateRows": False,
        "tooltipShowDelay": 300,
        "suppressCellFocus": False,
        # The Tab key leaves the table; arrow keys walk through its cells.
        "tabToNextCell": {"function": "false"},
        "enableCellTextSelection": True,
        "suppressColumnVirtualisation": True,
        "localeText": _grid_words(view),
    }
    chosen: dict[str, Any] = {}
    if selected is not None:
        options["rowSelection"] = {
            "mode": "singleRow",
            "checkboxes": False,
            "enableClickSelection": True,
        }
        chosen["selectedRows"] = {"ids": [selected]} if selected else []
    return html.Div(
        dag.AgGrid(
            id=id,
            columnDefs=[{"minWidth": each.get("width", 100) * 4 // 5, **each} for each in columns],
            rowData=rows,
            getRowId=f"params.data.{key}",
            defaultColDef={
                "sortable": True,
                "filter": True,
                "resizable": True,
                "wrapText": True,
                "autoHeight": True,
                "wrapHeaderText": True,
                "autoHeaderHeight": True,
                "tooltipValueGetter": {"function": "params.valueFormatted ?? params.value"},
            },
            columnSize="responsiveSizeToFit",
            dashGridOptions=options,
            style={"height": height, "width": "100%"},
            **chosen,
        ),
        className="pm-grid",
    )


def export_button(view: View, grid_id: str) -> html.Button:
    """Return the button that saves a grid as CSV."""
    return html.Button(
        [icon("export", 15), view.t("Export CSV")],
        id={"type": "export", "grid": grid_id},
        className="pm-button",
        n_clicks=0,
    )


def choices(
    view: View, name: str, options: Sequence[tuple[str, str]], chosen: str, label: str
) -> html.Nav:
    """Return a choice that stands in the address: each option is a link.

    Parameters
    ----------
    name
        The parameter in the address.
    options
        Value and word of each option.
    """
    return html.Nav(
        [
            dcc.Link(
                word,
                href=view.href(**{name: value}),
                className="pm-choice" + (" pm-choice-on" if value == chosen else ""),
            )
            for value, word in options
        ],
        className="pm-choices",
        **{"aria-label": label},
    )


def pick(view: View, word: str, on: bool, **changes: str) -> dcc.Link:
    """Return a link that chooses a row of a table by the address; the chosen one is bold."""
    return dcc.Link(html.Strong(word) if on else word, href=view.href(**changes))


def range_choices(view: View, default: str = "90d") -> html.Nav:
    """Return the choice of the span of time that series show."""
    chosen = view.chosen("range", list(RANGES), default)
    options = [(key, view.text(_RANGE_NAMES[key])) for key in RANGES]
    return choices(view, "range", options, chosen, view.t("Span of time"))


def author_input(component: str) -> dcc.Input:
    """Return where somebody gives their name; the holder of a key need not."""
    name = current_actor().name
    if name:
        return dcc.Input(id=component, value=name, disabled=True)
    return dcc.Input(id=component, persistence=True)


def empty(title: str, text: str = "") -> html.Div:
    """Return the face of a part that has nothing to show yet, and why."""
    return html.Div(
        [icon("empty", 28), html.P(title, className="pm-empty-title"), html.P(text)],
        className="pm-empty",
    )


def no_state(view: View) -> html.Div:
    """Return the face of a page without a state of the twin."""
    return empty(
        view.t("No state of the twin yet"),
        view.t("It is computed when the first readings have arrived."),
    )


def failed(view: View, title: str) -> html.Div:
    """Return the face of a page that could not be made."""
    return html.Div(
        [
            icon("failed", 28),
            html.P(title, className="pm-empty-title"),
            html.P(view.t("The service log says why. Other pages still work.")),
        ],
        className="pm-empty pm-failed",
        role="alert",
    )


def _summary(view: View, figure: Figure) -> str:
    parts = [view.text(_QUALITY[figure.quality])]
    if figure.source:
        parts.append(f"{view.source(figure.source)} {figure.version}".strip())
    if figure.time is not None:
        parts.append(utc(figure.time))
    return " · ".join(parts)


_GRID_THEME = (
    "themeQuartz.withParams({"
    "backgroundColor: 'var(--pm-surface)', foregroundColor: 'var(--pm-ink)',"
    "headerBackgroundColor: 'var(--pm-surface)', headerTextColor: 'var(--pm-muted)',"
    "headerFontWeight: 600, borderColor: 'var(--pm-line)', accentColor: 'var(--pm-accent)',"
    "rowHoverColor: 'var(--pm-hover)', selectedRowBackgroundColor: 'var(--pm-accent-soft)',"
    "chromeBackgroundColor: 'var(--pm-raised)', textColor: 'var(--pm-ink)',"
    "fontFamily: 'inherit', fontSize: 13, headerFontSize: 12, spacing: 6,"
    "wrapperBorder: false, wrapperBorderRadius: 0, columnBorder: false,"
    "headerColumnResizeHandleColor: 'var(--pm-line)', browserColorScheme: 'inherit'"
    "})"
)


def _grid_words(view: View) -> dict[str, str]:
    return {
        "contains": view.t("Contains"),
        "notContains": view.t("Does not contain"),
        "equals": view.t("Equals"),
        "notEqual": view.t("Does not equal"),
        "startsWith": view.t("Begins with"),
        "endsWith": view.t("Ends with"),
        "blank": view.t("Blank"),
        "notBlank": view.t("Not blank"),
        "filterOoo": view.t("Filter…"),
        "andCondition": view.t("and"),
        "orCondition": view.t("or"),
        "lessThan": view.t("Less than"),
        "greaterThan": view.t("Greater than"),
        "lessThanOrEqual": view.t("At most"),
        "greaterThanOrEqual": view.t("At least"),
        "inRange": view.t("Between"),
        "inRangeStart": view.t("from"),
        "inRangeEnd": view.t("to"),
        "page": view.t("Page"),
        "of": view.t("of"),
        "to": view.t("to"),
        "pageSizeSelectorLabel": view.t("Rows a page:"),
        "ariaPageSizeSelectorLabel": view.t("Rows a page"),
        "firstPage": view.t("First page"),
        "previousPage": view.t("Previous page"),
        "nextPage": view.t("Next page"),
        "lastPage": view.t("Last page"),
        "noRowsToShow": view.t("Nothing to show"),
    }
