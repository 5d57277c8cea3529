"""Methods, refusals, searches, and what is said of how sure a factor is."""

from __future__ import annotations

import math

import numpy as np
import pytest

from tests.twin.slopes.sections import line, mirrored, simple
from twin.slopes.bishop_simplified import bishop_simplified
from twin.slopes.circular_search import circles_of, factor_of, search, slices_of
from twin.slopes.infinite_slope import infinite_slope
from twin.slopes.ordinary import ordinary
from twin.slopes.reliability import Spread, influences, probability, sampled_strength
from twin.slopes.section import BadSection, Layer, Section, Soil, Water
from twin.slopes.slices import cut, cut_circle
from twin.slopes.spencer import spencer
from twin.verifications.slopes import verifications
from twin.verify import Verification

METHODS = {"ordinary": ordinary, "bishop": bishop_simplified, "spencer": spencer}


@pytest.mark.parametrize("one", verifications(), ids=lambda one: one.name)
def test_published_values(one: Verification) -> None:
    assert one.computed == pytest.approx(one.published, abs=one.tolerance or 1e-12)


def test_the_ground_is_in_balance_by_spencer() -> None:
    """All forces on the sliding mass add up to nothing, and so do their moments."""
    slices = cut_circle(simple(water=line(0.0, fall=5.0)), 14.0, 22.0, 22.5, 200)
    found = spencer(slices)
    value = found.value[0]
    shear = (slices.cohesion * slices.length + found.normal * slices.friction) / value
    normal = found.normal + slices.pressure * slices.length
    weight = slices.weight.sum()
    up = (normal * slices.cosine + shear * slices.sine).sum()
    along = (normal * slices.sine - shear * slices.cosine).sum()
    assert up == pytest.approx(weight, rel=1e-9)
    assert along == pytest.approx(0.0, abs=1e-9 * weight)
    assert shear.sum() == pytest.approx(slices.drive[0], rel=1e-9)


def test_without_friction_every_method_is_the_circle_of_cohesion() -> None:
    """With phi = 0: F = c L R / (W arm), whatever the method."""
    section = simple(friction_deg=0.0, cohesion=40.0)
    slices = cut_circle(section, 12.0, 20.0, 21.0, 400)
    expected = 40.0 * slices.length.sum() / slices.drive[0]
    for method in METHODS.values():
        assert method(slices).value[0] == pytest.approx(expected, rel=1e-3)


@pytest.mark.parametrize(
    ("circle", "sentence"),
    [
        ((10.0, 100.0, 5.0), "The circle does not cut the ground of the section"),
        ((10.0, 30.0, 80.0), "The circle leaves the section at its end"),
        ((6.0, 8.0, 9.0), "The circle rises past the vertical"),
    ],
)
def test_a_circle_that_is_none_is_refused(
    circle: tuple[float, float, float], sentence: str
) -> None:
    slices = cut_circle(simple(), *circle, 50)
    for method in METHODS.values():
        found = method(slices)
        assert np.isnan(found.value[0])
        assert str(found.reason()) == sentence


def test_rock_stops_a_circle() -> None:
    section = simple()
    on_rock = Section(section.surface, section.layers, rock=((-30.0, -1.0), (50.0, -1.0)))
    deep = cut_circle(on_rock, 12.0, 20.0, 24.0, 50)
    assert str(bishop_simplified(deep).reason()) == "The circle cuts into the rock"
    assert search(on_rock).circle is not None


def test_a_slide_that_nothing_drives_is_refused() -> None:
    """A circle under the foot, whose weight holds more than it drives."""
    section = Section(((0.0, 1.0), (10.0, 0.0), (20.0, 0.9)), (Layer(Soil("s", 20, 5, 20)),))
    slices = cut_circle(section, 14.9, 4.0, 5.0, 50)
    assert slices.drive[0] <= 0
    for method in METHODS.values():
        assert str(method(slices).reason()).startswith("Nothing drives the slide")


def test_water_that_lifts_a_slice_is_refused_or_counts_as_no_strength() -> None:
    section = simple(cohesion=1.0, water=line(8.0))
    slices = cut_circle(section, 14.0, 22.0, 22.5, 50)
    assert slices.lifted.any()
    for method in METHODS.values():
        assert str(method(slices).reason()).startswith("Water lifts a slice")
        lifted = method(slices, refuse_lifted=False).value[0]
        dry = method(cut_circle(simple(cohesion=1.0), 14.0, 22.0, 22.5, 50)).value[0]
        assert 0 < lifted < dry


def test_a_base_that_is_too_steep_is_refused() -> None:
    section = simple(run=5.0, friction_deg=45.0, cohesion=0.0, water=Water(ratio=0.7))
    for method in (bishop_simplified, spencer):
        assert "m_alpha" in str(method(cut_circle(section, 0.0, 10.5, 18.0, 60)).reason())
    drier = section.with_water(Water(ratio=0.4))
    assert bishop_simplified(cut_circle(drier, 0.0, 10.5, 18.0, 60)).reason() is None


def test_no_convergence_is_refused() -> None:
    slices = cut_circle(simple(), 14.0, 22.0, 22.5, 50)
    for method in (bishop_simplified, spencer):
        assert str(method(slices, iterations=1).reason()) == "The method did not converge"


def test_a_factor_beyond_bounds_is_refused() -> None:
    slices = cut_circle(simple(cohesion=1e6), 14.0, 22.0, 22.5, 50)
    assert str(bishop_simplified(slices).reason()).startswith("No factor of safety from 0.01")


@pytest.mark.parametrize(
    ("change", "key", "sentence"),
    [
        ({"surface": ((0.0, 1.0),)}, "surface", "Only 1 of 2 points"),
        ({"surface": ((0.0, 1.0), (0.0, 0.0))}, "surface", "x does not grow at point 2"),
        ({"surface": ((0.0, 1.0), (5.0, 1.0))}, "surface", "Both ends stand at one level"),
        ({"surface": ((0.0, 1.0), (5.0, float("nan")))}, "surface", "Not every number is finite"),
        ({"layers": ()}, "layers", "There is no layer"),
        ({"layers": (Layer(Soil("s", 0.0, 1.0, 20.0)),)}, "layers.0.unit_weight", "not above 0"),
        ({"layers": (Layer(Soil("s", 20.0, -1.0, 20.0)),)}, "layers.0.cohesion", "below 0"),
        ({"layers": (Layer(Soil("s", 20.0, 1.0, 75.0)),)}, "layers.0.friction_deg", "0 to 60"),
        ({"water": Water(ratio=1.2)}, "water.ratio", "not both"),
    ],
)
def test_a_section_that_cannot_be_is_refused(change: dict, key: str, sentence: str) -> None:  # type: ignore[type-arg]
    good = {
        "surface": ((0.0, 5.0), (10.0, 0.0)),
        "layers": (Layer(Soil("s", 20.0, 5.0, 20.0)),),
    }
    Section(**good)  # type: ignore[arg-type]
    with pytest.raises(BadSection) as raised:
        Section(**(good | change))
    assert raised.value.key == key
    assert sentence in str(raised.value.text)


def test_a_layer_below_counts_where_the_circle_reaches_it() -> None:
    section = simple()
    weak = Section(
        section.surface,
        (section.layers[0], Layer(Soil("weak", 18.0, 0.0, 10.0), ((-30.0, 0.0), (50.0, 0.0)))),
    )
    above = cut_circle(weak, 22.0, 30.0, 29.0, 80)
    through = cut_circle(weak, 14.0, 22.0, 24.0, 80)
    assert set(above.soil[0]) == {0}
    assert set(through.soil[0]) == {0, 1}
    assert (through.base[through.soil == 1] <= 0).all()
    strong = cut_circle(section, 14.0, 22.0, 24.0, 80)
    assert bishop_simplified(through).value[0] < bishop_simplified(strong).value[0]
    lighter = (18.0 - 20.0) * np.maximum(-through.base, 0) * through.width
    assert through.weight - strong.weight == pytest.approx(lighter)


def test_the_search_finds_less_than_any_grid_of_circles() -> None:
    section = simple(water=line(2.0))
    found = search(section)
    assert found.circle is not None
    for x in np.arange(6.0, 26.0, 2.0):
        for level in np.arange(12.0, 32.0, 2.0):
            for radius in np.arange(6.0, 34.0, 1.0):
                value = bishop_simplified(cut_circle(section, x, level, radius, 100)).value[0]
                assert not value < found.factor - 0.003
    assert found.factor == factor_of(section, found.circle).value[0]


def test_a_search_keeps_to_the_depth_that_is_asked_for() -> None:
    section = simple(cohesion=1.0)
    shallow = search(section)
    deep = search(section, least_depth=5.0)
    below = search(section, reaches=-2.0)
    assert shallow.circle is not None
    assert deep.circle is not None
    assert below.circle is not None
    assert slices_of(section, [deep.circle]).height.max() >= 4.95
    assert slices_of(section, [below.circle]).base.min() <= -1.95
    assert shallow.factor < deep.factor < below.factor
    none = search(section, least_depth=1000.0)
    assert none.circle is None
    assert str(none.reason) == "The slide is shallower than asked for"


def test_a_search_keeps_to_the_ends_that_are_asked_for() -> None:
    section = simple(water=line(2.0))
    free = search(section)
    assert free.circle is not None
    kept = search(section, enters=(-12.0, -8.0), leaves=(21.0, 30.0))
    assert kept.circle is not None
    for circle in (kept.circle, *kept.others):
        assert -12.0 <= circle.entry <= -8.0
        assert 21.0 <= circle.exit <= 30.0
    assert kept.factor > free.factor
    around = (free.circle.entry - 1, free.circle.entry + 1)
    again = search(section, enters=around, leaves=(free.circle.exit - 1, free.circle.exit + 1))
    assert again.factor == pytest.approx(free.factor, rel=1e-3)
    back = search(mirrored(section), enters=(8.0, 12.0), leaves=(-30.0, -21.0))
    assert back.factor == pytest.approx(kept.factor, rel=1e-9)
    none = search(section, enters=(500.0, 600.0))
    assert none.circle is None
    assert "can begin and end where it is asked for" in str(none.reason)


def stepped(tiers: int, face_deg: float, overall_deg: float) -> tuple[Section, float]:
    """Return a slope of tiers of 10 m without cohesion, and where its topmost crest is."""
    height, face = 10.0 * tiers, 10 / math.tan(math.radians(face_deg))
    bench = (height / math.tan(math.radians(overall_deg)) - tiers * face) / (tiers - 1)
    points = [(1.5 * height, 0.0), (0.0, 0.0)]
    for tier in range(1, tiers + 1):
        x = points[-1][0] - face
        points += [(x, 10.0 * tier), (x - bench, 10.0 * tier)]
    points[-1] = (points[-2][0] - 1.5 * height, height)
    return Section(tuple(reversed(points)), (Layer(Soil("rock fill", 20.0, 0.0, 37.0)),)), points[
        -2
    ][0]


@pytest.mark.parametrize("tiers", [2, 4, 8, 16])
def test_a_slide_of_the_whole_of_a_stepped_slope_is_told_from_one_of_a_tier(tiers: int) -> None:
    """Without cohesion a face has tan(phi) / tan(face); the whole comes to that of its angle.

    The finer the steps, the nearer: a circle has to pass below the toe of every bench.
    """
    section, crest = stepped(tiers, 37.0, 21.0)
    local = search(section)
    whole = search(section, enters=(-np.inf, crest), leaves=(0.0, np.inf))
    assert local.factor == pytest.approx(1.0, abs=0.001)
    even = math.tan(math.radians(37)) / math.tan(math.radians(21))
    assert whole.circle is not None
    assert 1 + 0.4 / tiers <= whole.factor / even <= 1 + 0.65 / tiers
    for circle in (whole.circle, *whole.others):
        corners = [x for x, _ in section.surface if circle.entry < x < circle.exit]
        arc = circle.level - np.sqrt(circle.radius**2 - (np.array(corners) - circle.x) ** 2)
        assert (section.ground(np.array(corners)) >= arc - 1e-6).all()


def test_a_circle_that_comes_out_at_the_toe_of_a_bench_is_none_however_few_its_slices() -> None:
    section, crest = stepped(2, 37.0, 21.0)
    toe = next(x for x, level in section.surface if level == 10.0)
    bulges = np.linspace(0.05, 0.6, 2000)
    circles = circles_of(section, np.array([(crest - 3, 0.0, bulge) for bulge in bulges]))
    above = circles[:, 1] - np.sqrt(circles[:, 2] ** 2 - (toe - circles[:, 0]) ** 2) - 10.0
    out, below = (int(np.abs(above - wanted).argmin()) for wanted in (0.02, -0.02))
    ends = np.array([crest - 3]), np.array([0.0])
    for count in (10, 24, 100):
        refused = bishop_simplified(cut(section, circles[[out]], *ends, count))
        assert str(refused.reason()) == "The circle does not cut the ground of the section"
        assert bishop_simplified(cut(section, circles[[below]], *ends, count)).reason() is None


def test_a_long_even_face_is_an_infinite_slope() -> None:
    """The least circle of a face without cohesion is its skin."""
    section = simple(cohesion=0.0, friction_deg=30.0)
    slope = np.degrees(np.arctan(0.5))
    skin = infinite_slope(
        slope_deg=slope, depth=1.0, unit_weight=20.0, cohesion=0.0, friction_deg=30.0
    )
    assert search(section).factor == pytest.approx(skin, rel=0.01)


@pytest.mark.parametrize(
    "change", [{"slope_deg": 0.0}, {"depth": 0.0}, {"water_height": 9.0}, {"friction_deg": 70.0}]
)
def test_an_infinite_slope_that_cannot_be_is_refused(change: dict) -> None:  # type: ignore[type-arg]
    good = {
        "slope_deg": 20.0,
        "depth": 5.0,
        "unit_weight": 20.0,
        "cohesion": 5.0,
        "friction_deg": 30.0,
    }
    with pytest.raises(BadSection, match=next(iter(change))):
        infinite_slope(**(good | change))


SPREAD = Spread(cohesion=4.0, friction_deg=2.5, correlation=-0.4)


@pytest.mark.parametrize("distribution", ["lognormal", "truncated_normal"])
def test_sampled_strength_has_its_mean_deviation_and_correlation(distribution) -> None:  # type: ignore[no-untyped-def]
    spread = Spread(2.0, 2.5, -0.4, distribution)
    soil = Soil("s", 20.0, 10.0, 30.0)
    cohesion, tangent = sampled_strength([soil, soil], [spread, spread], 50_000, 3)
    friction = np.degrees(np.arctan(tangent))
    assert cohesion.min() >= 0
    assert cohesion[:, 0].mean() == pytest.approx(10.0, rel=0.01)
    assert friction[:, 0].mean() == pytest.approx(30.0, rel=0.01)
    # What lies beyond three deviations is cut off: the deviation is a little smaller.
    assert cohesion[:, 0].std() == pytest.approx(2.0, rel=0.03)
    assert friction[:, 0].std() == pytest.approx(2.5, rel=0.03)
    assert np.corrcoef(cohesion[:, 0], friction[:, 0])[0, 1] == pytest.approx(-0.4, abs=0.02)
    assert (cohesion[:, 0] == cohesion[:, 1]).all()  # one material, one draw


def test_the_probability_of_failure_is_seeded_and_grows_with_water() -> None:
    section = simple(cohesion=4.0, friction_deg=22.0)
    found = search(section)
    assert found.circle is not None
    one = probability(section, [found.circle], [SPREAD], samples=4000, seed=1)
    again = probability(section, [found.circle], [SPREAD], samples=4000, seed=1)
    other = probability(section, [found.circle], [SPREAD], samples=4000, seed=2)
    assert (one.factors == again.factors).all()
    assert one.failing() != other.failing()
    assert other.failing() == pytest.approx(one.failing(), abs=0.03)
    wet = section.with_water(Water(ratio=0.2))
    assert (
        probability(wet, [found.circle], [SPREAD], samples=4000, seed=1).failing() > one.failing()
    )
    searched = probability(section, [found.circle, *found.others], [SPREAD], samples=4000, seed=1)
    assert searched.failing() >= one.failing()
    assert (searched.factors <= one.factors + 1e-12).all()


def test_the_probability_of_cohesion_alone_is_known() -> None:
    """With phi = 0 the factor is proportional to a lognormal cohesion: P(F < 1) has a formula."""
    section = simple(friction_deg=0.0, cohesion=45.0)
    found = search(section)
    assert found.circle is not None
    spread = Spread(cohesion=15.0)
    sampled = probability(section, [found.circle], [spread], samples=40_000, seed=5)
    deviation = np.sqrt(np.log1p((15 / 45) ** 2))
    score = (-np.log(sampled.mean) + deviation**2 / 2) / deviation
    from scipy.stats import norm

    assert sampled.failing() == pytest.approx(norm.cdf(score), abs=0.006)
    low, high = sampled.interval(sampled.failing(), 0.99)
    assert low < norm.cdf(score) < high


def test_no_failure_among_the_samples_is_not_a_probability_of_none() -> None:
    section = simple(cohesion=80.0)
    found = search(section)
    assert found.circle is not None
    sampled = probability(section, [found.circle], [SPREAD], samples=1000, seed=1)
    assert sampled.failing() == 0
    low, high = sampled.interval(0.0, 0.9)
    assert (low, high) == (0.0, pytest.approx(1 - 0.05 ** (1 / 1000)))


def test_what_moves_the_factor_most_comes_first() -> None:
    section = simple(cohesion=2.0, friction_deg=30.0, water=line(0.0, fall=4.0))
    found = search(section, least_depth=3.0)
    assert found.circle is not None
    ranked = influences(section, found.circle, [Spread(cohesion=0.2, friction_deg=8.0)])
    assert [each.width for each in ranked] == sorted((e.width for e in ranked), reverse=True)
    by_name = {each.parameter: each for each in ranked}
    assert set(by_name) == {"cohesion", "friction_deg", "unit_weight", "water"}
    assert by_name["friction_deg"].factor_low < by_name["friction_deg"].factor_high
    assert by_name["water"].factor_high < by_name["water"].factor_low
    assert (by_name["friction_deg"].low, by_name["friction_deg"].high) == (22.0, 38.0)
    assert ranked[0].parameter == "friction_deg"
