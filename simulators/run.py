"""Run a scenario: first the true ground, then what the instruments make of it, then messages."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

import msgspec
import numpy as np
import pandas as pd

from ingest.clock import to_ns
from ingest.message import readings_topic
from ingest.site import Instrument, Site
from simulators.measure import measured, rounded, tipped
from simulators.process import Floats, Ground, Ints, generator, in_order
from simulators.record import Recorded
from simulators.scenario import Scenario

#: Readings in one message of a logger that sends what it has kept.
FLUSH = 200


@dataclass(frozen=True)
class Series:
    """What one instrument measured.

    Parameters
    ----------
    second
        Time of each reading, (n,) [s since the start].
    received
        When it arrived, (n,) [s since the start]; NaN: never.
    values
        Per quantity (n, nodes), in canonical units; NaN is a blank.
    """

    second: Ints
    received: Floats
    values: dict[str, Floats]


@dataclass(frozen=True)
class Simulation:
    """A scenario that has been run.

    Parameters
    ----------
    ground
        The truth.
    series
        What was measured, by instrument.
    """

    scenario: Scenario
    site: Site
    ground: Ground
    series: dict[str, Series]

    def frame(self, instrument: str, quantity: str) -> pd.DataFrame:
        """Return what arrived of an instrument (index = time, aware UTC; columns = node index)."""
        series = self.series[instrument]
        arrived = ~np.isnan(series.received)
        return pd.DataFrame(
            series.values[quantity][arrived], index=self._times(series.second[arrived])
        )

    def truth(self, quantity: str) -> pd.DataFrame:
        """Return a true quantity (index = time of the step, aware UTC; columns = subject).

        A subject is an instrument or the site's name; one with nodes has a column per node,
        named (subject, node index).
        """
        columns: dict[object, Floats] = {}
        for (name, subject), values in self.ground.truth.items():
            if name == quantity and values.ndim == 1:
                columns[subject] = values
            elif name == quantity:
                columns |= {(subject, node): values[:, node] for node in range(values.shape[1])}
        seconds = np.arange(self.ground.steps) * self.ground.step_s
        return pd.DataFrame(columns, index=self._times(seconds))

    def messages(self) -> Iterator[Recorded]:
        """Yield the messages in the order in which they are received."""
        names = list(self.series)
        senders = [
            _Sender(self.site, name, self.series[name], to_ns(self.ground.start)) for name in names
        ]
        bundles = [
            np.column_stack([received, np.full(received.size, index), first, last])
            for index, name in enumerate(names)
            for received, first, last in [_bundled(self.series[name])]
        ]
        table = np.concatenate(bundles)
        order = np.lexsort((table[:, 2], table[:, 1], table[:, 0]))
        for received, index, first, last in table[order].tolist():
            sender = senders[int(index)]
            yield Recorded(
                self.ground.start + timedelta(seconds=received),
                sender.topic,
                sender.payload(int(first), int(last)),
            )

    def _times(self, seconds: Ints) -> pd.DatetimeIndex:
        start = pd.Timestamp(self.ground.start)
        return pd.DatetimeIndex(start + pd.to_timedelta(seconds, unit="s"))


def simulate(scenario: Scenario, site: Site, *, seed: int | None = None) -> Simulation:
    """Run a scenario.

    Parameters
    ----------
    seed
        In place of the scenario's own.

    Raises
    ------
    ConfigurationError
        When the scenario does not fit the site.
    """
    scenario.check(site)
    span_s = (scenario.end - scenario.start).total_seconds()
    ground = Ground(
        site=site,
        start=scenario.start,
        step_s=scenario.step_s,
        steps=int(span_s // scenario.step_s),
        seed=scenario.seed if seed is None else seed,
    )
    for process in in_order(scenario.members()):
        process.run(ground, generator(ground.seed, f"process:{process.name}"))
    series = {}
    for instrument in site:
        found = _measure(scenario, ground, instrument)
        if found is not None:
            series[instrument.name] = found
    return Simulation(scenario, site, ground, series)


def _measure(scenario: Scenario, ground: Ground, instrument: Instrument) -> Series | None:
    """Return what an instrument makes of the truth; None if nothing is simulated for it."""
    rng = generator(ground.seed, f"instrument:{instrument.name}")
    quantities = ground.site.type_of(instrument.name).quantities
    every = scenario.interval_s(ground.site, instrument.name)
    values = {}
    if every is None:
        if "load_mass" not in quantities:
            return None
        second = ground.loads.second
        mass = np.full((second.size, instrument.node_count), np.nan)
        mass[np.arange(second.size), ground.loads.stream] = measured(
            "load_mass", ground.loads.mass, rng
        )
        values["load_mass"] = mass
    else:
        stride = every // ground.step_s
        second = np.arange(0, ground.steps, stride) * ground.step_s
        for quantity in quantities:
            truth = ground.truth.get((quantity, instrument.name))
            if truth is None:
                continue
            if quantity == "rain":
                fallen = np.concatenate([[0.0], np.cumsum(truth)])[: ground.steps : stride]
                seen = tipped(quantity, fallen)
            else:
                seen = measured(quantity, truth[::stride], rng)
            values[quantity] = seen.reshape(second.size, -1)
    if not values:
        return None
    received = second.astype(np.float64) + scenario.delay_s
    for number, fault in enumerate(scenario.faults):
        if fault.instrument != instrument.name:
            continue
        begin = (fault.start - ground.start).total_seconds()
        end = (fault.end - ground.start).total_seconds()
        inside = (second >= begin) & (second < end)
        chance = generator(ground.seed, f"fault:{number}")
        for quantity, column in values.items():
            if fault.quantity in (None, quantity):
                fault.spoil(column, (second - begin) / 86_400, inside, chance)
                column[inside] = rounded(quantity, column[inside])
        fault.delay(received, end + scenario.delay_s, inside)
    return Series(second, received, values)


def _bundled(series: Series) -> tuple[Floats, Ints, Ints]:
    """Return when each message is received, and its first and last reading, (messages,) each.

    Readings that arrive together are one message, up to `FLUSH` of them.
    """
    rows = np.flatnonzero(~np.isnan(series.received))
    received = series.received[rows]
    run = np.diff(received, prepend=np.nan) != 0
    run |= np.diff(rows, prepend=-2) != 1
    position = np.arange(rows.size)
    start_of_run = np.maximum.accumulate(np.where(run, position, 0))
    first = np.flatnonzero((position - start_of_run) % FLUSH == 0)
    last = np.append(first[1:], rows.size) - 1
    return received[first], rows[first], rows[np.maximum(last, 0)][: first.size]


class _Sender:
    """Writes the messages of one instrument, in the units of the wire."""

    def __init__(self, site: Site, name: str, series: Series, start_ns: int) -> None:
        self.topic = readings_topic(site.name, name)
        kind = site.type_of(name)
        stamps = (start_ns // 1_000_000_000 + series.second).astype("datetime64[s]")
        self._times = np.datetime_as_string(stamps).tolist()
        self._columns = []
        for quantity, values in series.values.items():
            scale, offset = kind.quantities[quantity].conversion
            wire = values if (scale, offset) == (1.0, 0.0) else (values - offset) / scale
            column: list[object] = (wire if kind.nodes else wire[:, 0]).tolist()
            if np.isnan(wire).any():
                column = [_without_nan(value) for value in column]
            self._columns.append((quantity, column))
        self._encode = msgspec.json.Encoder().encode

    def payload(self, first: int, last: int) -> bytes:
        """Return the message that holds the readings first to last."""
        if first == last:
            return self._encode(self._reading(first))
        return self._encode([self._reading(row) for row in range(first, last + 1)])

    def _reading(self, row: int) -> dict[str, object]:
        return {
            "time": self._times[row] + "Z",
            "values": {quantity: column[row] for quantity, column in self._columns},
            "sequence": row + 1,
        }


def _without_nan(value: object) -> object:
    """Return a value, or a list of values, with None for NaN."""
    if isinstance(value, list):
        return [None if one != one else one for one in value]
    return None if value != value else value
