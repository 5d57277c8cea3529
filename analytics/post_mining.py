"""Post-mining 6.0: the stage of a site and its seven components, from recorded evidence.

Stages and components after the review of post-mining 1.0 to 6.0 (table 1 and the list of the
components) and the survey of Industry 4.0 in China. The sources describe; how much evidence makes
a stage is our design assumption, and the explanation says how it was counted.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from analytics.assessment import Component, Indicator, PostMining, Risk, RiskLevel
from analytics.levels import GRAVITY, gravest
from analytics.site_files import PostMiningEvidence
from ingest.figure import Figure, unknown
from ingest.freshness import freshness
from ingest.site import Site
from ingest.text import Text
from twin.state import TwinState

#: Part of a component's evidence that makes it count towards stage 6.0.
HALF = 0.5
#: Part of the instruments of a kind that must be current before a network counts.
CURRENT_PART = 0.5


@dataclass(frozen=True)
class Now:
    """What the platform itself can see at a moment."""

    site: Site
    state: TwinState
    risks: list[Risk]
    last_reading: dict[str, datetime]


@dataclass(frozen=True)
class Asked:
    """One thing that a component asks for.

    Parameters
    ----------
    live
        Judges by what the platform sees now: an installed thing that delivers nothing does not
        count. None: recorded evidence alone.
    """

    item: str
    title: Text
    live: Callable[[Now], bool] | None = None


def _delivers(*types: str) -> Callable[[Now], bool]:
    """Return a judge: at least half of the instruments of the types are current."""

    def judge(now: Now) -> bool:
        instruments = now.site.of_type(*types)
        current = [
            instrument
            for instrument in instruments
            if freshness(
                now.last_reading.get(instrument.name),
                now.site.type_of(instrument.name),
                now.state.time,
            )
            == "current"
        ]
        return bool(instruments) and len(current) >= CURRENT_PART * len(instruments)

    return judge


def _twin_runs(now: Now) -> bool:
    return now.state.readings > 0


def _learns(now: Now) -> bool:
    return any(risk.score is not None for risk in now.risks)


#: The components in the order of the review; `cosmetic` ones are about looks and use of the land.
COMPONENTS: tuple[tuple[str, Text, bool, tuple[Asked, ...]], ...] = (
    (
        "strategy",
        Text("Strategy"),
        False,
        (
            Asked("cluster_designed", Text("Closure designed as an intelligent eco-cluster")),
            Asked("functions_chosen", Text("Mix of future functions chosen")),
            Asked("funding_secured", Text("Funding secured by a deposit or guarantee")),
        ),
    ),
    (
        "digital_twin",
        Text("Digital twin of the territory"),
        False,
        (
            Asked("twin_running", Text("Digital twin computed from current data"), _twin_runs),
            Asked(
                "network_ground",
                Text("Instruments in the ground that deliver current data"),
                _delivers("piezometer", "inclinometer_in_place", "settlement_point"),
            ),
            Asked(
                "network_water",
                Text("Instruments in the water that deliver current data"),
                _delivers("water_station"),
            ),
            Asked("network_air", Text("Network for air quality")),
            Asked("network_energy", Text("Network for energy plants")),
            Asked("geological_model", Text("3D geological and hydrogeological model")),
            Asked("seepage_forecast", Text("Forecast of seepage and of slope stability")),
        ),
    ),
    (
        "decision_support",
        Text("Decision support by machine learning"),
        False,
        (
            Asked("learning_model", Text("Model that learns from incoming data"), _learns),
            Asked("proposed_scenarios", Text("Proposed scenarios of management")),
        ),
    ),
    (
        "circular_economy",
        Text("Circular economy"),
        False,
        (
            Asked("dump_assessment", Text("Dumps assessed as a resource")),
            Asked("modular_processing", Text("Modular processing")),
            Asked("overburden_reuse", Text("Overburden and processing waste reused")),
            Asked("mine_water_use", Text("Drainage and mine water used")),
        ),
    ),
    (
        "bioeconomy",
        Text("Bioeconomy"),
        True,
        (
            Asked("dump_terracing", Text("Dumps terraced for planting")),
            Asked("greenhouses", Text("Greenhouses")),
            Asked("aquaponics", Text("Aquaponics in pit lakes")),
            Asked("phytoremediation", Text("Phytoremediation")),
        ),
    ),
    (
        "green_energy",
        Text("Green energy"),
        False,
        (
            Asked("solar", Text("Solar power on gentle slopes")),
            Asked("wind", Text("Wind power on high dumps")),
            Asked("pumped_storage", Text("Pumped or gravity storage")),
        ),
    ),
    (
        "community",
        Text("Socio-technical integration"),
        True,
        (
            Asked("field_laboratory", Text("Field laboratories")),
            Asked("tourism", Text("Tourism, museums or festivals")),
            Asked("land_returned", Text("Land returned to communities")),
        ),
    ),
)

#: Stages 1.0 to 5.0: number, title, and the evidence that the idea of the stage asks for (any one
#: item of each group).
STAGES: tuple[tuple[str, Text, tuple[tuple[tuple[str, Text], ...], ...]], ...] = (
    (
        "1.0",
        Text("Conservation"),
        (
            (
                ("void_filling", Text("Shafts conserved or voids part-filled")),
                ("void_conserved", Text("Shafts conserved or voids part-filled")),
            ),
        ),
    ),
    (
        "2.0",
        Text("Reclamation to the norm"),
        (
            (("technical_stage_done", Text("Technical stage of reclamation completed")),),
            (("biological_stage_done", Text("Biological stage of reclamation completed")),),
        ),
    ),
    (
        "3.0",
        Text("Simple economic reuse"),
        ((("economic_reuse", Text("Sites reused for storage or small industry")),),),
    ),
    (
        "4.0",
        Text("Circular economy and energy"),
        (
            (
                ("modular_processing", Text("Residual minerals extracted, or sun and wind used")),
                ("solar", Text("Residual minerals extracted, or sun and wind used")),
                ("wind", Text("Residual minerals extracted, or sun and wind used")),
            ),
        ),
    ),
    (
        "5.0",
        Text("Heritage as public space"),
        ((("heritage_public", Text("Industrial heritage opened to the public")),),),
    ),
)

_SIX = Text("Smart multifunctional cluster")
_NONE = Text("Not stated")


def post_mining(
    evidence: PostMiningEvidence | None,
    territory: list[Indicator],
    now: Now,
) -> PostMining:
    """Return the stage, its explanation, the seven components and the territory's indicators.

    Looks must not outshine poison: while the drainage is at warning or alarm, or is not watched,
    the components about looks and use of the land do not count, and the stage is at most 1.0
    (the survey of China warns of greening that hides toxic drainage).
    """
    time = now.state.time
    drainage = _drainage(now.risks)
    clean = drainage in ("normal", "advisory")
    components = [
        _component(name, title, asked, evidence, now, counts=clean or not cosmetic)
        for name, title, cosmetic, asked in COMPONENTS
    ]
    if evidence is None:
        reason = Text("No evidence is recorded for this site")
        return PostMining(
            stage=unknown("1", reason, time=time),
            stage_title=_NONE,
            explanation=[reason],
            components=components,
            territory=territory,
        )
    stage, title, explanation = _stage(
        evidence, components, clean=clean, drainage=drainage, at=time
    )
    return PostMining(
        stage=Figure(value=stage, unit="1", time=time, source="post_mining.yaml", version="1")
        if stage
        else unknown("1", explanation[0], time=time, source="post_mining.yaml"),
        stage_title=title,
        explanation=explanation,
        components=components,
        territory=territory,
    )


def _drainage(risks: list[Risk]) -> RiskLevel:
    """Return the gravest level of the drainage, "unknown" when it is not watched."""
    return gravest(risk.level for risk in risks if risk.name == "drainage_chemistry")


def _component(
    name: str,
    title: Text,
    asked: tuple[Asked, ...],
    evidence: PostMiningEvidence | None,
    now: Now,
    *,
    counts: bool,
) -> Component:
    present, missing = [], []
    for item in asked:
        recorded = evidence is not None and evidence.recorded(item.item, now.state.time) is not None
        holds = item.live(now) if item.live is not None else recorded
        (present if holds else missing).append(item.title)
    fraction = len(present) / len(asked) if counts else 0.0
    if not counts and present:
        missing.append(Text("Not counted while the drainage is not known to be harmless"))
    return Component(
        name=name,
        title=title,
        fraction=Figure(
            value=fraction,
            unit="1",
            time=now.state.time,
            source="post_mining.yaml and current data",
            version="1",
        ),
        present=present,
        missing=missing,
    )


def _stage(
    evidence: PostMiningEvidence,
    components: list[Component],
    *,
    clean: bool,
    drainage: RiskLevel,
    at: datetime,
) -> tuple[str, Text, list[Text]]:
    """Return the stage, its title, and how it follows.

    Stages 1.0 and 2.0 are the ground: nothing later counts without them. Above it the highest
    stage with its evidence counts, because later stages are ideas of their own and not steps.
    """
    complete: dict[str, Text] = {}
    explanation: list[Text] = []
    for number, title, groups in STAGES:
        lacking = [
            group[0][1]
            for group in groups
            if not any(evidence.recorded(item, at) for item, _ in group)
        ]
        if not lacking:
            complete[number] = title
            explanation.append(Text("Stage {stage}: its evidence is recorded", {"stage": number}))
        else:
            explanation.append(Text("Stage {stage} is not reached; missing:", {"stage": number}))
            explanation += lacking
    halves = sum(
        isinstance(component.fraction.value, float) and component.fraction.value >= HALF
        for component in components
    )
    if halves == len(components):
        complete["6.0"] = _SIX
    explanation.append(
        Text(
            "Stage 6.0 asks half the evidence of all {needed} components: {count} have it",
            {"needed": len(components), "count": halves},
        )
    )
    if "1.0" not in complete:
        return "", _NONE, [Text("Nothing is recorded even of stage 1.0"), *explanation]
    if not clean:
        explanation.append(
            Text("The drainage is beyond its limits: no stage above 1.0 counts")
            if GRAVITY[drainage] > GRAVITY["advisory"]
            else Text("The drainage is not known to be harmless: no stage above 1.0 counts")
        )
        return "1.0", complete["1.0"], explanation
    if "2.0" not in complete:
        if len(complete) > 1:
            explanation.append(Text("Without reclamation to the norm no later stage counts"))
        return "1.0", complete["1.0"], explanation
    number = max(complete)
    return number, complete[number], explanation
