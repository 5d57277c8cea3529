"""The parametric solid of the Abaza crater: it must reproduce what the plan prints."""

from __future__ import annotations

import numpy as np

from ingest.site import load_site
from ingest.text import Text
from twin.crater import crater_solid
from twin.plan import load_plan
from twin.verify import Verification, verification

TITLE = Text("Solid of the crater")

PROJECT = "reclamation project 073/20-TX, volume 3 book 1"


def verifications() -> list[Verification]:
    """Return the comparisons of this subject."""
    site = load_site("abaza")
    plan = load_plan(site)
    assert plan is not None
    solid = crater_solid(site, plan)
    base, final = solid.base, solid.final
    found = [
        verification(
            Text("Volume of the full crater [thousand m3]"),
            f"{PROJECT}, table 3",
            27_000,
            solid.volume_between(base, final),
            0.01,
        ),
        verification(
            Text("Area of the full crater in plan [thousand m2]"),
            f"{PROJECT}, table 3",
            463,
            solid.area,
            0.001,
        ),
        verification(
            Text("Height of the dump above the crest of its lowest tier [m]"),
            f"{PROJECT}, table 3",
            200,
            float(np.nanmax(final) - np.nanmin(final)),
            0.001,
        ),
        verification(
            Text("Overall slope of the dump [deg]"),
            f"{PROJECT}, section 3.1 (printed as 19-23)",
            21,
            solid.overall_deg,
            2,
        ),
    ]
    for tier, printed in (("tier_650", 3839.5), ("tier_680", 3845.0)):
        levels = (plan.tiers[tier].base_m, plan.tiers[tier].crest_m)
        held = solid.volume_between(np.clip(base, *levels), np.clip(final, *levels))
        found.append(
            verification(
                Text("Volume of tier {tier} [thousand m3]", {"tier": tier.replace("tier_", "+")}),
                f"{PROJECT}, table 5",
                printed,
                held,
                0.01,
            )
        )
    return found
