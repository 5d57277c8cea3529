"""The relational database of the journals: SQLite by default, another one by its address."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import BigInteger, Engine, Integer, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, InterfaceError, OperationalError, SQLAlchemyError
from sqlalchemy.orm import DeclarativeBase, Session

from ingest.errors import ConfigurationError, ServiceError

_SQLITE_BUSY_S = 30


class Table(DeclarativeBase):
    """Base of every table of the journals."""


#: An integer key that counts up in every database (SQLite does so for INTEGER alone).
Key = BigInteger().with_variant(Integer, "sqlite")


class Database:
    """Connections to the journals; several threads and processes may use them at once.

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
        try:
            address = make_url(url)
            if address.get_backend_name() == "sqlite" and address.database:
                Path(address.database).parent.mkdir(parents=True, exist_ok=True)
            self._engine = _engine(url)
            self._writing = self._engine.execution_options(writes=True)
        except (ArgumentError, ImportError) as error:
            raise ConfigurationError(
                "POSTMINE_DATABASE_URL",
                value="(not shown)",
                legal="an SQLAlchemy address such as sqlite:////path/journal.sqlite",
                cure=str(error) if isinstance(error, ImportError) else "",
            ) from error
        except OSError as error:
            raise ServiceError(f"the journal's folder cannot be used: {error}") from error
        self._name = make_url(url).render_as_string(hide_password=True)
        try:
            _create_tables(self._engine)
        except SQLAlchemyError as error:
            raise ServiceError(f"the journal {self._name} cannot be used: {error}") from error

    @contextmanager
    def session(self, *, writes: bool = False) -> Iterator[Session]:
        """Open a session in one transaction; a database that is away is a ServiceError."""
        try:
            with Session(self._writing if writes else self._engine) as session, session.begin():
                yield session
        except (OperationalError, InterfaceError) as error:
            raise ServiceError(f"the journal {self._name} cannot be used: {error.orig}") from error

    def close(self) -> None:
        """Release every connection."""
        self._engine.dispose()


def _engine(url: str) -> Engine:
    if make_url(url).get_backend_name() != "sqlite":
        return create_engine(url, pool_pre_ping=True)
    engine = create_engine(url, connect_args={"timeout": _SQLITE_BUSY_S})

    @event.listens_for(engine, "connect")
    def _prepare(connection: object, _: object) -> None:
        cursor = connection.cursor()  # type: ignore[attr-defined]
        cursor.execute("PRAGMA journal_mode=WAL")
        cursor.execute("PRAGMA synchronous=FULL")
        cursor.execute("PRAGMA foreign_keys=ON")
        cursor.close()
        # The driver's own BEGIN comes too late when a read is followed by a write: two processes
        # would both read, and one of them could not write.
        connection.isolation_level = None  # type: ignore[attr-defined]

    @event.listens_for(engine, "begin")
    def _begin(connection: object) -> None:
        writes = connection.get_execution_options().get("writes")  # type: ignore[attr-defined]
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")  # type: ignore[attr-defined]

    return engine


def _create_tables(engine: Engine) -> None:
    try:
        Table.metadata.create_all(engine)
    except OperationalError:
        # Another process created them between our look and our creation.
        Table.metadata.create_all(engine)
