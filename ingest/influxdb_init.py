"""`postmine influxdb-init`: organisation, bucket and token of a run in an InfluxDB 2."""

from __future__ import annotations

import os
from pathlib import Path

from pydantic import SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from ingest.errors import ConfigurationError, ServiceError
from ingest.settings import Settings
from ingest.store.influxdb import InfluxAdmin, InfluxServer, is_fresh, set_up


class InfluxAdministrator(BaseSettings):
    """Who may make things on the server (`POSTMINE_INFLUXDB_ADMIN_*`); used for nothing else.

    Parameters
    ----------
    token
        An operator's token; or else
    user, password
        Name and password of an administrator; a fresh server is set up with them.
    """

    model_config = SettingsConfigDict(env_prefix="POSTMINE_INFLUXDB_ADMIN_", extra="ignore")

    token: SecretStr = SecretStr("")
    user: str = "postmine"
    password: SecretStr = SecretStr("")


def initialise(
    settings: Settings,
    *,
    retention_days: int = 0,
    token_file: Path | None = None,
    administrator: InfluxAdministrator | None = None,
) -> dict[str, object]:
    """Make what is missing for the run of `settings`; repeating changes nothing.

    Parameters
    ----------
    retention_days
        How long a new bucket keeps readings [days]; 0: for ever.
    token_file
        Where a new token that may use only this bucket is written, readable by its owner alone;
        a file that exists is kept, and no token is made.
    administrator
        By default from the environment; when it says nothing, the run's own token is tried.

    Returns
    -------
    dict
        What was made: `organisation`, `bucket` (names), `server_set_up`, `organisation_made`,
        `bucket_made`, `token_file` (None when no token was made).

    Raises
    ------
    ConfigurationError
        When there is no address, or nothing to prove oneself with.
    ServiceError
        When the server does not answer, or refuses.
    """
    if not settings.influxdb_url:
        raise ConfigurationError(
            "setting POSTMINE_INFLUXDB_URL", value="", legal="http://host:port of an InfluxDB 2"
        )
    url, org, bucket = settings.influxdb_url, settings.influxdb_org, settings.influxdb_bucket
    done: dict[str, object] = {
        "organisation": org,
        "bucket": bucket,
        "server_set_up": False,
        "organisation_made": False,
        "bucket_made": False,
        "token_file": None,
    }
    if token_file is not None and token_file.exists():
        token_file = None
    own = settings.influxdb_token.get_secret_value()
    admin = administrator or InfluxAdministrator()
    token, password = admin.token.get_secret_value(), admin.password.get_secret_value()
    retention_s = retention_days * 86_400
    if is_fresh(url):
        if not password:
            raise ConfigurationError(
                "setting POSTMINE_INFLUXDB_ADMIN_PASSWORD",
                value="",
                legal="8 to 72 characters",
                cure=f"InfluxDB at {url} is new: it gets the administrator {admin.user!r} with"
                " this password (`openssl rand -hex 32` makes one)",
            )
        token = set_up(
            url, user=admin.user, password=password, org=org, bucket=bucket, retention_s=retention_s
        )
        done |= {"server_set_up": True, "organisation_made": True, "bucket_made": True}
    elif not (token or password) and own:
        if token_file is None and _usable(url, own, org, bucket):
            return done
        token = own
    if not (token or password):
        raise ConfigurationError(
            "setting POSTMINE_INFLUXDB_ADMIN_TOKEN",
            value="",
            legal="an operator's token of this InfluxDB",
            cure="or set POSTMINE_INFLUXDB_ADMIN_USER and POSTMINE_INFLUXDB_ADMIN_PASSWORD",
        )
    influx = InfluxAdmin(url, token=token, user=admin.user, password=password)
    try:
        org_id, org_made = influx.organisation(org)
        bucket_id, bucket_made = influx.bucket(bucket, org_id, retention_s)
        done["organisation_made"] = done["organisation_made"] or org_made
        done["bucket_made"] = done["bucket_made"] or bucket_made
        if token_file is not None:
            _write_secret(token_file, influx.token(org_id, bucket_id))
            done["token_file"] = str(token_file)
    finally:
        influx.close()
    return done


def _usable(url: str, token: str, org: str, bucket: str) -> bool:
    server = InfluxServer(url, token, org, bucket)
    try:
        server.check()
    except ServiceError:
        return False
    finally:
        server.close()
    return True


def _write_secret(path: Path, secret: str) -> None:
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(f"{secret}\n")
    except OSError as error:
        raise ServiceError(f"token file {path} cannot be written: {error}") from error
