"""The water line of a section from the live piezometers of the state."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

from ingest.figure import Figure
from ingest.text import Text
from twin.current import Current, silent
from twin.slopes.configuration import SectionPlan, Upslope
from twin.slopes.ground import place_along
from twin.slopes.section import WATER_UNIT_WEIGHT, Point, Section, at
from twin.state import SlopeHead

#: Pore pressure at which a tip counts as above the water [kPa] (design assumption: the noise of a
#: vibrating-wire piezometer): it says only that the water stands no higher.
DRY_TIP_KPA = 1.0

#: Tips nearer than this along the section are at one place [m].
ONE_PLACE_M = 1.0

#: Least distance between two places whose gradient is continued uphill [m] (design assumption: a
#: noise of 0.1 m of head is then a gradient of 1 %).
GRADIENT_OVER_M = 10.0


@dataclass(frozen=True)
class WaterLine:
    """Heads along a section.

    Parameters
    ----------
    heads
        Every piezometer, used or not.
    line
        The piezometric line (m from the toe, m above sea); empty when `reason` says why.
    time
        When the oldest head of the line was measured.
    stale
        Whether a head of the line is too old to be shown as current.
    """

    heads: list[SlopeHead]
    line: tuple[Point, ...]
    time: datetime | None
    stale: bool
    reason: Text | None = None


def water_line(current: Current, plan: SectionPlan) -> WaterLine:
    """Return the water line of a section, never dry because nothing is known.

    Of the tips at one place the highest head counts. A tip without pressure lies above the water:
    it counts only where every tip of its place does, and then the water stands at the lowest.
    """
    oldest = current.at - timedelta(days=plan.water.stale_after_d)
    known: list[tuple[float, SlopeHead, bool, datetime, bool]] = []
    heads: list[SlopeHead] = []
    for name in plan.water.piezometers:
        instrument = current.site.instruments[name]
        place = place_along(plan, float(instrument.x_m or 0), float(instrument.y_m or 0))
        head, wet = _head(current, name, oldest)
        one = SlopeHead(instrument=name, place_m=place, tip_m=instrument.z_m, head=head, used=False)
        heads.append(one)
        if isinstance(head.value, float) and head.time is not None:
            known.append((place, one, wet, head.time, head.quality == "stale"))
    places: list[list[tuple[float, SlopeHead, bool, datetime, bool]]] = []
    for each in sorted(known, key=lambda tip: (tip[0], tip[1].instrument)):
        if places and each[0] - places[-1][0][0] < ONE_PLACE_M:
            places[-1].append(each)
        else:
            places.append([each])
    line: list[Point] = []
    used = []
    for tips in places:
        wet_tips = [tip for tip in tips if tip[2]]
        chosen = (
            max(wet_tips, key=lambda tip: float(tip[1].head.value or 0))
            if wet_tips
            else min(tips, key=lambda tip: float(tip[1].head.value or 0))
        )
        chosen[1].used = True
        line.append((chosen[0], float(chosen[1].head.value or 0)))
        used.append(chosen)
    if len(line) < plan.water.least:
        silent_ones = ", ".join(each.instrument for each in heads if each.head.value is None)
        reason = Text(
            "The water is known at {count} of {needed} places of the section; silent: {silent}",
            {"count": len(line), "needed": plan.water.least, "silent": silent_ones or "-"},
        )
        return WaterLine(heads, (), None, False, reason)
    return WaterLine(
        heads, tuple(line), min(each[3] for each in used), any(each[4] for each in used)
    )


def gradient_uphill(line: Sequence[Point]) -> float | None:
    """Return how much the water rises uphill at the uppermost place [m/m], never below 0.

    None where no second place is known far enough away.
    """
    place, head = line[0]
    for other, lower in line[1:]:
        if other - place >= GRADIENT_OVER_M:
            return max((head - lower) / (other - place), 0.0)
    return None


def continued(upslope: Upslope, section: Section, toe: float, line: Sequence[Point]) -> list[Point]:
    """Return a water line with what is assumed of it uphill of its first place.

    Parameters
    ----------
    section
        The section, levels above its toe; it falls towards growing x.
    toe
        Level of the toe [m above sea].
    line
        Known heads (m from the toe, m above sea), x growing.
    """
    place, head = line[0]
    left = section.surface[0][0]
    if upslope.assume == "boundary":
        assert upslope.place_m is not None
        assert upslope.head_m is not None
        if upslope.place_m >= place:
            return list(line)
        return [(upslope.place_m, upslope.head_m), *line]
    rise = gradient_uphill(line)
    if upslope.assume == "level" or not rise or left >= place:
        return list(line)
    places = [x for x, _ in section.surface if x < place]
    grounds = at(section.surface, np.array(places)) + toe
    # No higher than the ground, and no lower than where it was measured.
    return [
        *(
            (x, min(head + rise * (place - x), max(float(ground), head)))
            for x, ground in zip(places, grounds, strict=True)
        ),
        *line,
    ]


def assumed_uphill(upslope: Upslope, line: WaterLine) -> Text | None:
    """Return in a sentence what is assumed uphill of the last place; None without a line."""
    if not line.line:
        return None
    first = ", ".join(
        each.instrument
        for each in line.heads
        if each.used and each.place_m - line.line[0][0] < ONE_PLACE_M
    )
    if upslope.assume == "boundary":
        return Text(
            "Uphill of {instrument} the water line goes straight to {head:.1f} m at {place:.0f} m"
            " from the toe",
            {
                "instrument": first,
                "head": float(upslope.head_m or 0),
                "place": float(upslope.place_m or 0),
            },
        )
    rise = gradient_uphill(line.line)
    if upslope.assume == "level" or not rise:
        return Text("Uphill of {instrument} the water line goes on level", {"instrument": first})
    return Text(
        "Uphill of {instrument} the water rises on with the gradient between the last two places,"
        " {gradient:.3f}, at most to the ground: a water table flattens uphill, so this is rather"
        " too high than too low",
        {"instrument": first, "gradient": rise},
    )


def _head(current: Current, name: str, oldest: datetime) -> tuple[Figure, bool]:
    """Return the last head [m above sea], also when it is stale, and whether the tip is wet."""
    quantities = current.site.type_of(name).quantities
    quantity = "pore_pressure" if "pore_pressure" in quantities else "head"
    last = current.last(name, quantity)
    if last is None or last[0] < oldest:
        return silent("m", name, last[0] if last else None), False
    time, value = last
    wet = True
    if quantity == "pore_pressure":
        wet = value > DRY_TIP_KPA
        value = float(current.site.instruments[name].z_m or 0) + max(value, 0) / WATER_UNIT_WEIGHT
    fresh = current.freshness(name, time) == "current"
    return (
        Figure(
            value=float(value),
            unit="m",
            time=time,
            source=name,
            quality="derived" if fresh else "stale",
        ),
        wet,
    )
