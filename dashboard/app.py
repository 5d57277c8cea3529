"""One ASGI application: the REST API, its offline documentation, and the Dash pages."""

from __future__ import annotations

import functools
import importlib
import inspect
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import anyio.to_thread
from dash import Dash
from dash._get_app import app_context
from fastapi import Depends, FastAPI, Request
from fastapi.middleware.gzip import GZipMiddleware
from fastapi.routing import APIRoute
from fastapi_offline import FastAPIOffline
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from analytics.journal import Journal
from analytics.keys import Keys
from dashboard.access import Access, Policy, required_token, script_hashes, session_secret
from dashboard.api.deps import only_known_parameters
from dashboard.api.documents import document, operations
from dashboard.api.errors import problem, register_errors
from dashboard.layout import register
from dashboard.metrics import metrics
from dashboard.queries import Queries
from ingest.clock import Clock
from ingest.registry import module_names
from ingest.settings import Settings
from ingest.site import Site
from ingest.store import Store

API = "/api/v1"
ROUTES = "dashboard.api.routes"
_METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
#: One look at the store serves all open pages for this long [s].
_REFRESH_S = 0.25
#: Reading threads: each keeps connections of its own, and more than a few only queue for the disk.
_THREADS = 8


def create_app(
    site: Site,
    store: Store,
    journal: Journal | None,
    clock: Clock,
    settings: Settings,
    *,
    refresh_s: float = _REFRESH_S,
) -> FastAPI:
    """Return the application of one run.

    Parameters
    ----------
    journal
        Alarms; None: a run without analytics.

    Raises
    ------
    ConfigurationError
        When others than this machine could reach it without token and key.
    """
    keys = Keys(settings.journal_url)
    token = required_token(settings, has_keys=keys.exist())
    queries = Queries(site, store, journal, clock, settings, refresh_s=refresh_s)
    policy = Policy()
    app = FastAPIOffline(
        title="postmine",
        version=_version(),
        description=(
            "What a site's instruments measured, and what the twin and the analysis made of it. "
            "Times are ISO 8601 with a zone, answers are in UTC; every number stands beside its "
            "unit. A list that can grow is paged: give `next` as `cursor` for the page after it. "
            "Errors are RFC 9457 problem details."
        ),
        lifespan=_lifespan,
    )
    app.state.queries, app.state.keys, app.state.policy = queries, keys, policy
    app.openapi = lambda: document(app)  # type: ignore[method-assign]
    register_errors(app)
    for name in module_names(ROUTES):
        router = importlib.import_module(f"{ROUTES}.{name}").router
        app.include_router(
            router,
            prefix=API,
            dependencies=[Depends(only_known_parameters)],
            generate_unique_id_function=_operation_id,
        )
    # Before Dash, which answers every path that is left.
    app.add_api_route(
        "/metrics", lambda: metrics(queries), include_in_schema=False, response_class=Response
    )
    app.add_api_route("/api", _unknown_path, methods=_METHODS, include_in_schema=False)
    app.add_api_route("/api/{path:path}", _unknown_path, methods=_METHODS, include_in_schema=False)
    dash_app = _dash(app, queries)
    app.state.dash = dash_app
    app.add_middleware(GZipMiddleware, minimum_size=1000, compresslevel=5)
    app.add_middleware(_InContext, dash_app=dash_app)
    app.add_middleware(
        Access, token=token, policy=policy, keys=keys, secret=session_secret(settings.data_dir)
    )
    return app


def _dash(app: FastAPI, queries: Queries) -> Dash:
    dash_app = _ThreadedDash(
        "dashboard",
        server=app,
        title="postmine",
        update_title="",
        assets_folder=str(Path(__file__).parent / "assets"),
        serve_locally=True,
        suppress_callback_exceptions=True,
    )
    register(dash_app, queries)
    return dash_app


class _ThreadedDash(Dash):
    """Runs callbacks in threads: Dash would run them on the loop that serves everybody."""

    def callback(self, *arguments: Any, **options: Any) -> Callable[..., Any]:
        register_with_dash = super().callback(*arguments, **options)

        def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
            if inspect.iscoroutinefunction(function):
                return register_with_dash(function)

            @functools.wraps(function)
            async def in_thread(*given: Any, **named: Any) -> Any:
                return await anyio.to_thread.run_sync(functools.partial(function, *given, **named))

            register_with_dash(in_thread)
            return function

        return decorate


def _version() -> str:
    try:
        return version("postmine")
    except PackageNotFoundError:  # run from a folder that is not installed
        return "0"


def _operation_id(route: APIRoute) -> str:
    """Return tag-name: what a generated client calls its method."""
    return f"{route.tags[0]}-{route.name.replace('_', '-')}"


def _unknown_path(request: Request) -> Response:
    """Answer what no route of the API does: 405 when only the method is wrong, else 404."""
    path, method = request.url.path, request.method
    allowed = sorted(each.upper() for each in operations(request.app, path))
    if allowed:
        return problem(
            path,
            405,
            f"{method} cannot be used here; legal: {', '.join(allowed)}",
            headers={"Allow": ", ".join(allowed)},
        )
    return problem(path, 404, f"there is no {path[:200]!r}; /docs lists what there is")


class _InContext:
    """Makes `dash.get_app()` mean this app, not the last that the process made."""

    def __init__(self, app: ASGIApp, *, dash_app: Dash) -> None:
        self._app, self._dash_app = app, dash_app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        mark = app_context.set(self._dash_app)
        try:
            await self._app(scope, receive, send)
        finally:
            app_context.reset(mark)


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    anyio.to_thread.current_default_thread_limiter().total_tokens = _THREADS
    # Dash sets itself up at its first request, and does it wrongly when that is a deep link.
    page = await _get(app, "/")
    app.state.policy.script_hashes = script_hashes(page.decode())
    yield
    app.state.keys.close()


async def _get(app: FastAPI, path: str) -> bytes:
    """Ask our own application once, without a network, and return what it says."""
    body = b""

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        nonlocal body
        if message["type"] == "http.response.start" and message["status"] != 200:
            raise RuntimeError(f"{path} answers {message['status']}")
        body += message.get("body", b"")

    scope: Scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "root_path": "",
        "query_string": b"",
        "headers": [(b"host", b"localhost")],
        "postmine.inside": True,
        "client": ("127.0.0.1", 0),
        "server": ("localhost", 80),
    }
    await app(scope, receive, send)
    return body
