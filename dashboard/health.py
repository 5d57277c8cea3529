"""Whether the services of a run are alive, for health checks."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from typing import NamedTuple

from dashboard.answers import BrokerHealth
from ingest.broker import weakness_of
from ingest.heartbeat import read_beat
from ingest.run import own_broker
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
    detail = f"{beat.detail} ({beat.age_s:.0f} s ago)"
    broker = broker_health(settings) if service == "ingest" else None
    if broker and broker.weakness:
        detail += f"; {broker.weakness}"
    return ServiceHealth(beat.alive, detail)


def broker_health(settings: Settings) -> BrokerHealth | None:
    """Return what is known of the broker that the run has started; None: it uses another one."""
    noted = own_broker(settings)
    if noted is None:
        return None
    return BrokerHealth(kind=noted.kind, weakness=weakness_of(noted.said), said=list(noted.said))


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
