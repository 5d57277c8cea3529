"""`/sites/{site}/plan`: the calendar plan of the backfill."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec
from fastapi import APIRouter, HTTPException, Request
from starlette.responses import Response

from dashboard.api.deps import AskedOfSite, At
from dashboard.api.documents import answer, describes

router = APIRouter(tags=["plan"])


class PlannedYear(msgspec.Struct, kw_only=True):
    """What a calendar year brings into the dump, by tier [thousand m3]."""

    year: int
    volume: float
    by_tier: dict[str, float]


class PlannedStream(msgspec.Struct, kw_only=True):
    """One waste stream: mass [thousand t/y], density [t/m3], volume in the dump [thousand m3/y]."""

    name: str
    title: dict[str, str]
    mass_per_year: float
    bulk_density: float
    residual_bulking: float
    compaction: float
    volume_per_year: float


class PlannedTier(msgspec.Struct, kw_only=True):
    """One tier: levels [m above sea], capacity [thousand m3], and where the capacity is from."""

    name: str
    title: dict[str, str]
    base_m: float
    crest_m: float
    capacity: float
    basis: str
    source: str


class PlannedPoint(msgspec.Struct, kw_only=True):
    """Cumulative volume in the dump [thousand m3]."""

    time: datetime
    volume: float


class PlanAnswer(msgspec.Struct, kw_only=True):
    """The plan that is in force at `time`; volumes in the dump [thousand m3], areas [thousand m2].

    `since` is the day from which this calendar holds.
    """

    site: str
    title: dict[str, str]
    source: str
    time: datetime
    since: datetime
    start: datetime
    deadline: str
    volume_unit: str
    planned_volume: float
    total_volume: float
    total_capacity: float
    plan_area: float
    years: list[PlannedYear]
    curve: list[PlannedPoint]
    streams: list[PlannedStream]
    tiers: list[PlannedTier]


_START = datetime(2022, 1, 1, tzinfo=UTC)
EXAMPLE = PlanAnswer(
    site="abaza",
    title={"en": "Backfill of the collapse crater", "ru": "Засыпка воронки обрушения"},
    source="reclamation project 073/20-TX, tables 3-5",
    time=datetime(2022, 7, 12, 6, tzinfo=UTC),
    since=_START,
    start=_START,
    deadline="2036-12-31",
    volume_unit="thousand m3",
    planned_volume=269.8,
    total_volume=7684.5,
    total_capacity=27_000.0,
    plan_area=463.0,
    years=[PlannedYear(year=2022, volume=512.3, by_tier={"tier_650": 512.3})],
    curve=[
        PlannedPoint(time=_START, volume=0.0),
        PlannedPoint(time=datetime(2023, 1, 1, tzinfo=UTC), volume=512.3),
    ],
    streams=[
        PlannedStream(
            name="waste_rock",
            title={"en": "Waste rock", "ru": "Вскрышные породы"},
            mass_per_year=140.0,
            bulk_density=2.85,
            residual_bulking=1.08,
            compaction=1.0,
            volume_per_year=53.05,
        )
    ],
    tiers=[
        PlannedTier(
            name="tier_650",
            title={"en": "Tier +650 m", "ru": "Ярус +650 м"},
            base_m=595.0,
            crest_m=650.0,
            capacity=3839.5,
            basis="source",
            source="reclamation project 073/20-TX, table 5",
        )
    ],
)


@router.get("/sites/{site}/plan", **describes(PlanAnswer, EXAMPLE, 404, 422))
def read_plan(request: Request, queries: AskedOfSite, at: At = None) -> Response:
    """Return the plan in force: years, tiers, waste streams, and the cumulative curve."""
    plan, site = queries.plan(), queries.site
    if plan is None:
        raise HTTPException(404, f"site {site.name} has no plan: plan.yaml is not in its folder")
    time = at or queries.now()
    calendar = plan.calendar_at(time)
    found = PlanAnswer(
        site=site.name,
        title=dict(plan.file.title.items()),
        source=calendar.source,
        time=time,
        since=calendar.since,
        start=plan.start,
        deadline=plan.file.deadline.date.isoformat(),
        volume_unit="thousand m3",
        planned_volume=calendar.volume(time),
        total_volume=calendar.total,
        total_capacity=plan.file.total_capacity_thousand_m3,
        plan_area=plan.file.plan_area_thousand_m2,
        years=[
            PlannedYear(year=year, volume=sum(tiers.values()), by_tier=tiers)
            for year, tiers in calendar.years.items()
        ],
        curve=[
            PlannedPoint(time=knot, volume=volume)
            for knot, volume in zip(calendar.knots, calendar.volumes, strict=True)
        ],
        streams=[
            PlannedStream(
                name=stream.name,
                title=dict(plan.file.stream_titles[stream.name].items()),
                mass_per_year=stream.mass_per_year,
                bulk_density=stream.bulk_density,
                residual_bulking=stream.residual_bulking,
                compaction=stream.compaction,
                volume_per_year=stream.volume_per_year,
            )
            for stream in plan.streams_at(time).by_name.values()
        ],
        tiers=[
            PlannedTier(
                name=name,
                title=dict(site.zones[name].title.items()),
                base_m=tier.base_m,
                crest_m=tier.crest_m,
                capacity=tier.capacity_thousand_m3,
                basis=tier.basis,
                source=tier.source,
            )
            for name, tier in plan.tiers.items()
        ],
    )
    return answer(request, found)
