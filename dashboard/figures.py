"""The drawings of the dashboard; each is made of what the queries answered and computes nothing."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Literal

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from dashboard.answers import InstrumentSummary, Profile, SettlementSeries, ThresholdSummary
from dashboard.palette import SERIES, STATUSES, TOKENS, template
from dashboard.status import instrument_status, zone_status
from dashboard.view import View
from ingest.site import Zone
from twin.state import FillState, TierState

Point = tuple[float, float]

#: Tangent of the tiers' face, 37 degrees: reclamation project 073/20-TX (angle of repose).
FACE = math.tan(math.radians(37))


def blank(view: View, kept: str = "") -> go.Figure:
    """Return an empty drawing in the house's look.

    Parameters
    ----------
    kept
        What the visitor's zoom belongs to: the zoom is kept while it stays the same.
    """
    figure = go.Figure()
    figure.update_layout(
        template=template(view.scheme, view.separators), uirevision=f"{view.frame}|{kept}"
    )
    return figure


def says(view: View, text: str, kept: str = "") -> go.Figure:
    """Return a drawing that says why there is nothing to draw."""
    figure = blank(view, kept)
    figure.update_xaxes(visible=False)
    figure.update_yaxes(visible=False)
    figure.add_annotation(
        text="<br>".join(_wrap(text)),
        showarrow=False,
        x=0.5,
        y=0.5,
        xref="paper",
        yref="paper",
        font={"color": TOKENS[view.scheme]["muted"], "size": 13},
    )
    return figure


# The site


def site_plan(view: View) -> go.Figure:
    """Return the plan of the site: zones by their outlines, instruments by their status."""
    figure = blank(view, "plan")
    token = TOKENS[view.scheme]
    zones, grave = view.queries.site.zones, zone_status(view)
    filling = _filling_tier(view)
    margin = min((x for zone in zones.values() for x, _ in zone.outline), default=0.0) - 12
    for kind in ("rim", "backfill", "tier", "drainage", "weather", "logistics", "area"):
        for name, zone in zones.items():
            if zone.kind != kind or not zone.outline:
                continue
            x, y = _closed(zone.outline)
            level = grave.get(name)
            figure.add_scatter(
                x=x,
                y=y,
                mode="lines",
                fill="toself",
                fillcolor=_zone_colour(kind, name == filling, token),
                line={
                    "color": STATUSES[level].fill[view.scheme] if level else token["rock-line"],
                    "width": 2.5 if level else 1,
                },
                hoverinfo="skip",
                showlegend=False,
            )
            label = _zone_label(view, name, level)
            if label and kind == "tier":
                figure.add_annotation(
                    x=margin,
                    y=_middle_of(zone.outline, min(x) + 0.03 * (max(x) - min(x))),
                    text=label,
                    xanchor="right",
                    showarrow=False,
                    font={"size": 10, "color": token["ink"] if level else token["muted"]},
                )
            elif label and kind in ("drainage", "logistics"):
                above = kind == "logistics"
                figure.add_annotation(
                    x=(min(x) + max(x)) / 2,
                    y=max(y) if above else min(y),
                    yshift=9 if above else -9,
                    text=label,
                    showarrow=False,
                    font={"size": 10, "color": token["ink"] if level else token["muted"]},
                )
    _add_instruments(figure, view)
    figure.update_layout(
        hovermode="closest",
        dragmode="pan",
        legend={"y": 0, "yanchor": "top", "itemsizing": "constant", "title": {"text": ""}},
        margin={"l": 4, "r": 4, "t": 4, "b": 28},
    )
    figure.update_xaxes(visible=False, constrain="domain", range=_across(zones, left=0.3))
    figure.update_yaxes(visible=False, scaleanchor="x", scaleratio=1)
    _add_scale(figure, view)
    return figure


def _across(zones: Mapping[str, Zone], left: float) -> list[float] | None:
    """Return the range of the plan in x, with a part of it on the left for the tiers' names."""
    east = [x for zone in zones.values() for x, _ in zone.outline]
    if not east:
        return None
    width = max(east) - min(east)
    return [min(east) - left * width, max(east) + 0.05 * width]


def section(view: View) -> go.Figure:
    """Return the schematic section through the dump: tiers, how full they are, plan and front."""
    fill = view.twin.fill if view.twin else None
    if fill is None or not fill.tiers:
        return says(view, view.t("This site has no plan of a dump"), "section")
    figure = blank(view, "section")
    edges = _bench_edges(view, [tier.tier for tier in fill.tiers])
    if edges is None:
        return says(view, view.t("The tiers have no outlines"), "section")
    wall, toe = edges[0][1], edges[0][0]
    for one in edges:
        wall, toe = max(wall, one[1]), min(toe, one[0])
    base = min(tier.base_m for tier in fill.tiers)
    crest = max(tier.crest_m for tier in fill.tiers)
    depth = 0.12 * (crest - base)
    _add_rock(figure, view, toe, wall, base, crest, depth)
    for tier, (edge, _) in zip(fill.tiers, edges, strict=True):
        _add_tier(figure, view, tier, edge, _wall_at(wall, tier.base_m, crest))
    levels = [base, *(tier.crest_m for tier in fill.tiers)]
    level = fill.level.value
    if isinstance(level, int | float):
        figure.add_scatter(
            x=[toe, wall],
            y=[level, level],
            mode="lines",
            line={"color": SERIES[view.scheme][0], "width": 2, "dash": "dot"},
            name=view.t("Level of the front"),
            hovertemplate=view.t("Level of the front") + ": %{y:.1f} " + view.unit("m"),
        )
        figure.add_annotation(
            x=wall + 50,
            y=level,
            text=f"+{view.with_unit(level, 'm')}",
            showarrow=False,
            font={"size": 11, "color": SERIES[view.scheme][0]},
        )
    figure.update_layout(
        hovermode="closest",
        dragmode="pan",
        margin={"l": 4, "r": 8, "t": 4, "b": 4},
        showlegend=False,
    )
    figure.update_xaxes(visible=False, range=[toe - 95, wall + 95])
    figure.update_yaxes(
        title=view.t("Level, m"),
        range=[base - depth, crest + 18],
        tickvals=levels,
        ticktext=[f"+{each:g}" for each in levels],
        gridcolor="rgba(0,0,0,0)",
    )
    return figure


# Readings


def series(
    view: View,
    instrument: InstrumentSummary,
    quantity: str,
    frame: pd.DataFrame,
    node_labels: Sequence[str] = (),
) -> go.Figure:
    """Return one quantity through time: mean per bucket, with the band from least to most."""
    kept = f"{instrument.name}|{quantity}|{view.parameters.get('range', '')}"
    if frame.empty:
        return says(view, view.t("No readings in this span of time"), kept)
    figure = blank(view, kept)
    found = next(each for each in instrument.quantities if each.name == quantity)
    nodes = sorted(frame["node"].unique())
    for number, node in enumerate(nodes):
        one = frame[frame["node"] == node]
        colour = SERIES[view.scheme][number % len(SERIES[view.scheme])]
        name = node_labels[int(node)] if node_labels else view.t("Mean")
        times = _local(view, one["start"])
        if len(nodes) <= 3:
            _add_band(
                figure, times, one["min"], one["max"], colour, view.t("Least to most"), not number
            )
        gaps_x, gaps_y = _with_gaps(times, one["mean"].tolist(), frame)
        figure.add_scatter(
            x=gaps_x,
            y=gaps_y,
            mode="lines" if len(one) > 3 else "lines+markers",
            name=name,
            line={"color": colour, "width": 1.75},
            hovertemplate="%{y:,.2f} " + view.unit(found.unit),
        )
    low, high = float(frame["min"].min()), float(frame["max"].max())
    shown = [each for each in found.thresholds if _near(each, low, high)]
    _add_thresholds(figure, view, shown)
    unit = view.unit(found.unit)
    title = view.text(found.title) + (f", {unit}" if unit else "")
    figure.update_yaxes(title=title)
    figure.update_layout(showlegend=True)
    return figure


def rain(view: View, frame: pd.DataFrame) -> go.Figure:
    """Return the sum of rain in each bucket."""
    if frame.empty:
        return says(view, view.t("No readings in this span of time"), "rain")
    figure = blank(view, "rain")
    figure.add_bar(
        x=_local(view, frame["start"]),
        y=(frame["mean"] * frame["count"]).tolist(),
        marker={"color": SERIES[view.scheme][0], "line": {"width": 0}},
        name=view.t("Rain"),
        hovertemplate="%{y:.1f} " + view.unit("mm"),
    )
    figure.update_yaxes(title=view.t("Rain by day, mm"), rangemode="tozero")
    figure.update_layout(bargap=0.25, showlegend=False)
    return figure


def profile(view: View, found: Profile, axis: Literal["resultant", "a", "b"]) -> go.Figure:
    """Return displacement by depth, depth downwards: the last profile and those before it."""
    kept = f"{found.instrument}|{axis}"
    if not found.times:
        return says(view, view.t("No profile in this span of time"), kept)
    figure = blank(view, kept)
    rows = getattr(found, axis)
    token = TOKENS[view.scheme]
    picks = _spread(len(rows), 6)
    for place, index in enumerate(picks):
        last = index == picks[-1]
        share = (place + 1) / len(picks)
        figure.add_scatter(
            x=rows[index],
            y=found.depths,
            mode="lines+markers" if last else "lines",
            name=view.day(found.times[index]),
            line={
                "color": SERIES[view.scheme][0] if last else token["fill"],
                "width": 2.5 if last else 1.25,
            },
            marker={"size": 5},
            opacity=1 if last else 0.35 + 0.5 * share,
            hovertemplate="%{x:.2f} " + view.unit("mm") + ", %{y:.1f} " + view.unit("m"),
        )
    figure.update_yaxes(
        title=view.t("Depth below the collar, m"),
        autorange="reversed",
        rangemode="tozero",
    )
    figure.update_xaxes(
        title=view.t("Displacement, mm"),
        side="bottom",
        zeroline=True,
        zerolinecolor=token["line-strong"],
    )
    figure.update_layout(hovermode="closest")
    return figure


# The plan and the forecasts


def s_curve(view: View, fill: FillState, *, whole: bool) -> go.Figure:
    """Return plan, actual and forecast volume through time.

    Parameters
    ----------
    whole
        Whether the plan's whole span is drawn, or the past and the next half year alone.
    """
    figure = blank(view, f"s-curve|{whole}")
    token, hue = TOKENS[view.scheme], SERIES[view.scheme][0]
    curve = fill.s_curve
    unit = view.unit("thousand m3")
    hover = "%{y:,.1f} " + unit
    if curve.forecast_time:
        figure.add_scatter(
            x=[*curve.forecast_time, *reversed(curve.forecast_time)],
            y=[*curve.forecast_low, *reversed(curve.forecast_high)],
            fill="toself",
            fillcolor=_faint(hue, 0.16),
            line={"width": 0},
            hoverinfo="skip",
            name=view.t("Interval of the forecast"),
        )
        figure.add_scatter(
            x=curve.forecast_time,
            y=curve.forecast,
            mode="lines",
            name=view.t("Forecast"),
            line={"color": hue, "width": 1.75, "dash": "dot"},
            hovertemplate=hover,
        )
    figure.add_scatter(
        x=curve.planned_time,
        y=curve.planned,
        mode="lines",
        name=view.t("Plan"),
        line={"color": token["line-strong"], "width": 1.75, "dash": "dash"},
        hovertemplate=hover,
    )
    figure.add_scatter(
        x=curve.actual_time,
        y=curve.actual,
        mode="lines",
        name=view.t("Actual"),
        line={"color": token["ink"], "width": 2.75},
        hovertemplate=hover,
    )
    figure.update_yaxes(title=view.t("Volume in the dump, {unit}", unit=unit), rangemode="tozero")
    if not whole and curve.actual_time:
        start, now = curve.actual_time[0], curve.actual_time[-1]
        end = now + max((now - start) * 0.35, pd.Timedelta(days=45).to_pytimedelta())
        reached = [
            float(np.interp(end.timestamp(), [time.timestamp() for time in times], values))
            for times, values in (
                (curve.planned_time, curve.planned),
                (curve.forecast_time, curve.forecast_high),
            )
            if times
        ]
        top = max([*curve.actual, *reached, 1.0]) * 1.05
        figure.update_xaxes(range=[start, end])
        figure.update_yaxes(range=[0, top])
    return figure


def settlement(view: View, found: SettlementSeries) -> go.Figure:
    """Return what one point settled, and its forecast with the interval; settlement downwards."""
    kept = f"settlement|{found.point}|{view.parameters.get('range', '')}"
    if not found.times:
        return says(view, view.t("No readings in this span of time"), kept)
    figure = blank(view, kept)
    token, hue = TOKENS[view.scheme], SERIES[view.scheme][0]
    hover = "%{y:.1f} " + view.unit("mm")
    state = found.state
    if state is not None and state.forecast_time:
        times = _local(view, state.forecast_time)
        if state.forecast_low and state.forecast_high:
            figure.add_scatter(
                x=[*times, *reversed(times)],
                y=[*state.forecast_low, *reversed(state.forecast_high)],
                fill="toself",
                fillcolor=_faint(hue, 0.16),
                line={"width": 0},
                hoverinfo="skip",
                name=view.t("Interval of the forecast"),
            )
        figure.add_scatter(
            x=times,
            y=state.forecast,
            mode="lines",
            name=view.t("Forecast"),
            line={"color": hue, "width": 1.75, "dash": "dot"},
            hovertemplate=hover,
        )
    times = _local(view, found.times)
    figure.add_scatter(
        x=times,
        y=found.mean,
        mode="lines+markers" if len(times) < 60 else "lines",
        marker={"size": 4},
        name=view.t("Measured"),
        line={"color": token["ink"], "width": 2},
        hovertemplate=hover,
    )
    figure.update_yaxes(title=view.t("Settlement, mm"), autorange="reversed")
    return figure


# Parts of the drawings


def _add_instruments(figure: go.Figure, view: View) -> None:
    status = instrument_status(view)
    token = TOKENS[view.scheme]
    for key in ("normal", "stale", "unavailable", "advisory", "warning", "alarm"):
        placed = [each for each in view.instruments.values() if status[each.name] == key]
        if not placed:
            continue
        look = STATUSES[key]
        calm = key == "normal"
        figure.add_scatter(
            x=[each.x_m for each in placed],
            y=[each.y_m for each in placed],
            mode="markers",
            name=f"{view.text(look.word)}: {len(placed)}",
            text=[each.name for each in placed],
            customdata=[
                [view.text(each.type_title), view.zone_title(each.zone), view.time(each.last_time)]
                for each in placed
            ],
            marker={
                "symbol": look.symbol,
                "size": 8 if calm else 13,
                "color": token["surface"] if calm else look.fill[view.scheme],
                "line": {
                    "width": 2 if calm or "open" in look.symbol else 1.25,
                    "color": token["muted"] if calm or "open" in look.symbol else token["ink"],
                },
            },
            hovertemplate=(
                f"<b>%{{text}}</b> · {view.text(look.word)}<br>%{{customdata[0]}}"
                "<br>%{customdata[1]}<br>%{customdata[2]}<extra></extra>"
            ),
        )


def _add_scale(figure: go.Figure, view: View) -> None:
    outlines = [point for zone in view.queries.site.zones.values() for point in zone.outline]
    if not outlines:
        return
    width = max(x for x, _ in outlines) - min(x for x, _ in outlines)
    length = 10 ** math.floor(math.log10(max(width, 10) / 3))
    length *= 2 if width / 3 / length >= 2 else 1
    right, low = min(x for x, _ in outlines) + length, min(y for _, y in outlines)
    token = TOKENS[view.scheme]
    figure.add_scatter(
        x=[right - length, right],
        y=[low, low],
        mode="lines",
        line={"color": token["muted"], "width": 2},
        hoverinfo="skip",
        showlegend=False,
    )
    figure.add_annotation(
        x=right - length / 2,
        y=low,
        yshift=9,
        text=f"{length:g} {view.unit('m')}",
        showarrow=False,
        font={"size": 10, "color": token["muted"]},
    )


def _zone_colour(kind: str, filling: bool, token: dict[str, str]) -> str:
    if kind == "rim":
        return token["rock"]
    if kind == "tier":
        return token["fill-soft"] if filling else token["raised"]
    return token["raised"] if kind != "drainage" else token["accent-soft"]


#: The shapes of the markers as letters, for the name of a zone; the legend has their words.
_MARKS = {"alarm": "■", "warning": "▲", "advisory": "◆"}


def _zone_label(view: View, name: str, level: str | None) -> str:
    title = view.zone_title(name)
    if level:
        return f"<b>{_MARKS.get(level, '')} {title}</b>"
    return title if len(title) < 40 else ""


def _filling_tier(view: View) -> str:
    fill = view.twin.fill if view.twin else None
    return str(fill.tier.value) if fill and fill.tier.value else ""


def _closed(outline: Sequence[Point]) -> tuple[list[float], list[float]]:
    points = [*outline, outline[0]]
    return [x for x, _ in points], [y for _, y in points]


def _crossings(outline: Sequence[Point], x: float) -> list[float]:
    found = []
    for (x1, y1), (x2, y2) in zip(outline, [*outline[1:], outline[0]], strict=True):
        if (x1 - x) * (x2 - x) <= 0 and x1 != x2:
            found.append(y1 + (y2 - y1) * (x - x1) / (x2 - x1))
    return sorted(found)


def _middle_of(outline: Sequence[Point], x: float) -> float:
    found = _crossings(outline, x)
    if not found:
        return sum(y for _, y in outline) / len(outline)
    return (found[0] + found[-1]) / 2


def _bench_edges(view: View, tiers: Sequence[str]) -> list[tuple[float, float]] | None:
    """Return where each tier's bench begins and ends on the line through the dump's middle [m]."""
    zones = view.queries.site.zones
    outlines = [zones[tier].outline for tier in tiers if tier in zones]
    if len(outlines) < len(tiers) or not all(outlines):
        return None
    xs = [x for outline in outlines for x, _ in outline]
    middle = (min(xs) + max(xs)) / 2
    edges = []
    for outline in outlines:
        found = _crossings(outline, middle)
        if not found:
            return None
        edges.append((found[0], found[-1]))
    return edges


def _wall_at(wall: float, level: float, crest: float) -> float:
    """Return where the crater's wall stands at a level: it is drawn at 60 degrees."""
    return wall - (crest - level) / math.tan(math.radians(60))


def _add_rock(
    figure: go.Figure,
    view: View,
    toe: float,
    wall: float,
    base: float,
    crest: float,
    depth: float,
) -> None:
    token = TOKENS[view.scheme]
    foot = _wall_at(wall, base, crest)
    figure.add_scatter(
        x=[toe - 95, toe - 30, toe + 5, foot, wall, wall + 95, wall + 95, toe - 95],
        y=[crest, crest, base, base, crest, crest, base - depth, base - depth],
        mode="lines",
        fill="toself",
        fillcolor=token["rock"],
        line={"color": token["rock-line"], "width": 1.25},
        hoverinfo="skip",
        showlegend=False,
    )
    figure.add_annotation(
        x=(toe + wall) / 2,
        y=base - depth / 2,
        text=view.t("Schematic section, not to scale"),
        showarrow=False,
        font={"size": 10, "color": token["muted"]},
    )


def _add_tier(figure: go.Figure, view: View, tier: TierState, edge: float, wall: float) -> None:
    """Draw one tier: its planned body as an outline, what is filled as a body from the wall on."""
    token = TOKENS[view.scheme]
    height = tier.crest_m - tier.base_m
    run = height / FACE
    rise = height / math.tan(math.radians(60))
    crest_edge = edge + min(run, 30) if height > 40 else edge
    body = [
        (crest_edge - min(run, 30), tier.base_m),
        (crest_edge, tier.crest_m),
        (wall + rise, tier.crest_m),
        (wall, tier.base_m),
    ]
    x, y = _closed(body)
    title = view.text(tier.title)
    filled, capacity = (view.value_with_unit(each) for each in (tier.filled, tier.capacity))
    said = view.t("filled {filled} of {capacity}", filled=filled, capacity=capacity)
    hover = f"<b>{title}</b><br>{said}<extra></extra>"
    figure.add_scatter(
        x=x,
        y=y,
        mode="lines",
        fill="toself",
        fillcolor=token["surface"],
        line={"color": token["line-strong"], "width": 1, "dash": "dot"},
        hovertemplate=hover,
        hoveron="fills",
        name=title,
        text=title,
    )
    share = tier.fraction.value if isinstance(tier.fraction.value, int | float) else 0.0
    if share > 0:
        share = min(share, 1.0)
        front = wall - share * (wall - crest_edge)
        lean = min(run, 30)
        x, y = _closed(
            [
                (front - lean, tier.base_m),
                (front, tier.crest_m),
                (wall + rise, tier.crest_m),
                (wall, tier.base_m),
            ]
        )
        figure.add_scatter(
            x=x,
            y=y,
            mode="lines",
            fill="toself",
            fillcolor=token["fill"],
            line={"color": token["ink"], "width": 1.25},
            hoverinfo="skip",
        )
    words = f"{title} · {view.percent(share, 1)}" if share > 0 else title
    figure.add_annotation(
        x=crest_edge + 8,
        y=(tier.base_m + tier.crest_m) / 2,
        xanchor="left",
        text=words,
        showarrow=False,
        font={"size": 10, "color": token["ink"] if share > 0 else token["muted"]},
    )


def _add_band(
    figure: go.Figure,
    times: list[datetime],
    low: pd.Series,
    high: pd.Series,
    colour: str,
    name: str,
    shown: bool,
) -> None:
    figure.add_scatter(
        x=[*times, *reversed(times)],
        y=[*low.tolist(), *reversed(high.tolist())],
        fill="toself",
        fillcolor=_faint(colour, 0.18),
        line={"width": 0},
        hoverinfo="skip",
        name=name,
        showlegend=shown,
    )


def _add_thresholds(figure: go.Figure, view: View, thresholds: Sequence[ThresholdSummary]) -> None:
    token = TOKENS[view.scheme]
    for each in thresholds:
        value = each.above if each.above is not None else each.below
        look = STATUSES[each.level]
        figure.add_hline(
            y=value,
            line={"color": look.fill[view.scheme], "width": 1.5, "dash": "dash"},
            annotation={
                "text": f"{view.text(look.word)} {view.number(value)}",
                "font": {"size": 10, "color": token["muted"]},
                "xanchor": "right",
                "yshift": 1,
            },
            annotation_position="top right",
        )


def _near(threshold: ThresholdSummary, low: float, high: float) -> bool:
    """Return whether a limit is near enough to be drawn without flattening the curve."""
    value = threshold.above if threshold.above is not None else threshold.below
    room = max(high - low, abs(high) * 0.05, 1e-9)
    return value is not None and low - 1.5 * room <= value <= high + 1.5 * room


def _with_gaps(
    times: list[datetime], values: list[float], frame: pd.DataFrame
) -> tuple[list[datetime | None], list[float | None]]:
    """Return the curve broken where buckets are missing: silence is not a straight line."""
    if len(times) < 3:
        return list(times), list(values)
    starts = pd.Series(sorted(frame["start"].unique()))
    step = starts.diff().median()
    out_t: list[Any] = []
    out_v: list[Any] = []
    before: datetime | None = None
    for time, value in zip(times, values, strict=True):
        if before is not None and (time - before) > 4 * step:
            out_t.append(before + step)
            out_v.append(None)
        out_t.append(time)
        out_v.append(value)
        before = time
    return out_t, out_v


def _local(view: View, times: Any) -> list[datetime]:
    """Return times as the site's clocks show them: plotly draws what stands in them."""
    return [
        pd.Timestamp(time).tz_convert(view.zone).tz_localize(None).to_pydatetime() for time in times
    ]


def _spread(count: int, most: int) -> list[int]:
    if count <= most:
        return list(range(count))
    return sorted({round(index * (count - 1) / (most - 1)) for index in range(most)})


def _faint(colour: str, share: float) -> str:
    red, green, blue = (int(colour[place : place + 2], 16) for place in (1, 3, 5))
    return f"rgba({red},{green},{blue},{share})"


def _wrap(text: str, width: int = 46) -> list[str]:
    lines, line = [], ""
    for word in text.split():
        if line and len(line) + len(word) >= width:
            lines.append(line)
            line = word
        else:
            line = f"{line} {word}".strip()
    return [*lines, line]
