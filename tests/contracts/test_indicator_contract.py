"""What every indicator owes, whoever writes it."""

from __future__ import annotations

import msgspec
import pytest

from analytics.foretold import Foretold
from analytics.indicator import Facts, IndicatorModel, indicator_models
from analytics.site_files import load_targets
from ingest.figure import Figure
from ingest.site import Site, load_site
from tests.analytics.states import T0, full_state, hours, twin_state

MODELS = list(indicator_models().values())


@pytest.fixture(scope="module")
def site() -> Site:
    return load_site("abaza")


def facts(site: Site, *, begun_d: int = 10) -> Facts:
    today = (T0 - T0.replace(year=1970, month=1, day=1)).days
    return Facts(
        targets=load_targets(site),
        last_reading={instrument.name: T0 - hours(0.5) for instrument in site},
        days_with_readings={
            instrument.name: frozenset(range(today - begun_d, today)) for instrument in site
        },
        unchanged_since={instrument.name: T0 - hours(2) for instrument in site},
        foretold={
            point.name: Foretold(
                made=T0 - hours(480), time=[T0 - hours(480), T0 + hours(240)], high=[90.0, 120.0]
            )
            for point in site.with_quantity("settlement")
        },
    )


@pytest.fixture(params=MODELS, ids=lambda model: model.name)
def model(request: pytest.FixtureRequest) -> IndicatorModel:
    return request.param


def stale(site: Site):
    """Return a full state whose every figure is stale."""
    document = msgspec.to_builtins(full_state())

    def aged(part):
        if isinstance(part, dict):
            if "quality" in part:
                return {**part, "quality": "stale"}
            return {key: aged(value) for key, value in part.items()}
        return [aged(value) for value in part] if isinstance(part, list) else part

    return msgspec.convert(aged(document), type=type(full_state()))


def test_it_says_what_it_is(model: IndicatorModel) -> None:
    assert model.unit
    assert model.title.template
    assert model.version
    assert len(model.__class__.__doc__ or "") > 40, "the docstring says what and after whom"
    assert f"[{model.unit}]" in (model.__class__.__doc__ or ""), "the docstring names the unit"


def test_a_full_state_gives_numbers_with_unit_time_and_source(
    model: IndicatorModel, site: Site
) -> None:
    found = model.compute(site, full_state(), facts(site))
    assert found, "nothing to compute from a full state"
    known = [item for item in found if item.value.value is not None]
    assert known
    for item in found:
        assert item.name == model.name
        assert item.value.unit == model.unit
        assert item.value.value is not None or item.value.reason is not None
    for item in known:
        assert isinstance(item.value.value, float)
        assert item.value.time is not None
        assert item.value.source


def test_unknown_in_is_unknown_out_with_a_reason(model: IndicatorModel, site: Site) -> None:
    empty = full_state(figure=None)
    for item in model.compute(site, empty, Facts()):
        assert item.value.value is None
        assert item.value.unit == model.unit
        assert item.value.reason is not None
        assert str(item.value.reason)


def test_a_stale_figure_never_becomes_current(model: IndicatorModel, site: Site) -> None:
    if model.group == "data":
        pytest.skip("it judges the readings themselves")
    for item in model.compute(site, stale(site), facts(site)):
        assert item.value.quality in ("stale", "unavailable")


def test_a_site_without_a_plan_or_instruments_does_not_break_it(
    model: IndicatorModel, small_site: Site
) -> None:
    for item in model.compute(small_site, twin_state(site="small"), Facts()):
        assert isinstance(item.value, Figure)
        assert item.value.value is None


def test_the_order_of_the_state_does_not_matter(model: IndicatorModel, site: Site) -> None:
    state = full_state()
    turned = msgspec.structs.replace(state, pressure=state.pressure[::-1], water=state.water[::-1])
    given = facts(site)
    first = {item.subject: item.value for item in model.compute(site, state, given)}
    assert {item.subject: item.value for item in model.compute(site, turned, given)} == first


def test_names_and_subjects_are_once_only(site: Site) -> None:
    found = [
        (item.name, item.subject)
        for model in MODELS
        for item in model.compute(site, full_state(), facts(site))
    ]
    assert len(found) == len(set(found))
