"""Factor of safety through time, and what moves it."""

from __future__ import annotations

import pandas as pd
import plotly.graph_objects as go

from dashboard.figures.canvas import add_band, blank, lines_of, local, says
from dashboard.palette import SERIES, STATUSES, TOKENS
from dashboard.view import View
from twin.state import SlopeInfluence, SlopeState


def slope_factor(view: View, state: SlopeState | None, frame: pd.DataFrame) -> go.Figure:
    """Return the factor of safety of a slide through time against the required one.

    Parameters
    ----------
    frame
        Computed points by time (columns: time, value, low, high); not known where value is NaN.
    """
    if state is None:
        return says(view, view.t("This site has no sections of slopes"), "slope-factor")
    kept = f"slope-factor|{state.section}|{state.slide}|{view.parameters.get('range', '')}"
    if frame.empty or frame["value"].isna().all():
        words = (
            view.t("The tier is not begun: its factor of safety does not change")
            if state.stage == "planned"
            else view.t("No factor of safety is known in this span of time")
        )
        return says(view, words, kept)
    figure = blank(view, kept)
    token, hue = TOKENS[view.scheme], SERIES[view.scheme][0]
    whole = frame.dropna(subset=["low", "high"])
    add_band(
        figure,
        local(view, whole["time"]),
        whole["low"],
        whole["high"],
        hue,
        view.t("Spread of strength"),
        True,
    )
    figure.add_scatter(
        x=local(view, frame["time"]),
        y=frame["value"].tolist(),
        mode="lines" if len(frame) > 3 else "lines+markers",
        name=view.t("Factor of safety"),
        line={"color": token["ink"], "width": 2},
        connectgaps=False,
        hovertemplate="%{y:.3f}",
    )
    required = state.required.value
    look = STATUSES["warning"]
    figure.add_hline(
        y=required,
        line={"color": look.fill[view.scheme], "width": 1.5, "dash": "dash"},
        annotation={
            "text": view.t("required {factor}", factor=view.value(state.required)),
            "font": {"size": 10, "color": token["muted"]},
        },
        annotation_position="bottom right",
    )
    figure.update_yaxes(title=view.t("Factor of safety"))
    figure.update_layout(showlegend=True)
    return figure


def slope_influences(view: View, state: SlopeState | None) -> go.Figure:
    """Return how far each input alone moves the factor of safety, largest on top."""
    shown = [
        each
        for each in (state.influences if state else [])
        if each.factor_low is not None and each.factor_high is not None
    ][:8]
    if state is None or not shown:
        return says(view, view.t("Nothing to show"), "slope-influences")
    figure = blank(view, f"slope-influences|{state.section}|{state.slide}")
    token = TOKENS[view.scheme]
    shown = shown[::-1]
    names = [lines_of(influence_name(view, each), 22) for each in shown]
    factor = state.factor_of_safety.value
    base = float(factor) if isinstance(factor, int | float) else 0.0
    for end, word, colour in (
        ("low", view.t("input at its low end"), token["fill-soft"]),
        ("high", view.t("input at its high end"), token["line-strong"]),
    ):
        figure.add_bar(
            y=names,
            x=[getattr(each, f"factor_{end}") - base for each in shown],
            base=base,
            orientation="h",
            name=word,
            marker={"color": colour, "line": {"color": token["line-strong"], "width": 1}},
            customdata=[
                (
                    view.with_unit(getattr(each, end), each.unit),
                    view.number(getattr(each, f"factor_{end}"), "1"),
                )
                for each in shown
            ],
            hovertemplate="%{customdata[0]}: F = %{customdata[1]}<extra></extra>",
        )
    figure.update_layout(barmode="overlay", bargap=0.3, showlegend=True)
    figure.update_xaxes(title=lines_of(view.t("Factor of safety"), 12))
    figure.update_yaxes(automargin=True)
    return figure


def influence_name(view: View, each: SlopeInfluence) -> str:
    """Return what an input is called."""
    words = {
        "cohesion": view.t("Cohesion"),
        "friction_deg": view.t("Friction angle"),
        "unit_weight": view.t("Unit weight"),
        "water": view.t("Water"),
    }
    name = words[each.parameter]
    return f"{name}, {view.text(each.title).lower()}" if each.title else name
