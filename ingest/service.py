"""The ingest service: take what is queued, make it durable in one commit, acknowledge.

Several workers may share the queue, each a process with a session of its own, by a shared
subscription (`$share/`). All write the run's one spool: SQLite lets one of them commit at a time,
and what costs most, decoding, goes on in the others meanwhile.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterable, Sequence
from pathlib import Path

import structlog

from ingest.clock import from_ns
from ingest.decoder import Outgoing
from ingest.errors import ConfigurationError, ServiceError
from ingest.heartbeat import Heartbeat
from ingest.intake import Accepted, Intake, not_taken, subscriptions
from ingest.message import SUBSCRIPTION, TOPIC_ROOT
from ingest.run import Run, broker_url, write_json
from ingest.store import Appended, DeadLetter
from ingest.subscriber import Delivery, Subscriber

log = structlog.get_logger()

_WAIT_S = 0.5
_REFUSED_PAUSE_S = 2.0
#: A queue that has been silent for so long is taken for empty [s].
_SILENT_S = 2.0


def run_ingest(
    run: Run, stop: threading.Event, heartbeat: Heartbeat | None = None, *, worker: int = 0
) -> None:
    """Run until `stop` is set.

    When the disk does not take a batch it is not acknowledged: the broker keeps it, and the same
    batch is tried again. A new connection brings it again under other numbers, which changes
    nothing, since storing twice changes nothing.

    Parameters
    ----------
    worker
        Number of this worker, from 1, where several share the queue; 0: there is no other.

    Raises
    ------
    ServiceError
        When there is no broker at the start.
    """
    plain, shared = [SUBSCRIPTION], [_shared(run, SUBSCRIPTION)]
    if worker:
        # Retained messages do not come by a shared subscription; and the last word of a sender is
        # the last only if one worker hears them all.
        topics, left = list(shared), plain
        if worker == 1:
            topics.append(f"{TOPIC_ROOT}/{run.site.name}/+/status")
    else:
        topics, left = plain, [*shared, f"{TOPIC_ROOT}/{run.site.name}/+/status"]
    if worker <= 1:
        # Other dialects number their messages, and are followed in order: by one worker.
        topics = [*topics, *subscriptions(run.site)]
    before = _noted_topics(run, worker)
    left = [topic for topic in dict.fromkeys([*left, *before]) if topic not in topics]
    _note_topics(run, worker, [*before, *topics])
    subscriber = Subscriber(broker_url(run.settings), _session(run, worker), topics, left=left)
    ingest = _Ingest(run, subscriber, stop, heartbeat, statuses=worker <= 1)
    if worker <= 1:
        for done in run.store.recalculate(run.clock.now()):
            log.info("recalculated", instrument=done.instrument, changed=done.changed)
    subscriber.connect()
    if worker <= 1:
        ingest.begin()
    noted = False
    try:
        while not stop.is_set():
            ingest.step(_WAIT_S)
            if not noted and subscriber.left_all:
                _note_topics(run, worker, topics)
                noted = True
    finally:
        subscriber.close()


def set_workers(run: Run, count: int, stop: threading.Event) -> None:
    """Note how many workers there will be, and empty the queues of those that will not.

    The broker goes on filling the session of a worker that has gone; this ends it, when what it
    holds is stored.

    Raises
    ------
    ConfigurationError
        When a replay is to be shared: its clock goes to one worker only.
    ServiceError
        When there is no broker.
    """
    if count > 1 and run.replayed:
        raise ConfigurationError(
            "--workers", value=count, legal="1 in a run that follows a replay, whose order counts"
        )
    path = _workers_file(run)
    before = int(path.read_text(encoding="utf-8")) if path.exists() else 1
    if count > before:
        # Before they are there: a start that is broken off must leave none behind unnoticed.
        path.write_text(f"{count}\n", encoding="utf-8")
    for worker in range(count + 1, before + 1):
        _empty(run, worker, stop)
    if not stop.is_set():
        path.write_text(f"{count}\n", encoding="utf-8")


def _empty(run: Run, worker: int, stop: threading.Event) -> None:
    """Take a worker out of the group, store what its session holds, and end it."""
    subscriber = Subscriber(
        broker_url(run.settings), _session(run, worker), [], left=[_shared(run, SUBSCRIPTION)]
    )
    ingest = _Ingest(run, subscriber, stop, None, statuses=False)
    subscriber.connect()
    while not stop.is_set() and (ingest.step(_SILENT_S) or not subscriber.connected):
        pass
    if not stop.is_set():
        subscriber.forget()
        _topics_file(run, worker).unlink(missing_ok=True)
        log.info("worker_left", worker=worker, rows=ingest.stored)


def _topics_file(run: Run, worker: int) -> Path:
    return run.settings.data_dir / f"ingest_topics_{max(worker, 1)}.json"


def _noted_topics(run: Run, worker: int) -> list[str]:
    """Return what a worker's session may be subscribed to.

    The broker keeps it from start to start, also for a gateway that the site has no more.
    """
    path = _topics_file(run, worker)
    return list(json.loads(path.read_text(encoding="utf-8"))) if path.exists() else []


def _note_topics(run: Run, worker: int, topics: Iterable[str]) -> None:
    write_json(_topics_file(run, worker), sorted(set(topics)))


def _workers_file(run: Run) -> Path:
    return run.settings.data_dir / "ingest_workers"


def _session(run: Run, worker: int) -> str:
    """Return the session of a worker; the first one is the same that a single one has."""
    return f"postmine-ingest-{run.name}" + (f"-{worker}" if worker > 1 else "")


def _shared(run: Run, topic: str) -> str:
    return f"$share/postmine-{run.name}/{topic}"


class _Ingest:
    """Brings what one subscriber takes into the store.

    Parameters
    ----------
    statuses
        Whether to store what senders say of themselves.
    """

    def __init__(
        self,
        run: Run,
        subscriber: Subscriber,
        stop: threading.Event,
        heartbeat: Heartbeat | None,
        *,
        statuses: bool,
    ) -> None:
        self._run, self._subscriber, self._stop = run, subscriber, stop
        self._heartbeat, self._statuses = heartbeat, statuses
        self._intake = Intake(
            run.site, run.clock, replayed=run.replayed, started=run.store.run_time()
        )
        self._memories = run.settings.data_dir / "dialects"
        if statuses:  # the worker that hears other dialects than ours
            self._intake.recall(
                {path.stem: path.read_bytes() for path in self._memories.glob("*.json")}
            )
        self.stored = self._letters = self._messages = 0
        self._delay_s = 0.0

    def begin(self) -> None:
        """Send what the dialects ask for before anything is heard."""
        if not self._run.replayed:
            self._send(self._intake.at_start())

    def _remember(self) -> None:
        """Keep what dialects need to understand what comes after a restart.

        Not brought to the disk itself: an older memory is one that asks its senders again.
        """
        for name, memory in self._intake.memories().items():
            part = self._memories / f"{name}.part"
            try:
                self._memories.mkdir(exist_ok=True)
                part.write_bytes(memory)
                part.replace(part.with_suffix(".json"))
            except OSError as error:
                log.error("not_remembered", dialect=name, error=str(error))

    def _send(self, outgoing: Sequence[Outgoing]) -> None:
        for each in outgoing:
            log.info("sent", topic=each.topic)
            self._subscriber.publish(each.topic, each.payload)

    def step(self, wait_s: float) -> int:
        """Take, store and acknowledge once; return the number of messages."""
        deliveries = self._subscriber.take(wait_s)
        if deliveries:
            self._store(deliveries, self._subscriber.connection)
        if self._heartbeat:
            connected = self._subscriber.connected
            self._heartbeat.beat(
                ok=connected,
                detail=f"{self.stored} rows stored, {self._letters} dead letters, broker"
                f" {self._subscriber.address}" + ("" if connected else " not connected"),
                numbers={
                    "broker_connected": float(connected),
                    "messages_total": self._messages,
                    "rows_total": self.stored,
                    "dead_letters_total": self._letters,
                    "batch_messages": len(deliveries),
                    "reading_delay_seconds": self._delay_s,
                },
            )
        return len(deliveries)

    def _append(
        self, deliveries: Sequence[Delivery], accepted: Accepted
    ) -> tuple[Appended, list[DeadLetter]]:
        """Make a batch durable in one commit; return what became of it, and its dead letters.

        Where the store meets what nobody foresaw, each message is stored by itself: the one at
        fault becomes a dead letter, for the broker would send it again and again, and hold up
        the whole site with it.
        """
        store = self._run.store
        statuses = accepted.statuses if self._statuses else ()
        letters = list(accepted.dead_letters)
        try:
            return store.append(accepted.rows, letters, accepted.run_time, statuses), letters
        except ServiceError:
            raise
        except Exception:
            log.exception("stored_one_by_one", messages=len(deliveries))
        sums = Appended(0, 0, 0)
        start = 0
        for delivery, end in zip(deliveries, accepted.ends, strict=True):
            try:
                done = store.append(accepted.rows[start:end])
                sums = Appended(*(a + b for a, b in zip(sums, done, strict=True)))
            except ServiceError:
                raise
            except Exception as error:
                received = from_ns(accepted.rows[start].received)
                letters.append(not_taken(delivery.arrival, error, received))
            start = end
        store.append((), letters, accepted.run_time, statuses)
        return sums, letters

    def _store(self, deliveries: Sequence[Delivery], connection: int) -> None:
        accepted = self._intake.accept(delivery.arrival for delivery in deliveries)
        while not self._stop.is_set():
            try:
                appended, letters = self._append(deliveries, accepted)
            except ServiceError as error:
                log.error("not_stored", error=str(error), messages=len(deliveries))
                if self._heartbeat:
                    self._heartbeat.beat(ok=False, detail=str(error))
                self._stop.wait(_REFUSED_PAUSE_S)
                continue
            self._remember()
            self._subscriber.acknowledge(deliveries, connection)
            self._send(accepted.outgoing)
            self.stored += appended.stored
            self._letters += len(letters)
            self._messages += len(deliveries)
            if accepted.rows:  # how old the last reading was when it came
                last = accepted.rows[-1]
                self._delay_s = (last.received - last.time) / 1e9
            if letters:
                log.warning("dead_letters", count=len(letters), first=letters[0].reason)
            return
