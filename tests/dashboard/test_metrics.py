"""What Prometheus reads of a run."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from dashboard.metrics import NUMBERS
from ingest.heartbeat import Heartbeat
from ingest.run import open_run
from ingest.settings import load_settings
from tests.dashboard.api.conftest import HOURS, NOW, Served, served  # noqa: F401  (a fixture)
from tests.processes import run


def scraped(served: Served) -> dict[tuple[str, ...], float]:  # noqa: F811
    answer = served.client.get("/metrics")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain")
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


def test_store_letters_alarms_and_instruments_are_told(served: Served) -> None:  # noqa: F811
    found = scraped(served)
    assert found["postmine_store_ok",] == 1
    assert found["postmine_store_rows",] == served.store.health().rows
    assert found["postmine_dead_letters_waiting",] == 5
    assert found["postmine_alarms_open",] == 5
    assert found["postmine_instruments", "unavailable"] == 1
    age = found["postmine_instrument_reading_age_seconds", "pz-1", "test_piezometer"]
    last = timedelta(hours=HOURS - 1)
    assert age == pytest.approx((timedelta(days=3) - last).total_seconds())
    assert served.clock.now() == NOW


def test_what_services_count_is_told_for_each(served: Served) -> None:  # noqa: F811
    ingest = Heartbeat(served.settings.data_dir, "ingest")
    ingest.beat(numbers={"messages_total": 7, "broker_connected": 0, "unheard_of": 1})
    Heartbeat(served.settings.data_dir, "forward").beat(
        ok=False, detail="away", numbers={"changes_behind": 12, "seconds_behind": 3600}
    )
    found = scraped(served)
    assert found["postmine_service_up", "ingest"] == 1
    assert found["postmine_service_up", "forward"] == 0
    assert found["postmine_service_messages_total", "ingest"] == 7
    assert found["postmine_service_broker_connected", "ingest"] == 0
    assert found["postmine_service_seconds_behind", "forward"] == 3600
    assert not [key for key in found if "unheard_of" in key[0]]
    assert served.client.get("/api/v1/health").json()["processes"][1]["numbers"]


def test_a_store_that_is_away_is_still_told(
    served: Served,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from ingest.store import Health

    away = Health(ok=False, backend="embedded", detail="gone", rows=0, last_sequence=0)
    monkeypatch.setattr(served.store, "health", lambda: away)
    found = scraped(served)
    assert found["postmine_store_ok",] == 0
    assert ("postmine_alarms_open",) not in found


def test_every_number_of_the_services_is_documented() -> None:
    text = (Path(__file__).parents[2] / "docs/operate.md").read_text(encoding="utf-8")
    assert [number for number in NUMBERS if f"`postmine_service_{number}`" not in text] == []


def test_dead_letters_are_retried_on_the_command_line(tmp_path: Path) -> None:
    open_run(load_settings(site="brabant", data_dir=tmp_path)).close()
    done = run("dead-letters", "retry", "--json", data_dir=tmp_path, site="brabant")
    assert done.returncode == 0, done.stderr
    assert '"resolved": []' in done.stdout
    wrong = run("dead-letters", "retry", "--id", "7", data_dir=tmp_path, site="brabant")
    assert wrong.returncode == 2
    assert "number of a dead letter is 7" in wrong.stderr
