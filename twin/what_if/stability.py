"""Factors of safety with the water that a variant would have."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby

import msgspec
import numpy as np

from ingest.figure import Figure, unknown
from ingest.text import Text
from twin.slopes.bishop_simplified import bishop_simplified
from twin.slopes.circular_search import Circle, Sought, search_for, slices_of
from twin.slopes.configuration import SectionPlan
from twin.slopes.ground import section_of, sought
from twin.slopes.section import BadSection, Point, Section, Water, at
from twin.slopes.slices import REFUSALS, Slices, with_water
from twin.slopes.stability import line_above_toe
from twin.state import SlopeState
from twin.what_if.changes import Changes
from twin.what_if.results import SlopeAhead
from twin.what_if.seepage import under_ground
from twin.what_if.start import Start
from twin.what_if.tiers import Tiers


def slopes_ahead(
    start: Start, changes: Changes, begun: set[str], shape: Tiers | None
) -> list[SlopeAhead]:
    """Return every slide with the changed water and the changed tiers.

    Parameters
    ----------
    begun
        Tiers on which something lies at the end of the run.
    shape
        None: the site has no plan.
    """
    levels = tuple(shape.levels.items()) if shape is not None and shape.reshaped else ()
    found = []
    for name, states in groupby(start.state.slopes or [], key=lambda state: state.section):
        assert start.slopes is not None
        slides, tiers = list(states), start.slopes.sections[name].tiers
        factors = _factors(start, changes, levels, slides)
        for state, factor in zip(slides, factors, strict=True):
            found.append(
                SlopeAhead(
                    section=name,
                    slide=state.slide,
                    title=state.title,
                    slide_title=state.slide_title,
                    factor_of_safety=factor,
                    measured=any(head.used for head in state.heads),
                    begun=state.stage == "standing" or all(tier in begun for tier in tiers),
                )
            )
    return found


def least(slopes: list[SlopeAhead], start: Start) -> Figure:
    """Return the least factor of safety of what stands by then; unknown when one is unknown."""
    if start.state.slopes is None:
        return unknown("1", Text("The site has no slopes.yaml"), time=start.now)
    counted = [each for each in slopes if each.begun]
    if not counted:
        return unknown("1", Text("No section stands by then"), time=start.now)
    for each in counted:
        if each.factor_of_safety.value is None:
            reason = each.factor_of_safety.reason or Text("No reading yet")
            return unknown("1", reason, time=start.now, source=each.section)
    found = min(counted, key=lambda each: float(each.factor_of_safety.value or 0))
    told: dict[str, str | int | float] = {"count": len(counted), "section": found.section}
    validity = Text("Least of {count} slides that stand by the deadline: {section}", told)
    if found.factor_of_safety.low is None:
        validity = Text(
            "Least of {count} slides that stand by the deadline: {section}; water that high was"
            " not measured, hence no interval",
            told,
        )
    return msgspec.structs.replace(found.factor_of_safety, validity=validity)


def lowered(start: Start, changes: Changes) -> float:
    """Return how far the water table is lowered [m]."""
    by_drains = start.said.drains if start.said and changes.get("drainage.drains") else None
    return changes.number("drainage.lowered_m", 0.0) + (by_drains.lowered_m if by_drains else 0.0)


#: Changed toes and crests of tiers [m above sea]; empty: none is changed.
Levels = tuple[tuple[str, tuple[float, float]], ...]


@dataclass(frozen=True)
class _Ground:
    """A section without water, its toe's level [m above sea], and what is looked for in it."""

    section: Section
    toe: float
    asked: dict[str, Sought]
    reshaped: bool


@lru_cache(maxsize=256)
def _ground(start: Start, levels: Levels, name: str) -> _Ground | Text:
    """Return a section with the tiers as they would be, or why that is not known."""
    assert start.slopes is not None
    given = start.slopes.sections[name]
    site, zones = start.site, dict(start.site.zones)
    for tier, (base, crest) in levels:
        zones[tier] = zones[tier].model_copy(update={"base_m": base, "crest_m": crest})
    reshaped = any(zones[tier] != site.zones[tier] for tier in given.tiers)
    if reshaped and given.ground == "crater":
        return Text(
            "The section is cut from the solid of the plan's own tiers: what other heights do to"
            " it is not known"
        )
    if reshaped:
        site = site.model_copy(update={"zones": zones})
    try:
        section, toe = section_of(site, start.slopes, name)
    except BadSection as error:
        return error.text
    asked = {slide: sought(site, start.slopes, name, slide) for slide in given.slides}
    return _Ground(section, toe, asked, reshaped)


def _factors(
    start: Start, changes: Changes, levels: Levels, slides: list[SlopeState]
) -> list[Figure]:
    """Return the factors of safety of a section's slides."""
    down, rain = lowered(start, changes), changes.number("rain.factor", 1.0)
    ground = _ground(start, levels, slides[0].section)
    now = [slide.factor_of_safety for slide in slides]
    heads: list[Point] | Text = []
    if isinstance(ground, Text):
        heads = ground
    elif not ground.reshaped and down == 0 and rain == 1:
        return now
    else:
        heads = _heads(start, slides[0], down, rain)
    if isinstance(heads, Text) or isinstance(ground, Text):
        assert isinstance(heads, Text)
        return [
            each
            if each.value is None
            else unknown("1", heads, time=each.time, source=slides[0].section)
            for each in now
        ]
    if not heads and not ground.reshaped:
        validity = Text("Its water is assumed: rain and drainage do not change it")
        return [msgspec.structs.replace(each, validity=validity) for each in now]
    known = _known(slides[0])
    heads = _in_ground(ground, heads, known)
    change = sum(head for _, head in heads) - sum(head for _, head in known)
    validity = _validity(ground, change / len(heads) if heads else None)
    over = _over(start, slides[0], heads)
    if over > 0:
        validity = Text(
            "Water line {change:+.1f} m against today's, on average, and up to {over:.1f} m higher"
            " than in the last {days} days: no interval; strength as assumed",
            {"change": change / len(heads), "over": over, "days": start.observed.days},
        )
    return [
        _scaled(figure, factor, validity, told=over <= 0)
        for figure, factor in zip(now, _least(start, ground, slides, heads), strict=True)
    ]


def _heads(start: Start, slide: SlopeState, down: float, rain: float) -> list[Point] | Text:
    """Return the heads of a section with the changed water [m above sea], or why not."""
    found = []
    for head in sorted(slide.heads, key=lambda head: head.place_m):
        if not head.used or not isinstance(head.head.value, float):
            continue
        by_rain = 0.0
        if rain != 1:
            rise = start.rises[head.instrument]
            if isinstance(rise, Text):
                return rise
            too_far = start.observed.too_far(rain)
            if too_far is not None:
                return too_far
            # More rain counts on the wettest day of the last year, less rain on today.
            by_rain = (rain - 1) * (rise.most if rain > 1 else rise.now)
        found.append((head.place_m, head.head.value - down + by_rain))
    return found


def _in_ground(ground: _Ground, heads: list[Point], known: list[Point]) -> list[Point]:
    """Return heads no higher than the ground, where today's are not (all m above sea)."""
    levels = at(ground.section.surface, np.array([place for place, _ in heads])) + ground.toe
    return [
        (place, min(head, max(float(level), today)))
        for (place, head), level, (_, today) in zip(heads, levels, known, strict=True)
    ]


def _over(start: Start, slide: SlopeState, heads: list[Point]) -> float:
    """Return how far heads are above the highest that were measured there, at most [m]."""
    used = sorted((head for head in slide.heads if head.used), key=lambda head: head.place_m)
    least = 0.0
    for each, (_, head) in zip(used, heads, strict=True):
        today = float(each.head.value or 0)
        least = max(least, head - max(start.observed.highest.get(each.instrument, today), today))
    return least


def _known(slide: SlopeState) -> list[Point]:
    return [
        (head.place_m, head.head.value)
        for head in sorted(slide.heads, key=lambda head: head.place_m)
        if head.used and isinstance(head.head.value, float)
    ]


def _validity(ground: _Ground, change: float | None) -> Text:
    if change is None:
        return Text("With the tiers' changed heights; its water is assumed, and strength too")
    if ground.reshaped:
        return Text(
            "With the tiers' changed heights, water line {change:+.1f} m against today's, on"
            " average; strength as assumed",
            {"change": change},
        )
    return Text(
        "Water line {change:+.1f} m against today's, on average; strength as assumed",
        {"change": change},
    )


def _scaled(now: Figure, factor: float | Text, validity: Text, *, told: bool) -> Figure:
    """Return a factor, `told` with the spread of strength that widened it with today's water."""
    if not isinstance(now.value, float):
        return now
    if isinstance(factor, Text):
        return unknown("1", factor, time=now.time, source=now.source)
    scale = factor / now.value

    def scaled(end: float | str | None) -> float | None:
        return end * scale if told and isinstance(end, float) else None

    return msgspec.structs.replace(
        now,
        value=factor,
        low=scaled(now.low),
        high=scaled(now.high),
        confidence=now.confidence if told else None,
        quality="forecast",
        validity=validity,
    )


def _least(
    start: Start, ground: _Ground, slides: list[SlopeState], heads: list[Point]
) -> list[float | Text]:
    """Return the least factor of safety of each slide; without heads, with the assumed water."""
    assert start.slopes is not None
    given = start.slopes.sections[slides[0].section]
    known = _known(slides[0])
    whole_known, whole = (
        [(place, ground.toe + round(head - ground.toe)) for place, head in line]
        for line in (known, heads)
    )
    # Today's critical circles count too: more water never gives a larger factor than today's.
    rounded = [_water(given, ground, line, whole_known) for line in (whole_known, whole)]
    circles: list[Circle] = []
    of_slide: list[slice] = []
    for slide in slides:
        asked = ground.asked[slide.slide]
        found = [each for water in rounded for each in _circles(ground.section, water, asked)]
        of_slide.append(slice(len(circles), len(circles) + len(dict.fromkeys(found))))
        circles += dict.fromkeys(found)
    if not circles:
        return [REFUSALS[1]] * len(slides)
    wet = ground.section.with_water(_water(given, ground, heads, known))
    # All slides of a section at once: its slices are cut once for all waters.
    factors = bishop_simplified(
        with_water(_slices(ground.section, tuple(circles)), wet), refuse_lifted=False
    )
    least: list[float | Text] = []
    for part in of_slide:
        values = factors.value[part]
        if not len(values):
            least.append(REFUSALS[1])
        elif np.isfinite(values).any():
            least.append(float(np.nanmin(values)))
        else:
            least.append(REFUSALS[int(factors.refused[part][0])])
    return least


def _water(given: SectionPlan, ground: _Ground, heads: list[Point], known: list[Point]) -> Water:
    """Return the water of heads; one that is raised above today's (`known`) stays in the ground."""
    if not heads:
        return Water(ratio=given.water.ratio or 0.0)
    found = line_above_toe(given, ground.section, ground.toe, heads)
    if all(head <= today for (_, head), (_, today) in zip(heads, known, strict=True)):
        return found
    today = line_above_toe(given, ground.section, ground.toe, known)
    return Water(line=under_ground(found.line, today.line, ground.section.surface))


@lru_cache(maxsize=512)
def _slices(section: Section, circles: tuple[Circle, ...]) -> Slices:
    return slices_of(section, circles)


@lru_cache(maxsize=1024)
def _circles(section: Section, water: Water, asked: Sought) -> tuple[Circle, ...]:
    found = search_for(section.with_water(water), asked)
    return () if found.circle is None else (found.circle, *found.others)
