"""Published numbers of the twin's methods, from the tables beside this file."""

from __future__ import annotations

import csv
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ingest.site import load_site
from twin.models.terzaghi_consolidation import average_consolidation
from twin.plan import Plan, load_plan
from twin.verifications.consolidation import TERZAGHI_TABLE
from twin.verify import Verification, verifications

GOLDEN = Path(__file__).parent


def rows(name: str) -> list[dict[str, float]]:
    lines = (GOLDEN / name).read_text(encoding="utf-8").splitlines()
    table = csv.DictReader(line for line in lines if not line.startswith("#"))
    return [{key: float(value) for key, value in row.items()} for row in table]


@pytest.fixture(scope="module")
def plan() -> Plan:
    loaded = load_plan(load_site("abaza"))
    assert loaded is not None
    return loaded


@pytest.mark.parametrize("row", rows("terzaghi_average_consolidation.csv"))
def test_terzaghi_table(row: dict[str, float]) -> None:
    computed = 100 * average_consolidation(row["time_factor"]).item()
    assert computed == pytest.approx(row["degree_percent"], abs=0.2)


def test_verify_shows_the_same_terzaghi_table() -> None:
    golden = [
        (row["degree_percent"], row["time_factor"])
        for row in rows("terzaghi_average_consolidation.csv")
    ]
    assert list(TERZAGHI_TABLE) == golden


@pytest.mark.parametrize("row", rows("abaza_calendar_plan.csv"))
def test_planned_volume_at_the_end_of_each_year(row: dict[str, float], plan: Plan) -> None:
    end = datetime(int(row["year"]) + 1, 1, 1, tzinfo=UTC)
    assert plan.planned_volume(end) == pytest.approx(row["cumulative_thousand_m3"], abs=0.05)


@pytest.mark.parametrize("pinned", verifications(), ids=lambda pinned: pinned.name)
def test_every_published_number_is_met(pinned: Verification) -> None:
    assert pinned.ok
    assert pinned.computed == pytest.approx(pinned.published, abs=pinned.tolerance)
    assert pinned.source
