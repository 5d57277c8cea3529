"""The frame around every page: navigation, top bar, and what keeps them and the page in step."""

from __future__ import annotations

from typing import Any

import dash_mantine_components as dmc
import structlog
from dash import (
    ALL,
    ClientsideFunction,
    Dash,
    Input,
    Output,
    State,
    dcc,
    html,
    no_update,
)
from dash.exceptions import PreventUpdate

from dashboard import feed, icons, palette, time_control, updates
from dashboard.components import failed
from dashboard.i18n import LANGUAGES
from dashboard.icons import icon
from dashboard.page import Page, pages
from dashboard.queries import Queries
from dashboard.view import View

log = structlog.get_logger()

_INDEX = """<!DOCTYPE html>
<html lang="en">
<head>
{%metas%}
<meta name="color-scheme" content="light dark">
<title>{%title%}</title>
{%favicon%}
{%css%}
<style>STYLE</style>
</head>
<body>
{%app_entry%}
<footer>{%config%}{%scripts%}{%renderer%}</footer>
</body>
</html>"""

_NAVBAR = {
    "width": 224,
    "breakpoint": "md",
    "collapsed": {"mobile": True, "desktop": False},
}


def register(app: Dash, queries: Queries) -> None:
    """Give the app its frame, its pages and their callbacks.

    Parameters
    ----------
    app
        A Dash app on the FastAPI backend, with `dashboard/assets`, without an update title, and
        with callback exceptions suppressed: pages come and go.
    queries
        The one module through which pages read.
    """
    app.index_string = _INDEX.replace("STYLE", palette.style_sheet() + icons.style_sheet())
    app.layout = _frame
    feed.register(app, queries)
    time_control.register(app, queries)
    _register_frame(app, queries)
    for page in pages():
        updates.register(app, queries, page)
        if page.callbacks is not None:
            page.callbacks(app, queries)


def _frame() -> dmc.MantineProvider:
    return dmc.MantineProvider(
        id="provider",
        theme={
            "fontFamily": palette.FONT,
            "headings": {"fontFamily": palette.FONT},
            "primaryColor": "gray",
            "defaultRadius": "sm",
        },
        children=[
            dcc.Location(id="url", refresh="callback-nav"),
            dcc.Store(id="scheme", storage_type="local"),
            dcc.Store(id="scheme-now"),
            dcc.Store(id="shown"),  # what asks for a whole new page when it changes
            dcc.Store(id="seen", data={}),  # check sums of what the page shows
            dcc.Store(id="title"),
            feed.stores(),
            html.A(id="skip", href="#main", className="pm-skip"),
            dmc.AppShell(
                id="shell",
                header={"height": 56},
                navbar=_NAVBAR,
                padding=0,
                children=[
                    dmc.AppShellHeader(_bar(), className="pm-bar"),
                    dmc.AppShellNavbar(html.Nav(id="navigation"), className="pm-navbar"),
                    dmc.AppShellMain(
                        [
                            html.Div(id="banner"),
                            html.Div(id="main", className="pm-main", tabIndex=-1),
                        ]
                    ),
                ],
            ),
            html.Dialog(
                [
                    html.Div(id="pm-dialog-body"),
                    html.Button("×", id="dialog-close", className="pm-dialog-close"),
                ],
                id="pm-dialog",
                className="pm-dialog",
            ),
        ],
    )


def _bar() -> html.Div:
    return html.Div(
        [
            html.Button(
                icon("menu"), id="menu", className="pm-icon-button pm-icon-button-bare", n_clicks=0
            ),
            html.Div(id="bar-site", className="pm-bar-site"),
            html.Div(className="pm-bar-space"),
            html.Div(id="bar-alarms"),
            time_control.control(),
            html.Div(id="bar-language"),
            html.Button(icon("scheme"), id="scheme-switch", className="pm-icon-button", n_clicks=0),
        ],
        className="pm-bar-row",
    )


def _register_frame(app: Dash, queries: Queries) -> None:
    app.clientside_callback(
        ClientsideFunction("postmine", "scheme"),
        Output("scheme", "data"),
        Output("scheme-now", "data"),
        Input("scheme-switch", "n_clicks"),
        State("scheme", "data"),
    )
    app.clientside_callback(
        "scheme => scheme || 'auto'",
        Output("provider", "forceColorScheme"),
        Input("scheme-now", "data"),
        prevent_initial_call=True,
    )
    app.clientside_callback(
        ClientsideFunction("postmine", "navbar"),
        Output("shell", "navbar"),
        Input("menu", "n_clicks"),
        Input("url", "pathname"),
        State("shell", "navbar"),
        prevent_initial_call=True,
    )
    app.clientside_callback(
        ClientsideFunction("postmine", "title"),
        Output("title", "storage_type"),
        Input("title", "data"),
        prevent_initial_call=True,
    )
    app.clientside_callback(
        ClientsideFunction("postmine", "language"),
        Output("shown", "storage_type"),
        Input("shown", "data"),
        prevent_initial_call=True,
    )
    app.clientside_callback(
        ClientsideFunction("postmine", "exportGrid"),
        Output({"type": "export", "grid": ALL}, "title"),
        Input({"type": "export", "grid": ALL}, "n_clicks"),
        State({"type": "export", "grid": ALL}, "id"),
        prevent_initial_call=True,
    )

    @app.callback(
        Output("main", "children"),
        Output("shown", "data"),
        Output("seen", "data"),
        Output("title", "data"),
        Output("navigation", "children"),
        Output("navigation", "aria-label"),
        Output("skip", "children"),
        Output("banner", "children"),
        Output("bar-site", "children"),
        Output("time-form", "children"),
        Output("time-shown", "children"),
        Output("time-button", "aria-label"),
        Output("bar-language", "children"),
        Output("bar-alarms", "children"),
        Output("scheme-switch", "aria-label"),
        Output("menu", "aria-label"),
        Output("dialog-close", "aria-label"),
        Input("url", "pathname"),
        Input("url", "search"),
        Input("scheme-now", "data"),
        State("shown", "data"),
    )
    def route(path: str, search: str, scheme: Any, shown: str | None) -> Any:
        if not scheme:  # the browser will say in a moment whether it is light or dark
            raise PreventUpdate
        view = View(queries, path or "/", search or "", scheme)
        page = next((page for page in pages() if page.path == view.path), None)
        if shown == view.frame:  # a selection inside the page: the page itself takes it up
            return (*(no_update,) * 12, _languages(view), *(no_update,) * 4)
        title = view.text(page.title) if page else view.t("No such page")
        site = view.text(dict(queries.site.title))
        drawn = _page(view, page)
        return (
            drawn,
            view.frame,
            updates.sums(page, drawn) if page else {},
            f"{title} · {site}",
            _navigation(view, page),
            view.t("Pages"),
            view.t("Skip to the content"),
            time_control.banner(view),
            [html.Strong("postmine"), html.Span(site, title=site)],
            time_control.form(view),
            time_control.shown(view),
            view.t("Time of the page"),
            _languages(view),
            alarms_link(view),
            view.t("Light or dark"),
            view.t("Navigation"),
            view.t("Close"),
        )

    @app.callback(
        Output("bar-alarms", "children", allow_duplicate=True),
        Output("time-shown", "children", allow_duplicate=True),
        Output("banner", "children", allow_duplicate=True),
        Input("tick", "data"),
        State("url", "pathname"),
        State("url", "search"),
        prevent_initial_call=True,
    )
    def follow(_tick: Any, path: str, search: str) -> Any:
        view = View(queries, path or "/", search or "")
        if not view.live:
            return alarms_link(view), no_update, no_update
        return alarms_link(view), time_control.shown(view), time_control.banner(view)


def _page(view: View, page: Page | None) -> Any:
    if page is None:
        return html.Main(
            [
                html.H1(view.t("No such page")),
                html.P(view.t("The navigation lists the pages that there are.")),
            ],
            className="pm-page",
        )
    try:
        body: Any = page.layout(view)
    except Exception:  # a page that fails has its own face; the frame and the others stand
        log.exception("page", page=page.path)
        body = failed(view, view.t("This page could not be made"))
    return html.Main(
        [
            html.Header(
                [
                    html.H1(view.text(page.title)),
                    html.P(view.text(page.question), className="pm-question"),
                ],
                className="pm-page-head",
            ),
            *(body if isinstance(body, list) else [body]),
        ],
        className="pm-page",
    )


def _navigation(view: View, current: Page | None) -> list[Any]:
    links = []
    for page in pages():
        chosen = page is current
        links.append(
            dcc.Link(
                [
                    icon(page.icon),
                    html.Span(view.text(page.title)),
                    html.Span(view.t("(this page)"), className="pm-hidden") if chosen else None,
                ],
                href=view.href(page.path),
                className="pm-nav-link" + (" pm-nav-link-on" if chosen else ""),
                title=view.text(page.question),
            )
        )
    foot = html.Div(
        [
            html.A(view.t("API"), href="/docs"),
            html.Span(view.t("Time zone: {zone}", zone=view.zone.key)),
        ],
        className="pm-nav-foot",
    )
    return [html.Div(links, className="pm-nav-links"), foot]


def _languages(view: View) -> html.Nav:
    return html.Nav(
        [
            dcc.Link(
                html.Span(key.upper(), title=name),
                href=view.href(lang=key),
                className="pm-choice" + (" pm-choice-on" if key == view.language else ""),
            )
            for key, name in LANGUAGES.items()
        ],
        className="pm-choices",
        **{"aria-label": view.t("Language")},
    )


def alarms_link(view: View) -> dcc.Link:
    """Return the number of open alarms, as a way to them."""
    alarms = view.queries.open_alarms()
    count = len(alarms)
    gravest = max((alarm.level for alarm in alarms), key=palette.LEVELS.index, default="none")
    return dcc.Link(
        [
            icon("bell", 16),
            html.Span(view.t("Open alarms"), className="pm-bar-word"),
            html.Strong(str(count)),
        ],
        href=view.href("/risk"),
        className=f"pm-alarms pm-alarms-{gravest}",
        title=view.t("Open alarms: {count}", count=count),
    )
