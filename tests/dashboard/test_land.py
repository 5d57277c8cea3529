"""The Land page and the command: inputs in the address, refusals beside the field."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import plotly.io.json as plotly_json
import pytest
from typer.testing import CliRunner

from dashboard import figures
from dashboard.cli import app
from dashboard.pages import land
from dashboard.queries import Queries
from dashboard.view import View
from ingest.errors import ConfigurationError
from twin.land_use import variants, works


def view_of(queries: Queries, search: str) -> View:
    return View(queries, "/land", search)


def parts(node: Any) -> Iterator[dict[str, Any]]:
    if isinstance(node, dict):
        if "props" in node:
            yield node["props"]
        for each in node.values():
            yield from parts(each)
    elif isinstance(node, list):
        for each in node:
            yield from parts(each)


def drawn(component: Any) -> Any:
    return json.loads(plotly_json.to_json_plotly(component))


def words(component: Any) -> str:
    found = []
    for props in parts(drawn(component)):
        children = props.get("children")
        for each in children if isinstance(children, list) else [children]:
            if isinstance(each, str | int | float):
                found.append(str(each))
    return "\n".join(found)


def fields(view: View) -> dict[str, tuple[str, str]]:
    """Return value and remark of every input."""
    found = {}
    for each in land.fields(view):
        inside = [props for props in parts(drawn(each)) if isinstance(props.get("id"), dict)]
        value = next(props for props in inside if props["id"]["type"] == "land-input")
        remark = next(props for props in inside if props["id"]["type"] == "land-remark")
        found[value["id"]["input"]] = (value["value"], words(remark["children"]))
    return found


def test_what_is_not_recorded_is_shown_as_not_known(full: Queries) -> None:
    view = view_of(full, "")
    assert fields(view)["pit_depth"] == ("200", "recorded")
    assert fields(view)["dump_height"] == ("", "legal: above 0")
    said = words(land.results(view))
    assert "Not known for this site" in said
    assert "Height of the dump" in said
    assert "The site has recorded 1 of the 8 inputs" in words(land.starts(view))


def test_an_indicator_that_is_not_known_says_what_is_not_recorded(full: Queries) -> None:
    said = words(land.results(view_of(full, "?work=territory&lang=ru")))
    assert said.count("район") > 3, "the area of the district is named where it is missing"
    assert "district" not in said


def test_a_variant_is_named_as_no_data_of_the_site(full: Queries) -> None:
    view = view_of(full, "?work=land_allotment&start=4")
    assert fields(view)["dump_height"] == ("75", "variant 4")
    assert fields(view)["wind_speed"] == ("5", "constant of the guide")
    assert "starting values, not this site's" in words(land.starts(view))
    assert fields(view)["development_factor"] == ("1.2", "design assumption")
    said = words(land.results(view))
    assert "1,016\u00a0ha" in said  # 1.1, bottom-up, as worked by hand
    assert "1.12: the sign of the logarithm is restored" in said
    assert land.undo(view) is None


def test_a_change_stands_in_the_address_and_can_be_undone(full: Queries) -> None:
    view = view_of(full, "?work=land_allotment&start=4&dump_height=90&lang=ru")
    assert fields(view)["dump_height"] == ("90", "изменено")
    assert "1,016" not in words(land.results(view))
    back = land.undo(view).href
    assert "dump_height" not in back
    assert "start=4" in back


@pytest.mark.parametrize(
    ("search", "name", "sentence"),
    [
        (
            "?work=land_allotment&start=1&pit_wall_angle=95",
            "pit_wall_angle",
            "95 cannot be used; legal: above 0 and below 90",
        ),
        (
            "?work=land_allotment&start=1&dump_height=tall",
            "dump_height",
            "tall cannot be used; legal: above 0",
        ),
        (
            "?work=complex_ore&start=14&lang=ru",
            "recovery_2",
            "1,86 — недопустимо; допустимо: от 0 до 1",
        ),
        (
            "?work=soil_damage&start=1&ph_after=8",
            "ph_after",
            "8 cannot be used; legal: at most 7, the value before",
        ),
    ],
)
def test_a_refusal_stands_beside_its_input(
    full: Queries, search: str, name: str, sentence: str
) -> None:
    view = view_of(full, search)
    found = fields(view)
    assert found[name][1] == sentence
    assert [each for each, (_, remark) in found.items() if remark == sentence] == [name]
    assert sentence in words(land.results(view))


def test_a_decimal_comma_is_understood(full: Queries) -> None:
    view = view_of(full, "?work=land_allotment&start=1&topsoil_thickness=0,7&lang=ru")
    assert fields(view)["topsoil_thickness"] == ("0,7", "изменено")
    assert "Площадь земельного отвода" in words(land.results(view))


@pytest.mark.parametrize("work", works())
@pytest.mark.parametrize("language", ["en", "ru"])
def test_every_work_shows_all_its_results(full: Queries, work: str, language: str) -> None:
    view = view_of(full, f"?work={work}&start=2&lang={language}")
    said = words(land.results(view))
    for each in works()[work].results(variants(work)[2]):
        assert view.text(each.title) in said
        assert view.value_with_unit(each.figure) in said
        assert each.number in said


def test_the_drawing_is_to_scale(full: Queries) -> None:
    view = view_of(full, "?work=land_allotment&start=4")
    inputs = works()["land_allotment"].completed(variants("land_allotment")[4])
    results = works()["land_allotment"].results(inputs)
    figure = figures.land_allotment(view, inputs, results)
    assert figure.layout.yaxis.scaleanchor == "x"
    spans = {}
    for trace in figure.data:
        spans.setdefault(trace.text, max(trace.x) - min(trace.x))
    value = {each.name: each.figure.value for each in results}
    assert spans["Pit floor"] == pytest.approx(2500)
    assert spans["Circle"] == pytest.approx(value["dump_width_circle"])
    assert spans["Square"] == pytest.approx(value["dump_width_square"])
    assert spans["Dust zone"] == pytest.approx(
        value["dump_width_circle"] + 2 * value["dust_zone_bottom_up"]
    )


def test_the_five_losses_stand_against_their_norm_and_the_soil_against_what_it_was(
    full: Queries,
) -> None:
    view = view_of(full, "?work=soil_damage&start=1")
    work = works()["soil_damage"]
    inputs = work.completed(variants("soil_damage")[1])
    figure = figures.soil_damage(view, inputs, work.results(inputs))
    losses = [trace for trace in figure.data if trace.xaxis == "x"]
    assert sum(trace.x[0] for trace in losses) == pytest.approx(16)
    assert [(shape.x0, shape.x1) for shape in figure.layout.shapes] == [(17, 17)]
    (worse,) = [trace for trace in figure.data if trace.xaxis == "x2"]
    assert dict(zip(worse.y, worse.x, strict=True))["pH"] == pytest.approx(100 * (1 - 4.5 / 7))


def test_the_sanitary_zone_is_drawn_by_use_above_the_shares(full: Queries) -> None:
    view = view_of(full, "?work=territory&start=1")
    work = works()["territory"]
    inputs = work.completed(variants("territory")[1])
    figure = figures.territory(view, inputs, work.results(inputs))
    land = {trace.name: trace.x[0] for trace in figure.data if trace.xaxis == "x"}
    assert sum(land.values()) == pytest.approx(inputs["sanitary_zone"])
    assert land["Disturbed land"] == pytest.approx(2635)
    (shares,) = [trace for trace in figure.data if trace.xaxis == "x2"]
    assert max(shares.x) < 100


def run(*arguments: str) -> Any:
    return CliRunner().invoke(app, ["land-use", *arguments])


def test_the_command_computes_a_variant_with_a_change() -> None:
    done = run("complex_ore", "--variant", "7", "--set", "tailings_cost=20", "--json")
    assert done.exit_code == 0
    found = json.loads(done.stdout)
    value = {each["name"]: each["figure"]["value"] for each in found["results"]}
    # 5 rub/t more on 8 Mt less the concentrates
    assert value["own"] - 1431.54133 == pytest.approx(8 * 5 * (1 - 0.0704889), abs=1e-3)
    assert found["inputs"]["tailings_cost"] == 20
    assert (
        "1.1  Land allotment (Top-down): 1064.25 ha"
        in run("land_allotment", "--variant", "4").stdout
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["complex_ore", "--variant", "14"], "recovery_2 is 1.86; legal: from 0 to 1"),
        (["fishery"], "work is 'fishery'; legal: land_allotment"),
        (["cutoff_grade", "--variant", "11"], "--variant is 11; .*one of 1 to 10"),
        (["soil_damage", "--set", "ph_after"], "--set is 'ph_after'; legal: name=value"),
    ],
)
def test_the_command_refuses_in_one_line(arguments: list[str], message: str) -> None:
    done = run(*arguments)
    assert isinstance(done.exception, ConfigurationError)
    with pytest.raises(ConfigurationError, match=message):
        raise done.exception
