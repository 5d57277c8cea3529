"""`influxdb-init` on a server that is new, and on one that has been set up."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from ingest.errors import ConfigurationError, ServiceError
from ingest.influxdb_init import InfluxAdministrator, initialise
from ingest.settings import Settings
from ingest.store.influxdb import InfluxServer
from tests.influxdb_server import LocalServer, TestServer

pytestmark = pytest.mark.influx


@pytest.fixture(autouse=True)
def _no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("TOKEN", "USER", "PASSWORD"):
        monkeypatch.delenv(f"POSTMINE_INFLUXDB_ADMIN_{name}", raising=False)
    monkeypatch.delenv("POSTMINE_INFLUXDB_TOKEN", raising=False)


@pytest.fixture
def fresh_server(tmp_path: Path) -> Iterator[str]:
    local = LocalServer(tmp_path / "influxdb")
    local.start()
    yield local.url
    local.stop()


def settings(url: str, **given: str) -> Settings:
    return Settings(**{"influxdb_url": url, "influxdb_org": "o", "influxdb_bucket": "b", **given})


def test_a_fresh_server_is_set_up_and_repeating_changes_nothing(
    fresh_server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ConfigurationError, match="POSTMINE_INFLUXDB_ADMIN_PASSWORD"):
        initialise(settings(fresh_server))
    monkeypatch.setenv("POSTMINE_INFLUXDB_ADMIN_PASSWORD", "a password for tests")
    file = tmp_path / "token"
    done = initialise(settings(fresh_server), retention_days=400, token_file=file)
    assert done == {
        "organisation": "o",
        "bucket": "b",
        "server_set_up": True,
        "organisation_made": True,
        "bucket_made": True,
        "token_file": str(file),
    }
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    token = file.read_text().strip()
    again = initialise(settings(fresh_server), retention_days=400, token_file=file)
    assert [again[key] for key in list(again)[2:]] == [False, False, False, None]
    assert file.read_text().strip() == token
    other = initialise(settings(fresh_server, influxdb_bucket="second"))
    assert (other["organisation_made"], other["bucket_made"]) == (False, True)

    own = InfluxServer(fresh_server, token, "o", "b")
    assert own.write(b"m,instrument=a x=1") == 0
    own.check()
    for_others = InfluxServer(fresh_server, token, "o", "second")
    with pytest.raises(ServiceError, match="bucket 'second'"):
        for_others.write(b"m,instrument=a x=1 1")
    with pytest.raises(ServiceError, match="bucket 'second'"):
        for_others.check()
    monkeypatch.setenv("POSTMINE_INFLUXDB_ADMIN_PASSWORD", "another password")
    with pytest.raises(ServiceError, match=r"refuses the administrator.*ADMIN_TOKEN"):
        initialise(settings(fresh_server, influxdb_bucket="third"))
    for server in (own, for_others):
        server.close()


def test_the_run_s_own_token_is_enough_where_it_may_make_the_bucket(
    influxdb_server: TestServer, tmp_path: Path
) -> None:
    given = settings(
        influxdb_server.url,
        influxdb_token=influxdb_server.token,
        influxdb_org=influxdb_server.org,
        influxdb_bucket="from-compose",
    )
    assert initialise(given)["bucket_made"] is True
    assert initialise(given)["bucket_made"] is False
    with pytest.raises(ConfigurationError, match="POSTMINE_INFLUXDB_ADMIN_TOKEN"):
        initialise(settings(influxdb_server.url))
    administrator = InfluxAdministrator(token=influxdb_server.token)
    with pytest.raises(ServiceError, match="cannot be written"):
        initialise(given, token_file=tmp_path / "no" / "f", administrator=administrator)


def test_without_an_address_or_a_server_the_cure_is_named() -> None:
    with pytest.raises(ConfigurationError, match="POSTMINE_INFLUXDB_URL"):
        initialise(Settings(influxdb_url=""))
    with pytest.raises(ServiceError, match=r"127\.0\.0\.1:9 does not answer.*start it"):
        initialise(settings("http://127.0.0.1:9"))
