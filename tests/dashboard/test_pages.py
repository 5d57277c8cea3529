"""Every page of the folder, on a full run, an empty one, and a site without a plan."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import msgspec
import plotly.io.json as plotly_json
import pytest

from dashboard import updates
from dashboard.figures import s_curve, section, site_plan
from dashboard.icons import PATHS
from dashboard.page import Page, pages
from dashboard.pages import (
    _slope_movement,
    _slope_stability,
    backfill,
    instruments,
    post_mining,
    risk,
    settlement,
)
from dashboard.pages._settlement_point import point_facts
from dashboard.palette import STATUSES
from dashboard.status import instrument_status
from dashboard.view import View
from ingest.figure import Figure, unknown
from ingest.text import Text

PAGES = pages()
by_path = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.path)


def drawn(page: Page, view: View) -> Any:
    """Return the page as the browser gets it."""
    return json.loads(plotly_json.to_json_plotly(page.layout(view)))


def parts(node: Any) -> Iterator[dict[str, Any]]:
    if isinstance(node, dict):
        if "props" in node:
            yield node["props"]
        for each in node.values():
            yield from parts(each)
    elif isinstance(node, list):
        for each in node:
            yield from parts(each)


def words(node: Any) -> str:
    found = []
    for props in parts(node):
        children = props.get("children")
        for each in children if isinstance(children, list) else [children]:
            if isinstance(each, str | int | float):
                found.append(str(each))
    return "\n".join(found)


def test_the_pages_are_in_order_and_each_has_an_address_of_its_own() -> None:
    assert [page.order for page in PAGES] == sorted({page.order for page in PAGES})
    assert len({page.path for page in PAGES}) == len(PAGES) >= 9
    assert PAGES[0].path == "/"
    assert {page.icon for page in PAGES} <= set(PATHS)
    assert all(str(page.question).endswith("?") for page in PAGES)


@by_path
@pytest.mark.parametrize("run", ["full", "empty", "without_plan"])
@pytest.mark.parametrize("language", ["en", "ru"])
def test_a_page_is_made_and_what_follows_the_run_is_on_it(
    page: Page, run: str, language: str, request: pytest.FixtureRequest
) -> None:
    view = View(request.getfixturevalue(run), page.path, f"?lang={language}", "dark")
    made = drawn(page, view)
    ids = {props["id"] for props in parts(made) if isinstance(props.get("id"), str)}
    assert {update.component for update in page.updates} <= ids
    for update in page.updates:
        json.loads(plotly_json.to_json_plotly(update.make(view)))
    text = words(made)
    assert "None" not in text.splitlines()
    assert "nan" not in text.lower().splitlines()


@by_path
def test_a_tick_sends_nothing_of_a_page_that_is_as_it_was_drawn(page: Page, full) -> None:
    view = View(full, page.path)
    sums = updates.sums(page, page.layout(view))
    for update in page.updates:
        made = updates.sum_of(update.make(view))
        assert sums[updates.key(update)] == made, (update.component, update.property)


@pytest.mark.parametrize(
    ("path", "name", "curve"),
    [
        ("/settlement", "settlement-ranges", "settlement-curve"),
        ("/slopes", "slopes-factor-ranges", "slopes-factor"),
        ("/slopes", "slopes-ranges", "slopes-pressure"),
        ("/water", "water-ranges", "water-curve"),
        ("/water", "water-level-ranges", "water-level"),
    ],
)
def test_the_name_above_a_curve_follows_the_run_as_the_curve_does(
    path: str, name: str, curve: str
) -> None:
    page = next(page for page in PAGES if page.path == path)
    follows = {update.component: update.follows for update in page.updates}
    assert follows[name] == follows[curve] == "run"


def test_a_link_shows_a_colleague_the_same(full) -> None:
    view = View(full, "/instruments", "?lang=ru&at=2022-06-10T00:00:00Z&instrument=ipi-02&x=1")
    assert view.href() == ("/instruments?lang=ru&at=2022-06-10T00%3A00%3A00Z&instrument=ipi-02&x=1")
    assert view.href("/water") == "/water?lang=ru&at=2022-06-10T00%3A00%3A00Z"
    assert not view.live
    assert view.chosen("instrument", list(view.instruments)) == "ipi-02"
    assert view.language == "ru"


@pytest.mark.parametrize("search", ["?at=rubbish", "?lang=xx", "?instrument=nobody&range=never"])
def test_an_address_that_means_nothing_shows_the_page_all_the_same(full, search: str) -> None:
    view = View(full, "/instruments", search)
    assert view.live
    assert view.language == "en"
    drawn(next(page for page in PAGES if page.path == "/instruments"), view)


def test_history_leaves_out_what_was_not_known(full) -> None:
    now = View(full, "/risk")
    then = View(full, "/risk", "?known_at=2022-06-04T12:00:00Z")
    assert then.twin.time < now.twin.time
    assert {row["id"] for row in risk.alarms(then)} < {row["id"] for row in risk.alarms(now)}


def test_an_instrument_wears_the_gravest_level_that_it_speaks_for(full) -> None:
    status = instrument_status(View(full, "/"))
    assert status["ws-03"] == "alarm"
    assert set(status.values()) <= set(STATUSES)


def test_the_plan_marks_every_instrument_once_by_shape_and_word(full) -> None:
    figure = site_plan(View(full, "/"))
    marked = [trace for trace in figure.data if trace.text is not None and trace.mode == "markers"]
    assert sorted(name for trace in marked for name in trace.text) == sorted(full.site.instruments)
    assert len({trace.marker.symbol for trace in marked}) == len(marked) > 1
    assert all(re.match(r"\w+: \d+$", trace.name) for trace in marked)


def test_the_section_stacks_the_tiers_from_toe_to_crest(full) -> None:
    view = View(full, "/")
    figure = section(view)
    tiers = [trace for trace in figure.data if trace.hoveron == "fills"]
    assert [trace.name for trace in tiers] == [
        view.text(tier.title) for tier in view.twin.fill.tiers
    ]
    for trace, tier in zip(tiers, view.twin.fill.tiers, strict=True):
        assert (min(trace.y), max(trace.y)) == (tier.base_m, tier.crest_m)


def test_the_inclinometer_is_drawn_with_depth_downwards(full) -> None:
    figure = instruments.profile(View(full, "/instruments", "?instrument=ipi-01"))
    assert figure.layout.yaxis.autorange == "reversed"
    assert list(figure.data[-1].y) == sorted(figure.data[-1].y)


def test_settlement_is_drawn_downwards_and_a_refusal_is_a_sentence(full) -> None:
    view = View(full, "/settlement")
    assert settlement.curve(view).layout.yaxis.autorange == "reversed"
    text = words(json.loads(plotly_json.to_json_plotly(settlement.chosen(view))))
    assert "No forecast:" in text
    assert "Methods that were refused" in text


def test_what_the_interval_of_a_settlement_leaves_out_is_seen_without_asking(full) -> None:
    view = View(full, "/settlement")
    said = Text("More may settle than the interval says")
    point = msgspec.structs.replace(
        view.twin.settlement[0],
        remaining=Figure(value=30.0, unit="mm", low=20.0, high=50.0, validity=said),
    )
    text = words(json.loads(plotly_json.to_json_plotly(point_facts(view, point))))
    assert "Still to come:" in text
    assert str(said) in text


def test_the_curve_of_the_plan_shows_what_the_queries_answered(full) -> None:
    view = View(full, "/backfill", "?plan=whole")
    fill = view.twin.fill
    lines = {trace.name: list(trace.y) for trace in s_curve(view, fill, whole=True).data}
    assert lines["Plan"] == fill.s_curve.planned
    assert lines["Actual"] == fill.s_curve.actual
    assert backfill.curve(view).layout.xaxis.range is None


def test_a_silent_instrument_breaks_the_curve(full) -> None:
    figure = instruments.series(View(full, "/instruments", "?instrument=ipi-02&range=30d"))
    assert any(value is None for trace in figure.data if trace.mode == "lines" for value in trace.y)


def test_the_slope_page_opens_on_what_moves_fastest(full) -> None:
    view = View(full, "/slopes")
    fastest = max(
        (each for each in view.twin.movement if each.rate.value is not None),
        key=lambda each: each.rate.value,
    )
    drawing = _slope_movement.profile(view)
    assert drawing.layout.uirevision.endswith(f"{fastest.instrument}|resultant")


def test_the_chosen_section_is_drawn_to_scale_with_its_circle_and_water(full) -> None:
    view = View(full, "/slopes", "?slope=tier_650_west.base")
    state = _slope_stability.chosen(view)
    drawing = _slope_stability.section(view)
    names = [trace.name for trace in drawing.data]
    assert {"Water line", "Critical circle", "Piezometer tips"} <= set(names)
    assert (drawing.layout.yaxis.scaleanchor, drawing.layout.yaxis.scaleratio) == ("x", 1)
    arc = next(trace for trace in drawing.data if trace.name == "Critical circle")
    assert sorted((arc.x[0], arc.x[-1])) == pytest.approx(
        sorted((state.circle.entry, state.circle.exit))
    )
    assert f"F = {view.value(state.factor_of_safety)}" in drawing.layout.annotations[0].text


def test_the_depth_that_was_asked_of_a_slide_stands_beside_its_factor(full) -> None:
    view = View(full, "/slopes", "?slope=tier_650_west.base")
    state = _slope_stability.chosen(view)
    text = words(json.loads(plotly_json.to_json_plotly(_slope_stability.details(view))))
    assert "no shallower than 10.0 m, down to +585.0 m, the one found is" in text.replace(
        "\u00a0", " "
    )
    assert state.circle.depth >= 10
    text = words(json.loads(plotly_json.to_json_plotly(_slope_stability.sections(view))))
    assert "Least depth, m" in text


def test_the_factor_of_safety_is_drawn_against_the_required_one(full) -> None:
    view = View(full, "/slopes", "?slope=tier_650_west.face&range=all")
    drawing = _slope_stability.factor_curve(view)
    assert any(shape.y0 == 1.1 for shape in drawing.layout.shapes)
    assert any(trace.name == "Factor of safety" and len(trace.y) > 1 for trace in drawing.data)


def test_a_slope_that_is_only_planned_says_so(full) -> None:
    text = words(
        drawn(next(page for page in PAGES if page.path == "/slopes"), View(full, "/slopes"))
    )
    assert "Planned" in text
    assert "Stands" in text


def test_no_water_is_no_factor_and_the_page_says_why(full) -> None:
    view = View(full, "/slopes", "?slope=tier_650_west.base")
    state = _slope_stability.chosen(view)
    state.factor_of_safety = unknown(
        "1", Text("Only {count} of {needed} points", {"count": 0, "needed": 2})
    )
    text = words(json.loads(plotly_json.to_json_plotly(_slope_stability.details(view))))
    assert "Only 0 of 2 points" in text
    assert _slope_stability.level(state) == "normal"


def test_every_component_of_post_mining_says_what_is_missing(full) -> None:
    view = View(full, "/post-mining")
    text = words(json.loads(plotly_json.to_json_plotly(post_mining.components(view))))
    for part in view.assessment.post_mining.components:
        assert str(part.title) in text
        assert all(str(each) in text for each in [*part.present, *part.missing])
