"""States of the twin for tests: small, and with the figures that a test asks for."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from ingest.figure import Figure, unknown
from ingest.text import Text
from twin.state import (
    FillState,
    MovementState,
    PressureState,
    SCurve,
    SettlementState,
    TwinState,
    WaterState,
    WeatherState,
)

T0 = datetime(2022, 7, 1, tzinfo=UTC)


def known(value: float | str, unit: str, time: datetime = T0) -> Figure:
    return Figure(value=value, unit=unit, time=time, source="test", version="1")


def nothing(unit: str) -> Figure:
    return unknown(unit, Text("No data"))


def pressure(instrument: str, change: Figure, zone: str = "tier_650") -> PressureState:
    return PressureState(
        instrument=instrument,
        zone=zone,
        quantity="pore_pressure",
        level=known(50.0, "kPa"),
        change_7d=change,
        change_30d=change,
    )


def fill(performance: Figure, completion: Figure, deadline: Figure) -> FillState:
    volume = known(100.0, "1000 m3")
    return FillState(
        volume_in_dump=volume,
        planned_volume=volume,
        variance=volume,
        performance=performance,
        rate=volume,
        planned_rate=volume,
        tier=known("tier_650", "1"),
        level=volume,
        completion=completion,
        deadline=deadline,
        streams=[],
        tiers=[],
        s_curve=SCurve(planned_time=[], planned=[], actual_time=[], actual=[]),
    )


def twin_state(
    time: datetime = T0,
    *,
    site: str = "abaza",
    fill: FillState | None = None,
    settlement: list[SettlementState] | None = None,
    pressure: list[PressureState] | None = None,
    movement: list[MovementState] | None = None,
    water: list[WaterState] | None = None,
    rain: Figure | None = None,
) -> TwinState:
    none = nothing("mm")
    return TwinState(
        site=site,
        time=time,
        known_at=time,
        version="test",
        readings=1,
        fill=fill,
        settlement=settlement or [],
        pressure=pressure or [],
        movement=movement or [],
        water=water or [],
        weather=WeatherState(
            rain_24h=none,
            rain_7d=rain or none,
            rain_30d=none,
            air_temperature=nothing("degC"),
            atmospheric_pressure=nothing("kPa"),
        ),
    )


def full_state(time: datetime = T0, *, site: str = "abaza", figure=known) -> TwinState:
    """Return a state in which everything is known, or nothing if `figure` says so."""

    def value(number: float | str, unit: str) -> Figure:
        return figure(number, unit) if figure is known else nothing(unit)

    return twin_state(
        time,
        site=site,
        fill=fill(value(0.97, "1"), value("2036-12-01", "date"), value("2036-12-31", "date")),
        settlement=[
            SettlementState(
                point="sp-650-01",
                zone="tier_650",
                settlement=value(120.0, "mm"),
                rate=value(0.4, "mm/d"),
                ultimate=value(200.0, "mm"),
                remaining=value(80.0, "mm"),
                consolidation=value(0.6, "1"),
                grading=value("2024-01-01", "date"),
                model="settlement_hyperbolic",
            )
        ],
        pressure=[pressure(f"pz-650-{n:02d}", value(1.0 + n / 10, "kPa")) for n in range(1, 7)]
        + [
            PressureState(
                instrument="pz-650-07",
                zone="rim",
                quantity="head",
                level=value(10.0, "m"),
                change_7d=value(0.1, "m"),
                change_30d=value(0.2, "m"),
            )
        ],
        movement=[
            MovementState(
                instrument="ipi-03",
                zone="tier_650",
                largest=value(12.0, "mm"),
                depth=value(22.0, "m"),
                rate=value(0.1, "mm/d"),
                acceleration=value(0.001, "mm/d2"),
            )
        ],
        water=[
            WaterState(
                station="ws-01",
                zone="drainage",
                quantity=quantity,
                value=value(number, unit),
                mean_30d=value(number, unit),
                change_30d=value(1.0, unit),
            )
            for quantity, number, unit in (
                ("ph", 7.4, "pH"),
                ("sulfate", 200.0, "mg/L"),
                ("arsenic", 0.03, "mg/L"),
            )
        ],
        rain=value(12.0, "mm"),
    )


def hours(count: float) -> timedelta:
    return timedelta(hours=count)
