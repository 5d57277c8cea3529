"""Loader, trucks and bulldozer of the Abaza crater: tables 8-15."""

from __future__ import annotations

from ingest.site import load_site
from ingest.text import Text
from twin.fleet.capacity import whole
from twin.fleet.inputs import load_fleet, yearly_volumes
from twin.fleet.tables import FleetTables, fleet_tables
from twin.plan import load_plan
from twin.verify import Verification, verification

TITLE = Text("Loader, trucks and bulldozer")

PROJECT = "reclamation project 073/20-TX, volume 3 book 1"

#: Columns of tables 8, 11 and 12: material and truck.
COLUMNS = (
    ("waste_rock", "belaz_75404"),
    ("waste_rock", "kamaz_6520"),
    ("dry_magnetic_separation_tailings", "belaz_75404"),
    ("dry_magnetic_separation_tailings", "kamaz_6520"),
)

TRUCKS = {"belaz_75404": "BelAZ-75404", "kamaz_6520": "KamAZ-6520"}

#: Printed by column, and the tolerance: half a unit of the last printed digit, or what the rounded
#: numbers make that the source goes on with.
PRINTED: dict[str, tuple[str, Text, tuple[float, ...], float]] = {
    "buckets_by_mass": ("8", Text("buckets by mass [1]"), (3.3, 2.2, 3.0, 2.0), 0.05),
    "buckets_by_body": ("8", Text("buckets by body [1]"), (3.9, 3.1, 3.6, 2.9), 0.05),
    "buckets": ("8", Text("buckets taken [1]"), (3, 2, 3, 2), 0),
    "volume_m3": ("8", Text("volume in the body [m3]"), (9.7, 6.5, 13.9, 9.2), 0.05),
    "loader_m3_per_shift": (
        "8",
        Text("loader in a shift [m3]"),
        (1340, 1198, 1917, 1714),
        0.6,
    ),
    "driving_min": ("11", Text("driving time [min]"), (10.9, 10.9, 10.9, 10.9), 0.05),
    "loading_min": ("11", Text("loading time [min]"), (2.3, 1.5, 2.3, 1.5), 0.051),
    "round_trip_min": ("11", Text("round trip [min]"), (15.7, 14.9, 15.7, 14.9), 0.05),
    "truck_m3_per_shift": ("11", Text("truck in a shift [m3]"), (260, 182, 372, 260), 0.5),
    "yearly_thousand_m3": (
        "12",
        Text("yearly haul [thousand m3]"),
        (28.9, 20.2, 273.6, 191.5),
        0.1,
    ),
    "m3_per_shift": ("12", Text("haul in a shift [m3]"), (84, 59, 800, 560), 0.5),
    "working": ("12", Text("trucks at work [1]"), (0.3, 0.3, 2.2, 2.2), 0.05),
    "listed": ("12", Text("trucks on the list [1]"), (0.4, 0.4, 2.5, 2.5), 0.05),
}

#: Where the source's formula and its numbers differ, and which of them is right.
_LISTED = "; printed as working * 0.85, its numbers and the right formula are working / 0.85"


def abaza_tables() -> FleetTables:
    """Return the tables of the bundled site as the project has them."""
    site = load_site("abaza")
    plan = load_plan(site)
    fleets = load_fleet(site, plan)
    assert plan is not None
    assert fleets is not None
    first = fleets.revisions[0]
    return fleet_tables(first, yearly_volumes(first, plan, first.since))


def verifications() -> list[Verification]:
    """Return the comparisons of this subject."""
    tables = abaza_tables()
    columns = {(each.material, each.truck): each for each in tables.loads}
    found = [
        verification(
            Text(
                "{what}: {material}, {truck}",
                {"what": title.template, "material": material, "truck": TRUCKS[truck]},
            ),
            f"{PROJECT}, table {number}{_LISTED if field == 'listed' else ''}",
            printed,
            getattr(columns[material, truck], field),
            tolerance,
        )
        for field, (number, title, values, tolerance) in PRINTED.items()
        for (material, truck), printed in zip(COLUMNS, values, strict=True)
    ]
    return [*found, *_loader(tables), *_totals(tables), *_bulldozer(tables)]


def _loader(tables: FleetTables) -> list[Verification]:
    rock, tailings = tables.loader
    source = f"{PROJECT}, table "
    cut = " (the source goes on with truncated means)"
    return [
        verification(
            Text("Mean of the loader, rock [m3/shift]"),
            f"{source}8{cut}",
            1283,
            rock.mean_m3_per_shift,
            1,
        ),
        verification(
            Text("Mean of the loader, tailings [m3/shift]"),
            f"{source}8{cut}",
            1835,
            tailings.mean_m3_per_shift,
            1,
        ),
        verification(
            Text("Loader in a year, rock [thousand m3]"),
            f"{source}8{cut}",
            378.4,
            rock.yearly_thousand_m3,
            0.3,
        ),
        verification(
            Text("Loader in a year, tailings [thousand m3]"),
            f"{source}8{cut}",
            541.3,
            tailings.yearly_thousand_m3,
            0.3,
        ),
        verification(Text("Loaders for rock [1]"), f"{source}9", 0.1, rock.needed, 0.05),
        verification(Text("Loaders for tailings [1]"), f"{source}9", 0.9, tailings.needed, 0.05),
    ]


def _totals(tables: FleetTables) -> list[Verification]:
    return [
        verification(
            Text("Loaders of the site [1]"),
            f"{PROJECT}, table 9 (printed as 1)",
            1.0,
            tables.loaders_needed,
            0.05,
        ),
        verification(
            Text("Trucks of the site [1]"),
            f"{PROJECT}, table 12 (printed as 6: the sum of 0.4, 0.4, 2.5, 2.5)",
            5.8,
            tables.trucks_needed,
            0.05,
        ),
        verification(
            Text("Trucks of the site, whole [1]"),
            f"{PROJECT}, table 12",
            6,
            whole(tables.trucks_needed),
            0,
        ),
        verification(
            Text("Bulldozers of the site, whole [1]"),
            f"{PROJECT}, table 15; unrounded it is 1.0004, which counts as 1: within 0.5 %",
            1,
            whole(tables.bulldozers_needed),
            0,
        ),
    ]


def _bulldozer(tables: FleetTables) -> list[Verification]:
    use = tables.bulldozer
    table14, table15 = f"{PROJECT}, table 14", f"{PROJECT}, table 15"
    rounded = " (the source goes on with 0.93 for a loss factor of 0.925, and with 44 s)"
    return [
        verification(Text("Bulldozer: cycle [s]"), table14, 44, use.cycle_s, 0.5),
        verification(Text("Bulldozer: drag prism [m3]"), table14, 3.9, use.prism_m3, 0.05),
        verification(Text("Bulldozer: loss factor [1]"), table14, 0.93, use.kept, 0.0051),
        verification(
            Text("Bulldozer in an hour [m3]"), f"{table14}{rounded}", 231, use.m3_per_hour, 1
        ),
        verification(
            Text("Bulldozer in a shift [m3]"), f"{table14}{rounded}", 1479, use.m3_per_shift, 7
        ),
        verification(
            Text("Volume to push [thousand m3/y]"), table15, 359.9, use.yearly_thousand_m3, 0.1
        ),
        verification(
            Text("Volume to push in a shift [m3]"), table15, 1052, use.needed_m3_per_shift, 0.6
        ),
        verification(Text("Bulldozers at work [1]"), table15, 0.7, use.working, 0.05),
        verification(Text("Bulldozers of the site [1]"), table15, 1.0, use.listed, 0.05),
    ]
