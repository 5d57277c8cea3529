"""Practical work 3: indicators of a mined territory (KuzSTU guide, 3.1 to 3.21).

The formulas are pure functions; the names of their parameters are the names of the inputs in
`territory.yaml` or of the indicators that they build on. Areas in ha, masses in Mt a year.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from inspect import signature
from typing import Any

from pydantic import Field

from ingest.sentence import Sentence
from ingest.site import Site
from ingest.text import Text
from ingest.yaml_file import Configured, read_yaml
from twin.land_use._work import Input, InputsRefused, Refusal, Result, Values, Work, result


class Crop(Configured):
    """One use of reclaimed farm land.

    Parameters
    ----------
    area_ha
        Area on reclaimed land [ha].
    yield_reclaimed, yield_farm
        Yield on reclaimed and on undisturbed farm land [c/ha], 1 c (centner) = 100 kg.
    price
        Wholesale price [rub/c].
    """

    area_ha: float = Field(ge=0)
    yield_reclaimed: float = Field(ge=0)
    yield_farm: float = Field(ge=0)
    price: float = Field(ge=0)


class TerritoryInputs(Configured):
    """`territory.yaml`: what is recorded of a territory; None is not recorded.

    Parameters
    ----------
    coal
        Yearly output [Mt].
    overburden
        Yearly rock mass moved, output included, as the guide's example uses it [Mt].
    internal_dumping
        Yearly rock placed in mined-out space, without delivery to the surface [Mt].
    employees, residents
        People.
    land_value
        Cadastral value of land [rub/ha].
    district, sanitary_zone, built_up, recreation, railways, roads, mined_out
        Areas [ha].
    external_dumps, external_dumps_reclaimed, internal_dumps, internal_dumps_reclaimed
        Areas of dumps, and how much of them is reclaimed [ha].
    trackless_dumps
        Area of internal dumps made without haulage [ha].
    crops
        Uses of the reclaimed farm land, at most three: fodder, grain and meadow in the guide.
    """

    source: Sentence
    since: date
    coal: float | None = Field(default=None, ge=0)
    overburden: float | None = Field(default=None, ge=0)
    internal_dumping: float | None = Field(default=None, ge=0)
    employees: float | None = Field(default=None, ge=0)
    residents: float | None = Field(default=None, ge=0)
    land_value: float | None = Field(default=None, ge=0)
    district: float | None = Field(default=None, ge=0)
    sanitary_zone: float | None = Field(default=None, ge=0)
    built_up: float | None = Field(default=None, ge=0)
    recreation: float | None = Field(default=None, ge=0)
    railways: float | None = Field(default=None, ge=0)
    roads: float | None = Field(default=None, ge=0)
    mined_out: float | None = Field(default=None, ge=0)
    external_dumps: float | None = Field(default=None, ge=0)
    external_dumps_reclaimed: float | None = Field(default=None, ge=0)
    internal_dumps: float | None = Field(default=None, ge=0)
    internal_dumps_reclaimed: float | None = Field(default=None, ge=0)
    trackless_dumps: float | None = Field(default=None, ge=0)
    crops: tuple[Crop, ...] | None = Field(default=None, max_length=3)


def reclaimed(external_dumps_reclaimed: float, internal_dumps_reclaimed: float) -> float:
    """Return the reclaimed area S_rz [ha], the sum that the guide uses in 3.1, 3.6 and 3.12."""
    return external_dumps_reclaimed + internal_dumps_reclaimed


def solid_waste(overburden: float, coal: float) -> float:
    """Return the yearly solid waste [Mt].

    Restored: the guide's 3.7 reads 68e6 - 10e6, its example's rock mass less its coal.
    """
    return overburden - coal


def disturbed_land(
    sanitary_zone: float, reclaimed: float, recreation: float, built_up: float
) -> float:
    """Return 3.1, technogenically disturbed land [ha]."""
    return sanitary_zone - (reclaimed + recreation + built_up)


def linear_disturbance(mined_out: float, railways: float, roads: float, district: float) -> float:
    """Return 3.2, density of linear disturbance of the district [%]."""
    return _share(mined_out + railways + roads, district)


def zone_disturbance(disturbed_land: float, sanitary_zone: float) -> float:
    """Return 3.3, disturbance of the sanitary zone [%]."""
    return _share(disturbed_land, sanitary_zone)


def district_disturbance(disturbed_land: float, district: float) -> float:
    """Return 3.4, disturbance of the mining district [%]."""
    return _share(disturbed_land, district)


def disturbance_per_output(disturbed_land: float, coal: float) -> float:
    """Return 3.5, disturbed land for 1000 t of yearly output [ha/kt]."""
    return _ratio(disturbed_land, coal * 1000)


def absolute_land_loss(disturbed_land: float, reclaimed: float, district: float) -> float:
    """Return 3.6, absolute loss of land of the district [%]."""
    return _share(disturbed_land - reclaimed, district)


def waste_density(solid_waste: float, sanitary_zone: float) -> float:
    """Return 3.7, yearly solid waste on a hectare of the sanitary zone [t/ha]."""
    return _ratio(solid_waste * 1e6, sanitary_zone)


def waste_utilisation(internal_dumping: float, overburden: float) -> float:
    """Return 3.8, part of the overburden that is placed in mined-out space [%]."""
    return _share(internal_dumping, overburden)


def waste_concentration(
    internal_dumps: float, external_dumps: float, trackless_dumps: float, sanitary_zone: float
) -> float:
    """Return 3.9, part of the sanitary zone that lies under dumps [%]."""
    return _share(internal_dumps + external_dumps + trackless_dumps, sanitary_zone)


def waste_per_employee(solid_waste: float, employees: float) -> float:
    """Return 3.10, yearly solid waste of one employee [t]."""
    return _ratio(solid_waste * 1e6, employees)


def waste_per_resident(solid_waste: float, residents: float) -> float:
    """Return 3.11, yearly solid waste of one resident [t]."""
    return _ratio(solid_waste * 1e6, residents)


def restoration(reclaimed: float, sanitary_zone: float) -> float:
    """Return 3.12, restored part of the sanitary zone [%]."""
    return _share(reclaimed, sanitary_zone)


def agricultural_restoration(crops: tuple[Crop, ...], reclaimed: float) -> float:
    """Return 3.13, part of the reclaimed land that is farmed [%]."""
    return _share(sum(crop.area_ha for crop in crops), reclaimed)


def agro_potential_reclaimed(crops: tuple[Crop, ...]) -> float:
    """Return 3.14, gross agricultural potential of the reclaimed land [rub]."""
    return sum(crop.price * crop.yield_reclaimed * crop.area_ha for crop in crops)


def agro_potential_farm(crops: tuple[Crop, ...]) -> float:
    """Return 3.15, gross potential of the same areas with the yields of farm land [rub]."""
    return sum(crop.price * crop.yield_farm * crop.area_ha for crop in crops)


def hectare_productivity(agro_potential_reclaimed: float, crops: tuple[Crop, ...]) -> float:
    """Return 3.16, productivity of a hectare of reclaimed farm land [rub/ha]."""
    return _ratio(agro_potential_reclaimed, sum(crop.area_ha for crop in crops))


def agro_identity(agro_potential_reclaimed: float, agro_potential_farm: float) -> float:
    """Return 3.17, how near reclaimed land comes to farm land [%]."""
    return _share(agro_potential_reclaimed, agro_potential_farm)


def disturbance_damage(land_value: float, disturbed_land: float) -> float:
    """Return 3.18, damage by disturbance, from the value of the land [rub]."""
    return land_value * disturbed_land


def yield_damage(crops: tuple[Crop, ...]) -> float:
    """Return 3.19, damage by lower yields on reclaimed land [rub]."""
    return sum(
        (crop.yield_farm - crop.yield_reclaimed) * crop.price * crop.area_ha for crop in crops
    )


def total_damage(disturbance_damage: float, yield_damage: float) -> float:
    """Return 3.20, total damage [rub]."""
    return disturbance_damage + yield_damage


def specific_damage(total_damage: float, disturbed_land: float) -> float:
    """Return 3.21, damage for a hectare of disturbed land [rub/ha]."""
    return _ratio(total_damage, disturbed_land)


@dataclass(frozen=True)
class Formula:
    """One numbered indicator of the guide."""

    number: str
    title: Text
    unit: str
    compute: Callable[..., float]

    @property
    def name(self) -> str:
        """Name of the indicator."""
        return self.compute.__name__


FORMULAS = (
    Formula("3.1", Text("Disturbed land"), "ha", disturbed_land),
    Formula("3.2", Text("Density of linear disturbance"), "%", linear_disturbance),
    Formula("3.3", Text("Disturbance of the sanitary zone"), "%", zone_disturbance),
    Formula("3.4", Text("Disturbance of the mining district"), "%", district_disturbance),
    Formula("3.5", Text("Disturbed land per 1000 t of output"), "ha/kt", disturbance_per_output),
    Formula("3.6", Text("Absolute loss of land"), "%", absolute_land_loss),
    Formula("3.7", Text("Solid waste per hectare"), "t/ha", waste_density),
    Formula("3.8", Text("Utilisation of solid waste"), "%", waste_utilisation),
    Formula("3.9", Text("Concentration of solid waste"), "%", waste_concentration),
    Formula("3.10", Text("Solid waste per employee"), "t", waste_per_employee),
    Formula("3.11", Text("Solid waste per resident"), "t", waste_per_resident),
    Formula("3.12", Text("Restoration of land"), "%", restoration),
    Formula("3.13", Text("Agricultural restoration"), "%", agricultural_restoration),
    Formula("3.14", Text("Agricultural potential, reclaimed"), "rub", agro_potential_reclaimed),
    Formula("3.15", Text("Agricultural potential, farm land"), "rub", agro_potential_farm),
    Formula("3.16", Text("Productivity of a hectare"), "rub/ha", hectare_productivity),
    Formula("3.17", Text("Agricultural identity"), "%", agro_identity),
    Formula("3.18", Text("Damage by disturbance"), "rub", disturbance_damage),
    Formula("3.19", Text("Damage by lower yields"), "rub", yield_damage),
    Formula("3.20", Text("Total damage"), "rub", total_damage),
    Formula("3.21", Text("Damage per hectare"), "rub/ha", specific_damage),
)

#: Values that are no numbered indicators, but that several of them build on.
_INTERMEDIATE: tuple[Callable[..., float], ...] = (reclaimed, solid_waste)


class NoBase(ValueError):
    """A ratio has no base: its denominator is zero."""


def territory_values(
    inputs: TerritoryInputs | None,
) -> dict[str, tuple[float | None, Text | None]]:
    """Return value, or why it is not known, of every indicator by name."""
    return _values({} if inputs is None else _recorded(inputs))


def _recorded(inputs: TerritoryInputs) -> dict[str, Any]:
    return {
        name: value
        for name in TerritoryInputs.model_fields
        if (value := getattr(inputs, name)) is not None
    }


def _values(given: Mapping[str, Any]) -> dict[str, tuple[float | None, Text | None]]:
    known = dict(given)
    lacking: dict[str, set[str]] = {}
    values: dict[str, tuple[float | None, Text | None]] = {}
    for compute in (*_INTERMEDIATE, *(formula.compute for formula in FORMULAS)):
        needed = list(signature(compute).parameters)
        missing = set().union(*(lacking.get(name, {name}) for name in needed if name not in known))
        name = compute.__name__
        if missing:
            lacking[name] = missing
            listed = ", ".join(sorted(missing))
            values[name] = None, Text("Not recorded: {inputs}", {"inputs": listed})
            continue
        try:
            known[name] = compute(**{parameter: known[parameter] for parameter in needed})
            values[name] = known[name], None
        except NoBase:
            lacking[name] = set(needed)
            values[name] = None, Text("Its base is zero")
    return {formula.name: values[formula.name] for formula in FORMULAS}


def load_territory(site: Site) -> TerritoryInputs | None:
    """Return `territory.yaml`, None when the site has recorded nothing."""
    path = site.folder / "territory.yaml"
    return read_yaml(path, TerritoryInputs) if path.is_file() else None


def _ratio(part: float, base: float) -> float:
    if base == 0:
        raise NoBase
    return part / base


def _share(part: float, base: float) -> float:
    return 100 * _ratio(part, base)


_CROPS = ("fodder", "grain", "meadow")
_CROP_FIELDS = tuple(Crop.model_fields)
_CROP_NAMES = tuple(f"{crop}_{field}" for crop in _CROPS for field in _CROP_FIELDS)

INPUTS = (
    Input(name="coal", title=Text("Yearly output of coal"), unit="Mt/y", low=0),
    Input(
        name="overburden", title=Text("Rock mass moved in a year, with coal"), unit="Mt/y", low=0
    ),
    Input(name="internal_dumping", title=Text("Rock dumped internally"), unit="Mt/y", low=0),
    Input(name="employees", title=Text("Employees"), unit="people", low=0),
    Input(name="residents", title=Text("Residents"), unit="people", low=0),
    Input(name="land_value", title=Text("Cadastral value of land"), unit="rub/ha", low=0),
    Input(name="district", title=Text("Mining district"), unit="ha", low=0),
    Input(name="sanitary_zone", title=Text("Sanitary zone"), unit="ha", low=0),
    Input(name="built_up", title=Text("Built-up land"), unit="ha", low=0),
    Input(name="recreation", title=Text("Land for recreation"), unit="ha", low=0),
    Input(name="railways", title=Text("Railways and other lines"), unit="ha", low=0),
    Input(name="roads", title=Text("Roads"), unit="ha", low=0),
    Input(name="mined_out", title=Text("Mined-out land"), unit="ha", low=0),
    Input(name="external_dumps", title=Text("External dumps"), unit="ha", low=0),
    Input(
        name="external_dumps_reclaimed", title=Text("Reclaimed external dumps"), unit="ha", low=0
    ),
    Input(name="internal_dumps", title=Text("Internal dumps"), unit="ha", low=0),
    Input(
        name="internal_dumps_reclaimed", title=Text("Reclaimed internal dumps"), unit="ha", low=0
    ),
    Input(name="trackless_dumps", title=Text("Trackless internal dumps"), unit="ha", low=0),
    *(
        Input(name=f"{crop}_{field}", title=title, unit=unit, low=0)
        for crop, titles in zip(
            _CROPS,
            (
                (
                    Text("Fodder: reclaimed land"),
                    Text("Fodder: yield on reclaimed land"),
                    Text("Fodder: yield on farm land"),
                    Text("Fodder: price"),
                ),
                (
                    Text("Grain: reclaimed land"),
                    Text("Grain: yield on reclaimed land"),
                    Text("Grain: yield on farm land"),
                    Text("Grain: price"),
                ),
                (
                    Text("Meadow: reclaimed land"),
                    Text("Meadow: yield on reclaimed land"),
                    Text("Meadow: yield on farm land"),
                    Text("Meadow: price"),
                ),
            ),
            strict=True,
        )
        for field, title, unit in zip(
            _CROP_FIELDS, titles, ("ha", "c/ha", "c/ha", "rub/c"), strict=True
        )
    ),
)


def flat(inputs: TerritoryInputs) -> dict[str, float]:
    """Return recorded inputs by the names of work 3; a crop that is not grown has no area."""
    recorded = _recorded(inputs)
    found = {each.name: float(recorded[each.name]) for each in INPUTS if each.name in recorded}
    if inputs.crops is not None:
        none = Crop(area_ha=0, yield_reclaimed=0, yield_farm=0, price=0)
        for place, crop in enumerate(_CROPS):
            grown = inputs.crops[place] if place < len(inputs.crops) else none
            found |= {f"{crop}_{field}": getattr(grown, field) for field in _CROP_FIELDS}
    return found


def compute(values: Values) -> list[Result]:
    """Return the results of work 3; those whose inputs are not given say which ones.

    Raises
    ------
    InputsRefused
        When a part is larger than its whole.
    """
    known: dict[str, Any] = {
        name: value for name, value in values.items() if name not in _CROP_NAMES
    }
    _check_parts(known)
    if all(name in values for name in _CROP_NAMES):
        known["crops"] = tuple(_crop(values, crop) for crop in _CROPS)
    found = _values(known)
    return [
        result(
            formula.number,
            formula.name,
            formula.title,
            found[formula.name][0],
            formula.unit,
            note=found[formula.name][1],
        )
        for formula in FORMULAS
    ]


def _crop(values: Values, crop: str) -> Crop:
    return Crop(
        area_ha=values[f"{crop}_area_ha"],
        yield_reclaimed=values[f"{crop}_yield_reclaimed"],
        yield_farm=values[f"{crop}_yield_farm"],
        price=values[f"{crop}_price"],
    )


def _check_parts(known: Mapping[str, float]) -> None:
    refused = [
        Refusal(name=part, value=known[part], legal=Text("at most {high}", {"high": known[whole]}))
        for part, whole in (
            ("coal", "overburden"),
            ("internal_dumping", "overburden"),
            ("external_dumps_reclaimed", "external_dumps"),
            ("internal_dumps_reclaimed", "internal_dumps"),
        )
        if part in known and whole in known and known[part] > known[whole]
    ]
    inside = ("external_dumps_reclaimed", "internal_dumps_reclaimed", "recreation", "built_up")
    if "sanitary_zone" in known:
        used = sum(known.get(name, 0.0) for name in inside)
        if used > known["sanitary_zone"]:
            refused.append(
                Refusal(
                    name="sanitary_zone",
                    value=known["sanitary_zone"],
                    legal=Text(
                        "at least {low} ha: reclaimed, built-up land and recreation lie inside it",
                        {"low": used},
                    ),
                )
            )
    if refused:
        raise InputsRefused(refused)


WORK = Work(
    number=3,
    title=Text("Indicators of the territory"),
    inputs=INPUTS,
    compute=compute,
    remarks=(
        Text("3.7: solid waste is restored as rock mass less coal"),
        Text("3.8: the guide's example divides by 58 where its formula asks for 68"),
        Text("3.9: the guide prints 39 for 38.3 in its example"),
    ),
    partial=True,
)
