"""The slopes of a site: their water from live piezometers, their file, what the state says."""

from __future__ import annotations

import math
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
from ruamel.yaml import YAML

from ingest.errors import ConfigurationError
from ingest.site import Site, load_site
from ingest.store import Store
from tests.twin.ground import day, measure, row, weigh
from twin.crater import crater_solid
from twin.current import Current
from twin.history import History
from twin.plan import Plan
from twin.service import compute_state, derived_series
from twin.slopes.circular_search import Circle, Sought, search_for, slices_of
from twin.slopes.configuration import FILE, Upslope, load_slopes
from twin.slopes.ground import section_of, sought
from twin.slopes.section import Section, Water
from twin.slopes.section import at as level_at
from twin.slopes.stability import slopes
from twin.slopes.water_line import continued, gradient_uphill
from twin.state import SlopeState, decode_state, encode_state

WEST = ["pz-650-01", "pz-650-02", "pz-650-03", "pz-650-04"]


def wet(site: Site, store: Store, level: float, at: float, names: list[str] = WEST) -> None:
    """Store what piezometers measure below a water level [m above sea]."""
    for name in names:
        depth = level - float(site.instruments[name].z_m or 0)
        measure(site, store, name, "pore_pressure", [(at, max(depth, 0.0) * 9.81)])


def judged(site: Site, store: Store, days: float) -> dict[tuple[str, str], SlopeState]:
    current = Current(site, store, at=day(days), known_at=day(days))
    states = slopes(current, None)
    assert states is not None
    return {(each.section, each.slide): each for each in states}


def test_the_water_of_the_piezometers_lowers_the_factor(abaza: Site, store: Store) -> None:
    wet(abaza, store, 589.0, 1.0)
    low = judged(abaza, store, 1.01)["tier_650_west", "base"]
    assert low.factor_of_safety.quality == "derived"
    assert low.factor_of_safety.time == day(1)
    assert low.water_level.value == pytest.approx(589.0)
    assert low.water_line[0][1] == pytest.approx(589.0)
    factors = []
    for step in range(1, 8):
        wet(abaza, store, 589.0 + step, 1.0 + step)
        state = judged(abaza, store, 1.01 + step)["tier_650_west", "base"]
        assert state.water_level.value == pytest.approx(589.0 + step)
        factors.append(state.factor_of_safety.value)
    assert low.factor_of_safety.value > factors[0]
    assert factors == sorted(factors, reverse=True)
    assert factors[-1] < low.factor_of_safety.value - 0.15


def test_rounding_the_heads_for_the_search_leaves_no_step(abaza: Site, store: Store) -> None:
    """Just below and just above half a metre the search starts from other heads."""
    found = []
    for at, level in ((1.0, 590.49), (2.0, 590.51)):
        wet(abaza, store, level, at)
        found.append(judged(abaza, store, at + 0.01)["tier_650_west", "base"])
    below, above = found
    assert above.factor_of_safety.value == pytest.approx(below.factor_of_safety.value, abs=0.002)
    assert above.factor_of_safety.low == pytest.approx(below.factor_of_safety.low, abs=0.01)


def test_what_is_not_known_is_not_dry(abaza: Site, store: Store) -> None:
    state = judged(abaza, store, 1.0)["tier_650_west", "face"]
    for figure in (
        state.factor_of_safety,
        state.spencer,
        state.probability,
        state.water_level,
    ):
        assert figure.value is None
        assert "known at 0 of 2 places" in str(figure.reason)
        assert "pz-650-01, pz-650-02" in str(figure.reason)
    assert state.circle is None
    assert state.water_line == []
    assert state.ground  # the section itself is there to be drawn


def test_an_old_water_line_is_stale_and_then_not_known(abaza: Site, store: Store) -> None:
    wet(abaza, store, 589.0, 1.0)
    stale = judged(abaza, store, 4.0)["tier_650_west", "face"].factor_of_safety
    assert (stale.quality, stale.time) == ("stale", day(1))
    assert stale.value is not None
    gone = judged(abaza, store, 9.0)["tier_650_west", "face"].factor_of_safety
    assert (gone.value, gone.quality) == (None, "unavailable")


def test_one_silent_piezometer_is_said_and_two_places_are_enough(abaza: Site, store: Store) -> None:
    wet(abaza, store, 590.0, 1.0, ["pz-650-01", "pz-650-03"])
    state = judged(abaza, store, 1.01)["tier_650_west", "face"]
    assert state.factor_of_safety.value is not None
    assert "water from 2 of 4 piezometers" in str(state.factor_of_safety.validity)
    assert [(head.instrument, head.used) for head in state.heads] == [
        ("pz-650-01", True),
        ("pz-650-02", False),
        ("pz-650-03", True),
        ("pz-650-04", False),
    ]


def test_what_lies_beyond_the_known_places_is_said_and_so_is_what_is_assumed(
    abaza: Site, store: Store
) -> None:
    """Without its upper place the line rises on uphill of the others, and the page says so."""
    for name, level in zip(WEST, (604.0, 604.0, 592.0, 590.0), strict=True):
        wet(abaza, store, level, 1.0, [name])
    whole = judged(abaza, store, 1.01)["tier_650_west", "face"].factor_of_safety
    assert "without" not in str(whole.validity)
    for name, level in zip(WEST[2:], (592.0, 590.0), strict=True):
        wet(abaza, store, level, 20.0, [name])
    part = judged(abaza, store, 20.01)["tier_650_west", "face"].factor_of_safety
    assert part.value is not None
    assert "without pz-650-01, pz-650-02" in str(part.validity)
    assert "beyond them as assumed" in str(part.validity)
    wet(abaza, store, 640.0, 30.0)
    lifted = judged(abaza, store, 30.01)["tier_650_west", "face"].factor_of_safety
    assert "lifts" in str(lifted.validity)
    assert "strength as assumed; water from 4 of 4 piezometers" in str(lifted.validity)
    assumed = judged(abaza, store, 30.01)["tier_680", "face"].factor_of_safety
    assert "strength and water as assumed, not measured" in str(assumed.validity)


def test_suction_and_a_head_above_the_ground(abaza: Site, store: Store) -> None:
    for name in WEST:
        measure(abaza, store, name, "pore_pressure", [(1.0, -30.0)])
    dry = judged(abaza, store, 1.01)["tier_650_west", "base"]
    assert dry.water_level.value == pytest.approx(588.0)  # of the tips, never below them
    measured = {head.instrument: head.head.value for head in dry.heads}
    assert measured == {name: abaza.instruments[name].z_m for name in WEST}
    wet(abaza, store, 660.0, 2.0)
    artesian = judged(abaza, store, 2.01)["tier_650_west", "base"]
    assert artesian.factor_of_safety.value < 0.7 * dry.factor_of_safety.value


def test_a_dry_tip_only_says_that_the_water_is_lower(abaza: Site, store: Store) -> None:
    """Two tips stand at one place: the upper one is above the water and is left out."""
    wet(abaza, store, 588.0, 1.0)
    state = judged(abaza, store, 1.01)["tier_650_west", "face"]
    used = {head.instrument: head.used for head in state.heads}
    assert used == {"pz-650-01": True, "pz-650-02": False, "pz-650-03": True, "pz-650-04": True}
    assert state.water_level.value == pytest.approx(588.0)


def test_a_flagged_pressure_is_not_used(abaza: Site, store: Store) -> None:
    wet(abaza, store, 589.0, 1.0)
    before = judged(abaza, store, 1.02)["tier_650_west", "base"].factor_of_safety.value
    store.append(
        [
            row(
                abaza,
                "pz-650-03",
                day(1.01),
                {"pore_pressure": 900.0},
                flags={"pore_pressure": "out_of_range"},
            )
        ]
    )
    after = judged(abaza, store, 1.02)["tier_650_west", "base"].factor_of_safety.value
    assert after == before


def test_a_factor_has_interval_probability_circle_and_ranked_influences(
    abaza: Site, store: Store
) -> None:
    wet(abaza, store, 589.0, 1.0)
    state = judged(abaza, store, 1.01)["tier_650_west", "face"]
    factor = state.factor_of_safety
    assert factor.low < factor.value < factor.high
    assert (factor.confidence, factor.source, factor.unit) == (0.9, "bishop_simplified", "1")
    assert state.spencer.value == pytest.approx(factor.value, rel=0.03)
    assert 0 <= state.probability.low <= state.probability.value <= state.probability.high <= 1
    assert "2000 strengths drawn" in str(state.probability.validity)
    assert state.required.value == 1.1
    assert state.ravelling.value == pytest.approx(1.0)  # a face at its angle of repose
    assert state.circle is not None
    assert state.circle.entry < state.circle.exit
    widths = [abs(each.factor_high - each.factor_low) for each in state.influences]
    assert widths == sorted(widths, reverse=True)
    assert {each.parameter for each in state.influences} >= {"water", "friction_deg", "cohesion"}


def test_geometry_is_that_of_the_plan(abaza: Site, plan: Plan) -> None:
    file = load_slopes(abaza)
    assert file is not None
    heights = {}
    for name, section in file.sections.items():
        found, toe = section_of(abaza, file, name)
        lowest, highest = plan.tiers[section.tiers[0]], plan.tiers[section.tiers[-1]]
        if section.ground == "crater":  # flush with its rim: the lowest tier has no face
            lowest = plan.tiers[section.tiers[1]]
        assert toe == lowest.base_m
        assert found.height == pytest.approx(highest.crest_m - lowest.base_m)
        heights[name] = found.height
    assert heights["tier_650_west"] == 55
    assert heights["tier_680"] == 30
    assert heights["tier_850"] == 20
    assert heights["overall"] == 200


def test_the_whole_dump_is_cut_from_the_solid_of_the_crater(abaza: Site, plan: Plan) -> None:
    """Ground, base and wall are those of the Backfill page; no circle goes through the wall."""
    file = load_slopes(abaza)
    assert file is not None
    section, toe = section_of(abaza, file, "overall")
    solid = crater_solid(abaza, plan)
    line = solid.section(float(solid.capacities.sum()))
    places = solid.faces()[1].toe_m - line.distance_m
    assert toe == solid.faces()[1].base_m == 650
    assert section.ground(places) + toe == pytest.approx(line.final_m, abs=1e-6)
    base, rock = (level_at(part, places) + toe for part in (section.layers[1].top, section.rock))
    assert base == pytest.approx(line.base_m, abs=0.6)
    assert rock == pytest.approx(np.maximum(line.wall_m, 552), abs=0.6)
    crest = max(x for x, level in section.surface if level == pytest.approx(200))
    assert math.degrees(math.atan(200 / -crest)) == pytest.approx(solid.overall_deg)
    for slide in ("local", "overall"):
        found = search_for(section, sought(abaza, file, "overall", slide))
        assert found.circle is not None
        slices = slices_of(section, [found.circle, *found.others])
        assert (slices.base >= level_at(section.rock, slices.x) - 1e-6).all()


def test_a_slide_of_the_whole_slope_takes_every_tier_with_it(abaza: Site, plan: Plan) -> None:
    """Without its ends given the search finds the slide of one tier, and calls it the whole."""
    file = load_slopes(abaza)
    assert file is not None
    section, toe = section_of(abaza, file, "overall")
    section = section.with_water(Water(ratio=0.1))
    local = search_for(section, sought(abaza, file, "overall", "local"))
    whole = search_for(section, sought(abaza, file, "overall", "overall"))
    assert local.circle is not None
    assert whole.circle is not None
    tiers = [plan.tiers[name] for name in ("tier_680", "tier_850")]

    def levels(circle: Circle) -> tuple[float, float]:
        ends = section.ground(np.array([circle.entry, circle.exit])) + toe
        return float(ends[0]), float(ends[1])

    assert levels(local.circle)[0] - levels(local.circle)[1] <= 30 + 1e-6
    for circle in (whole.circle, *whole.others):
        assert levels(circle) == (tiers[1].crest_m, tiers[0].base_m)
        assert circle.entry < min(x for x, level in section.surface if 0 < level < 200)
        assert circle.exit >= 0
    assert whole.factor > local.factor


def test_the_state_tells_the_least_local_and_the_least_overall_slide(
    abaza: Site, store: Store
) -> None:
    file = load_slopes(abaza)
    assert file is not None
    found = judged(abaza, store, 1.0)
    local, whole = found["overall", "local"], found["overall", "overall"]
    assert (local.kind, whole.kind) == ("local", "overall")
    assert local.factor_of_safety.value == pytest.approx(1.151, abs=0.01)
    # No tier of the same fill and water has less than the least of a part of the slope.
    tiers = [each for each in found.values() if each.section in file.sections["overall"].tiers]
    faces = [each.factor_of_safety.value for each in tiers if each.water_level.unit == "1"]
    assert len(faces) == 7
    assert local.factor_of_safety.value == pytest.approx(min(faces), abs=5e-3)
    # What was asked is told with what was found.
    assert (local.least_depth_m, whole.least_depth_m) == (5, 30)
    assert local.circle.depth >= 5
    assert whole.circle.depth >= 30
    base = found["tier_650_west", "base"]
    assert (base.least_depth_m, base.reaches_m) == (10, 585)
    assert whole.factor_of_safety.value == pytest.approx(1.83, abs=0.02)
    assert whole.rock[0][1] == pytest.approx(850)
    (shape,) = whole.assumptions
    assert "cut from its parametric solid" in str(shape)
    (shape,) = found["tier_680", "face"].assumptions
    assert "the levels of the tiers, not from the crater's solid" in str(shape)


def with_upslope(site: Site, **given: object) -> tuple[Section, float, Upslope]:
    file = load_slopes(site)
    assert file is not None
    section, toe = section_of(site, file, "tier_650_west")
    return section, toe, Upslope(**given)


def test_uphill_of_the_last_piezometer_the_water_rises_on_at_most_to_the_ground(
    abaza: Site,
) -> None:
    section, toe, upslope = with_upslope(abaza)
    left = section.surface[0][0]
    line = [(-65.0, 600.0), (-19.0, 590.8), (3.0, 590.0)]
    rising = continued(upslope, section, toe, line)
    assert gradient_uphill(line) == pytest.approx(0.2)
    assert rising[0] == pytest.approx((left, 600 + 0.2 * (-65 - left)))
    assert rising[-3:] == line
    steep = continued(upslope, section, toe, [(-65.0, 640.0), (-19.0, 600.0)])
    assert steep[0] == (left, 650.0)  # the ground
    falling = [(-65.0, 588.0), (-19.0, 592.0)]
    assert continued(upslope, section, toe, falling) == falling
    assert gradient_uphill([(-65.0, 600.0)]) is None
    assert gradient_uphill([(-65.0, 600.0), (-60.0, 590.0)]) is None  # too near to each other
    artesian = continued(upslope, section, toe, [(-65.0, 660.0), (-19.0, 600.0)])
    assert artesian[0] == (left, 660.0)  # never below what was measured


def test_the_water_uphill_may_be_level_or_go_to_a_boundary(abaza: Site) -> None:
    line = [(-65.0, 620.0), (-19.0, 610.8)]
    section, toe, level = with_upslope(abaza, assume="level")
    assert continued(level, section, toe, line) == line
    _, _, boundary = with_upslope(abaza, assume="boundary", head_m=649, place_m=-100)
    assert continued(boundary, section, toe, line) == [(-100.0, 649.0), *line]
    inside = [(-150.0, 621.0), *line]
    assert continued(boundary, section, toe, inside) == inside
    factors = []
    for upslope in (level, Upslope(), boundary):
        water = Water(line=tuple((x, y - toe) for x, y in continued(upslope, section, toe, line)))
        behind = Sought(least_depth=10, enters=(-150, -115))
        factors.append(search_for(section.with_water(water), behind).factor)
    assert factors[0] > factors[1] + 0.005 > factors[2] + 0.01


def test_the_state_says_what_is_assumed_uphill(abaza: Site, store: Store) -> None:
    for name, level in zip(WEST, (604.0, 604.0, 592.0, 590.0), strict=True):
        wet(abaza, store, level, 1.0, [name])
    state = judged(abaza, store, 1.01)["tier_650_west", "base"]
    said = str(state.assumptions[1])
    assert said.startswith("Uphill of pz-650-0")
    assert "gradient between the last two places, 0.2" in said
    assert state.water_line[0][1] > 620
    wet(abaza, store, 592.0, 2.0)
    flat = judged(abaza, store, 2.01)["tier_650_west", "base"]
    assert "goes on level" in str(flat.assumptions[1])
    silent = judged(abaza, store, 30.0)["tier_650_west", "base"]
    assert len(silent.assumptions) == 1  # no line, nothing uphill of it


def test_a_section_is_planned_until_its_tier_is_begun(
    abaza: Site, plan: Plan, store: Store
) -> None:
    weigh(abaza, store, [(1.0, 0, 5000.0)])
    wet(abaza, store, 589.0, 1.0)
    state = compute_state(abaza, plan, store, at=day(2), known_at=day(2))
    assert state.slopes is not None
    stages = {each.section: each.stage for each in state.slopes}
    assert stages["tier_650_west"] == "standing"
    assert stages["tier_680"] == stages["overall"] == "planned"
    planned = next(each for each in state.slopes if each.section == "tier_680")
    assert planned.factor_of_safety.quality == "planned"
    assert planned.water_level.quality == "assumed"
    series = {
        (point.series, point.subject) for point in derived_series(state) if "slope" in point.series
    }
    assert ("slope.factor_of_safety", "tier_650_west.base") in series
    assert not any("tier_680" in subject for _, subject in series)
    # A stored state has six digits; storing it again takes away no more.
    kept = decode_state(encode_state(state))
    assert decode_state(encode_state(kept)) == kept
    assert kept.slopes is not None
    assert [each.stage for each in kept.slopes] == [each.stage for each in state.slopes]


def test_a_state_computed_anew_is_the_same(abaza: Site, plan: Plan, store: Store) -> None:
    from twin.slopes.stability import judge, stand

    wet(abaza, store, 589.3, 1.0)
    known = {"at": day(1.5), "known_at": day(1.5)}
    history = History(abaza, store, **known)
    first = encode_state(compute_state(abaza, plan, store, **known, history=history))
    judge.cache_clear()
    stand.cache_clear()
    assert encode_state(compute_state(abaza, plan, store, **known)) == first


def test_what_came_later_is_not_known_before(abaza: Site, plan: Plan, store: Store) -> None:
    wet(abaza, store, 589.0, 1.0)
    early = compute_state(abaza, plan, store, at=day(2), known_at=day(2)).slopes
    wet(abaza, store, 594.0, 1.9)
    assert early is not None
    for name in WEST:
        z = float(abaza.instruments[name].z_m or 0)
        store.append(
            [row(abaza, name, day(1.95), {"pore_pressure": (596 - z) * 9.81}, received=day(5))]
        )
    then = compute_state(abaza, plan, store, at=day(2), known_at=day(2)).slopes
    now = compute_state(abaza, plan, store, at=day(2), known_at=day(6)).slopes
    assert then is not None
    assert now is not None
    assert now[1].factor_of_safety.value < then[1].factor_of_safety.value
    assert then[1].water_level.value == pytest.approx(594.0)


def test_a_site_without_the_file_has_no_slopes(small_site: Site, store: Store) -> None:
    assert load_slopes(small_site) is None


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("sections", "tier_680", "zone", "nowhere"), "sections.tier_680.zone"),
        (("sections", "tier_680", "tiers", ["rim"]), "zones with base_m and crest_m"),
        (("sections", "overall", "tiers", ["tier_650", "tier_740"]), "begins at the crest of"),
        (
            ("sections", "tier_680", "layers", [{"material": "chalk"}]),
            "legal: (placed_waste, old_fill|old_fill, placed_waste)",
        ),
        (("sections", "tier_680", "water", {"source": "x"}), "either piezometers or ratio"),
        (
            ("sections", "tier_680", "water", {"piezometers": ["ws-01"], "source": "x"}),
            "pz-650-01",
        ),
        (
            ("sections", "tier_680", "water", {"piezometers": ["pz-650-01"], "source": "x"}),
            "toe_m",
        ),
        (("sections", "tier_680", "overall_deg", 60), "at most face_deg"),
        (("sections", "overall", "overall_deg", 21), "none: the crater's solid has its own"),
        (
            ("sections", "tier_680", "layers", [{"material": "placed_waste", "top_m": "base"}]),
            "top_m",
        ),
        (("sections", "tier_680", "slides", "face", "spans", ["tier_710", "tier_710"]), "tier_680"),
        (
            ("sections", "overall", "slides", "overall", "spans", ["tier_850", "tier_680"]),
            "the lower tier first",
        ),
        (("sections", "overall", "slides", "overall", "spans", ["tier_650", "tier_850"]), "spans"),
        (("sections", "tier_650_west", "water", "upslope", {"assume": "steep"}), "gradient"),
        (("sections", "tier_650_west", "water", "upslope", {"head_m": 600}), "both or neither"),
        (("required", "factor", 0), "required.factor"),
        (("sampling", "circle", "some"), "sampling.circle"),
    ],
)
def test_a_wrong_file_is_refused_by_key_and_legal_values(
    tmp_path: Path,
    abaza: Site,
    change: tuple,
    said: str,  # type: ignore[type-arg]
) -> None:
    folder = tmp_path / "abaza"
    shutil.copytree(abaza.folder, folder)
    content = YAML(typ="safe").load(folder / FILE)
    place = content
    for key in change[:-2]:
        place = place[key]
    place[change[-2]] = change[-1]
    YAML().dump(content, folder / FILE)
    with pytest.raises(ConfigurationError, match=said) as raised:
        load_slopes(load_site(str(folder)))
    assert re.match(rf"{folder}/{FILE}:\d+: key ", str(raised.value))
