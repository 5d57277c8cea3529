"""Who may talk to the web application, and what else it forbids."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route, WebSocketRoute
from starlette.types import ASGIApp
from starlette.websockets import WebSocket, WebSocketDisconnect

from dashboard.access import (
    COOKIE,
    SESSION_S,
    Access,
    Policy,
    is_loopback,
    required_token,
    script_hashes,
)
from ingest.clock import ManualClock
from ingest.errors import ConfigurationError
from ingest.settings import Settings, load_settings

TOKEN = "a-token-that-nobody-guesses"
BEARER = {"Authorization": f"Bearer {TOKEN}"}
BROWSER = {"Accept": "text/html,*/*"}
NOW = datetime(2026, 1, 1, tzinfo=UTC)


def settings(folder: Path, **given: object) -> Settings:
    return load_settings(data_dir=folder, **given)


async def page(_request: object) -> PlainTextResponse:
    return PlainTextResponse("inside")


async def feed(websocket: WebSocket) -> None:
    await websocket.accept()
    await websocket.send_text("inside")
    await websocket.close()


def guarded(token: str, clock: ManualClock | None = None) -> ASGIApp:
    everything = ["GET", "POST"]
    inner = Starlette(
        routes=[WebSocketRoute("/feed", feed), Route("/{path:path}", page, methods=everything)]
    )
    return Access(inner, token=token, policy=Policy(), clock=clock or ManualClock(NOW))


@pytest.fixture
def open_client() -> Iterator[TestClient]:
    with TestClient(guarded(""), base_url="http://127.0.0.1:8050") as client:
        yield client


@pytest.fixture
def client() -> Iterator[TestClient]:
    with TestClient(
        guarded(TOKEN), base_url="http://mine.example:8050", follow_redirects=False
    ) as client:
        yield client


@pytest.mark.parametrize("host", ["127.0.0.1", "127.1.2.3", "::1", "localhost"])
def test_loopback_needs_no_token(tmp_path: Path, host: str) -> None:
    assert is_loopback(host)
    assert required_token(settings(tmp_path, http_host=host)) == ""


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "mine.example", ""])
def test_beyond_loopback_nothing_starts_without_a_token(tmp_path: Path, host: str) -> None:
    with pytest.raises(ConfigurationError, match=r"POSTMINE_HTTP_HOST.*openssl rand -hex 32"):
        required_token(settings(tmp_path, http_host=host))
    assert required_token(settings(tmp_path, http_host=host, http_token=TOKEN)) == TOKEN


def test_a_token_that_can_be_guessed_is_refused_and_not_shown(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="16 characters or more") as error:
        required_token(settings(tmp_path, http_token="hunter2"))
    assert "hunter2" not in str(error.value)


def test_the_address_that_is_listened_on_counts(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"0\.0\.0\.0"):
        required_token(settings(tmp_path), "0.0.0.0")


@pytest.mark.parametrize(
    "origin", ["http://evil.example", "null", "http://127.0.0.1:9999", "file://"]
)
def test_a_foreign_page_may_not_ask(open_client: TestClient, origin: str) -> None:
    refused = open_client.get("/api/v1/sites", headers={"Origin": origin})
    assert refused.status_code == 403
    assert refused.headers["content-type"] == "application/problem+json"
    assert "Origin" in refused.json()["detail"]
    assert open_client.post("/x", headers={"Origin": origin}).status_code == 403
    with (
        pytest.raises(WebSocketDisconnect),
        open_client.websocket_connect("/feed", headers={"Origin": origin}),
    ):
        pass


def test_our_own_page_may(open_client: TestClient) -> None:
    own = {"Origin": "http://127.0.0.1:8050"}
    assert open_client.get("/x", headers=own).text == "inside"
    with open_client.websocket_connect("ws://127.0.0.1:8050/feed", headers=own) as websocket:
        assert websocket.receive_text() == "inside"


@pytest.mark.parametrize("host", ["evil.example", "evil.example:8050", "127.0.0.1.evil.example"])
def test_without_a_token_a_public_name_that_points_here_is_refused(
    open_client: TestClient, host: str
) -> None:
    refused = open_client.get("/x", headers={"Host": host})
    assert refused.status_code == 403
    assert "POSTMINE_HTTP_TOKEN" in refused.json()["detail"]


@pytest.mark.parametrize(
    "host", ["127.0.0.1:8050", "localhost", "[::1]:8050", "[::1]", "serve:8050", "a.localhost"]
)
def test_addresses_and_local_names_are_answered(open_client: TestClient, host: str) -> None:
    assert open_client.get("/x", headers={"Host": host}).text == "inside"


def test_without_the_token_the_api_is_401_and_a_browser_is_sent_to_the_login(
    client: TestClient,
) -> None:
    refused = client.get("/api/v1/sites")
    assert refused.status_code == 401
    assert refused.headers["www-authenticate"] == "Bearer"
    assert refused.json()["title"] == "Unauthorized"
    sent = client.get("/risk?at=now", headers=BROWSER)
    assert sent.status_code == 303
    assert sent.headers["location"] == "/login?next=%2Frisk%3Fat%3Dnow"
    assert client.post("/_dash-update-component", headers=BROWSER).status_code == 401
    with (
        pytest.raises(WebSocketDisconnect),
        client.websocket_connect("ws://mine.example:8050/feed"),
    ):
        pass


def test_the_token_opens_everything(client: TestClient) -> None:
    assert client.get("/api/v1/sites", headers=BEARER).text == "inside"
    with client.websocket_connect("ws://mine.example:8050/feed", headers=BEARER) as websocket:
        assert websocket.receive_text() == "inside"


@pytest.mark.parametrize(
    "shown", ["", "Bearer", "Bearer wrong", f"Basic {TOKEN}", f"Bearer {TOKEN}x"]
)
def test_another_token_does_not(client: TestClient, shown: str) -> None:
    assert client.get("/x", headers={"Authorization": shown}).status_code == 401


def test_health_is_answered_without_a_token(client: TestClient) -> None:
    assert client.get("/api/v1/health").status_code == 200


def test_logging_in_sets_a_cookie_that_scripts_cannot_read(client: TestClient) -> None:
    form = client.get("/login?next=%2Frisk", headers=BROWSER)
    assert form.status_code == 200
    assert 'action="/login?next=%2Frisk"' in form.text
    assert "hidden" in form.text
    done = client.post("/login?next=%2Frisk", data={"token": TOKEN})
    assert (done.status_code, done.headers["location"]) == (303, "/risk")
    cookie = done.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert TOKEN not in cookie
    assert client.get("/risk", headers=BROWSER).text == "inside"
    with client.websocket_connect("ws://mine.example:8050/feed") as websocket:
        assert websocket.receive_text() == "inside"


def test_the_cookie_is_for_https_alone_when_we_are_asked_by_https() -> None:
    with TestClient(
        guarded(TOKEN), base_url="https://mine.example", follow_redirects=False
    ) as client:
        assert "Secure" in client.post("/login", data={"token": TOKEN}).headers["set-cookie"]


def test_a_wrong_token_at_the_login_says_so(client: TestClient) -> None:
    refused = client.post("/login", data={"token": "wrong"})
    assert refused.status_code == 401
    assert "set-cookie" not in refused.headers
    assert 'role="alert" >' in refused.text


def test_the_login_takes_no_more_than_a_token(client: TestClient) -> None:
    assert client.post("/login", content=b"token=" + b"a" * 10_000).status_code == 413


@pytest.mark.parametrize("target", ["//evil.example", "/\\evil.example", "http://evil.example", ""])
def test_the_login_never_leads_to_another_site(client: TestClient, target: str) -> None:
    done = client.post("/login", params={"next": target}, data={"token": TOKEN})
    assert done.headers["location"] == "/"


def test_the_login_page_repeats_nothing_as_html(client: TestClient) -> None:
    form = client.get("/login", params={"next": '/"><script>alert(1)</script>'})
    assert "<script" not in form.text


@pytest.mark.parametrize("forged", ["", "1", "9999999999.0000", "x.y", "99999999999999.0", "٣.0"])
def test_a_forged_cookie_is_no_session(client: TestClient, forged: str) -> None:
    shown = {"Cookie": f"{COOKIE}={forged}".encode()}
    assert client.get("/x", headers=shown).status_code == 401


def test_a_session_ends() -> None:
    clock = ManualClock(NOW)
    with TestClient(guarded(TOKEN, clock), base_url="http://mine.example") as client:
        assert client.post("/login", data={"token": TOKEN}).text == "inside"
        value = client.cookies[COOKIE]
        client.cookies.clear()
        shown = {"Cookie": f"{COOKIE}={value}"}
        clock.advance(SESSION_S - 1)
        assert client.get("/x", headers=shown).status_code == 200
        clock.advance(2)
        assert client.get("/x", headers=shown).status_code == 401


def test_a_session_ends_with_its_token() -> None:
    with TestClient(guarded(TOKEN), base_url="http://mine.example") as client:
        client.post("/login", data={"token": TOKEN})
        value = client.cookies[COOKIE]
    with TestClient(guarded(f"{TOKEN}-2"), base_url="http://mine.example") as client:
        assert client.get("/x", headers={"Cookie": f"{COOKIE}={value}"}).status_code == 401


def test_every_answer_forbids_foreign_origins(open_client: TestClient) -> None:
    for answer in (open_client.get("/x"), open_client.get("/x", headers={"Origin": "null"})):
        policy = answer.headers["content-security-policy"]
        assert "default-src 'self'" in policy
        assert "http:" not in policy
        assert "https:" not in policy
        assert "*" not in policy
        assert "script-src 'self';" in policy
        assert answer.headers["x-content-type-options"] == "nosniff"


def test_inline_scripts_are_allowed_by_their_hash_alone() -> None:
    data = '<script type="application/json">{"a": 1}</script>'
    html = f'<script src="/a.js"></script>{data}<script id="r">var a = 1;</script>'
    # printf 'var a = 1;' | openssl dgst -sha256 -binary | base64
    assert script_hashes(html) == ["'sha256-+dZ6udsWxNVoGfScAq7t5IIF5UJb4F6RhjbN6oe1p4w='"]
