"""Compute the state of the ground at every boundary of time, and keep it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from itertools import islice

import structlog

from ingest.clock import Clock, from_ns, to_ns
from ingest.figure import Figure
from ingest.site import Site
from ingest.store import Derived, Store
from twin import VERSION
from twin.backfill import MODEL, fill
from twin.chemistry.state import water_chemistry
from twin.current import Current
from twin.edge import edge_state
from twin.fleet.fleet_state import fleet_state
from twin.fleet.inputs import load_fleet, site_fleet
from twin.grading import load_grading, site_grading
from twin.grading_readiness import grading_state
from twin.history import History, last_midnight
from twin.hydrology.balance import water_balance
from twin.hydrology.groundwater import groundwater
from twin.hydrology.rebound import rebounds
from twin.kept_days import KeptDays
from twin.movement import movements
from twin.plan import Plan, load_plan
from twin.pressure import pressures
from twin.settlement import load_rules, settlements, tilts
from twin.slopes.configuration import load_slopes
from twin.slopes.stability import slopes
from twin.state import TwinState, decode_state, encode_state
from twin.water import waters
from twin.water_file import water_of
from twin.weather import weather
from twin.what_if.configuration import load_what_if

SERVICE = "twin"

#: States due above which a live service computes the newest alone: after a long outage nobody
#: reads what the twin would have said meanwhile. A replay leaves none out.
MOST_DUE = 48

#: How long a live service waits after a boundary [s]: a reading is received a moment before it is
#: stored, and the state must hold all that was received.
COMMIT_LAG_S = 2.0

log = structlog.get_logger(__name__)


def compute_state(
    site: Site,
    plan: Plan | None,
    store: Store,
    *,
    at: datetime,
    known_at: datetime,
    history: History | None = None,
) -> TwinState:
    """Return the state of the ground at `at`, from readings received up to `known_at`.

    Parameters
    ----------
    history
        What a caller has kept of the days before; it changes nothing but the time that this takes.
    """
    if history is None or not history.is_of(at, known_at):
        history = History(site, store, at=at, known_at=known_at)
    current = Current(site, store, at=at, known_at=known_at)
    water = water_of(site, plan)
    filled = fill(current, history, plan) if plan is not None else None
    settled = settlements(current, history, plan, filled)
    return TwinState(
        site=site.name,
        time=at,
        known_at=known_at,
        version=VERSION,
        readings=len(current),
        fill=filled,
        settlement=settled,
        tilt=tilts(site, settled),
        pressure=pressures(current, history),
        movement=movements(current, history),
        water=waters(current, history),
        weather=weather(current),
        fleet=fleet_state(site_fleet(site), plan, filled, at),
        edge=edge_state(site_fleet(site), plan, filled, at),
        grading=grading_state(site_grading(site), site_fleet(site), plan, filled, settled, at),
        groundwater=groundwater(current, history, water, filled),
        water_balance=water_balance(history, water),
        rebound=rebounds(current, history, water),
        chemistry=water_chemistry(current, history, plan, filled, water),
        slopes=slopes(current, filled),
    )


class TwinService:
    """Follows a run and computes every state that is due.

    Parameters
    ----------
    clock
        The run's clock.
    state_every_s
        Time between two states [s]; None: what the site says.
    """

    def __init__(
        self, site: Site, store: Store, clock: Clock, *, state_every_s: float | None = None
    ) -> None:
        self._site, self._plan, self._store, self._clock = site, load_plan(site), store, clock
        load_grading(site, self._plan, load_fleet(site, self._plan))
        water_of(site, self._plan)  # a wrong file stops the start
        load_slopes(site)  # a file that is wrong stops the start
        load_rules(site)
        load_what_if(site, self._plan)
        self._interval = int((state_every_s or site.state_every_s) * 1e9)
        self._history: History | None = None
        self._days: KeptDays | None = None
        last = store.state(SERVICE)
        self._last = to_ns(decode_state(last).time) if last else None

    def step(self, most: int | None = None) -> int:
        """Compute and store the states that are due, in order, and return how many.

        Parameters
        ----------
        most
            Return after so many states, to be called again; None: all that are due.
        """
        computed = 0
        for time in islice(self._due(), most):
            if self._history is None or not self._history.is_of(time, time):
                if self._days is None:
                    self._days = KeptDays(self._site, self._store, last_midnight(time))
                self._history = History(
                    self._site, self._store, at=time, known_at=time, days=self._days
                )
            state = compute_state(
                self._site, self._plan, self._store, at=time, known_at=time, history=self._history
            )
            # The series first: whoever sees the state finds its series.
            self._store.write_derived(derived_series(state))
            self._store.write_state(SERVICE, time, encode_state(state))
            self._last = to_ns(time)
            computed += 1
        return computed

    def _due(self) -> Iterator[datetime]:
        """Yield the boundaries (multiples of the interval since 1970) that are due, in order."""
        now = to_ns(self._store.readable_until(self._clock.now()))
        live = self._store.run_time() is None
        if live:
            now -= int(COMMIT_LAG_S * 1e9)
        if self._last is not None:
            following = (self._last // self._interval + 1) * self._interval
        else:
            first = first_received(self._store)
            if first is None:
                return
            if live and now > to_ns(first):
                # Who starts a live site need not wait for a boundary to see something.
                yield from_ns(now - now % 1_000_000_000)
                return
            following = -(-to_ns(first) // self._interval) * self._interval
        due = range(following, now, self._interval)
        if live and len(due) > MOST_DUE:
            log.warning("states left out", due=len(due), since=str(from_ns(due[0])))
            due = due[-1:]
        for boundary in due:
            yield from_ns(boundary)


def first_received(store: Store) -> datetime | None:
    """Return when the first reading of a run was received, None while there is none."""
    changes = store.changes(0, limit=1)
    return from_ns(min(row.received for row in changes[0].rows)) if changes else None


#: The series that `derived_series` writes.
SERIES = (
    *(f"fill.{name}" for name in ("volume", "planned", "variance", "performance", "rate", "level")),
    *(f"settlement.{name}" for name in ("rate", "ultimate", "remaining")),
    *(f"movement.{name}" for name in ("largest", "rate", "acceleration")),
    *(f"slope.{name}" for name in ("factor_of_safety", "probability")),
    *(f"groundwater.{name}" for name in ("explained", "unexplained")),
    *(f"rain.{name}" for name in ("24h", "7d", "30d")),
)


def derived_series(state: TwinState) -> list[Derived]:
    """Return the points that a state adds to the computed series."""
    points = []

    def add(series: str, subject: str, figure: Figure, model: str) -> None:
        def number(value: float | str | None) -> float | None:
            return value if isinstance(value, float) else None

        points.append(
            Derived(
                series=series,
                subject=subject,
                time=state.time,
                known_at=state.known_at,
                value=number(figure.value),
                low=number(figure.low),
                high=number(figure.high),
                unit=figure.unit,
                model=model,
                version=VERSION,
            )
        )

    if state.fill is not None:
        for name, figure in (
            ("volume", state.fill.volume_in_dump),
            ("planned", state.fill.planned_volume),
            ("variance", state.fill.variance),
            ("performance", state.fill.performance),
            ("rate", state.fill.rate),
            ("level", state.fill.level),
        ):
            add(f"fill.{name}", state.site, figure, MODEL)
    for point in state.settlement:
        for name, figure in (
            ("rate", point.rate),
            ("ultimate", point.ultimate),
            ("remaining", point.remaining),
        ):
            add(f"settlement.{name}", point.point, figure, point.model)
    for one in state.movement:
        for name, figure in (
            ("largest", one.largest),
            ("rate", one.rate),
            ("acceleration", one.acceleration),
        ):
            add(f"movement.{name}", one.instrument, figure, "profile")
    for slope in state.slopes or []:
        if slope.stage == "standing":
            subject = f"{slope.section}.{slope.slide}"
            add("slope.factor_of_safety", subject, slope.factor_of_safety, "bishop_simplified")
            add("slope.probability", subject, slope.probability, "bishop_simplified")
    for well in state.groundwater:
        # They speak of the last whole day; several states of a day say the same of it.
        add("groundwater.explained", well.instrument, well.explained, well.explained.source)
        add("groundwater.unexplained", well.instrument, well.unexplained, well.unexplained.source)
    for name, figure in (
        ("24h", state.weather.rain_24h),
        ("7d", state.weather.rain_7d),
        ("30d", state.weather.rain_30d),
    ):
        add(f"rain.{name}", state.site, figure, "sum")
    return points
