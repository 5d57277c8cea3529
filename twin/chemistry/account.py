"""Acid-base account of every waste stream, and of their blend by what was really placed."""

from __future__ import annotations

import math

from ingest.figure import Figure, unknown
from ingest.text import Text
from twin import VERSION
from twin.chemistry.acid_base_account import (
    SULFURIC_ACID_PER_CARBONATE,
    AcidBase,
    AcidClass,
    acid_potential,
    blend,
    ignition_neutralisation,
    maximum_potential_acidity,
    oxide_neutralisation,
)
from twin.plan import Plan
from twin.state import FillState
from twin.water_file import StreamChemistry, WaterFile
from twin.water_state import AcidBaseAccount

MODEL = "acid_base_account"

#: The worse and the better account of a waste.
Pair = tuple[AcidBase, AcidBase]

_VERDICTS: dict[tuple[AcidClass, AcidClass], Text] = {
    ("likely", "likely"): Text("Acid drainage is likely"),
    ("possible", "possible"): Text("Acid drainage is possible"),
    ("unlikely", "unlikely"): Text("Acid drainage is unlikely"),
    ("likely", "possible"): Text("Acid drainage is possible, even likely"),
    ("possible", "unlikely"): Text("Acid drainage is possible if little of the carbonate reacts"),
    ("likely", "unlikely"): Text("Likely or unlikely: it turns on how much carbonate reacts"),
}


def account_of(chemistry: StreamChemistry | None) -> Pair | Text:
    """Return the worse and the better account of a waste, or why there is none."""
    if chemistry is None or chemistry.sulfur_percent is None:
        return Text("The sulfur of this waste is not known")
    if chemistry.cao_percent is None or chemistry.mgo_percent is None:
        return Text("The lime and magnesia of this waste are not known")
    if chemistry.carbonate_share is None:
        return Text("It is not known how much of the lime and magnesia neutralises")
    low_sulfur, high_sulfur = chemistry.sulfur_percent
    least = oxide_neutralisation(chemistry.cao_percent[0], chemistry.mgo_percent[0])
    most = oxide_neutralisation(chemistry.cao_percent[1], chemistry.mgo_percent[1])
    least, most = least * chemistry.carbonate_share[0], most * chemistry.carbonate_share[1]
    if chemistry.loss_on_ignition_percent is not None:
        # No more carbonate than the loss on ignition has carbon dioxide.
        most = min(most, ignition_neutralisation(chemistry.loss_on_ignition_percent[1]))
    return (
        AcidBase(acid_potential(high_sulfur), min(least, most)),
        AcidBase(acid_potential(low_sulfur), most),
    )


def accounts(
    water: WaterFile | None, plan: Plan | None, fill: FillState | None
) -> tuple[list[AcidBaseAccount], AcidBaseAccount | None]:
    """Return the account of every stream, and that of what was placed of them."""
    if water is None or plan is None or fill is None or not water.streams:
        return [], None
    streams, known, total = [], [], 0.0
    for one in fill.streams:
        pair = account_of(water.streams.get(one.stream))
        source = water.streams[one.stream].source if one.stream in water.streams else ""
        streams.append(_account(one.stream, one.title, one.mass, pair, source))
        mass = one.mass.value if isinstance(one.mass.value, float) else 0.0
        total += mass
        if not isinstance(pair, Text) and mass > 0:
            known.append((mass, pair))
    return streams, _blend(known, total, fill)


def _blend(known: list[tuple[float, Pair]], total: float, fill: FillState) -> AcidBaseAccount:
    title = {"en": "Blend of what was placed", "ru": "Смесь фактически уложенного"}
    mass = sum(weight for weight, _ in known)
    time = fill.volume_in_dump.time
    placed = Figure(value=mass, unit="t", time=time, source=MODEL, version=VERSION)
    if not known:
        reason = fill.volume_in_dump.reason or Text("Nothing was placed whose chemistry is known")
        return _account("", title, unknown("t", reason, time=time), reason, "")
    pair = tuple(blend([(weight, each[index]) for weight, each in known]) for index in (0, 1))
    account = _account("", title, placed, (pair[0], pair[1]), "")
    account.ratio.validity = Text(
        "For {share:.0%} of the mass placed; the chemistry of the rest is not known",
        {"share": mass / total},
    )
    return account


def _account(
    stream: str, title: dict[str, str], mass: Figure, pair: Pair | Text, source: str
) -> AcidBaseAccount:
    def figure(unit: str, worse: float, better: float) -> Figure:
        low, high = sorted((worse, better))
        return Figure(
            value=(low + high) / 2,
            unit=unit,
            time=mass.time,
            source=source or MODEL,
            version=VERSION,
            low=low,
            high=high,
            quality="assumed",
        )

    if isinstance(pair, Text):
        carbonate = unknown("kg CaCO3/t", pair, time=mass.time, source=source)
        acid = unknown("kg H2SO4/t", pair, time=mass.time, source=source)
        return AcidBaseAccount(
            stream=stream,
            title=title,
            mass=mass,
            acid_potential=carbonate,
            neutralisation_potential=carbonate,
            net_neutralisation=carbonate,
            ratio=unknown("1", pair, time=mass.time, source=source),
            maximum_acidity=acid,
            net_acid_production=acid,
        )
    worse, better = pair

    def both(name: str) -> tuple[float, float]:
        return getattr(worse, name), getattr(better, name)

    sulfur = [account.acid_potential / acid_potential(1) for account in pair]
    acidity = [maximum_potential_acidity(percent) for percent in sulfur]
    capacity = [account.neutralisation_potential * SULFURIC_ACID_PER_CARBONATE for account in pair]
    finite = all(math.isfinite(value) for value in both("ratio"))
    return AcidBaseAccount(
        stream=stream,
        title=title,
        mass=mass,
        acid_potential=figure("kg CaCO3/t", *both("acid_potential")),
        neutralisation_potential=figure("kg CaCO3/t", *both("neutralisation_potential")),
        net_neutralisation=figure("kg CaCO3/t", *both("net_neutralisation_potential")),
        ratio=(
            figure("1", *both("ratio"))
            if finite
            else unknown("1", Text("No sulfur: no acid"), time=mass.time, source=source)
        ),
        maximum_acidity=figure("kg H2SO4/t", acidity[0], acidity[1]),
        net_acid_production=figure(
            "kg H2SO4/t", acidity[0] - capacity[0], acidity[1] - capacity[1]
        ),
        verdict=_VERDICTS[worse.acid_class, better.acid_class],
    )
