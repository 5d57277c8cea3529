"""Whether the services of a run are alive, for health checks."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from typing import NamedTuple

from ingest.heartbeat import read_beat
from ingest.settings import Settings

_TIMEOUT_S = 5.0


class ServiceHealth(NamedTuple):
    """What is known of one service."""

    alive: bool
    detail: str


def service_health(settings: Settings, service: str) -> ServiceHealth:
    """Return the health of a service: `serve` is asked over HTTP, the others by heartbeat."""
    if service == "serve":
        return _ask_page(settings)
    beat = read_beat(settings.data_dir, service)
    if beat is None:
        return ServiceHealth(False, f"no sign of life in {settings.data_dir}")
    return ServiceHealth(beat.alive, f"{beat.detail} ({beat.age_s:.0f} s ago)")


def _ask_page(settings: Settings) -> ServiceHealth:
    host = settings.http_host if settings.http_host not in ("0.0.0.0", "::") else "127.0.0.1"
    address = f"http://{host}:{settings.http_port}/api/v1/health"
    request = urllib.request.Request(address)
    token = settings.http_token.get_secret_value()
    if token:
        request.add_header("Authorization", f"Bearer {token}")
    try:
        with urllib.request.urlopen(request, timeout=_TIMEOUT_S) as answer:
            body = json.load(answer)
    except (OSError, urllib.error.URLError, ValueError) as error:
        return ServiceHealth(False, f"{address}: {error}")
    return ServiceHealth(True, f"{address}: {body.get('status', 'answers')}")
