"""States of the twin for tests: small, and with the figures that a test asks for."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import msgspec

from ingest.figure import Figure, unknown
from ingest.text import Text
from twin.state import (
    FillState,
    MovementState,
    PressureState,
    SCurve,
    SettlementState,
    SlopeState,
    TiltState,
    TwinState,
    WaterState,
    WeatherState,
)
from twin.water_state import GroundwaterState

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


def slope(
    section: str,
    slide: str,
    factor: Figure,
    *,
    required: float = 1.2,
    zone: str = "tier_650",
    stage: str = "standing",
    probability: Figure | None = None,
) -> SlopeState:
    return SlopeState(
        section=section,
        slide=slide,
        zone=zone,
        title={"en": section},
        slide_title={"en": slide},
        stage=stage,
        factor_of_safety=factor,
        spencer=factor,
        ravelling=known(1.0, "1"),
        required=known(required, "1"),
        probability=probability or (known(0.01, "1") if factor.value is not None else factor),
        water_level=known(590.0, "m"),
        source="test",
        water_source="test",
    )


def groundwater(
    instrument: str, unexplained: Figure, *, rise: bool | None = False, quantity: str = "head"
) -> GroundwaterState:
    return GroundwaterState(
        instrument=instrument,
        zone="tier_650",
        quantity=quantity,
        level=unexplained,
        explained=unexplained,
        rest=unexplained,
        by_water=unexplained,
        by_pressure=unexplained,
        by_load=unexplained,
        unexplained=unexplained,
        unexplained_change_7d=unexplained,
        efficiency=unexplained,
        pore_pressure_ratio=unexplained,
        rise=rise,
    )


def tilt(first: str, second: str, size: Figure, difference: Figure) -> TiltState:
    return TiltState(
        first=first, second=second, distance_m=50.0, difference=difference, tilt=size, over=None
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
    slopes: list[SlopeState] | None = None,
    water_levels: list[GroundwaterState] | None = None,
    tilts: list[TiltState] | None = None,
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
        slopes=slopes,
        groundwater=water_levels or [],
        tilt=tilts or [],
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
        slopes=[
            slope("tier_650_west", "face", value(1.3, "1")),
            slope("tier_650_west", "base", value(1.5, "1")),
            slope("tier_680", "face", value(1.4, "1"), stage="planned"),
        ],
        water_levels=[
            groundwater("pz-650-01", between(value(2.0, "kPa")), quantity="pore_pressure")
        ],
        tilts=[tilt("sp-650-01", "sp-650-02", value(2.0, "mm/m"), value(-100.0, "mm"))],
    )


def between(figure: Figure, half: float = 2.0) -> Figure:
    """Return a figure with an interval about it."""
    if not isinstance(figure.value, float):
        return figure
    return msgspec.structs.replace(figure, low=figure.value - half, high=figure.value + half)


def hours(count: float) -> timedelta:
    return timedelta(hours=count)
