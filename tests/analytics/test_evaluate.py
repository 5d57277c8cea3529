from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest

from analytics.evaluate import evaluate
from analytics.journal import Journal
from ingest.site import load_site
from simulators.scenario import Scenario, load_scenario

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def wet_week() -> Scenario:
    """Return the first year from before the wet month to its middle."""
    whole = load_scenario("abaza_first_year")
    start = whole.truth[0].start - timedelta(days=6)
    window = whole.truth[0].model_copy(update={"end": start + timedelta(days=18)})
    return whole.model_copy(
        update={"start": start, "end": window.end, "truth": (window,), "faults": ()}
    )


def test_the_wet_month_is_found_by_its_instruments(wet_week: Scenario, tmp_path: Path) -> None:
    result = evaluate(wet_week, load_site("abaza"), folder=tmp_path)
    (window,) = result.windows
    assert window.detected is not None
    assert window.delay_h is not None
    assert window.lead_time_h is not None
    assert window.delay_h + window.lead_time_h == pytest.approx(12 * 24)
    journal = Journal(f"sqlite:///{tmp_path / 'journal.sqlite'}")
    alarm = journal.alarm(window.alarm)
    assert alarm.zone == "tier_650"
    assert result.to_dict()["ok"] is result.ok
    json.dumps(result.to_dict())
    assert "detected" in str(result)


def test_faults_on_quiet_ground_are_no_alarms_of_the_ground() -> None:
    result = evaluate(load_scenario("instrument_faults"), load_site("abaza"))
    assert result.states == 56
    assert result.ok, str(result)
    assert not any(alarm.risk == "slope_movement" for alarm in result.alarms)
    named = {
        item.instrument
        for alarm in result.alarms
        if alarm.risk == "data"
        for item in alarm.evidence
    }
    assert "pz-650-01" in named, "the stuck piezometer is named"
