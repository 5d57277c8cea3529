"""The journal of alarms: every alarm and every change of it, in a relational database."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

import msgspec
from sqlalchemy import BigInteger, ForeignKey, LargeBinary, String, UniqueConstraint, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from analytics.alarms import Acknowledgement, Alarm, Transition, acknowledged
from analytics.database import Database, Key, Table
from ingest.clock import from_ns, to_ns

__all__ = ["Acknowledgement", "Alarm", "Journal", "UnknownAlarm"]


class UnknownAlarm(LookupError):
    """There is no alarm of this number."""


class _AlarmRow(Table):
    """One alarm as it is now; `document` is the alarm in JSON, the columns are for the queries."""

    __tablename__ = "alarm"
    __table_args__ = (UniqueConstraint("site", "identity"),)

    id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=True)
    site: Mapped[str] = mapped_column(String(64), index=True)
    identity: Mapped[str] = mapped_column(String(255))
    active: Mapped[bool]
    open: Mapped[bool] = mapped_column(index=True)
    document: Mapped[bytes] = mapped_column(LargeBinary)


class _TransitionRow(Table):
    """One change of an alarm; never changed itself."""

    __tablename__ = "alarm_transition"

    id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=True)
    alarm_id: Mapped[int] = mapped_column(ForeignKey("alarm.id"), index=True)
    kind: Mapped[str] = mapped_column(String(16))
    time_ns: Mapped[int] = mapped_column(BigInteger)
    document: Mapped[bytes] = mapped_column(LargeBinary)


class _Progress(Table):
    """The last state whose changes are in the journal."""

    __tablename__ = "alarm_progress"

    site: Mapped[str] = mapped_column(String(64), primary_key=True)
    time_ns: Mapped[int] = mapped_column(BigInteger)


class Journal:
    """Alarms of a run; several threads and processes may use it at once.

    Parameters
    ----------
    url
        SQLAlchemy address; of a SQLite file the folder is created.

    Raises
    ------
    ConfigurationError
        When the address is none, or its driver is not installed.
    ServiceError
        When the database cannot be used.
    """

    def __init__(self, url: str) -> None:
        self._database = Database(url)
        self._session = self._database.session

    def record(
        self,
        changes: Iterable[Transition],
        *,
        waiting: Iterable[Alarm] = (),
        through: datetime | None = None,
        site: str | None = None,
    ) -> None:
        """Record changes in one transaction; recording the same again changes nothing.

        Parameters
        ----------
        changes
            In the order in which they happened.
        waiting
            Active alarms whose off-delay has changed and nothing else.
        through
            The state that they follow from: remembered as dealt with. Changes of a state that was
            dealt with before are left out.
        site
            Of which site `through` speaks; needed with it.
        """
        with self._session(writes=True) as session:
            if through is not None and site is not None:
                progress = session.get(_Progress, site)
                if progress is not None and progress.time_ns >= to_ns(through):
                    return
                session.merge(_Progress(site=site, time_ns=to_ns(through)))
            for change in changes:
                self._write(session, change)
            for alarm in waiting:
                row = session.get(_AlarmRow, alarm.id)
                if row is not None:
                    row.document = _encode(_keep_acknowledgement(alarm, _decode(row)))

    def progress(self, site: str) -> datetime | None:
        """Return the last state whose changes are recorded."""
        with self._session() as session:
            row = session.get(_Progress, site)
            return None if row is None else from_ns(row.time_ns)

    def active_alarms(self, site: str | None = None) -> list[Alarm]:
        """Return the alarms whose danger lasts, oldest first."""
        return self._select(_AlarmRow.active, site)

    def open_alarms(self, site: str | None = None) -> list[Alarm]:
        """Return the alarms that somebody must still deal with, oldest first."""
        return self._select(_AlarmRow.open, site)

    def alarms(
        self, limit: int = 100, before: int | None = None, site: str | None = None
    ) -> list[Alarm]:
        """Return alarms of both kinds, newest first.

        `before` is the id that ended the page before.
        """
        query = select(_AlarmRow).order_by(_AlarmRow.id.desc()).limit(limit)
        if before is not None:
            query = query.where(_AlarmRow.id < before)
        if site is not None:
            query = query.where(_AlarmRow.site == site)
        with self._session() as session:
            return [_decode(row) for row in session.scalars(query)]

    def alarms_known(
        self,
        known_at: datetime,
        limit: int = 100,
        before: int | None = None,
        site: str | None = None,
        *,
        open_only: bool = False,
    ) -> list[Alarm]:
        """Return alarms as they stood in the journal at a time, newest first.

        What was raised, changed or acknowledged later is left out.
        """
        moment = to_ns(known_at)
        last = (
            select(func.max(_TransitionRow.id))
            .where(_TransitionRow.time_ns <= moment)
            .group_by(_TransitionRow.alarm_id)
        )
        query = (
            select(_TransitionRow)
            .join(_AlarmRow, _AlarmRow.id == _TransitionRow.alarm_id)
            .where(_TransitionRow.id.in_(last))
            .order_by(_TransitionRow.alarm_id.desc())
        )
        if before is not None:
            query = query.where(_TransitionRow.alarm_id < before)
        if site is not None:
            query = query.where(_AlarmRow.site == site)
        found: list[Alarm] = []
        with self._session() as session:
            for row in session.scalars(query):
                alarm = msgspec.json.decode(row.document, type=Transition).alarm
                seen = alarm.acknowledged
                if seen is not None and seen.time > known_at:
                    alarm = msgspec.structs.replace(alarm, acknowledged=None)
                if alarm.open or not open_only:
                    found.append(alarm)
                if len(found) == limit:
                    break
        return found

    def alarm(self, alarm_id: int) -> Alarm:
        """Return one alarm.

        Raises
        ------
        UnknownAlarm
            When there is none of this number.
        """
        with self._session() as session:
            return _decode(self._row(session, alarm_id))

    def transitions(self, alarm_id: int) -> list[Transition]:
        """Return every change of one alarm, oldest first."""
        query = (
            select(_TransitionRow)
            .where(_TransitionRow.alarm_id == alarm_id)
            .order_by(_TransitionRow.id)
        )
        with self._session() as session:
            return [
                msgspec.json.decode(row.document, type=Transition) for row in session.scalars(query)
            ]

    def acknowledge(self, alarm_id: int, author: str, note: str, time: datetime) -> Alarm:
        """Record that somebody has seen an alarm; of an acknowledged one nothing changes.

        Raises
        ------
        UnknownAlarm
            When there is none of this number.
        """
        with self._session(writes=True) as session:
            row = self._row(session, alarm_id)
            alarm = _decode(row)
            if alarm.acknowledged is not None:
                return alarm
            change = acknowledged(alarm, author, note, time)
            self._write(session, change)
            return change.alarm

    def close(self) -> None:
        """Release every connection."""
        self._database.close()

    def _select(self, condition: Mapped[bool], site: str | None) -> list[Alarm]:
        query = select(_AlarmRow).where(condition).order_by(_AlarmRow.id)
        if site is not None:
            query = query.where(_AlarmRow.site == site)
        with self._session() as session:
            return [_decode(row) for row in session.scalars(query)]

    def _row(self, session: Session, alarm_id: int) -> _AlarmRow:
        row = session.get(_AlarmRow, alarm_id, with_for_update=True)
        if row is None:
            raise UnknownAlarm(f"there is no alarm {alarm_id}")
        return row

    def _write(self, session: Session, change: Transition) -> None:
        alarm = change.alarm
        if alarm.id:
            row = self._row(session, alarm.id)
            if change.kind in ("eased", "returned"):
                alarm = _keep_acknowledgement(alarm, _decode(row))
        else:
            identity = _identity(alarm)
            same = select(_AlarmRow).where(
                _AlarmRow.site == alarm.site, _AlarmRow.identity == identity
            )
            if session.scalars(same).first() is not None:
                return
            row = _AlarmRow(
                site=alarm.site, identity=identity, active=False, open=False, document=b""
            )
            session.add(row)
            session.flush()
            alarm = msgspec.structs.replace(alarm, id=row.id)
        row.active, row.open, row.document = alarm.active, alarm.open, _encode(alarm)
        document = msgspec.json.encode(msgspec.structs.replace(change, alarm=alarm))
        session.add(
            _TransitionRow(
                alarm_id=alarm.id, kind=change.kind, time_ns=to_ns(change.time), document=document
            )
        )


def _identity(alarm: Alarm) -> str:
    """Return what makes two alarms the same one: they cannot be raised at the same time."""
    parts = [alarm.kind, alarm.risk, alarm.zone, str(to_ns(alarm.raised))]
    if alarm.kind == "past exceedance":
        spoke = alarm.evidence[0]
        parts += [spoke.instrument, spoke.indicator, alarm.level]
        parts += [str(to_ns(alarm.last_change)), repr(spoke.value.value)]
    return "|".join(parts)


def _keep_acknowledgement(alarm: Alarm, stored: Alarm) -> Alarm:
    """Return the alarm with an acknowledgement that came while it was being judged."""
    return msgspec.structs.replace(alarm, acknowledged=stored.acknowledged)


def _encode(alarm: Alarm) -> bytes:
    return msgspec.json.encode(alarm)


def _decode(row: _AlarmRow) -> Alarm:
    return msgspec.structs.replace(msgspec.json.decode(row.document, type=Alarm), id=row.id)
