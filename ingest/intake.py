"""From what arrived to what is stored: rows, or dead letters with the reason. No network here."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import msgspec

from ingest.clock import Clock, to_ns
from ingest.message import (
    NAIVE_TIME,
    Message,
    MessageError,
    Status,
    decode_clock,
    decode_messages,
    decode_status,
    parse_topic,
)
from ingest.site import Site
from ingest.store import DeadLetter, Row, SenderStatus

#: A larger payload is not decoded: a day of a 16-channel logger at 10 s is about half of it.
LARGEST_PAYLOAD = 1_000_000
#: How much of a payload a dead letter keeps.
KEPT_PAYLOAD = 65_536
#: No instrument of ours measured before; it also keeps times within 64 bits of nanoseconds.
EARLIEST = datetime(1900, 1, 1, tzinfo=UTC)


class Arrival(NamedTuple):
    """One message as it came from the broker."""

    topic: str
    payload: bytes


class Accepted(NamedTuple):
    """What a batch of arrivals came to."""

    rows: list[Row]
    dead_letters: list[DeadLetter]
    statuses: list[SenderStatus]
    run_time: datetime | None


class _Scale(NamedTuple):
    scale: float
    offset: float
    low: float
    high: float
    exact: bool


class _Known(NamedTuple):
    type: str
    nodes: int
    has_nodes: bool
    quantities: dict[str, _Scale]


class Intake:
    """Checks arrivals of one site and turns them into rows in canonical units.

    Parameters
    ----------
    site
        Whose instruments may speak.
    clock
        Gives `received` in a live run.
    replayed
        The run follows the clock messages of a replay instead; `started` is where it stood.
    """

    def __init__(
        self, site: Site, clock: Clock, *, replayed: bool = False, started: datetime | None = None
    ) -> None:
        self._site, self._clock, self._replayed = site, clock, replayed
        self._run_time = started
        self._tolerance = timedelta(seconds=site.future_tolerance_s)
        self._known: dict[str, _Known] = {}
        for instrument in site:
            kind = site.instrument_types[instrument.type]
            quantities = {}
            for name, quantity in kind.quantities.items():
                scale, offset = quantity.conversion
                low, high = quantity.canonical_range
                quantities[name] = _Scale(scale, offset, low, high, (scale, offset) == (1.0, 0.0))
            self._known[instrument.name] = _Known(
                instrument.type, instrument.node_count, bool(instrument.nodes), quantities
            )

    def accept(self, arrivals: Iterable[Arrival]) -> Accepted:
        """Return what a batch comes to; never raises for bad data."""
        accepted = Accepted([], [], [], None)
        moved = False
        received = self._received()
        latest = received + self._tolerance
        received_ns = to_ns(received)
        for arrival in arrivals:
            try:
                site, instrument, kind = parse_topic(arrival.topic)
                if len(arrival.payload) > LARGEST_PAYLOAD:
                    raise MessageError(
                        f"payload of {len(arrival.payload)} bytes; legal: up to {LARGEST_PAYLOAD}"
                    )
                if site != self._site.name:
                    raise MessageError(f"site {site!r}; legal: {self._site.name}")
                if kind == "readings":
                    self._readings(arrival, instrument, received, received_ns, latest, accepted)
                elif kind == "status":
                    status = decode_status(arrival.payload)
                    accepted.statuses.append(_sender_status(instrument, status, received))
                elif self._replayed:
                    received = self._run_time = decode_clock(arrival.payload)
                    latest, received_ns, moved = received + self._tolerance, to_ns(received), True
            except MessageError as error:
                accepted.dead_letters.append(_dead_letter(arrival, str(error), received))
            except Exception as error:  # a bug of ours must not stop the readings behind it
                reason = f"postmine could not take this message: {type(error).__name__}: {error}"
                accepted.dead_letters.append(_dead_letter(arrival, reason, received))
        return accepted._replace(run_time=self._run_time) if moved else accepted

    def _received(self) -> datetime:
        """Return the time of arrival: of the replay where it has told its clock, else ours."""
        return self._run_time if self._replayed and self._run_time else self._clock.now()

    def _readings(
        self,
        arrival: Arrival,
        instrument: str,
        received: datetime,
        received_ns: int,
        latest: datetime,
        accepted: Accepted,
    ) -> None:
        known = self._known.get(instrument)
        if known is None:
            raise MessageError(
                f"instrument {instrument!r} is not known at this site; add it to site.yaml"
            )
        messages, wrong = decode_messages(arrival.payload)
        reasons = [f"part {index}: {reason}" for index, reason in wrong]
        for message in messages:
            try:
                _rows(message, instrument, known, received_ns, latest, accepted.rows, reasons)
            except MessageError as error:
                reasons.append(str(error))
        if reasons:
            shown = "; ".join(reasons[:5])
            if len(reasons) > 5:
                shown += f"; and {len(reasons) - 5} more"
            accepted.dead_letters.append(_dead_letter(arrival, shown, received))


def _rows(
    message: Message,
    instrument: str,
    known: _Known,
    received_ns: int,
    latest: datetime,
    rows: list[Row],
    reasons: list[str],
) -> None:
    """Add the rows of one message; what is wrong with a single quantity goes to `reasons`."""
    time = message.time
    if time.tzinfo is None:
        raise MessageError(NAIVE_TIME.format(time=time.isoformat()))
    if time > latest:
        raise MessageError(
            f"time {time.isoformat()} lies in the future of {latest.isoformat()};"
            " set the logger's clock"
        )
    if time < EARLIEST:
        raise MessageError(f"time {time.isoformat()} is before {EARLIEST.isoformat()}")
    time_ns = to_ns(time)
    kind, count, has_nodes, quantities = known
    if not has_nodes:
        values: dict[str, float] = {}
        flags: dict[str, str] = {}
        for name, value in message.values.items():
            scale = quantities.get(name)
            if scale is None:
                reasons.append(f"quantity {name!r}; legal: {', '.join(quantities)}")
            elif isinstance(value, list):
                reasons.append(f"{name} has an array; {instrument} has no nodes")
            elif value is not None:
                _put(values, flags, name, value, scale)
        if values:
            rows.append(
                Row(kind, instrument, 0, time_ns, received_ns, message.sequence, values, flags)
            )
        return
    by_node: list[tuple[dict[str, float], dict[str, str]]] = [({}, {}) for _ in range(count)]
    for name, array in message.values.items():
        scale = quantities.get(name)
        if scale is None:
            reasons.append(f"quantity {name!r}; legal: {', '.join(quantities)}")
        elif array is None:
            continue
        elif not isinstance(array, list) or len(array) != count:
            given = len(array) if isinstance(array, list) else 1
            reasons.append(f"{name} has {given} values; {instrument} has {count} nodes")
        else:
            for (values, flags), value in zip(by_node, array, strict=True):
                if value is not None:
                    _put(values, flags, name, value, scale)
    for node, (values, flags) in enumerate(by_node):
        if values:
            rows.append(
                Row(kind, instrument, node, time_ns, received_ns, message.sequence, values, flags)
            )


def _put(
    values: dict[str, float], flags: dict[str, str], name: str, value: float, scale: _Scale
) -> None:
    if not scale.exact:
        value = value * scale.scale + scale.offset
    values[name] = value
    if not scale.low <= value <= scale.high:
        flags[name] = "out_of_range"


def _sender_status(sender: str, status: Status, received: datetime) -> SenderStatus:
    if status.time is not None and status.time.tzinfo is None:
        raise MessageError(NAIVE_TIME.format(time=status.time.isoformat()))
    return SenderStatus(
        sender=sender,
        state=status.state,
        received=received,
        document=msgspec.json.encode(status),
    )


def _dead_letter(arrival: Arrival, reason: str, received: datetime) -> DeadLetter:
    return DeadLetter(
        topic=arrival.topic,
        payload=arrival.payload[:KEPT_PAYLOAD],
        size=len(arrival.payload),
        reason=reason,
        received=received,
    )
