"""The application as a whole: the API before the pages, the pages safe and compressed."""

from __future__ import annotations

import re
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from dash import Input, Output, ctx
from fastapi import FastAPI
from fastapi.testclient import TestClient
from httpx import Response

from dashboard.access import script_hashes
from dashboard.app import create_app
from ingest.clock import ManualClock
from ingest.errors import ConfigurationError
from ingest.settings import load_settings
from ingest.site import Site
from ingest.store.embedded import EmbeddedStore

from .api.conftest import NOW

TOKEN = "a-token-that-nobody-guesses"


def application(folder: Path, site: Site, **given: object) -> FastAPI:
    settings = load_settings(data_dir=folder, **given)
    return create_app(site, EmbeddedStore(folder, site), None, ManualClock(NOW), settings)


def test_beyond_loopback_the_application_is_not_made_without_a_token(
    tmp_path: Path, small_site: Site
) -> None:
    with pytest.raises(ConfigurationError, match="POSTMINE_HTTP_TOKEN"):
        application(tmp_path, small_site, http_host="0.0.0.0")


def test_with_a_token_page_and_api_ask_for_it(tmp_path: Path, small_site: Site) -> None:
    app = application(tmp_path, small_site, http_host="0.0.0.0", http_token=TOKEN)
    with TestClient(app, follow_redirects=False) as client:
        for path in ("/api/v1/sites", "/_dash-layout", "/openapi.json", "/assets/postmine.css"):
            assert client.get(path).status_code == 401, path
        for path in ("/", "/docs"):
            assert client.get(path, headers={"Accept": "text/html"}).status_code == 303, path
        shown = {"Authorization": f"Bearer {TOKEN}"}
        assert client.get("/api/v1/sites", headers=shown).status_code == 200
        assert client.get("/", headers=shown).status_code == 200


def test_pages_are_pages_and_the_api_is_json(tmp_path: Path, small_site: Site) -> None:
    with TestClient(application(tmp_path, small_site)) as client:
        for path in ("/", "/risk", "/no/such/page"):
            page = client.get(path)
            assert page.status_code == 200
            assert page.headers["content-type"].startswith("text/html"), path
            assert page.headers["content-encoding"] == "gzip"
        for path in ("/api", "/api/risk", "/api/v1/_dash-layout"):
            refused = client.get(path)
            assert refused.status_code == 404
            assert refused.headers["content-type"] == "application/problem+json", path


def test_every_page_names_nothing_foreign_and_allows_only_its_own_scripts(
    tmp_path: Path, small_site: Site
) -> None:
    with TestClient(application(tmp_path, small_site)) as client:
        page = client.get("/")
        policy = page.headers["content-security-policy"]
        hashes = script_hashes(page.text)
        assert hashes
        assert all(each in policy for each in hashes)
        assert "unsafe-eval" not in policy
        script = next(part for part in policy.split("; ") if part.startswith("script-src"))
        assert "unsafe-inline" not in script
        for address in re.findall(r"""(?:src|href)=["']([^"']+)""", page.text):
            assert address.startswith("/"), address


def test_of_two_applications_in_a_process_each_serves_its_own_pages(
    tmp_path: Path, small_site: Site
) -> None:
    first = application(tmp_path / "first", small_site)
    second = application(tmp_path / "second", small_site)
    for app in (first, second):
        with TestClient(app) as client:
            assert client.get("/deep/link").headers["content-type"].startswith("text/html")


def test_a_slow_page_does_not_hold_up_the_others(tmp_path: Path, small_site: Site) -> None:
    """A callback waits for another request to be answered: on one loop both would wait for ever."""
    app = application(tmp_path, small_site)
    dash_app, entered, answered = app.state.dash, threading.Event(), threading.Event()

    @dash_app.callback(Output("slow-end", "children"), Input("slow-start", "children"))
    def slow(given: str) -> str:
        entered.set()
        assert answered.wait(timeout=30)
        return f"{given} at {ctx.triggered_id}"

    def ask() -> Response:
        end = {"id": "slow-end", "property": "children"}
        start = {"id": "slow-start", "property": "children", "value": "done"}
        return client.post(
            "/_dash-update-component",
            json={
                "output": "slow-end.children",
                "outputs": end,
                "inputs": [start],
                "changedPropIds": ["slow-start.children"],
            },
        )

    with TestClient(app) as client, ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(ask)
        assert entered.wait(timeout=30)
        assert client.get("/api/v1/health").status_code == 200
        answered.set()
        response = waiting.result(timeout=30)
        assert response.status_code == 200
        assert response.json()["response"]["slow-end"]["children"] == "done at slow-start"
