from __future__ import annotations

import numpy as np
import pytest
from sklearn.ensemble import IsolationForest as SklearnForest

from analytics.assessment import Indicator, Risk
from analytics.frames import History
from analytics.indicator import indicator_models
from analytics.risk_model import Moment
from analytics.risk_models.isolation_forest import (
    IsolationForest,
    _Fitted,
    _path_lengths,
    _unsuccessful,
)
from analytics.site_files import ResponsePlan
from analytics.watch import Watch
from ingest.site import load_site
from tests.analytics.states import T0, hours, known, nothing, twin_state

SITE = load_site("abaza")
COLUMNS = [
    ("shear_rate", "ipi-01"),
    ("shear_rate", "ipi-02"),
    ("rain_load", ""),
    ("water_ph", "ws-01"),
]
USUAL = [0.1, 0.12, 10.0, 7.5]


def history(days: int, *, gaps: bool = False) -> History:
    rng = np.random.default_rng(5)
    kept = History()
    for number in range(4 * days):
        values = dict(zip(COLUMNS, rng.normal(USUAL, [0.02, 0.02, 3.0, 0.1]), strict=True))
        if gaps and number % 10 == 3:
            del values["water_ph", "ws-01"]
        kept.append(T0 - hours(6 * (4 * days - number)), values)
    return kept


def indicators(values: list[float | None]) -> list[Indicator]:
    found = []
    for (name, subject), value in zip(COLUMNS, values, strict=True):
        model = indicator_models()[name]
        figure = nothing(model.unit) if value is None else known(value, model.unit)
        found.append(
            Indicator(
                name=name, title=model.title, group=model.group, subject=subject, value=figure
            )
        )
    return found


def assess(
    values: list[float | None], *, past: History, watch: Watch | None = None, model=None
) -> Risk:
    moment = Moment(
        site=SITE,
        state=twin_state(T0),
        indicators=indicators(values),
        watch=watch or Watch(),
        plan=ResponsePlan(),
        history=past,
    )
    (risk,) = (model or IsolationForest()).assess(moment)
    return risk


def test_it_says_how_much_longer_it_learns() -> None:
    risk = assess(USUAL, past=history(20))
    assert risk.level == "unknown"
    assert risk.score is None
    assert str(risk.reason).startswith("learning: needs 30 days, has 1")


def test_the_usual_scores_low_and_the_unusual_high_with_its_speaker() -> None:
    past = history(60)
    calm = assess(USUAL, past=past)
    strange = assess([0.1, 3.0, 40.0, 7.5], past=past)
    assert calm.level == "normal"
    assert calm.evidence == []
    assert 0 <= calm.score < 0.5 < strange.score <= 1
    spoke = {(item.instrument, item.indicator): item for item in strange.evidence}
    assert set(spoke) == {("ipi-02", "shear_rate"), ("", "rain_load")}
    assert spoke["ipi-02", "shear_rate"].value.value == 3.0
    assert "Usually 0.1" in str(spoke["ipi-02", "shear_rate"].statement)


def test_what_is_unusual_must_last_and_never_goes_beyond_advisory() -> None:
    past, watch = history(60), Watch()
    levels = [assess([3.0, 3.0, 90.0, 3.0], past=past, watch=watch).level for _ in range(5)]
    assert levels == ["normal", "normal", "normal", "advisory", "advisory"]
    assert assess(USUAL, past=past, watch=watch).level == "normal"


def test_a_restarted_model_gives_the_same_score() -> None:
    past = history(60, gaps=True)
    model = IsolationForest()
    first = assess([0.2, 0.2, 20.0, 7.0], past=past, model=model)
    again = assess([0.2, 0.2, 20.0, 7.0], past=past, model=model)
    fresh = assess([0.2, 0.2, 20.0, 7.0], past=past)
    assert first.score == again.score == fresh.score


def test_a_missing_indicator_is_taken_at_its_median() -> None:
    past = history(60)
    known_middle = assess(USUAL, past=past)
    risk = assess([*USUAL[:3], None], past=past)
    assert risk.score == pytest.approx(known_middle.score, abs=0.05)


def test_too_few_known_indicators_are_no_ground_for_a_score() -> None:
    risk = assess([0.1, None, None, None], past=history(60))
    assert risk.level == "unknown"
    assert str(risk.reason) == "Only 1 of 4 learned indicators are known"


def test_an_empty_run_is_learning() -> None:
    assert str(assess(USUAL, past=History()).reason) == "learning: needs 30 days, has 0"


def test_our_walk_of_the_trees_is_scikit_learns() -> None:
    rng = np.random.default_rng(11)
    values = rng.normal(size=(300, 7))
    forest = SklearnForest(n_estimators=20, max_samples=256, random_state=1).fit(values)
    fitted = _Fitted(
        [(tree.tree_, _path_lengths(tree.tree_)) for tree in forest.estimators_],
        _unsuccessful(np.array([256]))[0],
        [],
        np.zeros(7),
        0.5,
    )
    assert fitted.scores(values) == pytest.approx(-forest.score_samples(values), abs=1e-9)


def test_path_lengths_of_an_unsuccessful_search() -> None:
    # Liu, Ting and Zhou 2008, eq. 1 with H(i) = ln(i) + 0.5772: c(256) = 10.24.
    assert _unsuccessful(np.array([0, 1, 2, 256])) == pytest.approx([0, 0, 1, 10.2448], abs=1e-4)
