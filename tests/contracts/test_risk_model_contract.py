"""What every risk model owes, whoever writes it."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest

from analytics.assessment import Indicator, Risk
from analytics.frames import Column, History, habitual_row
from analytics.indicator import Facts, compute_indicators
from analytics.levels import GRAVITY
from analytics.risk_model import Moment, RiskModel, risk_model_types
from analytics.site_files import load_response_plan
from analytics.watch import Watch
from ingest.site import Site, load_site
from tests.analytics.states import T0, full_state, hours, twin_state

SITE = load_site("abaza")
FACTS = Facts(last_reading={instrument.name: T0 for instrument in SITE})


@pytest.fixture(params=risk_model_types().values(), ids=lambda kind: kind.name)
def kind(request: pytest.FixtureRequest) -> type[RiskModel]:
    return request.param


def history(days: int = 60) -> History:
    rng = np.random.default_rng(3)
    usual = habitual_row(compute_indicators(SITE, full_state(), FACTS))
    kept = History()
    for number in range(4 * days):
        row: dict[Column, float] = {
            column: value * (1 + 0.1 * rng.standard_normal()) for column, value in usual.items()
        }
        kept.append(T0 - hours(6 * (4 * days - number)), row)
    return kept


def assess(
    kind: type[RiskModel],
    *,
    state=None,
    indicators: list[Indicator] | None = None,
    past: History | None = None,
    site: Site = SITE,
) -> list[Risk]:
    state = state or full_state()
    if indicators is None:
        indicators = compute_indicators(site, state, FACTS)
    moment = Moment(
        site=site,
        state=state,
        indicators=indicators,
        watch=Watch(),
        plan=load_response_plan(site),
        history=history() if past is None else past,
    )
    return kind().assess(moment)


def test_every_risk_is_whole(kind: type[RiskModel]) -> None:
    risks = assess(kind)
    assert risks
    for risk in risks:
        assert risk.level in GRAVITY
        assert (risk.level == "unknown") == (risk.reason is not None)
        assert risk.score is None or 0 <= risk.score <= 1
        assert risk.model == kind.name
        assert risk.version == kind.version
        assert risk.title.template
        assert risk.zone == "" or risk.zone in SITE.zones
        for evidence in risk.evidence:
            assert evidence.instrument == "" or evidence.instrument in SITE.instruments
            assert evidence.indicator
            assert str(evidence.statement)
    names = [(risk.name, risk.zone) for risk in risks]
    assert len(names) == len(set(names))


def test_unknown_in_is_unknown_out(kind: type[RiskModel]) -> None:
    state = full_state(figure=None)
    for risk in assess(kind, state=state, indicators=[]):
        assert risk.level == "unknown"
        assert risk.reason is not None


def test_the_same_moment_gives_the_same_risks(kind: type[RiskModel]) -> None:
    first, again = (msgspec.json.encode(assess(kind)) for _ in range(2))
    assert first == again


def test_an_empty_history_and_an_empty_state_do_not_break_it(kind: type[RiskModel]) -> None:
    assert assess(kind, past=History(), state=twin_state())


def test_a_missing_indicator_does_not_break_it(kind: type[RiskModel]) -> None:
    found = compute_indicators(SITE, full_state(), FACTS)
    for name in {item.name for item in found}:
        assert assess(kind, indicators=[item for item in found if item.name != name])


def test_the_order_of_the_indicators_does_not_matter(kind: type[RiskModel]) -> None:
    found = compute_indicators(SITE, full_state(), FACTS)
    turned = assess(kind, indicators=found[::-1])

    def plain(risks: list[Risk]) -> dict:
        return {(risk.name, risk.zone): (risk.level, risk.score) for risk in risks}

    assert plain(turned) == plain(assess(kind, indicators=found))


def test_a_site_without_limits_and_instruments_of_ours(
    kind: type[RiskModel], small_site: Site
) -> None:
    for risk in assess(kind, site=small_site, indicators=[], past=History()):
        assert risk.level == "unknown"
