"""What follows the run while a page is open: a tick sends what has changed, and nothing else."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import Any

import plotly.io.json as plotly_json
import structlog
from dash import Dash, Input, Output, State, ctx, no_update, set_props
from dash.development.base_component import Component

from dashboard.page import Page, Update
from dashboard.queries import Queries
from dashboard.view import View

log = structlog.get_logger()


def register(app: Dash, queries: Queries, page: Page) -> None:
    """Let a page's properties follow the run, the selection and the colour scheme."""
    if not page.updates:
        return
    targets = [Output(each.component, each.property) for each in page.updates]

    @app.callback(
        targets,
        Input("tick", "data"),
        Input("url", "search"),
        Input("scheme-now", "data"),
        State("url", "pathname"),
        State("seen", "data"),
        prevent_initial_call=True,
    )
    def update(tick: Any, search: str, scheme: Any, path: str, seen: dict[str, int] | None) -> Any:
        view = View(queries, path or "/", search or "", scheme or "light")
        set_props("tick-done", {"data": (tick or {}).get("mark")})
        triggers = {each["prop_id"] for each in ctx.triggered}
        ticked = triggers == {"tick.data"}
        chosen = "url.search" in triggers
        if path != page.path or (ticked and not view.live):
            return [no_update] * len(targets)
        seen = dict(seen or {})
        values: list[Any] = []
        for each in page.updates:
            if (each.follows == "choice" and not chosen) or (each.follows == "tick" and chosen):
                values.append(no_update)
                continue
            try:
                value = each.make(view)
            except Exception:  # one broken part must not stop the others from following
                log.exception("part of a page", page=page.path, part=each.component)
                values.append(no_update)
                continue
            check = sum_of(value)
            if seen.get(key(each)) == check:
                values.append(no_update)
                continue
            values.append(value)
            seen |= sums(page, value) | {key(each): check}
        set_props("seen", {"data": seen})
        return values


def sums(page: Page, drawn: Any) -> dict[str, int]:
    """Return check sums of what follows the run, as it stands in a drawn part of its page.

    With them a tick sends only what has changed since the part was drawn.
    """
    followed: dict[str, list[Update]] = {}
    for each in page.updates:
        followed.setdefault(each.component, []).append(each)
    return {
        key(each): sum_of(getattr(part, each.property, None))
        for part in _components(drawn)
        for each in followed.get(str(getattr(part, "id", "")), [])
    }


def _components(drawn: Any) -> Iterator[Component]:
    if isinstance(drawn, Component):
        yield drawn
        yield from _components(getattr(drawn, "children", None))
    elif isinstance(drawn, list | tuple):
        for each in drawn:
            yield from _components(each)


def key(update: Update) -> str:
    """Return the name of a property that follows the run."""
    return f"{update.component}.{update.property}"


def sum_of(value: Any) -> int:
    """Return the check sum of what the browser gets."""
    return zlib.crc32(plotly_json.to_json_plotly(value).encode())
