"""Send recorded or simulated messages again, at any speed, and drive the clock of the run."""

from __future__ import annotations

import gzip
import itertools
import threading
import time
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Protocol

import msgspec

from ingest.clock import iso
from ingest.errors import ConfigurationError
from ingest.message import clock_topic
from simulators.record import Line, Recorded

#: Longest sleep between two ticks of the run's clock, in our own time [s].
TICK_S = 1.0

#: Shortest time between two reports of progress, in our own time [s].
REPORT_S = 0.25


class Sink(Protocol):
    """Where messages go: a `simulators.publish.Publisher`."""

    def publish(self, topic: str, payload: bytes, retain: bool = False) -> None:
        """Send a message."""
        ...

    def flush(self) -> None:
        """Wait until everything has been delivered."""
        ...


@dataclass(frozen=True)
class Replayed:
    """How far a replay is.

    Parameters
    ----------
    count
        Messages sent.
    skipped
        Messages before the point of resumption.
    run_time
        When the last one was received, on the run's clock; None: nothing was sent.
    """

    count: int
    skipped: int
    run_time: datetime | None


def read_ndjson(path: Path) -> Iterator[Recorded]:
    """Yield the messages of a file, plain or gzip.

    Raises
    ------
    ConfigurationError
        When the file or a line of it is malformed; the error names file and line.
    """
    if not path.is_file():
        raise ConfigurationError("recording", value=str(path), cure="there is no such file")
    decode = msgspec.json.Decoder(Line).decode
    line = 0
    with path.open("rb") as plain, ExitStack() as stack:
        packed = path.suffix == ".gz"
        file = stack.enter_context(gzip.open(plain, "rb")) if packed else plain
        try:
            for text in file:
                line += 1
                if text.strip():
                    yield _message(decode(text))
        except (msgspec.DecodeError, UnicodeDecodeError, ValueError) as error:
            raise ConfigurationError(
                "line",
                legal='{"topic": ..., "received": time with zone, "payload": JSON}',
                cure=str(error),
                file=path,
                line=line,
            ) from error
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise ConfigurationError(
                "gzip", cure=f"{error}; the file is damaged", file=path, line=line + 1
            ) from error


def _message(line: Line) -> Recorded:
    given = [
        bytes(part)
        for part in (line.payload, line.payload_base64)
        if part is not msgspec.UNSET and not isinstance(part, msgspec.UnsetType)
    ]
    if len(given) != 1:
        raise ValueError("exactly one of payload and payload_base64")
    if line.received.tzinfo is None:
        raise ValueError("received needs a time zone, such as a trailing Z")
    return Recorded(line.received.astimezone(UTC), line.topic, given[0])


def replay(
    messages: Iterable[Recorded],
    publisher: Sink,
    *,
    site: str,
    speed: float,
    send_clock: bool,
    lead_d: float = 0.0,
    resume_after: datetime | None = None,
    on_progress: Callable[[Replayed], None] | None = None,
    stop: threading.Event | None = None,
) -> Replayed:
    """Send messages in their order; return how many.

    Messages that were received at the same time go out together, after a clock message with that
    time; while nothing is due the clock ticks on, so that a silent instrument becomes stale.

    Parameters
    ----------
    messages
        By time of receipt.
    site
        Name of the site whose clock is driven.
    speed
        Seconds of the run in a second of ours; 0: as fast as the broker takes them.
    send_clock
        Whether to drive the run's clock; False in a run on the wall clock.
    lead_d
        Days from the first message on that go as fast as the broker takes them [d].
    resume_after
        Messages received before were sent by an earlier replay and are skipped; those of that very
        moment may have been cut off in the middle and are sent again, which changes nothing.
    on_progress
        Called a few times a second.
    stop
        Ends the replay when it is set.
    """
    stop = stop or threading.Event()
    clock = _Pace(publisher, clock_topic(site) if send_clock else None, speed, stop)
    count = skipped = 0
    reported = -REPORT_S
    run_time: datetime | None = None
    paced_from: datetime | None = None
    for received, together in itertools.groupby(messages, key=lambda message: message.received):
        paced_from = paced_from or received + timedelta(days=lead_d)
        if resume_after is not None and received < resume_after:
            skipped += sum(1 for _ in together)
            continue
        if received >= paced_from:
            clock.wait_until(received)
        if stop.is_set():
            break
        clock.send(received)
        for message in together:
            publisher.publish(message.topic, message.payload)
            count += 1
        run_time = received
        if on_progress and time.monotonic() - reported >= REPORT_S:
            reported = time.monotonic()
            on_progress(Replayed(count, skipped, run_time))
    publisher.flush()
    result = Replayed(count, skipped, run_time)
    if on_progress:
        on_progress(result)
    return result


class _Pace:
    """Keeps the time of the run against ours."""

    def __init__(
        self, publisher: Sink, topic: str | None, speed: float, stop: threading.Event
    ) -> None:
        self._publisher, self._topic, self._speed, self._stop = publisher, topic, speed, stop
        self._first: tuple[datetime, float] | None = None

    def wait_until(self, moment: datetime) -> None:
        """Wait until the run has come to a moment, and let its clock tick meanwhile."""
        if self._speed <= 0:
            return
        if self._first is None:
            self._first = (moment, time.monotonic())
        start, began = self._first
        due = began + (moment - start).total_seconds() / self._speed
        while (left := due - time.monotonic()) > 0 and not self._stop.wait(min(left, TICK_S)):
            if left > TICK_S:
                gone = (time.monotonic() - began) * self._speed
                self.send(min(start + timedelta(seconds=gone), moment))

    def send(self, moment: datetime) -> None:
        """Send the time of the run."""
        if self._topic:
            self._publisher.publish(self._topic, b'{"time":"%b"}' % iso(moment).encode())
