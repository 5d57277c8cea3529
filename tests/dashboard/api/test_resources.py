"""Sites, instruments, latest values, states, alarms, dead letters and health."""

from __future__ import annotations

from datetime import timedelta

import msgspec
import pytest
from fastapi.testclient import TestClient

from analytics.assessment import Assessment, encode_assessment
from dashboard.api.routes import indicators, post_mining, risks, twin
from ingest.store import Derived
from twin.state import encode_state

from .conftest import HOURS, SMALL, START, Served

ASSESSMENT = Assessment(
    site="small",
    time=START + timedelta(hours=6),
    known_at=START + timedelta(hours=6),
    version="1",
    level="warning",
    risks=[msgspec.structs.replace(risks.EXAMPLE.risks[0], zone="dump")],
    indicators=indicators.EXAMPLE.indicators,
    post_mining=post_mining.EXAMPLE,
)


def get(client: TestClient, path: str, **parameters: object) -> dict | list:
    response = client.get(path, params=parameters)
    assert response.status_code == 200, response.text
    return response.json()


def test_sites_lists_the_site_of_this_run(client: TestClient) -> None:
    (site,) = get(client, "/api/v1/sites")
    assert site == get(client, SMALL)
    assert site["name"] == "small"
    assert site["first_time"] == "2022-01-01T00:00:00Z"
    assert site["last_time"] == "2022-01-03T23:00:00Z"
    assert site["time"] == "2022-01-04T00:00:00Z"
    assert [zone["name"] for zone in site["zones"]] == ["dump"]


def test_instruments_say_what_they_measure_and_whether_they_live(client: TestClient) -> None:
    found = {each["name"]: each for each in get(client, f"{SMALL}/instruments")}
    assert list(found) == ["pz-1", "pz-2", "ipi-1"]
    assert found["pz-1"]["type"] == "test_piezometer"
    assert found["pz-1"]["zone"] == "dump"
    assert [quantity["name"] for quantity in found["pz-1"]["quantities"]] == [
        "pore_pressure",
        "temperature",
    ]
    assert found["pz-1"]["quantities"][0]["nodes"] == []
    tilt = found["ipi-1"]["quantities"][0]
    assert (tilt["unit"], tilt["wire_unit"], tilt["nodes"]) == ("mm", "cm", [1.0, 2.0, 3.0])
    assert found["ipi-1"]["node_kind"] == "depth"
    assert [found[name]["freshness"] for name in found] == ["current", "unavailable", "current"]
    assert found["pz-1"]["last_time"] == "2022-01-03T23:00:00Z"
    assert found["pz-2"]["last_time"] is None


def test_freshness_is_that_of_the_time_asked_for(served: Served) -> None:
    client = served.client
    served.clock.advance(3 * 3600)
    assert get(client, f"{SMALL}/instruments/pz-1")["freshness"] == "stale"
    then = get(client, f"{SMALL}/instruments/pz-1", at="2022-01-02T00:30:00Z")
    assert (then["freshness"], then["last_time"]) == ("current", "2022-01-02T00:00:00Z")


@pytest.mark.parametrize(
    ("at", "count"), [("2021-12-31T23:59:59Z", 0), ("2022-01-01T00:00:00Z", 1)]
)
def test_a_limit_counts_from_the_day_on_which_it_holds(
    client: TestClient, at: str, count: int
) -> None:
    pore = get(client, f"{SMALL}/instruments/pz-1", at=at)["quantities"][0]
    assert len(pore["thresholds"]) == count


def test_latest_is_last_measured_not_last_received(client: TestClient) -> None:
    found = get(client, f"{SMALL}/latest")
    assert found["time"] == "2022-01-04T00:00:00Z"
    pore = [each for each in found["latest"] if each["quantity"] == "pore_pressure"]
    assert [(each["value"], each["node"], each["unit"]) for each in pore] == [
        (100.0 + HOURS - 1, None, "kPa")
    ]
    tilt = [each for each in found["latest"] if each["instrument"] == "ipi-1"]
    assert [(each["node"], each["node_label"]) for each in tilt] == [(0, 1.0), (1, 2.0), (2, 3.0)]
    assert tilt == get(client, f"{SMALL}/latest", instrument="ipi-1")["latest"]


def test_a_silent_value_is_not_shown_as_current(served: Served) -> None:
    client = served.client
    served.clock.advance(30 * 3600)
    found = get(client, f"{SMALL}/latest", instrument="pz-1")["latest"]
    assert [each["freshness"] for each in found] == ["unavailable"]


def test_before_the_first_state_the_twin_is_404_and_there_are_no_risks(client: TestClient) -> None:
    for resource in ("twin", "post-mining"):
        assert client.get(f"{SMALL}/{resource}").status_code == 404
    found = get(client, f"{SMALL}/risks")
    assert (found["level"], found["time"], found["risks"]) == ("unknown", None, [])
    assert get(client, f"{SMALL}/indicators")["indicators"] == []


def test_the_stored_state_is_answered_and_known_at_finds_the_older_one(served: Served) -> None:
    client = served.client
    for hour in (6, 12):
        time = START + timedelta(hours=hour)
        state = msgspec.structs.replace(twin.EXAMPLE, site="small", time=time, known_at=time)
        served.store.write_state("twin", time, encode_state(state))
    assert get(client, f"{SMALL}/twin")["time"] == "2022-01-01T12:00:00Z"
    older = get(client, f"{SMALL}/twin", known_at="2022-01-01T11:59:59Z")
    assert older["time"] == "2022-01-01T06:00:00Z"
    assert older["pressure"][0]["change_30d"]["value"] is None
    assert older["pressure"][0]["change_30d"]["reason"]["template"]


def test_a_state_at_a_time_is_computed_from_all_we_know(client: TestClient) -> None:
    hour_ten = "2022-01-01T10:00:00Z"
    found = get(client, f"{SMALL}/twin", at=hour_ten)
    assert found["time"] == hour_ten
    level = {each["instrument"]: each["level"] for each in found["pressure"]}["pz-1"]
    assert level["value"] == 55.0
    then = get(client, f"{SMALL}/twin", at=hour_ten, known_at=hour_ten)
    assert {e["instrument"]: e["level"] for e in then["pressure"]}["pz-1"]["value"] == 110.0


def test_risks_indicators_and_post_mining_are_those_of_the_assessment(served: Served) -> None:
    client = served.client
    served.store.write_state("risk", ASSESSMENT.time, encode_assessment(ASSESSMENT))
    found = get(client, f"{SMALL}/risks")
    assert (found["level"], len(found["risks"])) == ("warning", 1)
    assert found["risks"][0]["evidence"][0]["instrument"] == "pz-650-01"
    assert get(client, f"{SMALL}/risks", zone="dump")["risks"] == found["risks"]
    assert get(client, f"{SMALL}/indicators", group="fill")["indicators"]
    assert get(client, f"{SMALL}/indicators", group="water")["indicators"] == []
    assert get(client, f"{SMALL}/risks", known_at="2022-01-01T05:00:00Z")["risks"] == []
    assert len(get(client, f"{SMALL}/post-mining")["components"]) == 1


def test_alarms_are_paged_newest_first_and_those_of_this_site(client: TestClient) -> None:
    first = get(client, f"{SMALL}/alarms", limit=2)
    second = get(client, f"{SMALL}/alarms", limit=100, cursor=first["next"])
    both = first["alarms"] + second["alarms"]
    assert [each["risk"] for each in both] == [f"risk_{number}" for number in (5, 4, 3, 2, 1)]
    assert second["next"] is None
    assert get(client, f"{SMALL}/alarms", open=True)["alarms"] == both


def test_an_acknowledgement_is_recorded_with_its_author(served: Served) -> None:
    client = served.client
    url = f"{SMALL}/alarms/2/acknowledge"
    seen = client.post(url, json={"author": " A. Geologist ", "note": "drain was blocked"})
    assert seen.status_code == 200
    assert seen.json()["acknowledged"] == {
        "time": "2022-01-04T00:00:00Z",
        "author": "A. Geologist",
        "note": "drain was blocked",
    }
    served.clock.advance(60)
    again = client.post(url, json={"author": "Somebody else"})
    assert again.json() == seen.json()


@pytest.mark.parametrize("number", [99, 6])
def test_an_alarm_that_this_site_does_not_have_cannot_be_acknowledged(
    client: TestClient, number: int
) -> None:
    """Number 6 belongs to another site of the same journal."""
    response = client.post(f"{SMALL}/alarms/{number}/acknowledge", json={"author": "A"})
    assert response.status_code == 404
    assert f"alarm '{number}'" in response.json()["detail"]


def test_dead_letters_are_paged_newest_first_with_their_reason(client: TestClient) -> None:
    first = get(client, f"{SMALL}/dead-letters", limit=3)
    second = get(client, f"{SMALL}/dead-letters", limit=3, cursor=first["next"])
    letters = first["dead_letters"] + second["dead_letters"]
    assert [letter["reason"] for letter in letters] == [f"letter {n}" for n in (4, 3, 2, 1, 0)]
    assert second["next"] is None
    assert letters[0]["payload"] == "\\xff{}"
    assert letters[0]["topic"] == "postmine/v1/small/pz-9/readings"


def test_derived_series_are_paged_with_the_subjects_of_a_time_together(served: Served) -> None:
    client = served.client
    served.store.write_derived(
        Derived(
            series="settlement.ultimate",
            subject=f"sp-{subject}",
            time=START + timedelta(hours=hour),
            known_at=START + timedelta(hours=hour),
            value=None if hour == 3 else float(hour),
            unit="mm",
            model="hyperbolic",
            version="1",
        )
        for hour in range(60)
        for subject in range(3)
    )
    url, ask = f"{SMALL}/derived", {"series": "settlement.ultimate"}
    whole = get(client, url, **ask)["points"]
    assert len(whole) == 180
    assert [point["value"] for point in whole[9:12]] == [None] * 3
    joined, cursor = [], None
    while True:
        page = get(client, url, **ask, limit=100, **({"cursor": cursor} if cursor else {}))
        assert len(page["points"]) % 3 == 0
        joined += page["points"]
        cursor = page["next"]
        if cursor is None:
            break
    assert joined == whole
    one = get(client, url, **ask, subject="sp-1", **{"from": "2022-01-01T05:00:00Z"})["points"]
    assert {point["subject"] for point in one} == {"sp-1"}
    assert len(one) == 55


def test_health_counts_who_is_alive(client: TestClient) -> None:
    found = get(client, "/api/v1/health")
    assert found["ok"] is True
    assert found["instruments"] == {"current": 2, "stale": 0, "unavailable": 1}
    assert found["dead_letters"] == 5
    assert found["open_alarms"] == 5
    assert [service["state_time"] for service in found["services"]] == [None, None]


def test_an_answer_that_has_not_changed_is_304(served: Served) -> None:
    client = served.client
    url = f"{SMALL}/latest"
    first = client.get(url)
    known = {"If-None-Match": first.headers["etag"]}
    again = client.get(url, headers=known)
    assert (again.status_code, again.content) == (304, b"")
    served.clock.advance(60)
    assert client.get(url, headers=known).status_code == 200


def test_the_plan_is_that_of_the_project(abaza: TestClient) -> None:
    """Figures of the reclamation project 073/20-TX, tables 4 and 5, to its one decimal."""
    plan = get(abaza, "/api/v1/sites/abaza/plan", at="2023-01-01T00:00:00Z")
    assert plan["planned_volume"] == pytest.approx(512.3, abs=0.05)
    assert plan["total_volume"] == pytest.approx(7684.5, abs=0.1)
    assert sum(year["volume"] for year in plan["years"]) == pytest.approx(7684.5, abs=0.1)
    assert len(plan["years"]) == 15
    assert plan["curve"][-1]["volume"] == pytest.approx(7684.5, abs=0.1)
    volumes = [stream["volume_per_year"] for stream in plan["streams"]]
    assert sum(volumes) == pytest.approx(512.3, abs=0.1)
    assert len(plan["tiers"]) == 8
    assert plan["tiers"][0]["capacity"] == pytest.approx(3839.5, abs=0.1)


def test_a_site_without_a_plan_says_so(client: TestClient) -> None:
    response = client.get(f"{SMALL}/plan")
    assert response.status_code == 404
    assert "has no plan" in response.json()["detail"]


#: Routes that answer with or from a state, of which an empty store has none.
STATELESS = ("/twin", "/post-mining", "/what-if/inputs")


def test_every_route_answers_on_an_empty_store(abaza: TestClient) -> None:
    paths = abaza.get("/openapi.json").json()["paths"]
    asked = 0
    for path, operations in paths.items():
        if "get" not in operations:
            continue
        filled = path.replace("{site}", "abaza").replace("{instrument}", "pz-650-01")
        filled = filled.replace("{work}", "cutoff_grade")
        # No variant is saved, and every one would be asked for by name.
        if path.endswith("/what-if/variants/{name}"):
            continue
        filled = filled.replace("{name}", "asyncapi.json")
        needed = {
            each["name"]: each["schema"]["examples"][0]
            for each in operations["get"].get("parameters", [])
            if each["in"] == "query" and each["required"]
        }
        status = abaza.get(filled, params=needed).status_code
        assert status == (404 if path.endswith(STATELESS) else 200), path
        asked += 1
    assert asked >= 13
