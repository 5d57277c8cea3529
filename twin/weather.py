"""Rain and air of the site."""

from __future__ import annotations

from datetime import timedelta

from ingest.figure import Figure, unknown
from ingest.site import Instrument
from ingest.text import Text
from twin.buckets import read_buckets
from twin.current import Current
from twin.state import WeatherState

#: Part of the readings of a window that a rain sum needs [1] (design assumption): what is missing
#: is not counted as dry.
NEEDED_PART = 0.9


def weather(current: Current) -> WeatherState:
    """Return rain sums and the air's temperature and pressure."""
    gauges = current.site.with_quantity("rain")
    sums = _rain(current, gauges[0]) if gauges else [_none("mm")] * 3
    return WeatherState(
        rain_24h=sums[0],
        rain_7d=sums[1],
        rain_30d=sums[2],
        air_temperature=_freshest(current, "air_temperature", "degC"),
        atmospheric_pressure=_freshest(current, "atmospheric_pressure", "kPa"),
    )


def _rain(current: Current, gauge: Instrument) -> list[Figure]:
    """Return the sums of the last 1, 7 and 30 days of a gauge [mm]."""
    kind = current.site.type_of(gauge.name)
    found = read_buckets(
        current.site,
        current.store,
        gauge.name,
        "rain",
        start=current.end - timedelta(days=30),
        end=current.end,
        count=30,
        known_at=current.known_at,
    )
    rain, count = found.total[:, 0], found.count[:, 0]
    last = current.last(gauge.name, "rain")
    figures = []
    for days in (1, 7, 30):
        got = int(count[-days:].sum())
        needed = int(NEEDED_PART * days * 86_400 / kind.interval_s) if kind.interval_s else 0
        if got < needed:
            reason = Text(
                "Only {count} of {needed} readings in {days} days",
                {"count": got, "needed": needed, "days": days},
            )
            figure = unknown("mm", reason, time=current.at, source=gauge.name)
        else:
            figure = Figure(
                value=float(rain[-days:].sum()), unit="mm", time=current.at, source=gauge.name
            )
        figures.append(current.judged(figure, gauge.name, last[0] if last else None))
    return figures


def _freshest(current: Current, quantity: str, unit: str) -> Figure:
    """Return the value of the instrument that was heard last."""
    figures = [
        current.figure(instrument.name, quantity)
        for instrument in current.site.with_quantity(quantity)
    ]
    heard = [figure for figure in figures if figure.time is not None and figure.value is not None]
    if heard:
        return max(heard, key=lambda figure: figure.time.timestamp() if figure.time else 0.0)
    return figures[0] if figures else _none(unit)


def _none(unit: str) -> Figure:
    return unknown(unit, Text("The site has no such instrument"))
