"""Cards of the Slopes page on sections: factor of safety, circle, water, what moves it."""

from __future__ import annotations

from typing import Any

import plotly.graph_objects as go
from dash import html
from msgspec.structs import replace

from dashboard import figures
from dashboard.components import empty, facts, number, pick, range_choices, status_badge, table
from dashboard.figures import influence_name
from dashboard.i18n import UNKNOWN, decimal
from dashboard.view import View
from ingest.figure import Figure
from twin.state import SlopeState


def states(view: View) -> list[SlopeState]:
    """Return every slide of every section."""
    return (view.twin.slopes if view.twin else None) or []


def key(state: SlopeState) -> str:
    """Return the name of a slide in the address, which is its subject in computed series too."""
    return f"{state.section}.{state.slide}"


def chosen(view: View) -> SlopeState | None:
    """Return the chosen slide; else the standing one that is nearest to what is required."""
    found = states(view)
    standing = [each for each in found if each.stage == "standing"] or found
    known = [each for each in standing if _known(each.factor_of_safety)]
    first = min(known or standing, key=_reserve, default=None)
    name = view.chosen("slope", [key(each) for each in found], key(first) if first else "")
    return next((each for each in found if key(each) == name), None)


def _reserve(state: SlopeState) -> float:
    factor, required = state.factor_of_safety.value, state.required.value
    if not isinstance(factor, int | float) or not isinstance(required, int | float):
        return 0.0
    return float(factor) / float(required)


def level(state: SlopeState | None) -> str:
    """Return the status of a factor of safety: abnormal when it is below what is required."""
    if state is None or not _known(state.factor_of_safety) or state.stage == "planned":
        return "normal"
    factor = float(state.factor_of_safety.value or 0)
    if factor < 1:
        return "alarm"
    return "warning" if factor < float(state.required.value or 0) else "normal"


def _known(figure: Figure) -> bool:
    return isinstance(figure.value, int | float)


def title(view: View, state: SlopeState) -> str:
    """Return section and slide in words."""
    return f"{view.text(state.title)}: {view.text(state.slide_title)}"


def name(view: View) -> str:
    """Return the chosen slide in words."""
    state = chosen(view)
    return title(view, state) if state else ""


def section(view: View) -> go.Figure:
    """Return the chosen section."""
    state = chosen(view)
    return figures.slope_section(view, state, level(state))


def factor_curve(view: View) -> go.Figure:
    """Return the factor of safety of the chosen slide through time."""
    state = chosen(view)
    frame = view.queries.derived(
        "slope.factor_of_safety",
        key(state) if state else "",
        start=view.start(),
        end=None if view.live else view.moment,
        known_at=view.known_at,
    )
    return figures.slope_factor(view, state, frame)


def factor_ranges(view: View) -> list[Any]:
    """Return the name of the slide and the choice of the span of time."""
    return [html.Span(name(view)), range_choices(view)]


def influences(view: View) -> go.Figure:
    """Return what moves the factor of safety of the chosen slide."""
    return figures.slope_influences(view, chosen(view))


def influence_words(view: View) -> str:
    """Return in a sentence what moves the factor of safety most."""
    state = chosen(view)
    if state is None or not state.influences:
        return ""
    first = state.influences[0]
    return view.t(
        "Most moves it: {input}. One input at a time, strength by one standard deviation,"
        " unit weight by 5 %, water by a metre (or 0.05 of its ratio); the circle stays fixed.",
        input=influence_name(view, first),
    )


def details(view: View) -> Any:
    """Return what is known of the chosen slide, and what is assumed."""
    state = chosen(view)
    if state is None:
        return _none(view)
    factor = state.factor_of_safety
    lines = [
        (view.t("Bishop simplified"), number(view, view.t("Bishop simplified"), factor)),
        (view.t("Spencer"), number(view, view.t("Spencer"), state.spencer)),
        (view.t("Required"), number(view, view.t("Required"), state.required)),
        (view.t("Looked for"), looked_for(view, state)),
        (
            view.t("Probability of failure"),
            probability(view, state),
        ),
        (view.t("Water"), water(view, state)),
        (
            view.t("Skin of the face, dry and without cohesion"),
            number(view, view.t("Infinite slope"), state.ravelling),
        ),
    ]
    said = factor.reason if factor.value is None else factor.validity
    return [
        facts(lines),
        html.P(view.text(said), className="pm-quiet pm-below") if said else None,
    ]


def looked_for(view: View, state: SlopeState) -> str:
    """Return what the circle had to be like, and how deep the one is that was found."""
    if state.least_depth_m is None:  # a state that was stored before it was told
        return UNKNOWN
    asked = [
        view.t("no shallower than {depth}", depth=_metres(view, state.least_depth_m))
        if state.least_depth_m
        else view.t("of any depth")
    ]
    if state.reaches_m is not None:
        asked.append(view.t("down to {level}", level="+" + _metres(view, state.reaches_m)))
    if state.kind == "overall":
        asked.append(view.t("of the whole slope"))
    if state.circle is not None and state.circle.depth is not None:
        depth = _metres(view, state.circle.depth)
        asked.append(view.t("the one found is {depth} deep", depth=depth))
    return ", ".join(asked)


def _metres(view: View, value: float) -> str:
    return f"{decimal(value, 1, view.language)}\u00a0{view.unit('m')}"


def grounds(view: View) -> Any:
    """Return what the factor of the chosen slide rests on, with the source of each."""
    state = chosen(view)
    if state is None:
        return _none(view)
    rows: list[list[Any]] = [
        [
            view.text(layer.title),
            view.t(
                "{weight}, cohesion {cohesion}, friction {friction}",
                weight=view.with_unit(layer.unit_weight, "kN/m3"),
                cohesion=view.with_unit(layer.cohesion, "kPa"),
                friction=view.with_unit(layer.friction_deg, "deg"),
            ),
            view.source(layer.source),
        ]
        for layer in state.layers
    ]
    rows.append([view.t("Section"), title(view, state), view.source(state.source)])
    rows.append([view.t("Water"), water(view, state), view.source(state.water_source)])
    rows += [[view.t("Assumed"), "", view.text(each)] for each in state.assumptions]
    head = [view.t("Of what"), view.t("Value"), view.t("Source or assumption")]
    return table(head, rows, view.t("What it rests on"))


def in_percent(figure: Figure) -> Figure:
    """Return a probability in percent: most are so small that a ratio shows only zeros."""

    def hundred(value: float | str | None) -> float | str | None:
        return 100.0 * value if isinstance(value, int | float) else value

    return replace(
        figure,
        value=hundred(figure.value),
        low=hundred(figure.low),
        high=hundred(figure.high),
        unit="%",
    )


def probability(view: View, state: SlopeState) -> Any:
    """Return the probability of failure; below what the samples can tell it is a bound."""
    figure = in_percent(state.probability)
    shown = number(view, view.t("Probability of failure"), figure)
    if figure.value == 0 and isinstance(state.probability.high, int | float):
        return html.Span(
            [view.t("below {share}: ", share=view.percent(state.probability.high, 2)), shown]
        )
    return shown


def water(view: View, state: SlopeState) -> Any:
    """Return the water that was used."""
    label = view.t("Water")
    if state.water_level.unit == "1":
        return html.Span([view.t("pore-pressure ratio "), number(view, label, state.water_level)])
    return number(view, label, state.water_level)


def sections(view: View) -> Any:
    """Return every slide in a row."""
    found = states(view)
    if not found:
        return _none(view)
    now = chosen(view)
    rows = []
    for state in found:
        label = title(view, state)
        rows.append(
            [
                pick(view, label, state is now, slope=key(state)),
                UNKNOWN
                if state.least_depth_m is None
                else decimal(state.least_depth_m, 1, view.language),
                _verdict(view, state),
                number(view, label, state.factor_of_safety, bare=True),
                number(view, view.t("Required"), state.required, bare=True),
                number(view, view.t("Spencer"), state.spencer, bare=True),
                probability(view, state),
                water(view, state),
            ]
        )
    head = [
        view.t("Section and slide"),
        view.t("Least depth, m"),
        view.t("Status"),
        view.t("Factor of safety"),
        view.t("Required"),
        view.t("Spencer"),
        view.t("Probability of failure"),
        view.t("Water"),
    ]
    return table(head, rows, view.t("Sections"))


def _verdict(view: View, state: SlopeState) -> html.Span:
    """Return shape and word: never colour alone, and none for what is only planned."""
    figure = state.factor_of_safety
    if not _known(figure):
        return status_badge(view, "unavailable", view.t("Not known"))
    if state.stage == "planned":
        short = float(figure.value or 0) < float(state.required.value or 0)
        word = view.t("Planned, below required") if short else view.t("Planned")
        return status_badge(view, "normal", word)
    if figure.quality == "stale":
        return status_badge(view, "stale", view.t("Water is stale"))
    words = {
        "normal": view.t("Stands"),
        "warning": view.t("Below required"),
        "alarm": view.t("Below 1"),
    }
    return status_badge(view, level(state), words[level(state)])


def _none(view: View) -> Any:
    if view.twin is None:
        return empty(view.t("No state of the twin yet"))
    return empty(
        view.t("This site has no sections of slopes"),
        view.t("They stand in slopes.yaml of the site; without it stability is not computed."),
    )
