"""`/sites/{site}/fleet`: what loader, trucks and bulldozer can move, and what if."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException, Request
from starlette.responses import Response

from dashboard.actor import Actor, needs
from dashboard.api.deps import AskedOfSite, At, KnownAt
from dashboard.api.documents import answer, describes
from dashboard.fleet import FleetAnswer, FleetMachine, FleetVolume, FleetWhatIf
from dashboard.questions import BadQuestion
from twin.fleet.capacity import Capacity, ImpossibleFleet, KindCapacity
from twin.fleet.tables import BulldozerUse, FleetTables, Load, LoaderUse
from twin.fleet.what_if import FleetChanges

router = APIRouter(tags=["fleet"])

_TIME = datetime(2022, 7, 12, 6, tzinfo=UTC)
_TAILINGS = "dry_magnetic_separation_tailings"
_TABLES = FleetTables(
    loads=[
        Load(
            material=_TAILINGS,
            truck="belaz_75404",
            buckets_by_mass=2.95,
            buckets_by_body=3.57,
            buckets=3,
            volume_m3=13.86,
            load_t=30.49,
            overload=0.0164,
            loader_m3_per_shift=1916.9,
            driving_min=10.91,
            loading_min=2.25,
            round_trip_min=15.66,
            truck_m3_per_shift=371.7,
            yearly_thousand_m3=465.1,
            m3_per_shift=1360.0,
            working=3.66,
            listed=4.3,
        )
    ],
    loader=[
        LoaderUse(
            material=_TAILINGS,
            mean_m3_per_shift=1916.9,
            yearly_thousand_m3=565.5,
            volume_thousand_m3=465.1,
            needed=0.82,
        )
    ],
    bulldozer=BulldozerUse(
        cycle_s=43.9,
        prism_m3=3.91,
        kept=0.925,
        m3_per_hour=230.2,
        m3_per_shift=1473.0,
        yearly_thousand_m3=325.6,
        needed_m3_per_shift=952.0,
        working=0.65,
        listed=0.9,
    ),
    loaders_needed=0.82,
    trucks_needed=4.3,
    bulldozers_needed=0.9,
)
_CAPACITY = Capacity(
    planned=465.1,
    yearly=514.1,
    share=1.105,
    meets=True,
    kinds=[KindCapacity(role="trucks", count=6, share=1.16, yearly=539.5, least=6)],
    bottleneck="bulldozer",
    least={"sdlg_l975f": 1, "belaz_75404": 5, "t_170": 1},
    overload=0.0164,
)
EXAMPLE = FleetAnswer(
    site="abaza",
    time=_TIME,
    since=datetime(2022, 1, 1, tzinfo=UTC),
    source="reclamation project 073/20-TX, tables 6-15",
    machines=[
        FleetMachine(
            name="belaz_75404",
            title={"en": "BelAZ-75404", "ru": "БелАЗ-75404"},
            role="truck",
            count=6,
            payload_t=30,
            body_m3=15,
            bucket_m3=0,
            power_kw=312.5,
        )
    ],
    volumes=[FleetVolume(stream=_TAILINGS, mass=1000, density=2.2, volume=465.1)],
    tables=_TABLES,
    capacity=_CAPACITY,
    edge=None,
)
WHAT_IF = FleetWhatIf(
    site="abaza",
    time=_TIME,
    source=EXAMPLE.source,
    now=_CAPACITY,
    then=_CAPACITY,
    tables=_TABLES,
)


@router.get("/sites/{site}/fleet", **describes(FleetAnswer, EXAMPLE, 404, 422, 503))
def read_fleet(
    request: Request, queries: AskedOfSite, at: At = None, known_at: KnownAt = None
) -> Response:
    """Return the fleet in force: the project's tables, what it moves in a year, and the edge."""
    found = queries.fleet_answer(at, known_at)
    if found is None:
        raise HTTPException(404, "this site has no fleet: fleet.yaml is not in its folder")
    return answer(request, found)


@router.post("/sites/{site}/fleet/what-if", **describes(FleetWhatIf, WHAT_IF, 403, 404, 422, 503))
def compute_fleet(
    request: Request,
    queries: AskedOfSite,
    changes: FleetChanges,
    actor: Annotated[Actor, Depends(needs("operator"))],  # noqa: ARG001 (asks for the role)
    at: At = None,
) -> Response:
    """Compute what the fleet would move with some things different; nothing is stored."""
    try:
        found = queries.fleet.what_if(at or queries.now(), changes)
    except ImpossibleFleet as error:
        raise BadQuestion("changes", changes.model_dump(exclude_defaults=True), str(error)) from (
            error
        )
    if found is None:
        raise HTTPException(404, "this site has no fleet: fleet.yaml is not in its folder")
    return answer(request, found)
