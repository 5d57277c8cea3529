"""Laws of slope stability that hold for any slope."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.twin.slopes.sections import line, mirrored, simple
from twin.slopes.bishop_simplified import bishop_simplified
from twin.slopes.circular_search import circles_of, search
from twin.slopes.configuration import Upslope
from twin.slopes.infinite_slope import infinite_slope
from twin.slopes.ordinary import ordinary
from twin.slopes.section import Section, Water, at
from twin.slopes.slices import cut
from twin.slopes.spencer import spencer
from twin.slopes.water_line import continued

METHODS = {"ordinary": ordinary, "bishop": bishop_simplified, "spencer": spencer}
by_method = pytest.mark.parametrize("method", METHODS.values(), ids=METHODS)

cohesions = st.floats(1.0, 60.0)
frictions = st.floats(5.0, 45.0)
#: Where a circle enters and leaves the simple slope, and how far it bulges.
circles = st.tuples(st.floats(-20.0, 8.0), st.floats(12.0, 35.0), st.floats(0.1, 0.7))


def factor(section: Section, named: tuple[float, float, float], method) -> float:  # type: ignore[no-untyped-def]
    """Return the factor of a named circle; a base that water lifts has no strength."""
    if section.direction < 0:
        named = (-named[0], -named[1], named[2])
    row = np.array([named])
    ends = np.sort(row[:, :2], axis=1)
    slices = cut(section, circles_of(section, row), ends[:, 0], ends[:, 1], 40)
    return float(method(slices, refuse_lifted=False).value[0])


@by_method
@settings(max_examples=25)
@given(
    circle=circles,
    cohesion=cohesions,
    friction=frictions,
    level=st.floats(-3, 8),
    rise=st.floats(0.1, 5),
)
def test_it_falls_when_water_rises(method, circle, cohesion, friction, level, rise) -> None:  # type: ignore[no-untyped-def]
    low = simple(cohesion=cohesion, friction_deg=friction, water=line(level, fall=2.0))
    high = low.with_water(line(level + rise, fall=2.0))
    before, after = factor(low, circle, method), factor(high, circle, method)
    if np.isfinite(before) and np.isfinite(after):
        assert after <= before + 1e-9


@by_method
@settings(max_examples=25)
@given(circle=circles, ratio=st.floats(0, 0.4), more=st.floats(0.01, 0.3))
def test_it_falls_when_the_pore_pressure_ratio_rises(method, circle, ratio, more) -> None:  # type: ignore[no-untyped-def]
    before = factor(simple(water=Water(ratio=ratio)), circle, method)
    after = factor(simple(water=Water(ratio=ratio + more)), circle, method)
    if np.isfinite(before) and np.isfinite(after):
        assert after < before


@by_method
@settings(max_examples=25)
@given(
    circle=circles,
    cohesion=cohesions,
    friction=frictions,
    stronger=st.sampled_from(["cohesion", "friction_deg"]),
    by=st.floats(0.1, 10),
)
def test_it_rises_with_strength(method, circle, cohesion, friction, stronger, by) -> None:  # type: ignore[no-untyped-def]
    given_ = {"cohesion": cohesion, "friction_deg": friction}
    before = factor(simple(**given_, water=line(2.0)), circle, method)
    after = factor(
        simple(**{**given_, stronger: given_[stronger] + by}, water=line(2.0)), circle, method
    )
    if np.isfinite(before) and np.isfinite(after):
        assert after > before - 1e-9


@by_method
@settings(max_examples=20)
@given(circle=circles, scale=st.floats(0.1, 30.0))
def test_scale_and_units_do_not_matter(method, circle, scale) -> None:  # type: ignore[no-untyped-def]
    """The same slope in other units of length, with cohesion in the units that follow."""
    small = simple(water=line(3.0))
    large = simple(water=line(3.0), scale=scale)
    named = (circle[0] * scale, circle[1] * scale, circle[2])
    assert factor(large, named, method) == pytest.approx(
        factor(small, circle, method), rel=1e-6, nan_ok=True
    )


@by_method
@settings(max_examples=20)
@given(circle=circles, level=st.floats(-3, 6))
def test_a_mirror_does_not_matter(method, circle, level) -> None:  # type: ignore[no-untyped-def]
    section = simple(water=line(level, fall=2.0))
    assert factor(mirrored(section), circle, method) == pytest.approx(
        factor(section, circle, method), rel=1e-9, nan_ok=True
    )


@settings(max_examples=6)
@given(
    cohesion=st.floats(2.0, 40.0),
    friction=st.floats(10.0, 40.0),
    level=st.floats(-8, -4),
    rise=st.floats(1.0, 4.0),
)
def test_the_least_of_all_circles_falls_when_water_rises(cohesion, friction, level, rise) -> None:  # type: ignore[no-untyped-def]
    section = simple(cohesion=cohesion, friction_deg=friction)
    low = search(section.with_water(line(level, fall=4.0)))
    high = search(section.with_water(line(level + rise, fall=4.0)))
    assert low.circle is not None
    assert high.circle is not None
    # A search ends near its optimum, not in it.
    assert high.factor <= low.factor * 1.002


@settings(max_examples=6)
@given(cohesion=st.floats(2.0, 40.0), friction=st.floats(10.0, 40.0), level=st.floats(-8, 4))
def test_a_slide_of_the_whole_slope_is_never_worse_than_the_least_of_all(  # type: ignore[no-untyped-def]
    cohesion, friction, level
) -> None:
    section = simple(cohesion=cohesion, friction_deg=friction, water=line(level, fall=2.0))
    least = search(section)
    whole = search(section, enters=(-np.inf, 0.0), leaves=(20.0, np.inf))
    assert whole.circle is not None
    assert whole.circle.entry <= 0.0
    assert whole.circle.exit >= 20.0
    # A search ends near its optimum, not in it.
    assert whole.factor >= least.factor * 0.998


@settings(max_examples=100)
@given(
    heads=st.lists(st.floats(-20.0, 30.0), min_size=1, max_size=5),
    first=st.floats(-25.0, 10.0),
    step=st.floats(2.0, 15.0),
    more=st.floats(0.0, 10.0),
)
def test_water_assumed_uphill_is_never_below_its_last_head_nor_above_the_ground(  # type: ignore[no-untyped-def]
    heads, first, step, more
) -> None:
    section, toe = simple(), 500.0
    measured = [(first + step * place, toe + head) for place, head in enumerate(heads)]
    found = continued(Upslope(), section, toe, measured)
    assert found[len(found) - len(measured) :] == measured
    level = measured[0][1]
    for x, head in found[: len(found) - len(measured)]:
        assert x < first
        assert level <= head <= max(level, float(section.ground(np.array(x))) + toe)
    # More water at the last place is never less water uphill of it.
    higher = [(first, level + more), *measured[1:]]
    places = np.linspace(section.surface[0][0], first, 20)
    after = at(continued(Upslope(), section, toe, higher), places)
    assert (after >= at(found, places) - 1e-9).all()


@settings(max_examples=5)
@given(cohesion=st.floats(2.0, 40.0), friction=st.floats(10.0, 40.0))
def test_the_mirrored_section_has_the_same_least_circle(cohesion, friction) -> None:  # type: ignore[no-untyped-def]
    section = simple(cohesion=cohesion, friction_deg=friction)
    there, back = search(section), search(mirrored(section))
    assert there.circle is not None
    assert back.circle is not None
    assert back.factor == pytest.approx(there.factor, rel=1e-9)
    assert back.circle.x == pytest.approx(-there.circle.x, abs=1e-6)


@settings(max_examples=100)
@given(
    slope=st.floats(5, 60),
    cohesion=st.floats(0, 50),
    friction=st.floats(1, 45),
    share=st.floats(0, 0.9),
    more=st.floats(0.01, 0.1),
)
def test_an_infinite_slope_falls_when_water_rises(slope, cohesion, friction, share, more) -> None:  # type: ignore[no-untyped-def]
    def at(water: float) -> float:
        return infinite_slope(
            slope_deg=slope,
            depth=2.0,
            unit_weight=20.0,
            cohesion=cohesion,
            friction_deg=friction,
            water_height=2.0 * water,
        )

    assert at(share + more) < at(share)
    assert at(0.0) >= np.tan(np.radians(friction)) / np.tan(np.radians(slope)) - 1e-12
