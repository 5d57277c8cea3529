"""What every rule of quality owes; one suite for all of them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.quality import FLAGS, QualityRule, Series, rules_of
from ingest.registry import load_family

RULES = load_family("ingest.quality_rules", QualityRule)
NUMBERS: dict[str, dict[str, object]] = {
    "disagrees": {"twin": "pz-2", "tolerance": 1},
    "gap": {},
    "late": {"after_s": 3600},
    "low_battery": {"below": 3},
    "out_of_range": {},
    "spike": {"neighbours": 2, "floor": 0.5},
    "stuck": {"count": 3},
    "too_fast": {"per_day": 10},
}
HOUR = 3_600_000_000_000
readings = st.lists(
    st.tuples(
        st.sampled_from([1, 1, 1, 4]),
        st.sampled_from([0.0, 0.0, 0.1, 5.0, 500.0, 5000.0]),
        st.one_of(st.none(), st.integers(0, 3)),
        st.one_of(st.none(), st.sampled_from([2.0, 4.0])),
    ),
    min_size=1,
    max_size=16,
)


def rule(name: str) -> QualityRule:
    (made,) = rules_of({"q": {name: NUMBERS[name]}})["q"]
    return made


def series(found: list[tuple], name: str) -> Series:
    times, now = [], 0
    for step, *_ in found:
        now += step * HOUR
        times.append(now)
    other = [each[3] for each in found]
    return Series(
        times=times,
        values=[each[1] for each in found],
        received=[time + each[0] * HOUR for time, each in zip(times, found, strict=True)],
        sequences=[each[2] for each in found],
        beside=dict.fromkeys(rule(name).quantities, other),
        partner=other,
        interval_ns=HOUR,
        valid_range=(-100.0, 1000.0),
    )


@pytest.mark.parametrize("name", RULES)
def test_a_rule_sets_a_flag_that_is_known(name: str) -> None:
    assert name in FLAGS
    assert rule(name).name == name


@pytest.mark.parametrize("name", RULES)
def test_a_rule_flags_something_and_spares_something(name: str) -> None:
    made = rule(name)
    found = [(1, 0.0, 0, 4.0), (1, 0.1, 1, 0.0), (1, 5000.0, 2, 2.0), (1, 0.0, 3, 0.0)]
    found += [(4, 0.0, 4, 4.0), (1, 0.0, 5, 2.0), (1, 0.0, 6, 0.0)]
    said = {made.holds(series(found, name), index) for index in range(len(found))}
    assert said == {True, False}


@pytest.mark.parametrize("name", RULES)
@given(found=readings)
def test_a_rule_looks_no_further_than_it_says(name: str, found: list[tuple]) -> None:
    made, whole = rule(name), series(found, name)
    for index in range(len(found)):
        first = max(index - made.before, 0)
        end = min(index + made.after + 1, len(found))
        cut = whole._replace(
            **{
                field: getattr(whole, field)[first:end]
                for field in ("times", "values", "received", "sequences", "partner")
            },
            beside={each: numbers[first:end] for each, numbers in whole.beside.items()},
        )
        assert made.holds(cut, index - first) == made.holds(whole, index)


def test_a_later_layer_replaces_and_null_switches_off() -> None:
    layers = ({"q": {"stuck": {"count": 3}, "gap": {}}}, {"q": {"stuck": {"count": 9}}})
    assert [each.model_dump() for each in rules_of(*layers)["q"]][1]["count"] == 9
    assert rules_of(*layers, {"q": {"stuck": None, "gap": None}}) == {}
