"""The calendar plan of the Abaza crater."""

from __future__ import annotations

from ingest.site import load_site
from ingest.text import Text
from twin.plan import load_plan
from twin.verify import Verification, verification

TITLE = Text("Calendar plan")

PROJECT = "reclamation project 073/20-TX, volume 3 book 1"


#: Volumes in the dump by stream [thousand m3/y] (table 4).
STREAM_VOLUMES = {
    "waste_rock": 53.0,
    "dry_magnetic_separation_tailings": 422.8,
    "mine_water_treatment_sludge": 2.2,
    "coal_ash_and_slag": 34.3,
}


def verifications() -> list[Verification]:
    """Return the comparisons of this subject."""
    plan = load_plan(load_site("abaza"))
    assert plan is not None
    streams = plan.streams[0].by_name
    calendar = plan.calendars[0]
    yearly = sum(stream.volume_per_year for stream in streams.values())
    table4, table5 = f"{PROJECT}, table 4", f"{PROJECT}, table 5"
    found = [
        verification(
            Text("Volume in the dump of {stream} [thousand m3/y]", {"stream": name}),
            table4,
            published,
            streams[name].volume_per_year,
            0.1,
        )
        for name, published in STREAM_VOLUMES.items()
    ]
    found.append(
        verification(
            Text("Volume in the dump of a year [thousand m3/y]"), table4, 512.3, yearly, 0.05
        )
    )
    for tier, published in (("tier_650", 3839.5), ("tier_680", 3845.0)):
        placed = sum(cells[tier] for cells in calendar.years.values())
        found.append(
            verification(
                Text("Volume placed in {tier} [thousand m3]", {"tier": tier}),
                table5,
                published,
                placed,
                0.05,
            )
        )
    found.append(
        verification(Text("Volume of the plan [thousand m3]"), table5, 7684.5, calendar.total, 0.05)
    )
    found.append(
        verification(
            Text("Years until the dump is full [y]"),
            f"{PROJECT}, section 3.1 (printed as 53)",
            53,
            plan.file.total_capacity_thousand_m3 / yearly,
            0.5,
        )
    )
    return found
