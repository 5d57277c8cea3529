"""Safety at the edge of the tier that is being filled: what to keep, in metres.

Reclamation project 073/20-TX, volume 3 book 1, sections 4.2 and 4.3: no support point of a vehicle
within the sliding prism; a berm of at least 1 m, and without one nobody nearer than 5 m; a platform
that tilts at least 3 deg inward from the crest. Never unload inside the prism.
"""

from __future__ import annotations

import math
from datetime import datetime

from ingest.figure import Figure
from ingest.text import Text
from twin import VERSION
from twin.fleet.inputs import Edge, Fleet, Fleets
from twin.geometry import sliding_prism_width
from twin.plan import Plan
from twin.state import EdgeRule, EdgeState, FillState

SOURCE = "edge_safety"


def edge_state(
    fleets: Fleets | None, plan: Plan | None, fill: FillState | None, at: datetime
) -> EdgeState | None:
    """Return what holds at the edge of the tier in which the front stands.

    None for a site whose `fleet.yaml` has no `edge`, or that has no plan.
    """
    if fleets is None or fleets.edge is None or plan is None or fill is None:
        return None
    edge, tier = fleets.edge, str(fill.tier.value or "")
    if tier not in plan.tiers:
        # The prism grows with the height: the tallest tier is on the safe side.
        tallest = max(each.crest_m - each.base_m for each in plan.tiers.values())
        found = edge_rules(edge, fleets.at(at), "", tallest, at)
        found.height.quality = "assumed"
        found.height.validity = Text(
            "It is not known where the front stands: rules for the tallest tier"
        )
        return found
    height = plan.tiers[tier].crest_m - plan.tiers[tier].base_m
    return edge_rules(edge, fleets.at(at), tier, height, at)


def edge_rules(edge: Edge, fleet: Fleet, tier: str, height_m: float, at: datetime) -> EdgeState:
    """Return the rules at the edge of a tier.

    Parameters
    ----------
    height_m
        Height of the tier, from toe to crest [m].
    """
    prism = sliding_prism_width(edge.repose_deg, edge.stable_deg, height_m)
    berm = berm_width(edge.berm_m, edge.repose_deg)
    longest = max((truck.length_m for truck in fleet.trucks), default=0.0)
    rise = longest * math.tan(math.radians(edge.tilt_deg))

    def computed(value: float, unit: str, validity: Text | None = None) -> Figure:
        return Figure(
            value=value, unit=unit, time=at, source=SOURCE, version=VERSION, validity=validity
        )

    def given(value: float, unit: str) -> Figure:
        return Figure(value=value, unit=unit, time=at, source=edge.source, quality="planned")

    rules = [
        EdgeRule(
            name="sliding_prism",
            title=Text("Sliding prism at the crest"),
            value=computed(prism, "m"),
            requirement=Text("No wheel and no unloading within it; no bulldozer works on it"),
        ),
        EdgeRule(
            name="berm",
            title=Text("Height of the safety berm"),
            value=given(edge.berm_m, "m"),
            requirement=Text("At least this high wherever trucks unload; never drive onto it"),
        ),
        EdgeRule(
            name="berm_base",
            title=Text("Width of the berm at its foot"),
            value=computed(
                berm,
                "m",
                Text("Design assumption: a triangular heap at the angle of repose"),
            ),
            requirement=Text("The berm keeps the wheels this far from the crest"),
        ),
        EdgeRule(
            name="wheel_with_berm",
            title=Text("Nearest wheel with a berm"),
            value=computed(max(prism, berm), "m"),
            requirement=Text("Not nearer to the crest than the prism or the foot of the berm"),
        ),
        EdgeRule(
            name="wheel_without_berm",
            title=Text("Nearest wheel without a berm"),
            value=computed(max(prism, edge.keep_off_m), "m"),
            requirement=Text(
                "Not nearer than {keep_off} m, nor within the prism", {"keep_off": edge.keep_off_m}
            ),
        ),
        EdgeRule(
            name="tilt",
            title=Text("Tilt of the platform, inward from the crest"),
            value=given(edge.tilt_deg, "deg"),
            requirement=Text("At least, along the whole front and the length of a truck"),
        ),
        EdgeRule(
            name="rise",
            title=Text("Rise of the platform over a truck's length"),
            value=computed(rise, "m"),
            requirement=Text(
                "The crest lies at least this much higher than the other end of a truck of "
                "{length} m",
                {"length": longest},
            ),
        ),
    ]
    if height_m > edge.tallest_tier_m:
        rules.append(
            EdgeRule(
                name="tallest",
                title=Text("Height of the tier"),
                value=computed(height_m, "m"),
                requirement=Text(
                    "Higher than the {tallest} m that the project reckons with: the surveyor must "
                    "set the prism anew",
                    {"tallest": edge.tallest_tier_m},
                ),
            )
        )
    return EdgeState(tier=tier, height=computed(height_m, "m"), rules=rules)


def berm_width(height_m: float, repose_deg: float) -> float:
    """Return how wide a triangular berm at the angle of repose stands [m]: `2*h*cot(a)`."""
    return 2 * height_m / math.tan(math.radians(repose_deg))
