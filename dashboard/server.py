"""Serves the application over HTTP."""

from __future__ import annotations

import errno
import socket
from collections.abc import Callable

import uvicorn
from fastapi import FastAPI

from dashboard.access import required_token
from ingest.errors import ServiceError


def listen(host: str, port: int) -> socket.socket:
    """Return a bound socket; port 0 takes a free one.

    Raises
    ------
    ServiceError
        When the address is taken, is not of this machine, or may not be used.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        bound = socket.socket(family, kind, protocol)
    except OSError as error:
        raise ServiceError(f"address {host!r} cannot be used: {error}") from error
    # A server that was just stopped leaves its port waiting; a listening one still refuses us.
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind(address)
        bound.listen(2048)
    except OSError as error:
        bound.close()
        cure = {
            errno.EADDRINUSE: f"port {port} of {host} is in use: stop what uses it, or give"
            " another with --port or POSTMINE_HTTP_PORT (0 takes a free one)",
            errno.EACCES: f"port {port} of {host} needs more rights: give one above 1023",
            errno.EADDRNOTAVAIL: f"{host} is not an address of this machine",
        }.get(error.errno or 0, f"port {port} of {host} cannot be used: {error}")
        raise ServiceError(cure) from error
    return bound


def serve(
    app: FastAPI, host: str, port: int, *, on_ready: Callable[[str], None] | None = None
) -> None:
    """Serve `app` until the process is asked to stop.

    Parameters
    ----------
    on_ready
        Called with the address once we listen: `http://127.0.0.1:8050`.

    Raises
    ------
    ServiceError
        When the port cannot be used.
    ConfigurationError
        When others than this machine could reach us without token and key.
    """
    required_token(app.state.queries.settings, host, has_keys=app.state.keys.exist())
    bound = listen(host, port)
    if on_ready is not None:
        name = f"[{host}]" if ":" in host else host
        on_ready(f"http://{name}:{bound.getsockname()[1]}")
    server = uvicorn.Server(
        uvicorn.Config(app, log_level="warning", access_log=False, timeout_graceful_shutdown=3)
    )
    with bound:
        server.run(sockets=[bound])
    if not server.started:
        raise ServiceError("the web server did not start; the lines above say why")
