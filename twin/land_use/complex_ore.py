"""Practical work 6: whether a deposit of several components is worth it (KuzSTU guide, 6.1 to 6.5).

Each component goes into a concentrate of its own, and all the ore passes all the processing.
"""

from __future__ import annotations

from ingest.text import Text
from twin.land_use._work import Input, InputsRefused, Refusal, Result, Values, Work, result

_COMPONENTS = (
    ("1", Text("Component 1")),
    ("2", Text("Component 2")),
    ("3", Text("Component 3")),
)
_NUMBERS = tuple(number for number, _ in _COMPONENTS)

#: Three inputs of a kind, one a component: name, unit, titles, and its bounds low, above, high.
_OF_COMPONENTS = (
    (
        "processing_cost",
        "rub/t",
        (
            Text("Cost of processing, component 1"),
            Text("Cost of processing, component 2"),
            Text("Cost of processing, component 3"),
        ),
        (0, None, None),
    ),
    (
        "concentrate_price",
        "krub/t",
        (
            Text("Price of concentrate 1"),
            Text("Price of concentrate 2"),
            Text("Price of concentrate 3"),
        ),
        (0, None, None),
    ),
    (
        "grade_ore",
        "%",
        (
            Text("Grade of component 1 in the ore"),
            Text("Grade of component 2 in the ore"),
            Text("Grade of component 3 in the ore"),
        ),
        (0, None, 100),
    ),
    (
        "grade_concentrate",
        "%",
        (
            Text("Grade of component 1 in its concentrate"),
            Text("Grade of component 2 in its concentrate"),
            Text("Grade of component 3 in its concentrate"),
        ),
        (None, 0, 100),
    ),
    (
        "recovery",
        "1",
        (
            Text("Recovery of component 1"),
            Text("Recovery of component 2"),
            Text("Recovery of component 3"),
        ),
        (0, None, 1),
    ),
    (
        "profitability",
        "1",
        (
            Text("Norm of profit, concentrate 1"),
            Text("Norm of profit, concentrate 2"),
            Text("Norm of profit, concentrate 3"),
        ),
        (0, None, None),
    ),
)

INPUTS = (
    Input(name="ore", title=Text("Output of ore"), unit="Mt/y", above=0),
    Input(name="overburden", title=Text("Overburden"), unit="million m3/y", low=0),
    Input(name="mining_cost", title=Text("Cost of mining a tonne"), unit="rub/t", low=0),
    Input(name="stripping_cost", title=Text("Cost of stripping"), unit="rub/m3", low=0),
    Input(name="tailings_cost", title=Text("Cost of disposing of tailings"), unit="rub/t", low=0),
    *(
        Input(name=f"{name}_{number}", title=title, unit=unit, low=low, above=above, high=high)
        for name, unit, titles, (low, above, high) in _OF_COMPONENTS
        for number, title in zip(_NUMBERS, titles, strict=True)
    ),
)

WORTH = Text("Worth developing together")
NOT_WORTH = Text("Not worth developing together")


def allowed_cost(price: float, profit: float) -> float:
    """Return 6.1, cost of a tonne of concentrate that leaves the norm of profit [rub/t]."""
    return price / (1 + profit)


def concentrate_yield(grade: float, concentrate_grade: float, recovery: float) -> float:
    """Return 6.2, tonnes of concentrate from a tonne of ore [1]; grades in %."""
    return grade / concentrate_grade * recovery


def allowed_yearly_cost(ore: float, costs: list[float], yields: list[float]) -> float:
    """Return 6.3 [million rub/y]; ore in Mt/y, costs in rub/t."""
    return ore * sum(cost * part for cost, part in zip(costs, yields, strict=True))


def own_yearly_cost(
    ore: float,
    mining: float,
    processing: float,
    overburden: float,
    stripping: float,
    tailings: float,
    yields: list[float],
) -> float:
    """Return 6.4, the deposit's own cost [million rub/y] (restored from the damaged layout).

    Parameters
    ----------
    processing
        Sum over the components [rub/t].
    overburden, stripping
        Volume [million m3/y] and its cost [rub/m3].
    tailings
        Cost of disposing of a tonne [rub/t].
    """
    left = 1 - sum(yields)
    return ore * (mining + processing) + stripping * overburden + tailings * ore * left


def compute(values: Values) -> list[Result]:
    """Return the results of work 6.

    Raises
    ------
    InputsRefused
        When the concentrates would weigh more than the ore, or an ore be richer than its
        concentrate.
    """
    v = values
    richer = [
        Refusal(
            name=f"grade_concentrate_{number}",
            value=v[f"grade_concentrate_{number}"],
            legal=Text(
                "at least {grade} %, the grade of the ore", {"grade": v[f"grade_ore_{number}"]}
            ),
        )
        for number in _NUMBERS
        if v[f"grade_concentrate_{number}"] < v[f"grade_ore_{number}"]
    ]
    if richer:
        raise InputsRefused(richer)
    costs = [
        allowed_cost(1000 * v[f"concentrate_price_{number}"], v[f"profitability_{number}"])
        for number in _NUMBERS
    ]
    yields = [
        concentrate_yield(
            v[f"grade_ore_{number}"], v[f"grade_concentrate_{number}"], v[f"recovery_{number}"]
        )
        for number in _NUMBERS
    ]
    if sum(yields) > 1:
        largest = max(range(len(yields)), key=lambda place: yields[place])
        name = f"recovery_{_NUMBERS[largest]}"
        legal = Text("lower: the concentrates would weigh more than the ore")
        raise InputsRefused([Refusal(name=name, value=v[name], legal=legal)])
    processing = sum(v[f"processing_cost_{number}"] for number in _NUMBERS)
    allowed = allowed_yearly_cost(v["ore"], costs, yields)
    own = own_yearly_cost(
        v["ore"],
        v["mining_cost"],
        processing,
        v["overburden"],
        v["stripping_cost"],
        v["tailings_cost"],
        yields,
    )
    found = [
        each
        for (number, case), cost, part in zip(_COMPONENTS, costs, yields, strict=True)
        for each in (
            result("6.1", f"allowed_cost_{number}", Text("Allowed cost"), cost, "rub/t", case=case),
            result(
                "6.2", f"yield_{number}", Text("Yield of concentrate"), 100 * part, "%", case=case
            ),
        )
    ]
    verdict = WORTH if allowed >= own else NOT_WORTH
    reason = None if allowed else Text("Nothing is sold at these prices")
    return [
        *found,
        result("6.3", "allowed", Text("Allowed yearly cost"), allowed, "million rub/y"),
        result("6.4", "own", Text("Own yearly cost"), own, "million rub/y"),
        result("6.5", "verdict", Text("Deposit"), verdict.template, "1"),
        result(
            "6.5",
            "price_factor",
            Text("Factor on all prices at which it is just worth it"),
            own / allowed if allowed else None,
            "1",
            note=reason,
        ),
    ]


WORK = Work(
    number=6,
    title=Text("Complex development of a deposit"),
    inputs=INPUTS,
    compute=compute,
    remarks=(Text("6.4: restored from the damaged layout"),),
)
