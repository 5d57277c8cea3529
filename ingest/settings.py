"""Settings from the environment (`POSTMINE_*`); there is never a default secret."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

import platformdirs
from pydantic import SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from ingest.errors import ConfigurationError


class Settings(BaseSettings):
    """Everything that differs between two installations of the same site.

    Parameters
    ----------
    site
        Name of a bundled site, or the path of a site's folder.
    data_dir
        Folder of this run: the store, the journals and the broker's session.
    mqtt_url
        `mqtt://[user:password@]host[:port]` or `mqtts://...`; empty: the run's own broker.
    influxdb_url, influxdb_token, influxdb_org, influxdb_bucket
        The InfluxDB 2 of this run; an empty address means the embedded store alone.
    spool_days
        Readings that InfluxDB has are removed from the data folder so many days after they were
        received [d], 1 or more; without it all of them stay. It needs an InfluxDB.
    min_free_mb
        With less free space on the disk of the data folder [MB] nothing is stored and nothing
        acknowledged, so that senders keep what they have; 0: no limit.
    database_url
        SQLAlchemy address of the journals; empty: `journal.sqlite` in the data folder.
    http_host, http_port
        Where `postmine serve` listens.
    http_token
        What everybody must show to the web server; needed when it listens beyond loopback.
    """

    model_config = SettingsConfigDict(env_prefix="POSTMINE_", extra="ignore")

    site: str = "abaza"
    data_dir: Path = Path(platformdirs.user_data_dir("postmine"))
    mqtt_url: SecretStr = SecretStr("")
    influxdb_url: str = ""
    influxdb_token: SecretStr = SecretStr("")
    influxdb_org: str = "postmine"
    influxdb_bucket: str = "postmine"
    spool_days: float | None = None
    min_free_mb: float = 100.0
    database_url: SecretStr = SecretStr("")
    http_host: str = "127.0.0.1"
    http_port: int = 8050
    http_token: SecretStr = SecretStr("")

    @field_validator("mqtt_url")
    @classmethod
    def _mqtt(cls, value: SecretStr) -> SecretStr:
        if not value.get_secret_value():
            return value
        parts = urlsplit(value.get_secret_value())
        if parts.scheme not in ("mqtt", "mqtts") or not parts.hostname:
            raise ValueError("mqtt://host[:port] or mqtts://host[:port]")
        _ = parts.port  # a port that is no number raises here
        return value

    @field_validator("influxdb_url")
    @classmethod
    def _http(cls, value: str) -> str:
        if value and urlsplit(value).scheme not in ("http", "https"):
            raise ValueError("http://host:port or https://host:port")
        return value

    @field_validator("spool_days", mode="before")
    @classmethod
    def _all_days(cls, value: object) -> object:
        return None if value == "" else value

    @field_validator("spool_days")
    @classmethod
    def _days(cls, value: float | None) -> float | None:
        if value is not None and not 1 <= value <= 36_500:
            raise ValueError("1 to 36500 [d], or empty: all readings stay")
        return value

    @field_validator("min_free_mb")
    @classmethod
    def _free(cls, value: float) -> float:
        if not 0 <= value < float("inf"):
            raise ValueError("0 or more [MB]")
        return value

    @field_validator("http_port")
    @classmethod
    def _port(cls, value: int) -> int:
        if not 0 <= value <= 65_535:
            raise ValueError("0 to 65535")
        return value

    @property
    def journal_url(self) -> str:
        """SQLAlchemy address of the journals."""
        given = self.database_url.get_secret_value()
        return given or f"sqlite:///{self.data_dir / 'journal.sqlite'}"


def load_settings(**given: object) -> Settings:
    """Return the settings of the environment, with `given` values (not None) in their place.

    Raises
    ------
    ConfigurationError
        When a value is wrong; the error names the variable.
    """
    try:
        settings = Settings(**{key: value for key, value in given.items() if value is not None})  # type: ignore[arg-type]
    except ValidationError as error:
        first = error.errors()[0]
        name = f"POSTMINE_{'_'.join(map(str, first['loc'])).upper()}"
        secret = any(word in name for word in ("TOKEN", "URL"))
        raise ConfigurationError(
            f"setting {name}",
            value="(not shown)" if secret else first["input"],
            legal=first["msg"].removeprefix("Value error, "),
        ) from error
    return settings
