"""`/sites/{site}/instruments`: what is measured, where, and whether it is alive."""

from __future__ import annotations

from datetime import UTC, datetime

from fastapi import APIRouter, Request
from msgspec import structs
from starlette.responses import Response

from dashboard.answers import (
    DeliverySummary,
    DeviceState,
    InstrumentSummary,
    QuantitySummary,
    ThresholdSummary,
)
from dashboard.api.deps import AskedOfSite, At, KnownAt
from dashboard.api.documents import answer, describes

router = APIRouter(tags=["instruments"])

EXAMPLE = InstrumentSummary(
    name="pz-650-01",
    type="piezometer",
    type_title={"en": "Piezometer", "ru": "Пьезометр"},
    zone="tier_650",
    zone_title={"en": "Tier +650 m", "ru": "Ярус +650 м"},
    x_m=120.0,
    y_m=85.0,
    z_m=612.0,
    node_kind=None,
    quantities=[
        QuantitySummary(
            name="pore_pressure",
            title={"en": "Pore pressure", "ru": "Поровое давление"},
            unit="kPa",
            wire_unit="kPa",
            nodes=[],
            thresholds=[
                ThresholdSummary(
                    level="warning",
                    above=160.0,
                    below=None,
                    since="2022-01-01",
                    source="design assumption",
                )
            ],
        )
    ],
    note="",
    freshness="current",
    last_time=datetime(2022, 7, 12, 6, tzinfo=UTC),
    interval_s=3600.0,
    stale_after_s=10_800.0,
    unavailable_after_s=86_400.0,
    delivery=DeliverySummary(
        days=7, mean_delay_s=4.5, completeness=0.994, flagged=0.006, missing=1, restarts=0
    ),
    device=DeviceState(battery_v=3.6, battery_low=False, firmware="1.4", online=True),
)


@router.get("/sites/{site}/instruments", **describes(list[InstrumentSummary], [EXAMPLE], 404, 422))
def list_instruments(
    request: Request, queries: AskedOfSite, at: At = None, known_at: KnownAt = None
) -> Response:
    """Return every instrument: its quantities with units and nodes, its place, its freshness."""
    delivered, devices = queries.deliveries(at, known_at), queries.devices(at, known_at)
    found = queries.instruments(at, known_at)
    return answer(
        request,
        [
            structs.replace(each, delivery=delivered[each.name], device=devices[each.name])
            for each in found
        ],
    )


@router.get(
    "/sites/{site}/instruments/{instrument}", **describes(InstrumentSummary, EXAMPLE, 404, 422)
)
def read_instrument(
    request: Request,
    queries: AskedOfSite,
    instrument: str,
    at: At = None,
    known_at: KnownAt = None,
) -> Response:
    """Return one instrument."""
    found = queries.instrument(instrument, at, known_at)
    delivered, devices = queries.deliveries(at, known_at), queries.devices(at, known_at)
    return answer(
        request,
        structs.replace(found, delivery=delivered[instrument], device=devices[instrument]),
    )
