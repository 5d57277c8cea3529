"""Flags are set and lifted through the API by those who may, and seen beside the values."""

from __future__ import annotations

from pathlib import Path

import pytest

from ingest.clock import to_ns
from ingest.site import load_site
from ingest.store import Row

from .conftest import SMALL, START, Served, serving

WORD = {
    "instrument": "pz-1",
    "quantity": "pore_pressure",
    "flag": "rejected",
    "action": "set",
    "from": "2022-01-01T03:00:00Z",
    "to": "2022-01-01T05:00:00Z",
    "author": "Geotechnical engineer",
    "reason": "The cable was being repaired",
}


def flagged(served: Served) -> list[str]:
    page = served.client.get(
        f"{SMALL}/readings?instrument=pz-1&quantity=pore_pressure&to=2022-01-01T05:00:00Z"
    ).json()
    return [each["time"] for each in page["readings"] if "rejected" in each["flags"]]


def test_a_flag_is_set_lifted_and_both_are_remembered(served: Served) -> None:
    kept = served.client.post(f"{SMALL}/flags", json=WORD)
    assert kept.status_code == 200
    assert (kept.json()["id"], kept.json()["author"]) == (1, WORD["author"])
    assert flagged(served) == ["2022-01-01T03:00:00Z", "2022-01-01T04:00:00Z"]
    lifted = {**WORD, "action": "lift", "reason": "It had been repaired before"}
    assert served.client.post(f"{SMALL}/flags", json=lifted).status_code == 200
    assert flagged(served) == []
    page = served.client.get(f"{SMALL}/flags?limit=1").json()
    assert [each["action"] for each in page["entries"]] == ["lift"]
    rest = served.client.get(f"{SMALL}/flags?cursor={page['next']}").json()
    assert [each["reason"] for each in rest["entries"]] == [WORD["reason"]]
    assert rest["next"] is None


@pytest.mark.parametrize(
    ("change", "status", "said"),
    [
        ({"instrument": "pz-9"}, 404, "pz-1, pz-2"),
        ({"quantity": "colour"}, 404, "pore_pressure"),
        ({"flag": "ugly"}, 422, "out_of_range"),
        ({"reason": " "}, 422, "reason"),
        ({"author": ""}, 422, "author"),
        ({"node": 3}, 422, "0 to 0"),
        ({"to": "2022-01-01T01:00:00Z"}, 422, "behind"),
    ],
)
def test_what_cannot_be_said_is_refused_with_what_can(
    served: Served, change: dict, status: int, said: str
) -> None:
    refused = served.client.post(f"{SMALL}/flags", json={**WORD, **change})
    assert refused.status_code == status
    assert said in refused.text
    assert served.store.flag_journal() == []


def test_an_instrument_says_how_it_delivered(served: Served) -> None:
    found = {each["name"]: each for each in served.client.get(f"{SMALL}/instruments").json()}
    # 72 hourly readings of 72, one more between them, and one of them late by 38 hours.
    delivery = found["pz-1"]["delivery"]
    assert delivery["completeness"] == 1.0
    assert delivery["flagged"] == pytest.approx(1 / 73)
    assert delivery["mean_delay_s"] == pytest.approx(38 * 3600 / 73)
    assert found["ipi-1"]["delivery"]["completeness"] == 1.0
    assert found["pz-2"]["delivery"]["completeness"] == 0.0
    assert found["pz-2"]["delivery"]["mean_delay_s"] is None
    then = served.client.get(f"{SMALL}/instruments/pz-1?at=2022-01-01T04:30:00Z").json()
    assert then["delivery"]["flagged"] == 0.0


def test_a_calculated_value_names_its_calibration(tmp_path: Path) -> None:
    site = load_site(Path(__file__).parents[2] / "data" / "mukilteo")
    with serving(tmp_path, site) as running:
        time = to_ns(START)
        running.store.append([Row("rain_gauge", "lsa-rain", 0, time, time, None, {"tips": 3.0})])
        base = "/api/v1/sites/mukilteo"
        asked = running.client.get(f"{base}/readings?instrument=lsa-rain&quantity=rain")
        (reading,) = asked.json()["readings"]
        assert reading["value"] == pytest.approx(0.762)
        assert b'"mm_per_tip": 0.254' in running.store.calibration(reading["calibration"])
        raw = running.client.get(f"{base}/readings?instrument=lsa-rain&quantity=tips").json()
        assert "calibration" not in raw["readings"][0]
        # What is sent is shown; a supporting quantity that is not stays out of sight.
        found = {each["name"]: each for each in running.client.get(f"{base}/instruments").json()}
        assert [each["name"] for each in found["lsa-rain"]["quantities"]] == ["rain", "tips"]
        assert [each["name"] for each in found["lsa-baro"]["quantities"]] == [
            "atmospheric_pressure"
        ]
