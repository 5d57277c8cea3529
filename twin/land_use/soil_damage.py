"""Practical work 2: what stripping and storing cost the soil (KuzSTU guide, 2.1 to 2.12)."""

from __future__ import annotations

from ingest.text import Text
from twin.land_use._work import Input, InputsRefused, Refusal, Result, Values, Work, result

#: Largest sum of the five losses that the guide's norm allows [%].
LOSS_NORM = 17

_LOSSES = (
    Input(name="loss_removal", title=Text("Loss in removal"), unit="%", low=0, high=100, default=5),
    Input(
        name="loss_transport", title=Text("Loss in transport"), unit="%", low=0, high=100, default=1
    ),
    Input(
        name="loss_storage",
        title=Text("Loss in temporary storage"),
        unit="%",
        low=0,
        high=100,
        default=2.5,
    ),
    Input(
        name="loss_reloading",
        title=Text("Loss in reloading"),
        unit="%",
        low=0,
        high=100,
        default=2.5,
    ),
    Input(
        name="loss_weather", title=Text("Loss by bad weather"), unit="%", low=0, high=100, default=5
    ),
)

#: Quantities of the soil before and after: key, titles, unit, largest value.
_SOIL = (
    ("ph", Text("pH before"), Text("pH after"), "pH", 14),
    ("humus", Text("Humus before"), Text("Humus after"), "%", 100),
    ("humus_depth", Text("Depth of humus before"), Text("Depth of humus after"), "cm", 1000),
    ("n", Text("Nitrogen before"), Text("Nitrogen after"), "%", 100),
    ("p", Text("Phosphorus before"), Text("Phosphorus after"), "%", 100),
    ("k", Text("Potassium before"), Text("Potassium after"), "%", 100),
)

INPUTS = (
    Input(
        name="dump_front_advance", title=Text("Advance of the dump's front"), unit="m/y", above=0
    ),
    Input(name="dump_front_length", title=Text("Length of the dump's front"), unit="m", above=0),
    Input(name="topsoil_thickness", title=Text("Thickness of the topsoil"), unit="m", above=0),
    *(
        each
        for key, before, after, unit, most in _SOIL
        for each in (
            Input(name=f"{key}_before", title=before, unit=unit, above=0, high=most),
            Input(name=f"{key}_after", title=after, unit=unit, low=0, high=most),
        )
    ),
    *_LOSSES,
    Input(
        name="topsoil_bulking",
        title=Text("Bulking of the topsoil"),
        unit="1",
        low=1,
        high=2,
        default=1.1,
    ),
    Input(
        name="dilution_norm",
        title=Text("Norm of dilution of the soil"),
        unit="1",
        low=0,
        below=1,
        default=0.08,
    ),
    Input(name="soil_price", title=Text("Price of the soil"), unit="rub/m3", low=0, default=350),
    Input(
        name="land_norm",
        title=Text("Norm value of the land"),
        unit="rub/ha",
        low=0,
        default=125_000,
    ),
)


def stripped_volume(advance: float, length: float, thickness: float, bulking: float) -> float:
    """Return 2.2, soil that is stripped in a year [m3/y]."""
    return advance * length * thickness * bulking


def worsening(before: float, after: float) -> float:
    """Return 2.9 with 2.10, how much a quantity of the soil has worsened [1]."""
    return 1 - after / before


def agrochemical_worsening(p: float, n: float, k: float, ph: float) -> float:
    """Return 2.8, the mean of the four worsenings [1]."""
    return (p + n + k + ph) / 4


def biological_worsening(
    humus_before: float, depth_before: float, humus_after: float, depth_after: float
) -> float:
    """Return 2.11, worsening of humus content and depth [1]."""
    return 1 - (humus_after * depth_after) / (humus_before * depth_before)


def soil_dilution(mixed: float, stripped: float, lost: float) -> float:
    """Return 2.3, rock mixed into the soil that is left [1]."""
    return mixed / (stripped - lost)


def loss_damage(loss: float, area: float, thickness: float, price: float) -> float:
    """Return 2.6, damage by lost soil [rub/y].

    Parameters
    ----------
    loss
        Lost part [1].
    area
        Stripped land [ha/y].
    """
    return loss * area * thickness * price * 1e4


def use_damage(
    norm: float, biological: float, agrochemical: float, dilution: float, area: float
) -> float:
    """Return 2.7, damage by taking soil out of use [rub/y]."""
    return norm * biological * agrochemical * dilution * area


def compute(values: Values) -> list[Result]:
    """Return the results of work 2.

    Raises
    ------
    InputsRefused
        When soil has become better, or all of it is lost.
    """
    v = values
    better = [
        Refusal(
            name=f"{key}_after",
            value=v[f"{key}_after"],
            legal=Text("at most {before}, the value before", {"before": v[f"{key}_before"]}),
        )
        for key, *_ in _SOIL
        if v[f"{key}_after"] > v[f"{key}_before"]
    ]
    if better:
        raise InputsRefused(better)
    loss = sum(v[each.name] for each in _LOSSES)
    if loss >= 100:
        others = loss - v["loss_removal"]
        raise InputsRefused(
            [
                Refusal(
                    name="loss_removal",
                    value=v["loss_removal"],
                    legal=Text(
                        "below {most}: five losses of 100 % leave no soil",
                        {"most": max(100 - others, 0)},
                    ),
                )
            ]
        )
    area = v["dump_front_advance"] * v["dump_front_length"] / 1e4
    stripped = stripped_volume(
        v["dump_front_advance"],
        v["dump_front_length"],
        v["topsoil_thickness"],
        v["topsoil_bulking"],
    )
    lost = loss / 100 * stripped
    mixed = stripped * v["dilution_norm"]
    dilution = soil_dilution(mixed, stripped, lost)
    worse = {key: worsening(v[f"{key}_before"], v[f"{key}_after"]) for key in ("p", "n", "k", "ph")}
    chemical = agrochemical_worsening(**worse)
    biological = biological_worsening(
        v["humus_before"], v["humus_depth_before"], v["humus_after"], v["humus_depth_after"]
    )
    by_loss = loss_damage(loss / 100, area, v["topsoil_thickness"], v["soil_price"])
    by_use = use_damage(v["land_norm"], biological, chemical, dilution, area)
    over = Text("Above the norm of {norm} %", {"norm": LOSS_NORM}) if loss > LOSS_NORM else None
    elements = {
        "p": Text("Phosphorus"),
        "n": Text("Nitrogen"),
        "k": Text("Potassium"),
        "ph": Text("pH"),
    }
    return [
        result("2.1", "relative_loss", Text("Relative loss of soil"), loss, "%", note=over),
        result("2.2", "stripped_area", Text("Land stripped in a year"), area, "ha/y"),
        result("2.2", "stripped_volume", Text("Soil stripped in a year"), stripped, "m3/y"),
        result("2.4", "lost_volume", Text("Soil lost in a year"), lost, "m3/y"),
        result("2.5", "mixed_volume", Text("Rock mixed into the soil"), mixed, "m3/y"),
        result("2.3", "dilution", Text("Dilution of the soil"), dilution, "1"),
        *(
            result("2.9", f"worsening_{key}", Text("Worsening"), value, "1", case=elements[key])
            for key, value in worse.items()
        ),
        result("2.8", "agrochemical", Text("Agrochemical worsening"), chemical, "1"),
        result("2.11", "biological", Text("Biological worsening"), biological, "1"),
        result("2.6", "damage_loss", Text("Damage by lost soil"), by_loss, "rub/y"),
        result("2.7", "damage_use", Text("Damage by taking soil out of use"), by_use, "rub/y"),
        result("2.12", "damage", Text("Damage to soil"), by_loss + by_use, "rub/y"),
    ]


WORK = Work(
    number=2,
    title=Text("Damage to soil"),
    inputs=INPUTS,
    compute=compute,
    remarks=(Text("2.6, 2.7: the stripped land is taken as advance times length of the front"),),
)
