"""A disk that is nearly full: nothing is acknowledged, nothing is broken, and health says so."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ingest.clock import to_ns
from ingest.errors import ConfigurationError, ServiceError
from ingest.settings import load_settings
from ingest.site import Site
from ingest.store import Row
from ingest.store.embedded import EmbeddedStore

T0 = to_ns(datetime(2024, 1, 1, tzinfo=UTC))


def row(number: int) -> Row:
    time = T0 + number * 10**9
    return Row("test_piezometer", "pz-1", 0, time, time, None, {"pore_pressure": float(number)})


def test_below_the_limit_nothing_is_stored_and_health_says_why(
    tmp_path: Path, small_site: Site
) -> None:
    free = [500.0]
    store = EmbeddedStore(tmp_path, small_site, min_free_mb=100, free_mb=lambda _: free[0])
    store.append([row(0)])
    assert store.health().ok
    free[0] = 99.0
    message = r"has 99 MB free; legal: at least 100 MB \(POSTMINE_MIN_FREE_MB\).*free some space"
    with pytest.raises(ServiceError, match=message):
        store.append([row(1)])
    with pytest.raises(ServiceError, match=message):
        store.write_state("twin", datetime(2024, 1, 1, tzinfo=UTC), b"{}")
    health = store.health()
    assert not health.ok
    assert "99 MB free" in health.detail
    # What is stored can be read, and a follower can move on.
    assert [reading.value for reading in store.latest()] == [0.0]
    store.move_cursor("influxdb", 1)
    free[0] = 100.0
    assert store.append([row(1)]).stored == 1
    assert store.health().ok
    store.close()


def test_a_limit_that_is_no_number_of_megabytes_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POSTMINE_MIN_FREE_MB", "-1")
    with pytest.raises(ConfigurationError, match=r"POSTMINE_MIN_FREE_MB.*0 or more \[MB\]"):
        load_settings()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 12 MB."""
    disk = tmp_path / "disk"
    disk.mkdir()
    if os.geteuid() != 0:
        pytest.skip("only root may mount a small disk")
    command = ["mount", "-t", "tmpfs", "-o", "size=12m", "tmpfs", str(disk)]
    mounted = subprocess.run(command, capture_output=True, text=True, check=False)
    if mounted.returncode:
        pytest.skip(f"no small disk can be mounted here: {mounted.stderr.strip()}")
    try:
        yield disk
    finally:
        subprocess.run(["umount", str(disk)], check=True)


@pytest.mark.parametrize("min_free_mb", [0.0, 3.0])
def test_a_real_small_disk_fills_up_and_what_was_stored_is_whole(
    small_disk: Path, small_site: Site, min_free_mb: float
) -> None:
    store = EmbeddedStore(small_disk, small_site, min_free_mb=min_free_mb)
    stored = 0

    def fill() -> None:
        nonlocal stored
        while True:
            store.append([row(number) for number in range(stored, stored + 5000)])
            stored += 5000

    with pytest.raises(ServiceError, match="free some space"):
        fill()
    store.close()
    store = EmbeddedStore(small_disk, small_site)
    assert sum(store.counts().values()) == stored > 0
    assert len(store.frame("pz-1", "pore_pressure")) == stored
    changed = [row.time for change in store.changes(0, limit=10**6) for row in change.rows]
    assert len(changed) == len(set(changed)) == stored
    store.close()
