"""The one live feed: tells every open page over a websocket that the run has moved on.

It carries no data: a page asks for what it shows through its ordinary callbacks, when the tick
reaches it. A page that is still busy with one tick is not given the next.
"""

from __future__ import annotations

import asyncio
import time as stopwatch
from typing import Any

import structlog
from dash import ClientsideFunction, Dash, Input, Output, State, ctx, dcc, html, set_props

from dashboard.queries import Queries
from dashboard.view import utc

log = structlog.get_logger()

#: Shortest time between two ticks [s].
PERIOD_S = 1.0


class Pulse:
    """What the run looks like from outside, looked at once a second for all open pages."""

    def __init__(self, queries: Queries) -> None:
        self._queries = queries
        self._looked = float("-inf")
        self._last: dict[str, Any] = {}

    def beat(self) -> dict[str, Any]:
        """Return what changes when a page must look again."""
        now = stopwatch.monotonic()
        if now - self._looked >= PERIOD_S / 2:
            twin, assessment = self._queries.twin(), self._queries.assessment()
            self._last = {
                "sequence": self._queries.sequence(),
                "twin": utc(twin.time) if twin else "",
                "risk": utc(assessment.time) if assessment else "",
                "minute": utc(self._queries.now().replace(second=0)),
                "alarms": len(self._queries.open_alarms()),
            }
            self._looked = now
        return self._last


def stores() -> html.Div:
    """Return the invisible ends of the feed."""
    return html.Div(
        [
            dcc.Store(id="feed"),  # what the server says
            dcc.Store(id="tick"),  # what the page is given
            dcc.Store(id="tick-done"),  # the last tick that the page has dealt with
        ],
        hidden=True,
    )


def register(app: Dash, queries: Queries) -> None:
    """Register the feed and the gate behind it."""
    pulse = Pulse(queries)

    @app.callback(websocket=True, persistent=True)
    async def feed() -> None:
        socket, number, last = ctx.websocket, 0, None
        connection = id(socket)  # numbers begin anew when the browser connects again
        while not socket.is_shutdown:
            try:
                beat = await asyncio.to_thread(pulse.beat)
            except Exception:  # a store that fails now may answer in a second: the feed goes on
                log.exception("the live feed cannot read the run")
                beat = last
            if beat != last:
                number, last = number + 1, beat
                set_props("feed", {"data": {**beat, "number": number, "run": connection}})
            await asyncio.sleep(PERIOD_S)

    app.clientside_callback(
        ClientsideFunction("postmine", "gate"),
        Output("tick", "data"),
        Input("feed", "data"),
        Input("tick-done", "data"),
        Input("shown", "data"),
        State("tick", "data"),
        prevent_initial_call=True,
    )
