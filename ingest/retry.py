"""Dead letters once more, after the configuration was put right.

A letter that is understood now is stored and marked as resolved; it is kept. What has reached the
store after the letter came is not touched: an old message must not replace a newer correction.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path
from typing import NamedTuple

import structlog

from ingest.clock import Clock, from_ns
from ingest.errors import ConfigurationError
from ingest.intake import Arrival, Intake
from ingest.settings import Settings
from ingest.site import load_site
from ingest.store import DeadLetter, Row, Store
from ingest.store.embedded import EmbeddedStore
from ingest.store.open import open_store

log = structlog.get_logger()

_PAGE = 500
#: The store's times are nanoseconds, those of a question microseconds.
_MICROSECOND = timedelta(microseconds=1)


class StillWrong(NamedTuple):
    """A letter that is not understood now either, and why."""

    id: int
    reason: str


class Retried(NamedTuple):
    """What a retry came to.

    Parameters
    ----------
    resolved
        Ids of the letters that were understood.
    stored
        Rows that were new or corrected.
    """

    resolved: list[int]
    stored: int
    still_wrong: list[StillWrong]


def retry_run(
    settings: Settings, site: str | Path, clock: Clock, *, author: str, ids: Sequence[int] = ()
) -> Retried:
    """Retry the letters of a run by the site's files as they are now; no ids: all that wait.

    Parameters
    ----------
    site
        Name or folder of the run's site; it is read anew.
    author
        Who asks for it: kept with what is resolved.

    Raises
    ------
    ConfigurationError
        When the site is wrong, or a number is not that of a letter that waits.
    ServiceError
        When the store cannot be used.
    """
    loaded = load_site(site)
    # What a letter is compared with is what is durable, not what InfluxDB has of it already.
    store = EmbeddedStore(settings.data_dir, loaded, min_free_mb=settings.min_free_mb)
    try:
        pruned = store.pruned_until() is not None and bool(settings.influxdb_url)
        known = open_store(settings, loaded) if pruned else store
        try:
            return retry(store, Intake(loaded, clock), clock, author=author, ids=ids, known=known)
        finally:
            known.close()
    finally:
        store.close()


def retry(
    store: EmbeddedStore,
    intake: Intake,
    clock: Clock,
    *,
    author: str,
    ids: Sequence[int] = (),
    known: Store | None = None,
) -> Retried:
    """Retry letters of a store; no ids: all that wait.

    `known` is the store that has what was pruned.

    Raises
    ------
    ConfigurationError
        When a number is not that of a letter that waits; nothing is retried then.
    """
    waiting = sorted(_waiting(store))
    if missing := set(ids) - set(waiting):
        raise ConfigurationError(
            "number of a dead letter",
            value=min(missing),
            legal="that of a letter that is not resolved",
        )
    done = Retried([], 0, [])
    for number in sorted(set(ids)) or waiting:  # the oldest first, as they came
        (letter,) = store.dead_letters(limit=1, before=number + 1)
        reason, stored = _one(store, known or store, intake, letter)
        done = done._replace(stored=done.stored + stored)
        if reason:
            done.still_wrong.append(StillWrong(number, reason))
        else:
            # After the rows: a kill between the two costs nothing, for storing twice is nothing.
            store.resolve_dead_letters([number], clock.now(), author)
            done.resolved.append(number)
    log.info(
        "dead_letters_retried",
        author=author,
        resolved=len(done.resolved),
        still_wrong=len(done.still_wrong),
        rows=done.stored,
    )
    return done


def _one(store: EmbeddedStore, known: Store, intake: Intake, letter: DeadLetter) -> tuple[str, int]:
    """Store what is understood of a letter; return what is not, and the number of rows."""
    assert letter.id is not None
    payload = store.dead_payload(letter.id)
    if payload is None:
        return f"only the beginning of its {letter.size} bytes is kept; send it again", 0
    accepted = intake.accept([Arrival(letter.topic, payload)])
    heard = {status.sender: status.received for status in store.statuses()}
    statuses = [
        each
        for each in accepted.statuses
        if each.sender not in heard or heard[each.sender] < letter.received
    ]
    held = store.held_until()
    rows = [
        row
        for each in accepted.rows
        if (row := _unknown(known if each.time <= held else store, each, letter)).values
    ]
    appended = store.append(rows, statuses=statuses) if rows or statuses else None
    stored = appended.stored + appended.corrected if appended else 0
    return "; ".join(each.reason for each in accepted.dead_letters), stored


def _unknown(store: Store, row: Row, letter: DeadLetter) -> Row:
    """Return the row without the values that are known since the letter or longer."""
    moment = from_ns(row.time)
    values = {}
    for quantity, value in row.values.items():
        known = store.readings(
            row.instrument,
            quantity,
            start=moment,
            end=moment + _MICROSECOND,
            node=row.node,
            limit=1,
        )
        newer = bool(known) and known[0].received > letter.received
        if not newer and not (known and known[0].value == value):
            values[quantity] = value
    return row._replace(
        values=values, flags={name: flag for name, flag in row.flags.items() if name in values}
    )


def _waiting(store: Store) -> Iterator[int]:
    """Give the numbers alone: there may be many letters, and each may be long."""
    before = None
    while letters := store.dead_letters(limit=_PAGE, before=before, waiting=True):
        for letter in letters:
            assert letter.id is not None
            yield letter.id
        before = letters[-1].id
