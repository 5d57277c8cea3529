"""Which time a page speaks of: the run's now, a moment, or what was known at a moment."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import dash_mantine_components as dmc
from dash import Dash, Input, Output, State, dcc, html, no_update

from dashboard.components import status_badge
from dashboard.icons import icon
from dashboard.queries import Queries
from dashboard.view import View, utc

#: A replay's clock stands here until its first reading has come.
_BEFORE_ALL = 1970


def shown(view: View) -> list[Any]:
    """Return what the top bar says of the time."""
    if view.at is not None:
        word = view.t("At")
    elif view.known_at is not None:
        word = view.t("As known at")
    else:
        word = view.t("Replay") if view.site.replay else view.t("Live")
    if view.moment.year == _BEFORE_ALL:
        return [html.Span(view.t("Waiting for readings"), className="pm-time-word pm-time-live")]
    return [
        html.Span(word, className="pm-time-word" + (" pm-time-live" if view.live else "")),
        html.Span(view.time(view.moment), className="pm-time-moment", title=utc(view.moment)),
    ]


def control() -> dmc.Popover:
    """Return the time of the page in the bar, with the choice of another behind it."""
    return dmc.Popover(
        [
            dmc.PopoverTarget(
                html.Button(
                    [icon("clock", 16), html.Span(id="time-shown")],
                    id="time-button",
                    className="pm-time",
                ),
                boxWrapperProps={"style": {"display": "inline-flex"}},
            ),
            dmc.PopoverDropdown(html.Div(id="time-form", className="pm-time-form")),
        ],
        width=320,
        position="bottom-end",
        shadow="md",
        withArrow=True,
        trapFocus=True,
        keepMounted=True,
    )


def form(view: View) -> list[Any]:
    """Return the choice of a time."""
    mode = "at" if view.at else "known_at" if view.known_at else "live"
    local = view.moment.astimezone(view.zone).strftime("%Y-%m-%d %H:%M:%S")
    return [
        dmc.RadioGroup(
            [
                dmc.Radio(
                    label=view.t("Follow the run"),
                    description=view.t("The newest that is known."),
                    value="live",
                ),
                dmc.Radio(
                    label=view.t("At a time"),
                    description=view.t("The ground at that time, with all we know today."),
                    value="at",
                ),
                dmc.Radio(
                    label=view.t("As known at a time"),
                    description=view.t("What was on this page then; later readings are left out."),
                    value="known_at",
                ),
            ],
            id="time-mode",
            value=mode,
            size="sm",
            label=view.t("Which time"),
        ),
        dmc.DatesProvider(
            dmc.DateTimePicker(
                id="time-picker",
                value=local,
                valueFormat="DD.MM.YYYY HH:mm",
                label=view.t("Time ({zone})", zone=view.zone.key),
                popoverProps={"withinPortal": False},
                size="sm",
            ),
            settings={"locale": view.language, "firstDayOfWeek": 1},
        ),
        html.Button(view.t("Show"), id="time-apply", className="pm-button", n_clicks=0),
    ]


def banner(view: View) -> Any:
    """Return the stripe that says that this is not now, or that the twin is late."""
    if view.live:
        return _late(view)
    if view.at is not None:
        text = view.t(
            "The ground at {time}, with all we know today. Risks and alarms: as known then.",
            time=view.time(view.at),
        )
    else:
        text = view.t(
            "As known at {time}. This page does not follow the run.", time=view.time(view.known_at)
        )
    return html.Div(
        [
            icon("clock", 16),
            html.Span(text),
            dcc.Link(view.t("Back to now"), href=view.href(at=None, known_at=None)),
        ],
        className="pm-banner",
        role="status",
    )


def _late(view: View) -> Any:
    """Return what warns of a twin that has fallen behind; nothing when it keeps up."""
    twin = view.twin
    if twin is None or not view.late(twin.time):
        return None
    return html.Div(
        [
            status_badge(view, "stale"),
            html.Span(
                view.t(
                    "The twin has come to {time}: computed figures, risks and alarms are of then.",
                    time=view.time(twin.time),
                )
            ),
        ],
        className="pm-banner pm-banner-late",
        role="status",
    )


def register(app: Dash, queries: Queries) -> None:
    """Register what the choice of time does: it goes into the address."""

    @app.callback(
        Output("url", "search", allow_duplicate=True),
        Input("time-apply", "n_clicks"),
        State("time-mode", "value"),
        State("time-picker", "value"),
        State("url", "pathname"),
        State("url", "search"),
        prevent_initial_call=True,
    )
    def apply(clicks: int, mode: str, local: str | None, path: str, search: str) -> Any:
        if not clicks:
            return no_update
        view = View(queries, path, search)
        changes: dict[str, str | None] = {"at": None, "known_at": None}
        if mode != "live" and local:
            changes[mode] = to_utc(local, view.zone)
        return view.search(**changes)


def to_utc(local: str, zone: ZoneInfo) -> str:
    """Return a moment of the site's clocks as it stands in an address."""
    return utc(datetime.fromisoformat(local).replace(tzinfo=zone))
