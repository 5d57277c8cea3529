"""Practical work 5: losses and dilution by the direct method (KuzSTU guide, 5.1 to 5.5).

A flat seam of ore is mined by one of three schemes; each leaves a layer of ore and takes a layer
of rock at both contacts, which is where the twos come from.
"""

from __future__ import annotations

from ingest.text import Text
from twin.land_use._work import Input, Result, Values, Work, refuse, result

_SCHEMES = (("a", Text("Scheme A")), ("b", Text("Scheme B")), ("c", Text("Scheme C")))

INPUTS = (
    Input(name="ore_thickness", title=Text("Thickness of the ore body"), unit="m", above=0),
    *(
        Input(name=f"{layer}_{scheme}", title=title, unit="m", low=0)
        for scheme, titles in (
            ("a", (Text("Lost layer of ore, scheme A"), Text("Layer of rock, scheme A"))),
            ("b", (Text("Lost layer of ore, scheme B"), Text("Layer of rock, scheme B"))),
            ("c", (Text("Lost layer of ore, scheme C"), Text("Layer of rock, scheme C"))),
        )
        for layer, title in zip(("lost_layer", "rock_layer"), titles, strict=True)
    ),
    Input(
        name="balance_grade", title=Text("Grade of the balance ore"), unit="%", above=0, high=100
    ),
    Input(name="rock_grade", title=Text("Grade of the diluting rock"), unit="%", low=0, high=100),
    Input(name="lost_grade", title=Text("Grade of the lost ore"), unit="%", low=0, high=100),
    Input(
        name="mining_cost", title=Text("Cost of mining a tonne"), unit="rub/t", low=0, default=600
    ),
    Input(
        name="processing_cost",
        title=Text("Cost of processing a tonne"),
        unit="rub/t",
        low=0,
        default=250,
    ),
)


def mined_grade(
    thickness: float,
    balance_grade: float,
    lost_layer: float,
    lost_grade: float,
    rock_layer: float,
    rock_grade: float,
) -> float:
    """Return 5.4, grade of the mined ore [%]; layers in m at each of the two contacts."""
    metal = thickness * balance_grade - 2 * lost_layer * lost_grade + 2 * rock_layer * rock_grade
    return metal / (thickness - 2 * lost_layer + 2 * rock_layer)


def component_loss(
    thickness: float,
    balance_grade: float,
    lost_layer: float,
    lost_grade: float,
    rock_layer: float,
    rock_grade: float,
) -> float:
    """Return 5.1, loss of the component, less what the rock brings [%].

    Restored from the damaged layout. Below zero the rock brings more than the lost ore holds.
    """
    lost = 2 * lost_layer * lost_grade - 2 * rock_layer * rock_grade
    return 100 * lost / (thickness * balance_grade)


def dilution(balance_grade: float, grade: float) -> float:
    """Return 5.2, dilution [%]; below zero the lost ore was poorer than the seam."""
    return 100 * (balance_grade - grade) / balance_grade


def metal_cost(costs: float, balance_grade: float, quality: float) -> float:
    """Return 5.5, cost of a tonne of metal [rub/t].

    Restored: the sign between the guide's costs of 600 and 250 is lost, taken as their sum, and
    the grade [%] as a share. The order of the schemes depends on neither.
    """
    return costs / (balance_grade / 100 * quality)


def compute(values: Values) -> list[Result]:
    """Return the results of work 5.

    Raises
    ------
    InputsRefused
        When more ore is lost than there is, or the rock is richer than the ore.
    """
    v = values
    thickness, balance = v["ore_thickness"], v["balance_grade"]
    if v["rock_grade"] >= balance:
        raise refuse(
            "rock_grade",
            v["rock_grade"],
            Text("below {grade} %, the grade of the ore", {"grade": balance}),
        )
    found: list[Result] = []
    costs: dict[str, float] = {}
    for scheme, case in _SCHEMES:
        lost, rock = v[f"lost_layer_{scheme}"], v[f"rock_layer_{scheme}"]
        layers = (thickness, balance, lost, v["lost_grade"], rock, v["rock_grade"])
        if 2 * lost >= thickness or 2 * lost * v["lost_grade"] >= thickness * balance:
            raise refuse(
                f"lost_layer_{scheme}",
                lost,
                Text(
                    "below {most} m: the two layers hold no more than the ore body",
                    {"most": _most_lost(thickness, balance, v["lost_grade"])},
                ),
            )
        grade = mined_grade(*layers)
        diluted = dilution(balance, grade)
        quality = 1 - diluted / 100
        costs[scheme] = metal_cost(v["mining_cost"] + v["processing_cost"], balance, quality)
        found += [
            result(
                "5.1", f"loss_{scheme}", Text("Losses"), component_loss(*layers), "%", case=case
            ),
            result(
                "5.4",
                f"mined_grade_{scheme}",
                Text("Grade of the mined ore"),
                grade,
                "%",
                case=case,
            ),
            result("5.2", f"dilution_{scheme}", Text("Dilution"), diluted, "%", case=case),
            result(
                "5.5",
                f"metal_cost_{scheme}",
                Text("Cost of a tonne of metal"),
                costs[scheme],
                "rub/t",
                case=case,
            ),
        ]
    best = min(costs, key=lambda scheme: costs[scheme])
    found.append(
        result(
            "5.5",
            "best_scheme",
            Text("Scheme with the cheapest metal"),
            dict(_SCHEMES)[best].template,
            "1",
        )
    )
    return found


def _most_lost(thickness: float, balance: float, lost_grade: float) -> float:
    share = 1.0 if lost_grade <= balance else balance / lost_grade
    return round(thickness / 2 * share, 4)


WORK = Work(
    number=5,
    title=Text("Losses and dilution"),
    inputs=INPUTS,
    compute=compute,
    remarks=(
        Text("5.1: restored from the damaged layout"),
        Text("5.5: the sign between both costs is lost; their sum is assumed"),
        Text("Variants: cells that span rows of the damaged table are repeated as we read them"),
    ),
)
