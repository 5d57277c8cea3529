"""The tiers as a variant has them: their heights, what they take, and the order of the filling.

A tier of another height takes what the plan's curve of level against volume holds between its
levels: the dump keeps its outline. Heights are legal when the tiers end at the plan's top or below
it, when no tier is higher than the sliding prism at its edge was set for, when what lies there
stays there, and when the benches that trucks need still fit under the flattest overall slope.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from ingest.text import Text
from twin.edge import berm_width
from twin.geometry import StageVolume, sliding_prism_width
from twin.plan import Plan
from twin.what_if.changes import BadChange, Changes, step_of
from twin.what_if.start import Start

HEIGHT = "tiers.height."

#: Levels that differ by less are one [m].
_SAME = 1e-6


@dataclass(frozen=True)
class Tiers:
    """The tiers of a variant, bottom up.

    Parameters
    ----------
    levels
        Toe and crest of each [m above sea].
    capacity, held
        What each takes, and what lies there now [thousand m3].
    steps
        Tiers in the order of the filling, each with the share up to which it is filled then [1].
    reshaped
        Whether a height is changed.
    """

    levels: dict[str, tuple[float, float]]
    capacity: dict[str, float]
    held: dict[str, float]
    steps: tuple[tuple[str, float], ...]
    reshaped: bool

    @property
    def total(self) -> float:
        """What all tiers take [thousand m3]."""
        return sum(self.capacity.values())

    def filled(self, volume: float) -> dict[str, float]:
        """Return how much lies in each tier when the dump holds a volume [thousand m3].

        What lies there now stays; what comes fills the tiers step by step.
        """
        found = dict(self.held)
        left = volume - sum(found.values())
        for name, share in self.steps:
            part = min(max(self.capacity[name] * share - found[name], 0.0), max(left, 0.0))
            found[name] += part
            left -= part
        return found

    def last_load(self, tier: str, total: float) -> float | None:
        """Return the volume of the dump at the last load of a tier [thousand m3].

        Parameters
        ----------
        total
            What the dump comes to hold [thousand m3].

        Returns
        -------
        None when nothing more comes to the tier.
        """
        volume, last = sum(self.held.values()), None
        found = dict(self.held)
        for name, share in self.steps:
            most = max(self.capacity[name] * share - found[name], 0.0)
            part = min(most, max(total - volume, 0.0))
            found[name] += part
            volume += part
            if name == tier and part > 1e-6:
                last = volume
        return last

    def front(self, volume: float) -> str:
        """Return the tier that is being filled when the dump holds a volume [thousand m3]."""
        found = self.filled(volume)
        for name, share in self.steps:
            if found[name] < self.capacity[name] * share - 1e-9:
                return name
        return self.steps[-1][0]


def tiers_of(start: Start, changes: Changes) -> Tiers:
    """Return the tiers with the changes.

    Raises
    ------
    BadChange
        When tiers of such heights cannot be built.
    """
    plan, fill = start.plan, start.state.fill
    assert plan is not None
    assert fill is not None
    order = changes.get("tiers.order")
    steps = tuple(step_of(each) for each in order) if isinstance(order, tuple) else ()
    steps = steps or tuple((name, 1.0) for name in plan.tiers)
    held = {
        each.tier: each.filled.value if isinstance(each.filled.value, float) else 0.0
        for each in fill.tiers
    }
    levels = {name: (tier.base_m, tier.crest_m) for name, tier in plan.tiers.items()}
    capacity = {name: tier.capacity_thousand_m3 for name, tier in plan.tiers.items()}
    if not any(key.startswith(HEIGHT) for key, _ in changes.values):
        return Tiers(levels, capacity, held, steps, reshaped=False)
    now, level = levels, next(iter(levels.values()))[0]
    levels = {}
    for name, (base, crest) in now.items():
        top = level + changes.number(f"{HEIGHT}{name}", crest - base)
        levels[name] = (level, top)
        level = top
    _check_top(changes, levels, now)
    _check_filled(start, changes, levels, now)
    _check_benches(start, plan, changes, levels)
    curve = StageVolume(plan.tiers)
    capacity = {
        name: curve.volume(crest) - curve.volume(base) for name, (base, crest) in levels.items()
    }
    left, again = sum(held.values()), {}
    for name, most in capacity.items():
        again[name] = min(most, max(left, 0.0))
        left -= again[name]
    return Tiers(levels, capacity, again, steps, reshaped=True)


def _wrong(changes: Changes, reason: Text, tier: str = "") -> BadChange:
    """Return the refusal at a tier's own height where that is changed, or else at all."""
    key = f"{HEIGHT}{tier}"
    if tier and changes.get(key) is not None:
        return BadChange(key, changes.get(key), reason, refusal=True)
    heights = {key: value for key, value in changes.values if key.startswith(HEIGHT)}
    given = ", ".join(f"{key.removeprefix(HEIGHT)}: {value:g} m" for key, value in heights.items())
    return BadChange("tiers.height", given, reason, refusal=True)


Levels = dict[str, tuple[float, float]]


def _check_top(changes: Changes, levels: Levels, now: Levels) -> None:
    top, most = list(levels.values())[-1][1], list(now.values())[-1][1]
    if top > most + _SAME:
        raise _wrong(
            changes,
            Text(
                "the tiers together end at +{top:.1f} m, above the plan's top of +{most:.1f} m:"
                " make another tier lower by {much:.1f} m",
                {"top": top, "most": most, "much": top - most},
            ),
        )


def _check_filled(start: Start, changes: Changes, levels: Levels, now: Levels) -> None:
    fill, plan = start.state.fill, start.plan
    assert fill is not None
    assert plan is not None
    filled = fill.volume_in_dump.value
    if not isinstance(filled, float):
        return
    stands = StageVolume(plan.tiers).level(filled)
    for name, (base, crest) in levels.items():
        if now[name][1] <= stands + _SAME and abs(crest - now[name][1]) > _SAME:
            reason = Text("this tier is full: its height cannot change")
            raise _wrong(changes, reason, name)
        if base < stands and crest < stands - _SAME:
            raise _wrong(
                changes,
                Text(
                    "what lies in this tier stands at +{level:.1f} m: its crest cannot be at"
                    " +{crest:.1f} m",
                    {"level": stands, "crest": crest},
                ),
                name,
            )


def _check_benches(start: Start, plan: Plan, changes: Changes, levels: Levels) -> None:
    """Refuse tiers whose benches make the overall slope flatter than the plan allows.

    A bench carries the berm at its edge, or the sliding prism where that is wider, and behind it
    the longest truck. The lowest tier ends at the crater's rim: the slope begins above it.
    """
    edge, fleet, shape = (start.fleets.edge if start.fleets else None), start.fleet, plan.file.shape
    upper = list(levels.values())[1:]
    if edge is None or fleet is None or shape is None or len(upper) < 2:
        return
    berm = berm_width(edge.berm_m, edge.repose_deg)
    truck = max((each.length_m for each in fleet.trucks), default=0.0)
    heights = [crest - base for base, crest in upper]
    kept = [
        max(berm, sliding_prism_width(edge.repose_deg, edge.stable_deg, height)) + truck
        for height in heights[:-1]
    ]
    flattest = shape.overall_slope_deg[0]
    run = sum(heights) / math.tan(math.radians(flattest))
    left = run - sum(heights) / math.tan(math.radians(shape.repose_deg))
    if sum(kept) > left + _SAME:
        raise _wrong(
            changes,
            Text(
                "{count} benches need {needed:.0f} m (berm or sliding prism, and a truck's length,"
                " on each), but an overall slope of at least {slope:g} deg leaves {left:.0f} m:"
                " make the tiers higher",
                {"count": len(kept), "needed": sum(kept), "slope": flattest, "left": left},
            ),
        )
