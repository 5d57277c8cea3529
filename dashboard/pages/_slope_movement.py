"""Cards of the Slopes page on inclinometers and piezometers."""

from __future__ import annotations

from typing import Any

import plotly.graph_objects as go
from dash import dcc, html

from dashboard import figures
from dashboard.components import empty, facts, number, pick, range_choices, status_badge, table
from dashboard.status import instrument_status
from dashboard.view import View
from twin.state import MovementState


def ranges(view: View) -> list[Any]:
    """Return the name of the chosen instrument and the choice of the span of time."""
    return [html.Span(chosen(view, "piezometer")), range_choices(view)]


def profile(view: View) -> go.Figure:
    """Return the profiles of the chosen inclinometer."""
    name = chosen(view, "inclinometer")
    if not name:
        return figures.says(view, view.t("This site has no inclinometers"))
    found = view.queries.profile(name, at=view.at, known_at=view.known_at, days=90)
    return figures.profile(view, found, "resultant")


def inverse(view: View) -> go.Figure:
    """Return the inverse velocity of the chosen inclinometer."""
    return figures.inverse_velocity(view, _movement(view))


def forecast(view: View) -> Any:
    """Return the window of failure dates or why there is none, and the control charts."""
    state = _movement(view)
    if state is None or state.failure is None:
        return empty(view.t("Nothing to show"))
    failure = state.failure
    if failure.value is None:
        said = view.t("No date of failure: {reason}", reason=view.text(failure.reason))
    else:
        said = view.t(
            "Failure between {low} and {high}, if it goes on as it has",
            low=view.day(str(failure.low)),
            high=view.day(str(failure.high)),
        )
    lines: list[tuple[Any, Any]] = [
        (view.t("Date of failure"), number(view, view.t("Date of failure"), failure)),
    ]
    if state.onset is not None:
        lines.append((view.t("Accelerates since"), view.day(state.onset)))
    if state.r2 is not None:
        lines.append((view.t("R2 of the fit"), view.number(state.r2, "1")))
    for chart in state.charts:
        lines.append(
            (
                view.t("CUSUM of the velocity")
                if chart.method == "cusum"
                else view.t("EWMA of the velocity"),
                _chart(view, state, chart.method),
            )
        )
    return [html.P(said), facts(lines)]


def _chart(view: View, state: MovementState, method: str) -> str:
    chart = next((each for each in state.charts if each.method == method), None)
    if chart is None:
        return view.t("no chart")
    if chart.reason is not None:
        return view.text(chart.reason)
    values = {
        "value": view.with_unit(chart.value, "mm/d"),
        "limit": view.with_unit(chart.limit, "mm/d"),
    }
    if chart.signal is None:
        return view.t("no signal in 30 days: {value} of {limit}", **values)
    if chart.onset is not None:
        return view.t(
            "signal on {day}, gathered since {onset}; now {value} of {limit}",
            day=view.day(chart.signal),
            onset=view.day(chart.onset),
            **values,
        )
    return view.t("signal on {day}; now {value} of {limit}", day=view.day(chart.signal), **values)


def movement(view: View) -> Any:
    """Return every inclinometer in a row."""
    states = view.twin.movement if view.twin else []
    if not states:
        return empty(view.t("Nothing to show"))
    rows = [
        [
            _link(view, "inclinometer", each.instrument),
            status_badge(view, status(view, each.instrument)),
            number(view, each.instrument, each.largest),
            number(view, each.instrument, each.depth),
            number(view, each.instrument, each.rate),
            number(view, each.instrument, each.failure) if each.failure else "",
            _signal(view, each),
        ]
        for each in states
    ]
    head = [
        view.t("Instrument"),
        view.t("Status"),
        view.t("Largest"),
        view.t("Depth"),
        view.t("Rate, 7 days"),
        view.t("Date of failure"),
        view.t("Signal since"),
    ]
    return table(head, rows, view.t("Movement"))


def _signal(view: View, state: MovementState) -> Any:
    days = [chart.signal for chart in state.charts if chart.signal is not None]
    if days:
        return status_badge(view, "advisory", view.day(min(days)))
    return view.t("none") if any(chart.reason is None for chart in state.charts) else "—"


def pressure_curve(view: View) -> go.Figure:
    """Return pore pressure or head of the chosen instrument through time."""
    name = chosen(view, "piezometer")
    if not name:
        return figures.says(view, view.t("This site measures no pore pressure"))
    instrument = view.instruments[name]
    known = {each.name for each in instrument.quantities}
    quantity = "pore_pressure" if "pore_pressure" in known else "head"
    frame = view.queries.buckets(
        name,
        quantity,
        start=view.start(),
        end=None if view.live else view.moment,
        known_at=view.known_at,
        count=480,
    )
    return figures.series(view, instrument, quantity, frame)


def pressure(view: View) -> Any:
    """Return every piezometer and well in a row."""
    states = view.twin.pressure if view.twin else []
    if not states:
        return empty(view.t("Nothing to show"))
    rows = [
        [
            _link(view, "piezometer", each.instrument),
            view.zone_title(each.zone),
            status_badge(view, status(view, each.instrument)),
            number(view, each.instrument, each.level),
            number(view, each.instrument, each.change_7d),
            number(view, each.instrument, each.change_30d),
        ]
        for each in states
    ]
    head = [
        view.t("Instrument"),
        view.t("Zone"),
        view.t("Status"),
        view.t("Now"),
        view.t("Change, 7 days"),
        view.t("Change, 30 days"),
    ]
    return table(head, rows, view.t("Pore pressure and head"))


def status(view: View, instrument: str) -> str:
    """Return the status of an instrument."""
    return instrument_status(view).get(instrument, "unknown")


def chosen(view: View, parameter: str) -> str:
    """Return the chosen inclinometer or piezometer; else what moves or rises fastest."""
    quantities = {
        "inclinometer": ("displacement_a",),
        "piezometer": ("pore_pressure", "head"),
    }[parameter]
    site = view.queries.site
    names = [each.name for quantity in quantities for each in site.with_quantity(quantity)]
    states: Any = []
    if view.twin is not None:
        states = view.twin.movement if parameter == "inclinometer" else view.twin.pressure
    most = extreme(states, "rate" if parameter == "inclinometer" else "change_7d")
    return view.chosen(parameter, names, most.instrument if most else "")


def extreme(states: Any, name: str) -> Any:
    """Return the state with the largest value of a figure; else the first, None without any."""
    known = [each for each in states if isinstance(getattr(each, name).value, int | float)]
    return max(
        known,
        key=lambda each: float(getattr(each, name).value),
        default=states[0] if states else None,
    )


def _link(view: View, parameter: str, name: str) -> dcc.Link:
    return pick(view, name, name == chosen(view, parameter), **{parameter: name})


def _movement(view: View) -> MovementState | None:
    name = chosen(view, "inclinometer")
    states = view.twin.movement if view.twin else []
    return next((each for each in states if each.instrument == name), None)
