"""Whether the slopes of a site stand, with the water of the state.

What costs (search, sampling, sensitivity) is done for heads that are rounded to whole metres and
kept: it is a function of its inputs alone, so nothing but the time depends on what is kept. The
factor of safety itself is that of the heads as they are, on the circles that were found: between
two whole metres the critical circle moves so little that its factor does not.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from ingest.figure import Figure, FigureQuality, unknown
from ingest.text import Text
from twin import VERSION
from twin.current import Current
from twin.slopes.bishop_simplified import bishop_simplified
from twin.slopes.circular_search import Circle, Found, Sought, search_for, slices_of
from twin.slopes.configuration import Sampling, SectionPlan, SlopesPlan, load_slopes
from twin.slopes.ground import section_of, sought
from twin.slopes.infinite_slope import infinite_slope
from twin.slopes.reliability import Influence, Probability, Spread, influences, probability
from twin.slopes.section import DRY, Point, Section, Water, at
from twin.slopes.slices import REFUSALS
from twin.slopes.spencer import spencer
from twin.slopes.water_line import WaterLine, assumed_uphill, continued, water_line
from twin.state import (
    FillState,
    SlopeCircle,
    SlopeInfluence,
    SlopeLayer,
    SlopeState,
)

MODEL = "bishop_simplified"

_UNITS = {"cohesion": "kPa", "friction_deg": "deg", "unit_weight": "kN/m3"}


@dataclass(frozen=True)
class Judged:
    """What is known of a slide with some water: circles, sampled strength, influences."""

    found: Found
    sampled: Probability | None
    influences: tuple[Influence, ...]


@dataclass(frozen=True)
class Standing:
    """Factors of safety of a slide with the water as it is, and its depth [m]."""

    circle: Circle
    bishop: float
    spencer: float | None
    spencer_reason: Text | None
    lifted: int
    depth: float


@lru_cache(maxsize=4096)
def judge(
    section: Section,
    asked: Sought,
    spreads: tuple[Spread, ...],
    samples: int,
    seed: int,
    fixed: bool,
) -> Judged:
    """Return what a search, sampled strength and single changes say of a slide."""
    found = search_for(section, asked)
    if found.circle is None:
        return Judged(found, None, ())
    circles = [found.circle] if fixed else [found.circle, *found.others]
    sampled = probability(section, circles, spreads, samples=samples, seed=seed)
    return Judged(found, sampled, tuple(influences(section, found.circle, spreads)))


@lru_cache(maxsize=4096)
def stand(section: Section, circles: tuple[Circle, ...]) -> Standing | Text:
    """Return the least factor of safety of some circles, or why there is none."""
    found = bishop_simplified(slices_of(section, circles), refuse_lifted=False)
    if not np.isfinite(found.value).any():
        return REFUSALS[int(found.refused[0])]
    place = int(np.nanargmin(found.value))
    slices = slices_of(section, [circles[place]])
    other = spencer(slices, refuse_lifted=False)
    return Standing(
        circles[place],
        float(found.value[place]),
        float(other.value[0]) if np.isfinite(other.value[0]) else None,
        other.reason(),
        int(slices.lifted.sum()),
        float(slices.height.max()),
    )


def slopes(current: Current, filled: FillState | None) -> list[SlopeState] | None:
    """Return the state of every slide of every section, in the order of the site's file.

    None for a site without `slopes.yaml`.
    """
    plan = load_slopes(current.site)
    if plan is None:
        return None
    states = []
    for name, section in plan.sections.items():
        line = water_line(current, section) if section.water.piezometers else None
        stage = _stage(section, filled)
        ground = section_of(current.site, plan, name)
        for slide in section.slides:
            states.append(_state(current, plan, name, ground, slide, line, stage))
    return states


def _stage(section: SectionPlan, filled: FillState | None) -> FigureQuality:
    """Return planned for a section of which a tier has not been begun."""
    begun = {
        tier.tier: isinstance(tier.filled.value, float) and tier.filled.value > 0
        for tier in (filled.tiers if filled else [])
    }
    return "derived" if all(begun.get(tier, True) for tier in section.tiers) else "planned"


def _state(
    current: Current,
    plan: SlopesPlan,
    name: str,
    ground: tuple[Section, float],
    slide_name: str,
    line: WaterLine | None,
    stage: FigureQuality,
) -> SlopeState:
    given = plan.sections[name]
    section, toe = ground
    slide = given.slides[slide_name]
    required = slide.required or plan.required
    state = SlopeState(
        section=name,
        slide=slide_name,
        zone=given.zone,
        title=dict(given.title.items()),
        slide_title=dict(slide.title.items()),
        stage="planned" if stage == "planned" else "standing",
        factor_of_safety=unknown("1", Text("Not computed")),
        spencer=unknown("1", Text("Not computed")),
        ravelling=_ravelling(plan, given),
        required=Figure(value=required.factor, unit="1", source=required.source, quality="assumed"),
        probability=unknown("1", Text("Not computed")),
        water_level=_water_level(given, line),
        source=given.source,
        water_source=given.water.source,
        heads=line.heads if line else [],
        ground=_raised(section.surface, toe),
        layers=_layers(plan, section, toe),
        rock_m=given.rock_m,
        rock=_raised(section.rock, toe) if given.ground == "crater" else [],
        water_line=_drawn(given, section, toe, line),
        kind="overall" if slide.spans else "local",
        least_depth_m=slide.least_depth_m,
        reaches_m=slide.reaches_m,
        assumptions=_assumptions(given, line),
    )
    if line is not None and line.reason is not None:
        for key in ("factor_of_safety", "spencer", "probability"):
            setattr(state, key, unknown("1", line.reason, time=current.at, source=MODEL))
        return state
    water, rounded = _waters(given, section, line, toe)
    sampling = plan.sampling
    spreads = tuple(plan.materials[layer.material].spread for layer in given.layers)
    judged = judge(
        section.with_water(rounded),
        sought(current.site, plan, name, slide_name),
        spreads,
        sampling.samples,
        sampling.seed,
        sampling.circle == "fixed",
    )
    standing: Standing | Text
    if judged.found.circle is None or judged.sampled is None:
        standing = judged.found.reason or REFUSALS[1]
    else:
        standing = stand(section.with_water(water), (judged.found.circle, *judged.found.others))
    if isinstance(standing, Text):
        for key in ("factor_of_safety", "spencer", "probability"):
            setattr(state, key, unknown("1", standing, time=current.at, source=MODEL))
        return state
    assert judged.sampled is not None
    quality: FigureQuality = "stale" if line is not None and line.stale else stage
    time = line.time if line is not None else current.at
    _fill_figures(state, plan.sampling, judged.sampled, standing, quality)
    for figure in (state.factor_of_safety, state.spencer, state.probability):
        figure.time = time
    state.factor_of_safety.validity = _validity(state, line, standing)
    scale = standing.bishop / judged.sampled.mean
    circle = standing.circle
    state.circle = SlopeCircle(
        x=circle.x,
        level=circle.level + toe,
        radius=circle.radius,
        entry=circle.entry,
        exit=circle.exit,
        depth=standing.depth,
    )
    state.influences = [_influence(plan, given, each, scale) for each in judged.influences]
    return state


def _fill_figures(
    state: SlopeState,
    sampling: Sampling,
    sampled: Probability,
    standing: Standing,
    quality: FigureQuality,
) -> None:
    # The samples were drawn with rounded heads: they move with the factor of the true ones.
    scale = standing.bishop / sampled.mean
    low, high = sampled.quantiles(sampling.confidence)
    state.factor_of_safety = Figure(
        value=standing.bishop,
        unit="1",
        source=MODEL,
        version=VERSION,
        low=low * scale,
        high=high * scale,
        confidence=sampling.confidence,
        quality=quality,
    )
    if standing.spencer is None:
        reason = standing.spencer_reason or REFUSALS[8]
        state.spencer = unknown("1", reason, source="spencer")
    else:
        state.spencer = Figure(
            value=standing.spencer, unit="1", source="spencer", version=VERSION, quality=quality
        )
    failing = sampled.failing(scale)
    least, most = sampled.interval(failing, sampling.confidence)
    state.probability = Figure(
        value=failing,
        unit="1",
        source=MODEL,
        version=VERSION,
        low=least,
        high=most,
        confidence=sampling.confidence,
        quality=quality,
        validity=(
            Text(
                "{count} strengths drawn, critical circle fixed; strength alone is uncertain",
                {"count": len(sampled.factors)},
            )
            if sampled.circles == 1
            else Text(
                "{count} strengths drawn, the least of {circles} critical circles for each;"
                " strength alone is uncertain",
                {"count": len(sampled.factors), "circles": sampled.circles},
            )
        ),
    )


def _validity(state: SlopeState, line: WaterLine | None, standing: Standing) -> Text:
    lifted: dict[str, str | int | float] = {"lifted": standing.lifted}
    if line is None:
        if standing.lifted:
            return Text(
                "Circular slide; strength and water as assumed, not measured; water lifts {lifted}"
                " of 100 slices: their strength counts as nothing",
                lifted,
            )
        return Text("Circular slide; strength and water as assumed, not measured")
    silent = [each.instrument for each in line.heads if not isinstance(each.head.value, float)]
    told: dict[str, str | int | float] = {
        "count": len(line.heads) - len(silent),
        "all": len(state.heads),
    }
    if standing.lifted:
        return Text(
            "Circular slide; strength as assumed; water from {count} of {all} piezometers lifts"
            " {lifted} of 100 slices: their strength counts as nothing",
            told | lifted,
        )
    if silent:
        return Text(
            "Circular slide; strength as assumed; water from {count} of {all} piezometers, without"
            " {silent}: straight between the others, and beyond them as assumed",
            told | {"silent": ", ".join(silent)},
        )
    return Text(
        "Circular slide; strength as assumed; water from {count} of {all} piezometers", told
    )


def _waters(
    given: SectionPlan, section: Section, line: WaterLine | None, toe: float
) -> tuple[Water, Water]:
    """Return the water as it is and with its heads rounded, levels above the toe."""
    if line is None:
        water = Water(ratio=given.water.ratio or 0.0) if given.water.ratio else DRY
        return water, water
    rounded = [(place, toe + round(level - toe)) for place, level in line.line]
    return (
        line_above_toe(given, section, toe, line.line),
        line_above_toe(given, section, toe, rounded),
    )


def line_above_toe(
    given: SectionPlan, section: Section, toe: float, heads: Sequence[Point]
) -> Water:
    """Return the water of known heads [m above sea], and of what is assumed uphill of them."""
    line = continued(given.water.upslope, section, toe, heads)
    return Water(line=tuple((place, level - toe) for place, level in line))


def _assumptions(given: SectionPlan, line: WaterLine | None) -> list[Text]:
    """Return what the factor of safety rests on beside what the file of the site says."""
    if given.ground == "crater":
        shape = Text(
            "Ground, base of the fill and wall of the crater are cut from its parametric solid, for"
            " the drawings are not known; below the base lies the older fill"
        )
    else:
        shape = Text(
            "Ground and layers from the levels of the tiers, not from the crater's solid, for the"
            " front moves: its wall, which would stop slides, is left out, and older fill that may"
            " stand higher behind the tier too"
        )
    uphill = assumed_uphill(given.water.upslope, line) if line is not None else None
    return [shape] if uphill is None else [shape, uphill]


def _water_level(given: SectionPlan, line: WaterLine | None) -> Figure:
    if line is None:
        return Figure(
            value=float(given.water.ratio or 0.0),
            unit="1",
            source=given.water.source,
            quality="assumed",
        )
    if line.reason is not None:
        return unknown("m", line.reason, source=given.water.source)
    highest = max(line.line, key=lambda point: point[1])
    return Figure(
        value=highest[1],
        unit="m",
        time=line.time,
        source=", ".join(each.instrument for each in line.heads if each.used),
        quality="stale" if line.stale else "derived",
    )


def _ravelling(plan: SlopesPlan, given: SectionPlan) -> Figure:
    """Return the factor of a slide a metre deep along the face, without cohesion and dry."""
    material = plan.materials[given.layers[0].material]
    return Figure(
        value=infinite_slope(
            slope_deg=given.face_deg,
            depth=1.0,
            unit_weight=material.unit_weight_kN_per_m3.mean,
            cohesion=0.0,
            friction_deg=material.friction_deg.mean,
        ),
        unit="1",
        source="infinite_slope",
        version=VERSION,
        validity=Text("A thin dry layer of the face without cohesion"),
    )


def _layers(plan: SlopesPlan, section: Section, toe: float) -> list[SlopeLayer]:
    found = []
    for layer in section.layers:
        material = plan.materials[layer.soil.name]
        found.append(
            SlopeLayer(
                material=layer.soil.name,
                title=dict(material.title.items()),
                top=_raised(layer.top, toe),
                unit_weight=layer.soil.unit_weight,
                cohesion=layer.soil.cohesion,
                friction_deg=layer.soil.friction_deg,
                source="; ".join(
                    dict.fromkeys(
                        (
                            material.cohesion_kPa.source,
                            material.friction_deg.source,
                            material.source,
                        )
                    )
                ),
            )
        )
    return found


def _raised(line: tuple[Point, ...], toe: float) -> list[tuple[float, float]]:
    return [(round(x, 3), round(level + toe, 3)) for x, level in line]


def _drawn(
    given: SectionPlan, section: Section, toe: float, line: WaterLine | None
) -> list[tuple[float, float]]:
    """Return the water line over the whole section."""
    if line is None or not line.line:
        return []
    whole = continued(given.water.upslope, section, toe, line.line)
    ends = section.surface[0][0], section.surface[-1][0]
    inner = [place for place, _ in whole if ends[0] < place < ends[1]]
    places = np.array([ends[0], *inner, ends[1]])
    return [(float(x), float(level)) for x, level in zip(places, at(whole, places), strict=True)]


def _influence(
    plan: SlopesPlan, given: SectionPlan, each: Influence, scale: float
) -> SlopeInfluence:
    water_unit = "m" if given.water.piezometers else "1"
    return SlopeInfluence(
        parameter=each.parameter,
        material=each.material,
        title=dict(plan.materials[each.material].title.items()) if each.material else {},
        low=each.low,
        high=each.high,
        unit=_UNITS.get(each.parameter, water_unit),
        factor_low=None if math.isnan(each.factor_low) else each.factor_low * scale,
        factor_high=None if math.isnan(each.factor_high) else each.factor_high * scale,
    )
