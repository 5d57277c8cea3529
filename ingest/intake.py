"""From what arrived to what is stored: rows, or dead letters with the reason. No network here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from ingest.clock import Clock, from_ns, to_ns
from ingest.decoder import Decoded, Decoder, Heard, Outgoing, Sent, decoders, matches
from ingest.decoders.postmine_v1 import PostmineV1
from ingest.device_map import DeviceMap, in_zone
from ingest.message import Message, MessageError, naive_time
from ingest.site import Site
from ingest.store import DeadLetter, Row, SenderStatus
from ingest.text import Reason, Text, text_of

#: A larger payload is not decoded: a day of a 16-channel logger at 10 s is about half of it.
LARGEST_PAYLOAD = 1_000_000
#: How much of a payload a dead letter keeps: what our broker takes.
KEPT_PAYLOAD = 16 << 20
#: What the store has room for: 64 bits with a sign.
LARGEST_SEQUENCE = 2**63 - 1
#: No instrument of ours measured before; it also keeps times within 64 bits of nanoseconds.
EARLIEST = datetime(1900, 1, 1, tzinfo=UTC)
#: The days at which the clocks of loggers begin when they have lost the time (Unix, GPS).
UNSET_DAYS = (datetime(1970, 1, 1, tzinfo=UTC), datetime(1980, 1, 6, tzinfo=UTC))
_UNSET_YEARS, _DAY = frozenset({1969, 1970, 1980}), timedelta(days=1)
#: How many topics' dialects are remembered.
_REMEMBERED_TOPICS = 10_000


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
    #: What a dialect asks us to send.
    outgoing: Sequence[Outgoing] = ()
    #: How many rows there are after each arrival.
    ends: Sequence[int] = ()


def subscriptions(site: Site) -> list[str]:
    """Return the topic filters of the site's gateways that speak another dialect than ours."""
    family = decoders() if site.gateways else {}
    return list(
        dict.fromkeys(
            topic
            for gateway in site.gateways.values()
            if gateway.dialect != PostmineV1.name
            for topic in gateway.topics or family[gateway.dialect].topics
        )
    )


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
        self._own = PostmineV1(site)
        # Not loaded without need: the other dialects bring libraries of their own.
        family = decoders() if site.gateways or site.devices else {}
        dialects = {
            name: kind(site)
            for name, kind in family.items()
            if any(gateway.dialect == name for gateway in site.gateways.values())
            and name != PostmineV1.name
        }
        self._gateways = [
            _Listener(dialect, tuple(gateway.topics) or dialect.topics, gateway.device)
            for gateway in site.gateways.values()
            if (dialect := dialects.get(gateway.dialect)) is not None
        ]
        self._by_topic: dict[str, _Listener] = {}
        self._devices = {
            (device.dialect, family[device.dialect].normal_id(device.id)): DeviceMap(device, site)
            for device in site.devices
        }

    @property
    def _dialects(self) -> Iterable[Decoder]:
        return dict.fromkeys(listener.dialect for listener in self._gateways)

    def at_start(self) -> list[Outgoing]:
        """Return what the dialects ask us to send before anything is heard."""
        now = self._received()
        return [each for dialect in self._dialects for each in dialect.at_start(now)]

    def memories(self) -> dict[str, bytes]:
        """Return what dialects have to remember over a restart, as far as it is new."""
        found = {dialect.name: dialect.memory() for dialect in self._dialects}
        return {name: memory for name, memory in found.items() if memory is not None}

    def recall(self, memories: Mapping[str, bytes]) -> None:
        """Take what `memories` returned in an earlier process."""
        for dialect in self._dialects:
            if dialect.name in memories:
                dialect.recall(memories[dialect.name])

    def accept(self, arrivals: Iterable[Arrival]) -> Accepted:
        """Return what a batch comes to; never raises for bad data."""
        accepted = Accepted([], [], [], None)
        outgoing: list[Outgoing] = []
        ends: list[int] = []
        moved = False
        received = self._received()
        latest = received + self._tolerance
        received_ns = to_ns(received)
        for arrival in arrivals:
            try:
                if len(arrival.payload) > LARGEST_PAYLOAD:
                    raise MessageError(
                        Reason(
                            Text(
                                "payload of {size} bytes; legal: up to {most}",
                                {"size": len(arrival.payload), "most": LARGEST_PAYLOAD},
                            )
                        )
                    )
                dialect, device = self._dialect(arrival.topic)
                if dialect is self._own and not self._own.devices:
                    found = self._own.readings(arrival.topic, arrival.payload)
                    if found is not None:
                        reasons = found[2]
                        self._own_rows(*found, received_ns, latest, accepted.rows)
                        if reasons:
                            accepted.dead_letters.append(_dead_letter(arrival, reasons, received))
                        continue
                decoded = dialect.decode(Sent(arrival.topic, arrival.payload, received, device))
                if decoded.heard or decoded.refusals:
                    reasons = self._readings(dialect, decoded, received_ns, latest, accepted.rows)
                    if reasons:
                        accepted.dead_letters.append(_dead_letter(arrival, reasons, received))
                accepted.statuses.extend(decoded.statuses)
                outgoing.extend(decoded.outgoing)
                if decoded.run_time is not None and self._replayed:
                    # A broker that was killed sends the last moments once more: time has passed.
                    received = max(decoded.run_time, self._run_time or decoded.run_time)
                    self._run_time = received
                    latest, received_ns, moved = received + self._tolerance, to_ns(received), True
            except MessageError as error:
                accepted.dead_letters.append(_dead_letter(arrival, [str(error)], received))
            except Exception as error:  # a bug of ours must not stop the readings behind it
                accepted.dead_letters.append(not_taken(arrival, error, received))
            finally:
                ends.append(len(accepted.rows))
        run_time = self._run_time if moved else None
        return accepted._replace(run_time=run_time, outgoing=outgoing, ends=ends)

    def _dialect(self, topic: str) -> tuple[Decoder, str | None]:
        """Return the dialect of a topic and the device that speaks on it; ours where none fits."""
        if not self._gateways or topic.startswith("postmine/"):
            return self._own, None
        found = self._by_topic.get(topic)
        if found is None:
            for listener in self._gateways:
                if matches(topic, listener.topics):
                    found = listener
                    break
            else:
                return self._own, None
            if len(self._by_topic) >= _REMEMBERED_TOPICS:
                self._by_topic.clear()
            self._by_topic[topic] = found
        return found.dialect, found.device

    def _received(self) -> datetime:
        """Return the time of arrival: of the replay where it has told its clock, else ours."""
        return self._run_time if self._replayed and self._run_time else self._clock.now()

    def _own_rows(
        self,
        instrument: str,
        messages: list[Message],
        reasons: list[str],
        received_ns: int,
        latest: datetime,
        rows: list[Row],
    ) -> None:
        """Add the rows of an instrument's messages; add what is wrong with them to `reasons`."""
        known = self._known.get(instrument)
        if known is None:
            raise MessageError(
                Reason(
                    Text(
                        "instrument {instrument} is not known at this site; add it to site.yaml",
                        {"instrument": repr(instrument)},
                    )
                )
            )
        for message in messages:
            try:
                _rows(message, instrument, known, received_ns, latest, rows, reasons)
            except MessageError as error:
                reasons.append(str(error))

    def _readings(
        self,
        dialect: Decoder,
        decoded: Decoded,
        received_ns: int,
        latest: datetime,
        rows: list[Row],
    ) -> list[str]:
        """Add the rows of what was heard; return what is wrong with it."""
        reasons = list(decoded.refusals)
        for heard in decoded.heard:
            try:
                for instrument, message in self._mapped(dialect, heard, reasons):
                    self._own_rows(instrument, [message], reasons, received_ns, latest, rows)
            except MessageError as error:
                reasons.append(str(error))
        return reasons

    def _mapped(
        self, dialect: Decoder, heard: Heard, reasons: list[str]
    ) -> Iterable[tuple[str, Message]]:
        """Return whose quantities a device measures; our own contract may name them itself."""
        device = self._devices.get((dialect.name, heard.device)) if self._devices else None
        if device is None:
            if dialect is not self._own:
                dialect.known(heard.device)
            return ((heard.device, heard.message),)
        if heard.message.time.tzinfo is None and device.zone is not None:
            heard = heard._replace(message=in_zone(heard.message, device.zone))
        return device.messages(heard, reasons)


class _Listener(NamedTuple):
    """A gateway of another dialect."""

    dialect: Decoder
    topics: tuple[str, ...]
    device: str | None


def _shown(reasons: list[str]) -> list[str]:
    """Return the first few reasons, and how many more there are."""
    if len(reasons) <= 5:
        return reasons
    return [*reasons[:5], Reason(Text("and {count} more", {"count": len(reasons) - 5}))]


def _no_quantity(name: str, quantities: Iterable[str]) -> Reason:
    return Reason(
        Text(
            "quantity {quantity}; legal: {legal}",
            {"quantity": repr(name), "legal": ", ".join(quantities)},
        )
    )


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
        raise MessageError(naive_time(time))
    if time > latest:
        now = from_ns(received_ns)
        raise MessageError(
            Reason(
                Text(
                    "time {time} lies in the future: it is {now} now, and {tolerance:g} s later is"
                    " taken; set the logger's clock",
                    {
                        "time": time.isoformat(),
                        "now": now.isoformat(timespec="seconds"),
                        "tolerance": (latest - now).total_seconds(),
                    },
                )
            )
        )
    if time < EARLIEST:
        raise MessageError(
            Reason(
                Text(
                    "time {time} is before {earliest}",
                    {"time": time.isoformat(), "earliest": EARLIEST.isoformat()},
                )
            )
        )
    if time.year in _UNSET_YEARS and any(day <= time < day + _DAY for day in UNSET_DAYS):
        raise MessageError(
            Reason(
                Text(
                    "time {time}: the logger has lost the time; set the logger's clock",
                    {"time": time.isoformat()},
                )
            )
        )
    time_ns = to_ns(time)
    kind, count, has_nodes, quantities = known
    sequence = message.sequence
    if sequence is not None and not 0 <= sequence <= LARGEST_SEQUENCE:
        reasons.append(
            Reason(
                Text(
                    "sequence {sequence}; legal: 0 to {most}; the reading is kept without it",
                    {"sequence": sequence, "most": LARGEST_SEQUENCE},
                )
            )
        )
        sequence = None
    if not has_nodes:
        values: dict[str, float] = {}
        flags: dict[str, str] = {}
        for name, value in message.values.items():
            scale = quantities.get(name)
            if scale is None:
                reasons.append(_no_quantity(name, quantities))
            elif isinstance(value, list):
                reasons.append(
                    Reason(
                        Text(
                            "{quantity} has an array; {instrument} has no nodes",
                            {"quantity": name, "instrument": instrument},
                        )
                    )
                )
            elif value is not None:
                _put(values, flags, name, value, scale)
        if values:
            rows.append(Row(kind, instrument, 0, time_ns, received_ns, sequence, values, flags))
        return
    by_node: list[tuple[dict[str, float], dict[str, str]]] = [({}, {}) for _ in range(count)]
    for name, array in message.values.items():
        scale = quantities.get(name)
        if scale is None:
            reasons.append(_no_quantity(name, quantities))
        elif array is None:
            continue
        elif not isinstance(array, list) or len(array) != count:
            given = len(array) if isinstance(array, list) else 1
            reasons.append(
                Reason(
                    Text(
                        "{quantity} has {given} values; {instrument} has {count} nodes",
                        {
                            "quantity": name,
                            "given": given,
                            "instrument": instrument,
                            "count": count,
                        },
                    )
                )
            )
        else:
            for (values, flags), value in zip(by_node, array, strict=True):
                if value is not None:
                    _put(values, flags, name, value, scale)
    for node, (values, flags) in enumerate(by_node):
        if values:
            rows.append(Row(kind, instrument, node, time_ns, received_ns, sequence, values, flags))


def _put(
    values: dict[str, float], flags: dict[str, str], name: str, value: float, scale: _Scale
) -> None:
    if not scale.exact:
        value = value * scale.scale + scale.offset
    values[name] = value
    if not scale.low <= value <= scale.high:
        flags[name] = "out_of_range"


def not_taken(arrival: Arrival, error: Exception, received: datetime) -> DeadLetter:
    """Return the dead letter of a message that met a fault of ours."""
    reason = Reason(
        Text(
            "postmine could not take this message: {kind}: {error}",
            {"kind": type(error).__name__, "error": str(error)},
        )
    )
    return _dead_letter(arrival, [reason], received)


def _dead_letter(arrival: Arrival, reasons: list[str], received: datetime) -> DeadLetter:
    shown = _shown(reasons)
    return DeadLetter(
        topic=arrival.topic,
        payload=arrival.payload[:KEPT_PAYLOAD],
        size=len(arrival.payload),
        reason="; ".join(shown),
        said=tuple(text_of(each) for each in shown),
        received=received,
    )
