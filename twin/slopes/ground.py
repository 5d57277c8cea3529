"""The ground of a site's sections, and what is looked for in it."""

from __future__ import annotations

import math
from typing import Literal

from ingest.site import Site
from twin.slopes.circular_search import Sought
from twin.slopes.configuration import SectionPlan, SlopesPlan
from twin.slopes.crater_section import crater_section
from twin.slopes.section import Layer, Point, Section


def ground_of(site: Site, plan: SectionPlan) -> tuple[tuple[Point, ...], float]:
    """Return the ground (x from the toe, level above the toe), and the toe's level [m].

    The ground falls towards growing x. That of tiers is drawn on by the slope's height at both
    ends; a full crater's ends at its rim.
    """
    if plan.ground == "crater":
        cut = crater_section(site)
        return tuple((x, level - cut.toe_m) for x, level in cut.ground), cut.toe_m
    zones = [site.zones[tier] for tier in plan.tiers]
    heights = [float(zone.crest_m or 0) - float(zone.base_m or 0) for zone in zones]
    toe, height = float(zones[0].base_m or 0), sum(heights)
    slope = 1 / math.tan(math.radians(plan.face_deg))
    platform = 0.0
    if plan.overall_deg is not None and len(heights) > 1:
        run = height / math.tan(math.radians(plan.overall_deg))
        platform = (run - height * slope) / (len(heights) - 1)
    points: list[Point] = [(1.5 * height, 0.0), (0.0, 0.0)]
    x = level = 0.0
    for place, rise in enumerate(heights):
        x, level = x - rise * slope, level + rise
        points.append((x, level))
        if platform > 0 and place < len(heights) - 1:
            x -= platform
            points.append((x, level))
    points.append((x - 1.5 * height, level))
    return tuple(reversed(points)), toe


def section_of(site: Site, plan: SlopesPlan, name: str) -> tuple[Section, float]:
    """Return a section without water, levels above its toe, and the toe's level [m above sea]."""
    section = plan.sections[name]
    ground, toe = ground_of(site, section)
    ends = ground[0][0], ground[-1][0]
    cut = crater_section(site) if section.ground == "crater" else None

    def above_toe(line: tuple[Point, ...]) -> tuple[Point, ...]:
        return tuple((x, level - toe) for x, level in line)

    def top(level: float | Literal["base"] | None) -> tuple[Point, ...]:
        if level is None:
            return ()
        if level == "base":
            assert cut is not None
            return above_toe(cut.base)
        return above_toe(((ends[0], level), (ends[1], level)))

    layers = tuple(
        Layer(plan.materials[layer.material].soil(layer.material), top(layer.top_m))
        for layer in section.layers
    )
    rock = top(section.rock_m) if cut is None else above_toe(cut.rock(section.rock_m))
    return Section(ground, layers, rock=rock), toe


def sought(site: Site, plan: SlopesPlan, name: str, slide: str) -> Sought:
    """Return what is looked for in a section, levels above its toe."""
    section = plan.sections[name]
    asked = section.slides[slide]
    ground, toe = ground_of(site, section)
    reaches = math.inf if asked.reaches_m is None else asked.reaches_m - toe
    if asked.spans is None:
        return Sought(asked.least_depth_m, reaches)
    lowest, highest = (site.zones[tier] for tier in asked.spans)

    def at_level(level: float | None) -> list[float]:
        return [x for x, y in ground if abs(y + toe - float(level or 0)) < 1e-6]

    return Sought(
        asked.least_depth_m,
        reaches,
        enters=(-math.inf, max(at_level(highest.crest_m))),
        leaves=(min(at_level(lowest.base_m)), math.inf),
    )


def place_along(plan: SectionPlan, x: float, y: float) -> float:
    """Return where a point of the site's grid lies along a section: from its toe, down positive."""
    toe = plan.toe_m or (0.0, 0.0)
    angle = math.radians(plan.azimuth_deg)
    return (x - toe[0]) * math.sin(angle) + (y - toe[1]) * math.cos(angle)
