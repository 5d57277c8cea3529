"""Practical work 4: the least grade at which a block is worth mining (KuzSTU guide, 4.1 to 4.8).

It decides whether a technogenic deposit (tailings, a dump) is mined again before it is covered.
"""

from __future__ import annotations

from ingest.text import Text
from twin.land_use._work import Input, Result, Values, Work, result

INPUTS = (
    Input(name="mining_cost", title=Text("Full cost of a tonne of ore"), unit="rub/t", above=0),
    Input(name="ore_price", title=Text("Price of the ore"), unit="rub/t", above=0),
    Input(name="block_grade", title=Text("Grade in the block"), unit="%", above=0, high=100),
    Input(name="loss", title=Text("Losses"), unit="1", low=0, below=1),
    Input(name="dilution", title=Text("Dilution"), unit="1", low=0, high=1),
    Input(name="processing_cost", title=Text("Cost of processing"), unit="rub/t", low=0),
    Input(
        name="concentrate_grade",
        title=Text("Grade of the concentrate"),
        unit="%",
        above=0,
        high=100,
    ),
    Input(name="metal_grade", title=Text("Grade of the crude metal"), unit="%", above=0, high=100),
    Input(name="concentrate_price", title=Text("Price of the concentrate"), unit="rub/t", above=0),
    Input(
        name="recovery_concentrate",
        title=Text("Recovery to the concentrate"),
        unit="1",
        above=0,
        high=1,
    ),
    Input(
        name="recovery_metal",
        title=Text("Recovery from concentrate to metal"),
        unit="1",
        above=0,
        high=1,
    ),
    Input(
        name="component_price",
        title=Text("Price of the component in the concentrate"),
        unit="krub/t",
        above=0,
    ),
    Input(
        name="transport_cost",
        title=Text("Haul of the concentrate to the smelter"),
        unit="rub/t",
        low=0,
    ),
    Input(name="smelting_cost", title=Text("Cost of smelting"), unit="rub/t", low=0),
    Input(name="metal_price", title=Text("Price of the crude metal"), unit="krub/t", above=0),
    Input(name="byproduct_value", title=Text("Value of by-products"), unit="rub/t", low=0),
)

WORTH = Text("Worth mining")
NOT_WORTH = Text("Not worth mining")
_IMPLAUSIBLE = Text("The dilution is implausibly large")
#: Dilution beyond which a direct method would not speak of an ore any more [1]; in the guide's
#: variants 7 to 10 it is 0.5 to 0.9, where 1 to 6 have at most 0.15.
_PLAUSIBLE_DILUTION = 0.4


def mined_grade(grade: float, loss: float, dilution: float) -> float:
    """Return 4.3, grade of the mined ore [%] (restored from the damaged layout)."""
    return (1 - loss) * grade / (1 - loss + dilution)


def quality_factor(mined: float, grade: float) -> float:
    """Return 4.2, change of quality in mining [1]."""
    return mined / grade


def least_grade(
    cost: float, product_grade: float, price: float, quality: float, recovery: float = 1.0
) -> float:
    """Return 4.1, 4.4 to 4.7, the grade at which a product pays its cost [%].

    Parameters
    ----------
    cost
        Of all steps up to the product [rub/t].
    product_grade
        Grade of what is sold [%].
    price
        Price of what is sold [rub/t].
    recovery
        Product of the recoveries [1].
    """
    return cost * product_grade / (price * quality * recovery)


def compute(values: Values) -> list[Result]:
    """Return the results of work 4."""
    v = values
    mined = mined_grade(v["block_grade"], v["loss"], v["dilution"])
    quality = quality_factor(mined, v["block_grade"])
    concentrated = v["mining_cost"] + v["processing_cost"]
    smelted = concentrated + v["transport_cost"] + v["smelting_cost"]
    recovery = v["recovery_concentrate"]
    recovered = recovery * v["recovery_metal"]
    metal_price, component_price = 1000 * v["metal_price"], 1000 * v["component_price"]
    metal, concentrate = v["metal_grade"], v["concentrate_grade"]
    credited = smelted - v["byproduct_value"]
    products = (
        ("4.1", "ore", Text("Ore is sold"), v["mining_cost"], mined, v["ore_price"], 1.0),
        (
            "4.4",
            "concentrate",
            Text("Concentrate is sold"),
            concentrated,
            concentrate,
            v["concentrate_price"],
            recovery,
        ),
        (
            "4.5",
            "component",
            Text("Component in the concentrate is sold"),
            concentrated,
            concentrate,
            component_price,
            recovery,
        ),
        ("4.6", "metal", Text("Metal is sold"), smelted, metal, metal_price, recovered),
        (
            "4.7",
            "byproducts",
            Text("Metal and by-products are sold"),
            credited,
            metal,
            metal_price,
            recovered,
        ),
    )
    note = _IMPLAUSIBLE if v["dilution"] > _PLAUSIBLE_DILUTION else None
    found = [
        result("4.3", "mined_grade", Text("Grade of the mined ore"), mined, "%", note=note),
        result("4.2", "quality_factor", Text("Change of quality in mining"), quality, "1"),
    ]
    for number, name, case, cost, grade, price, recovery_to in products:
        least = least_grade(cost, grade, price, quality, recovery_to)
        free = Text("By-products alone pay the cost: any grade is worth mining")
        found.append(
            result(
                number,
                f"least_grade_{name}",
                Text("Minimum industrial grade"),
                max(least, 0.0),
                "%",
                case=case,
                note=free if least < 0 else None,
            )
        )
        verdict = WORTH if v["block_grade"] > least else NOT_WORTH
        found.append(
            result("4.8", f"verdict_{name}", Text("Block"), verdict.template, "1", case=case)
        )
    return found


WORK = Work(
    number=4,
    title=Text("Minimum industrial grade"),
    inputs=INPUTS,
    compute=compute,
    remarks=(
        Text("4.3: restored from the damaged layout"),
        Text("Variants 11 to 30 are left out: their units are mixed and dilutions lie above 1"),
    ),
)
