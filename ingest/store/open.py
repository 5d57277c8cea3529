"""Open the store that the settings ask for."""

from __future__ import annotations

from ingest.errors import ConfigurationError
from ingest.settings import Settings
from ingest.site import Site
from ingest.store import Store
from ingest.store.embedded import EmbeddedStore


def open_store(settings: Settings, site: Site) -> Store:
    """Return the run's store: embedded, or InfluxDB with the embedded one as its spool.

    Raises
    ------
    ConfigurationError
        When there is an InfluxDB and no token for it, or readings are to be removed and there is
        none that has them.
    ServiceError
        When the data folder cannot be used.
    """
    if settings.influxdb_url and not settings.influxdb_token.get_secret_value():
        raise ConfigurationError(
            "setting POSTMINE_INFLUXDB_TOKEN",
            value="",
            legal="a token that may read and write the bucket",
            cure="POSTMINE_INFLUXDB_URL is set, so a token is needed: `postmine influxdb-init"
            " --token-file FILE` makes one",
        )
    if settings.spool_days is not None and not settings.influxdb_url:
        raise ConfigurationError(
            "setting POSTMINE_SPOOL_DAYS",
            value=settings.spool_days,
            legal="empty, for without an InfluxDB the readings would be lost",
            cure="set POSTMINE_INFLUXDB_URL as well, or leave POSTMINE_SPOOL_DAYS out",
        )
    spool = EmbeddedStore(settings.data_dir, site, min_free_mb=settings.min_free_mb)
    if not settings.influxdb_url:
        return spool
    from ingest.store.influxdb_store import InfluxStore

    return InfluxStore(
        spool,
        site,
        url=settings.influxdb_url,
        token=settings.influxdb_token.get_secret_value(),
        org=settings.influxdb_org,
        bucket=settings.influxdb_bucket,
    )
