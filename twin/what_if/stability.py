"""Factors of safety with the water that a variant would have."""

from __future__ import annotations

from functools import lru_cache

import msgspec
import numpy as np

from ingest.figure import Figure, unknown
from ingest.site import Site
from ingest.text import Text
from twin.slopes.bishop_simplified import bishop_simplified
from twin.slopes.circular_search import Circle, Sought, search_for, slices_of
from twin.slopes.configuration import SectionPlan
from twin.slopes.ground import section_of, sought
from twin.slopes.section import BadSection, Section, Water
from twin.slopes.slices import REFUSALS, Slices, with_water
from twin.slopes.stability import line_above_toe
from twin.state import SlopeState
from twin.what_if.changes import Changes
from twin.what_if.results import SlopeAhead
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
    site = _reshaped(start, shape)
    found = []
    for state in start.state.slopes or []:
        assert start.slopes is not None
        tiers = start.slopes.sections[state.section].tiers
        found.append(
            SlopeAhead(
                section=state.section,
                slide=state.slide,
                title=state.title,
                slide_title=state.slide_title,
                factor_of_safety=_factor(start, site, changes, state),
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
    return msgspec.structs.replace(
        found.factor_of_safety,
        validity=Text(
            "Least of {count} slides that stand by the deadline: {section}",
            {"count": len(counted), "section": found.section},
        ),
    )


def lowered(start: Start, changes: Changes) -> float:
    """Return how far the water table is lowered [m]."""
    by_drains = start.said.drains if start.said and changes.get("drainage.drains") else None
    return changes.number("drainage.lowered_m", 0.0) + (by_drains.lowered_m if by_drains else 0.0)


def _reshaped(start: Start, shape: Tiers | None) -> Site:
    """Return the site with the levels that its tiers would have."""
    if shape is None or not shape.reshaped:
        return start.site
    zones = {
        name: start.site.zones[name].model_copy(update={"base_m": base, "crest_m": crest})
        for name, (base, crest) in shape.levels.items()
    }
    return start.site.model_copy(update={"zones": {**start.site.zones, **zones}})


def _factor(start: Start, site: Site, changes: Changes, state: SlopeState) -> Figure:
    now = state.factor_of_safety
    assert start.slopes is not None
    given = start.slopes.sections[state.section]
    down, rain = lowered(start, changes), changes.number("rain.factor", 1.0)
    reshaped = any(site.zones[tier] != start.site.zones[tier] for tier in given.tiers)
    rewatered = down != 0 or rain != 1
    if not isinstance(now.value, float) or not (reshaped or rewatered):
        return now
    if reshaped and given.ground == "crater":
        reason = Text(
            "The section is cut from the solid of the plan's own tiers: what other heights do to"
            " it is not known"
        )
        return unknown("1", reason, time=now.time, source=now.source)
    used = sorted((head for head in state.heads if head.used), key=lambda head: head.place_m)
    if not used and not reshaped:
        return msgspec.structs.replace(
            now, validity=Text("Its water is assumed: rain and drainage do not change it")
        )
    heads = []
    for head in used:
        by_rain = 0.0
        if rain != 1:
            rise = start.rises[head.instrument]
            if isinstance(rise, Text):
                return unknown("1", rise, time=now.time, source=head.instrument)
            # More rain counts on the wettest day of the last year, less rain on today.
            by_rain = (rain - 1) * (rise.most if rain > 1 else rise.now)
        assert isinstance(head.head.value, float)
        heads.append((head.place_m, head.head.value - down + by_rain))
    try:
        factor = _with_heads(start, site, state, heads)
    except BadSection as error:
        factor = error.text
    if isinstance(factor, Text):
        return unknown("1", factor, time=now.time, source=now.source)
    # The spread of strength widens the factor as it did with today's water and tiers.
    scale = factor / now.value

    def scaled(end: float | str | None) -> float | None:
        return end * scale if isinstance(end, float) else None

    if not heads:
        validity = Text("With the tiers' changed heights; its water is assumed, and strength too")
    else:
        change = sum(after for _, after in heads) / len(heads) - _mean_head(state)
        validity = (
            Text(
                "With the tiers' changed heights, water line {change:+.1f} m against today's, on"
                " average; strength as assumed",
                {"change": change},
            )
            if reshaped
            else Text(
                "Water line {change:+.1f} m against today's, on average; strength as assumed",
                {"change": change},
            )
        )
    return msgspec.structs.replace(
        now,
        value=factor,
        low=scaled(now.low),
        high=scaled(now.high),
        quality="forecast",
        validity=validity,
    )


def _mean_head(state: SlopeState) -> float:
    heads = [head.head.value for head in state.heads if head.used]
    return sum(value for value in heads if isinstance(value, float)) / len(heads)


def _with_heads(
    start: Start,
    site: Site,
    state: SlopeState,
    heads: list[tuple[float, float]],
) -> float | Text:
    """Return the least factor of safety with some heads, or with the assumed water for none."""
    assert start.slopes is not None
    section, toe = section_of(site, start.slopes, state.section)
    given = start.slopes.sections[state.section]
    asked = sought(site, start.slopes, state.section, state.slide)
    now = [
        (head.place_m, head.head.value)
        for head in sorted(state.heads, key=lambda head: head.place_m)
        if head.used and isinstance(head.head.value, float)
    ]
    circles: list[Circle] = []
    # Today's critical circles count too: so more water never gives a larger factor than today's.
    for line in (now, heads):
        rounded = [(place, toe + round(level - toe)) for place, level in line]
        water = _water(given, section, toe, rounded)
        circles += [each for each in _circles(section, water, asked) if each not in circles]
    if not circles:
        return REFUSALS[1]
    wet = section.with_water(_water(given, section, toe, heads))
    slices = with_water(_slices(section, tuple(circles)), wet)
    found = bishop_simplified(slices, refuse_lifted=False)
    if not np.isfinite(found.value).any():
        return REFUSALS[int(found.refused[0])]
    return float(np.nanmin(found.value))


def _water(
    given: SectionPlan, section: Section, toe: float, heads: list[tuple[float, float]]
) -> Water:
    if heads:
        return line_above_toe(given, section, toe, heads)
    return Water(ratio=given.water.ratio or 0.0)


@lru_cache(maxsize=512)
def _slices(section: Section, circles: tuple[Circle, ...]) -> Slices:
    return slices_of(section, circles)


@lru_cache(maxsize=1024)
def _circles(section: Section, water: Water, asked: Sought) -> tuple[Circle, ...]:
    found = search_for(section.with_water(water), asked)
    return () if found.circle is None else (found.circle, *found.others)
