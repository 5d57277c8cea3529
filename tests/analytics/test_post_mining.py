from __future__ import annotations

from datetime import date

import pytest

from analytics.assessment import PostMining, Risk
from analytics.post_mining import COMPONENTS, STAGES, Now, post_mining
from analytics.site_files import PostMiningEvidence, RecordedEvidence, load_post_mining
from analytics.territory import territory_indicators
from ingest.site import load_site
from ingest.text import Text
from tests.analytics.states import T0, hours, twin_state
from twin.land_use.territory import load_territory

SITE = load_site("abaza")
EVERYTHING = [item.item for *_, asked in COMPONENTS for item in asked if item.live is None] + [
    group[0][0] for _, _, groups in STAGES for group in groups
]


def drainage(level: str) -> Risk:
    return Risk(
        name="drainage_chemistry",
        title=Text("Drainage turning bad"),
        zone="drainage",
        level=level,
        score=None,
        time=T0,
        model="test",
        version="1",
        reason=None,
        evidence=[],
    )


def learning(score: float | None) -> Risk:
    return Risk(
        name="unusual_behaviour",
        title=Text("The site looks unlike itself"),
        zone="",
        level="normal",
        score=score,
        time=T0,
        model="isolation_forest",
        version="1",
        reason=None,
        evidence=[],
    )


def judged(items: list[str], *, water: str = "normal", age_h: float = 0.5) -> PostMining:
    evidence = PostMiningEvidence(
        source="test",
        evidence=tuple(
            RecordedEvidence(item=item, since=date(2022, 1, 1), source="test") for item in items
        ),
    )
    now = Now(
        SITE,
        twin_state(T0),
        [drainage(water), learning(0.4)],
        {instrument.name: T0 - hours(age_h) for instrument in SITE},
    )
    return post_mining(evidence, [], now)


def fractions(result: PostMining) -> dict[str, float]:
    return {component.name: component.fraction.value for component in result.components}


def test_a_site_with_everything_stands_at_6() -> None:
    result = judged(EVERYTHING)
    assert result.stage.value == "6.0"
    assert set(fractions(result).values()) == {1.0}
    assert all(component.missing == [] for component in result.components)


def test_there_are_seven_components() -> None:
    assert len(judged([]).components) == 7


@pytest.mark.parametrize("water", ["warning", "alarm", "unknown"])
def test_looks_do_not_outshine_poison(water: str) -> None:
    result = judged(EVERYTHING, water=water)
    assert result.stage.value == "1.0"
    assert fractions(result)["bioeconomy"] == 0
    assert fractions(result)["community"] == 0
    assert any("drainage" in str(text) for text in result.explanation)


def test_adding_evidence_about_looks_never_lifts_a_site_with_bad_drainage() -> None:
    poor = judged(["void_filling"], water="alarm")
    pretty = judged(
        ["void_filling", "greenhouses", "tourism", "heritage_public", "land_returned"],
        water="alarm",
    )
    assert pretty.stage.value == poor.stage.value
    assert fractions(pretty) == fractions(poor)


def test_a_network_counts_only_while_it_delivers() -> None:
    current = next(c for c in judged([]).components if c.name == "digital_twin")
    silent = next(c for c in judged([], age_h=24 * 30).components if c.name == "digital_twin")
    assert "Instruments in the water that deliver current data" in map(str, current.present)
    assert "Instruments in the water that deliver current data" in map(str, silent.missing)


def test_later_stages_need_reclamation_to_the_norm() -> None:
    assert judged(["void_filling", "heritage_public"]).stage.value == "1.0"
    normal = ["void_filling", "technical_stage_done", "biological_stage_done"]
    assert judged(normal).stage.value == "2.0"
    assert judged([*normal, "heritage_public"]).stage.value == "5.0"


def test_evidence_counts_from_its_day_on() -> None:
    evidence = PostMiningEvidence(
        source="test",
        evidence=(
            RecordedEvidence(item="void_filling", since=date(2023, 1, 1), source="test"),
            RecordedEvidence(
                item="solar", since=date(2020, 1, 1), until=date(2021, 1, 1), source="test"
            ),
        ),
    )
    result = post_mining(evidence, [], Now(SITE, twin_state(T0), [drainage("normal")], {}))
    assert result.stage.value is None
    assert fractions(result)["green_energy"] == 0


def test_abaza_stands_at_1_and_says_what_is_missing() -> None:
    now = Now(SITE, twin_state(T0), [drainage("normal")], {})
    result = post_mining(load_post_mining(SITE), territory_indicators(load_territory(SITE)), now)
    assert result.stage.value == "1.0"
    assert fractions(result)["circular_economy"] == 0.25
    assert fractions(result)["bioeconomy"] == 0
    assert len(result.territory) == 21
    assert all(item.value.reason is not None for item in result.territory)


def test_a_site_that_recorded_nothing_has_no_stage() -> None:
    brabant = load_site("brabant")
    result = post_mining(
        load_post_mining(brabant), [], Now(brabant, twin_state(site="brabant"), [], {})
    )
    assert result.stage.value is None
    assert str(result.stage.reason) == "No evidence is recorded for this site"


@pytest.mark.parametrize("name", ["abaza", "brabant"])
def test_bundled_sites_name_only_evidence_that_is_asked_for(name: str) -> None:
    evidence = load_post_mining(load_site(name))
    asked = {item.item for *_, items in COMPONENTS for item in items} | {
        item for _, _, groups in STAGES for group in groups for item, _ in group
    }
    assert {item.item for item in (evidence.evidence if evidence else ())} <= asked
