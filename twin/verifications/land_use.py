"""Land use: what the KuzSTU guide prints, above all the worked example of work 3."""

from __future__ import annotations

from datetime import date

from ingest.text import Text
from twin.land_use import SOURCE, variants, works
from twin.land_use.territory import FORMULAS, Crop, TerritoryInputs, territory_values
from twin.verify import Verification, verification

TITLE = Text("Land use")

#: Inputs of the guide's worked example.
WORKED_EXAMPLE = TerritoryInputs(
    source=f"{SOURCE}, worked example of practical work 3",
    since=date(2000, 1, 1),
    coal=10,
    overburden=68,
    internal_dumping=15,
    employees=16_000,
    residents=42_000,
    land_value=15_000,
    district=6144,
    sanitary_zone=4306,
    built_up=895,
    recreation=264,
    railways=100,
    roads=233,
    mined_out=238,
    external_dumps=796,
    external_dumps_reclaimed=329,
    internal_dumps=688,
    internal_dumps_reclaimed=213,
    trackless_dumps=164,
    crops=(
        Crop(area_ha=200, yield_reclaimed=15, yield_farm=20, price=150),
        Crop(area_ha=120, yield_reclaimed=20, yield_farm=30, price=300),
        Crop(area_ha=80, yield_reclaimed=6, yield_farm=10, price=100),
    ),
)

#: What the guide prints, by number; some of it is truncated, some rounded.
PRINTED = {
    "3.1": 2605,
    "3.2": 9.3,
    "3.3": 60,
    "3.4": 42.4,
    "3.5": 0.2605,
    "3.6": 33.5,
    "3.7": 13469.5,
    "3.8": 25.8,
    "3.9": 39,
    "3.10": 3625,
    "3.11": 1381,
    "3.12": 12.6,
    "3.13": 73.8,
    "3.14": 1_218_000,
    "3.15": 1_760_000,
    "3.16": 3045,
    "3.17": 69.2,
    "3.18": 39_075_000,
    "3.19": 542_000,
    "3.20": 39_617_000,
    "3.21": 15208.1,
}

#: Where the guide is wrong: the right value, and why.
CORRECTED = {
    "3.8": (22.0588, "the guide prints 25.8, dividing by 58 where its formula asks for 68"),
    "3.9": (38.2722, "the guide prints 39 for (688 + 796 + 164) / 4306"),
}


def verifications() -> list[Verification]:
    """Return every number that the guide prints beside ours."""
    return [*_worked_example(), _flattening()]


def _flattening() -> Verification:
    """Return how much more bottom-up flattening costs: 1.7 is printed, 1.10 is restored from it."""
    results = works()["land_allotment"].results(variants("land_allotment")[1])
    moved = {each.name: float(each.figure.value or 0) for each in results if "flat" in each.name}
    return verification(
        Text("Flattening bottom-up to top-down [1]"),
        f"{SOURCE}, work 1: the volume grows four times",
        4,
        moved["flattening_bottom_up"] / moved["flattening_top_down"],
        1e-9,
    )


def _worked_example() -> list[Verification]:
    """Return the worked example of work 3.

    The tolerance is one unit of the last printed digit, because the guide truncates some numbers.
    """
    values = territory_values(WORKED_EXAMPLE)
    found = []
    for formula in FORMULAS:
        computed, _ = values[formula.name]
        published: float = PRINTED[formula.number]
        tolerance = last_digit(published)
        source = f"{SOURCE}, {formula.number}"
        if formula.number in CORRECTED:
            published, why = CORRECTED[formula.number]
            tolerance, source = 1e-4, f"{source}, corrected: {why}"
        found.append(
            verification(
                Text(
                    "territory {number} {name}",
                    {"number": formula.number, "name": str(formula.title)},
                ),
                source,
                published,
                computed if computed is not None else float("nan"),
                tolerance,
            )
        )
    return found


def last_digit(printed: float) -> float:
    """Return one unit of the last printed digit."""
    _, _, decimals = f"{printed}".partition(".")
    return 10.0 ** -len(decimals) if decimals else 1.0
