"""What a key opens, for whom, and who is written down for it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from fastapi.routing import APIRoute
from fastapi.testclient import TestClient

from analytics.journal import Journal
from analytics.keys import Keys
from dashboard.access import COOKIE, required_token, session_secret
from dashboard.actor import LOCAL, Actor, set_actor
from dashboard.app import create_app
from dashboard.pages import risk
from dashboard.queries import Queries
from dashboard.questions import BadQuestion
from dashboard.view import View
from ingest.clock import ManualClock
from ingest.settings import load_settings
from ingest.site import Site, load_site
from ingest.store import DeadLetter
from ingest.store.embedded import EmbeddedStore
from ingest.text import Text
from tests.dashboard.api.conftest import alarm
from tests.processes import run

SMALL = Path(__file__).parent.parent / "data/small_site"
TOKEN = "a-token-that-nobody-guesses"
NOW = datetime(2026, 1, 1, tzinfo=UTC)
ALARM = "/api/v1/sites/small/alarms/1/acknowledge"


class Running:
    def __init__(self, folder: Path, site: Site, token: str) -> None:
        settings = load_settings(data_dir=folder, http_token=token)
        self.keys = Keys(settings.journal_url)
        self.store, self.journal = EmbeddedStore(folder, site), Journal(settings.journal_url)
        self.journal.record([alarm(1), alarm(2)])
        self.app = create_app(
            site, self.store, self.journal, ManualClock(NOW), settings, refresh_s=0
        )

    def secret(self, name: str, role: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.keys.add(name, role, NOW)[1]}"}

    def close(self) -> None:
        self.keys.close()
        self.journal.close()
        self.store.close()


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Running]:
    made = Running(tmp_path, load_site(SMALL), TOKEN)
    yield made
    made.close()


@pytest.fixture
def client(running: Running) -> Iterator[TestClient]:
    with TestClient(
        running.app, base_url="http://mine.example:8050", follow_redirects=False
    ) as client:
        yield client


def test_a_viewer_reads_and_an_operator_acknowledges_in_their_name(
    running: Running, client: TestClient
) -> None:
    viewer, operator = running.secret("Visitor", "viewer"), running.secret("Shift", "operator")
    assert client.get("/api/v1/sites", headers=viewer).status_code == 200
    refused = client.post(ALARM, headers=viewer, json={"author": "Somebody"})
    assert refused.status_code == 403
    assert refused.headers["content-type"] == "application/problem+json"
    assert "operator" in refused.json()["detail"]
    assert running.journal.alarm(1).acknowledged is None
    done = client.post(ALARM, headers=operator, json={"note": "seen"})
    assert done.json()["acknowledged"]["author"] == "Shift"
    other = client.post(ALARM.replace("/1/", "/2/"), headers=operator, json={"author": "Night"})
    assert other.json()["acknowledged"]["author"] == "Night (Shift)"


def test_an_engineer_retries_dead_letters_in_their_name(
    running: Running, client: TestClient
) -> None:
    path = "/api/v1/sites/small/dead-letters"
    payload = b'{"time": "2025-12-01T00:00:00Z", "values": {"pore_pressure": 83.2}}'
    letters = [
        DeadLetter(
            topic=f"postmine/v1/small/{instrument}/readings",
            payload=payload,
            size=len(payload),
            reason="instrument is not known",
            received=NOW,
        )
        for instrument in ("pz-1", "pz-9")
    ]
    running.store.append([], letters)
    operator, engineer = running.secret("Shift", "operator"), running.secret("Eng", "engineer")
    assert client.post(f"{path}/retry", headers=operator, json={}).status_code == 403
    done = client.post(f"{path}/retry", headers=engineer, json={})
    assert done.status_code == 200, done.text
    assert (done.json()["resolved"], done.json()["stored"]) == ([1], 1)
    assert "'pz-9' is not known" in done.json()["still_wrong"][0]["reason"]
    first, second = client.get(path, headers=engineer).json()["dead_letters"]
    assert (first["resolved"], second["resolved_by"]) == (None, "Eng")
    wrong = client.post(f"{path}/retry", headers=engineer, json={"ids": [1]})
    assert wrong.status_code == 422
    assert wrong.json()["errors"][0]["parameter"] == "ids"


def test_who_has_no_name_must_give_one(client: TestClient) -> None:
    administrator = {"Authorization": f"Bearer {TOKEN}"}
    refused = client.post(ALARM, headers=administrator, json={"note": "seen"})
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["parameter"] == "author"
    done = client.post(ALARM, headers=administrator, json={"author": "Night"})
    assert done.json()["acknowledged"]["author"] == "Night"


def test_a_revoked_key_opens_nothing_at_once(running: Running, client: TestClient) -> None:
    shown = running.secret("one", "admin")
    client.post("/login", data={"token": shown["Authorization"].partition(" ")[2]})
    session = {"Cookie": f"{COOKIE}={client.cookies[COOKIE]}"}
    client.cookies.clear()
    for headers in (shown, session):
        assert client.get("/api/v1/sites", headers=headers).status_code == 200
    running.keys.revoke("one", NOW)
    for headers in (shown, session):
        assert client.get("/api/v1/sites", headers=headers).status_code == 401


def test_a_session_cannot_be_made_into_another_keys(running: Running, client: TestClient) -> None:
    low, high = running.keys.add("low", "viewer", NOW), running.keys.add("high", "admin", NOW)
    client.post("/login", data={"token": low[1]})
    value = client.cookies[COOKIE]
    client.cookies.clear()
    until, number, seal = value.split(".")
    forged = [f"{until}.{high[0].id}.{seal}", f"{int(until) + 1}.{number}.{seal}", f"{until}..x"]
    for each in forged:
        headers = {"Cookie": f"{COOKIE}={each}"}
        assert client.get("/api/v1/sites", headers=headers).status_code == 401


def test_the_first_key_closes_a_server_on_loopback(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dashboard.access._LOOK_S", 0)
    made = Running(tmp_path, load_site(SMALL), "")
    with TestClient(made.app, base_url="http://127.0.0.1:8050") as client:
        done = client.post(ALARM, json={"author": "Whoever sits here"})
        assert done.json()["acknowledged"]["author"] == "Whoever sits here"
        shown = made.secret("one", "viewer")
        assert client.get("/api/v1/sites").status_code == 401
        assert client.get("/api/v1/sites", headers=shown).status_code == 200
        made.keys.revoke("one", NOW)
        assert client.get("/api/v1/sites").status_code == 401
    made.close()


def test_a_key_is_authentication_enough_to_leave_loopback(tmp_path: Path) -> None:
    settings = load_settings(data_dir=tmp_path, http_host="0.0.0.0")
    assert required_token(settings, has_keys=True) == ""


def test_the_secret_of_sessions_stays_and_is_the_owners(tmp_path: Path) -> None:
    assert session_secret(tmp_path) == session_secret(tmp_path)
    assert len(session_secret(tmp_path)) == 32
    assert (tmp_path / "session.secret").stat().st_mode & 0o777 == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["session.secret"]


def test_every_route_that_changes_something_asks_for_a_role(running: Running) -> None:
    def asks(route: APIRoute) -> bool:
        return any(
            getattr(each.call, "__qualname__", "").startswith("needs.")
            for each in route.dependant.dependencies
        )

    from dashboard.app import ROUTES
    from ingest.registry import module_names

    routes = [
        route
        for name in module_names(ROUTES)
        for route in __import__(f"{ROUTES}.{name}", fromlist=["router"]).router.routes
        if route.methods - {"GET", "HEAD"}
    ]
    assert "acknowledge_alarm" in {route.name for route in routes}
    assert [route.path for route in routes if not asks(route)] == []


def test_the_page_knows_whose_key_it_is(full: Queries) -> None:
    view = View(full)
    try:
        set_actor(Actor("Visitor", "viewer"))
        assert "risk-send" not in str(risk.acknowledge(view))
        set_actor(Actor("Shift", "operator"))
        shown = str(risk.acknowledge(view))
        assert "risk-send" not in shown or "Shift" in shown
    finally:
        set_actor(LOCAL)


@pytest.mark.parametrize(("given", "cure"), [(None, "give your name"), ("x" * 101, "at most 100")])
def test_an_author_is_a_name(given: str | None, cure: str) -> None:
    with pytest.raises(BadQuestion, match=cure):
        LOCAL.signs(given)


def test_keys_are_made_listed_and_revoked_on_the_command_line(tmp_path: Path) -> None:
    import json

    made = run("key", "add", "Control room", "--role", "operator", "--json", data_dir=tmp_path)
    assert made.returncode == 0, made.stderr
    secret = json.loads(made.stdout)["secret"]
    listed = run("key", "list", "--json", data_dir=tmp_path)
    assert secret not in listed.stdout
    assert [each["name"] for each in json.loads(listed.stdout)] == ["Control room"]
    assert "revoked" in run("key", "revoke", "Control room", data_dir=tmp_path).stdout
    assert json.loads(run("key", "list", "--json", data_dir=tmp_path).stdout)[0]["revoked"]
    wrong = run("key", "revoke", "nobody", data_dir=tmp_path)
    assert wrong.returncode == 2
    assert "legal: Control room" in wrong.stderr


def test_the_health_page_retries_and_shows_broker_and_services(
    running: Running, tmp_path: Path
) -> None:
    from dashboard.pages import data_health
    from ingest.broker import KILLED
    from ingest.heartbeat import Heartbeat
    from ingest.run import OwnBroker, remember_broker

    Heartbeat(tmp_path, "ingest").beat(ok=False, detail="gone", numbers={"broker_connected": 0})
    letter = DeadLetter(topic="elsewhere", payload=b"{}", size=2, reason="topic", received=NOW)
    running.store.append([], [letter])
    view = View(running.app.state.queries)
    try:
        assert "Not connected" in str(data_health.services(view))
        assert "Ingest" in str(data_health.services(view))
        assert "Weakness of the broker" not in str(data_health.services(view))
        said = (KILLED, Text("there is no C compiler"))
        remember_broker(tmp_path, OwnBroker(url="mqtt://127.0.0.1:1", kind="mosquitto", said=said))
        weakness = f"{KILLED}: there is no C compiler"
        assert weakness in str(data_health.services(view))
        russian = View(running.app.state.queries, search="?lang=ru")
        assert "может потерять сообщения последней секунды" in str(data_health.services(russian))
        assert running.app.state.queries.health().broker.weakness == weakness
        told = run("health", "ingest", "--json", data_dir=tmp_path)
        assert json.loads(told.stdout)["detail"].endswith(f"; {weakness}")
        assert data_health.retried(view, "") == "Give your name: the journal keeps it."
        said = data_health.retried(view, "Somebody")
        assert said == "Understood now: 0; rows stored: 0; still not understood: 1"
        set_actor(Actor("Shift", "operator"))
        assert data_health.retry(view) == []
        assert "the role of an engineer" in data_health.retried(view, None)
    finally:
        set_actor(LOCAL)
