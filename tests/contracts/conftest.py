"""The stores that the contract suite runs over."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from pathlib import Path

import pytest

from ingest.forward import Forwarder
from ingest.site import Site
from ingest.store import Appended, DeadLetter, Derived, Row, SenderStatus, Store
from ingest.store.embedded import EmbeddedStore
from ingest.store.influxdb_store import InfluxStore
from tests.influxdb_server import TestServer


class ForwardedStore(InfluxStore):
    """InfluxDB whose forwarder follows every write at once."""

    def append(
        self,
        rows: Sequence[Row],
        dead_letters: Sequence[DeadLetter] = (),
        run_time: datetime | None = None,
        statuses: Sequence[SenderStatus] = (),
    ) -> Appended:
        appended = super().append(rows, dead_letters, run_time, statuses)
        Forwarder(self.spool, self).step()
        return appended

    def write_derived(self, points: Iterable[Derived]) -> None:
        super().write_derived(points)
        Forwarder(self.spool, self).step()


@pytest.fixture(params=["embedded", pytest.param("influxdb", marks=pytest.mark.influx)])
def store(request: pytest.FixtureRequest, tmp_path: Path, small_site: Site) -> Iterator[Store]:
    opened: Store = EmbeddedStore(tmp_path / "run", small_site)
    if request.param == "influxdb":
        server: TestServer = request.getfixturevalue("influxdb_server")
        opened = ForwardedStore(
            opened,
            small_site,
            url=server.url,
            token=server.token,
            org=server.org,
            bucket=server.new_bucket(),
        )
    yield opened
    opened.close()
