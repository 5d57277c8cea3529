"""Who may use the API: keys with a role, kept as hashes in the database of the journals.

A key is `pm_NUMBER_SECRET`: the number finds its row, the secret is compared with a scrypt hash
(RFC 7914). The secret is shown once, when the key is made.
"""

from __future__ import annotations

import functools
import hashlib
import hmac
import re
import secrets
from datetime import datetime
from typing import Literal, get_args

import msgspec
from sqlalchemy import BigInteger, LargeBinary, String, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, mapped_column

from analytics.database import Database, Table
from analytics.database import Key as CountingKey
from ingest.clock import from_ns, to_ns
from ingest.errors import ConfigurationError

#: From the least to the most: each may do what those before it may.
Role = Literal["viewer", "operator", "engineer", "admin"]
ROLES: tuple[Role, ...] = get_args(Role)

_NAME = re.compile(r"[^\s\x00-\x1f\x7f](?:[^\x00-\x1f\x7f]{0,62}[^\s\x00-\x1f\x7f])?")
_SHOWN = re.compile(r"pm_([0-9]{1,15})_([A-Za-z0-9_-]{43})", re.ASCII)
#: A secret has 256 random bits, which nobody guesses at any cost: this one is moderate (16 MB).
_COST = {"n": 2**14, "r": 8, "p": 1, "maxmem": 2**26}


def is_enough(role: Role, wanted: Role) -> bool:
    """Return whether a role may do what `wanted` may."""
    return ROLES.index(role) >= ROLES.index(wanted)


class AccessKey(msgspec.Struct, frozen=True, kw_only=True):
    """One key, without its secret.

    Parameters
    ----------
    name
        Of the person or program that holds it: the author of what is changed with it.
    revoked
        When it stopped being one, None while it is.
    """

    id: int
    name: str
    role: Role
    created: datetime
    revoked: datetime | None = None


class _KeyRow(Table):
    __tablename__ = "access_key"

    id: Mapped[int] = mapped_column(CountingKey, primary_key=True, autoincrement=True)
    name: Mapped[str] = mapped_column(String(64), unique=True)
    role: Mapped[str] = mapped_column(String(16))
    salt: Mapped[bytes] = mapped_column(LargeBinary)
    hash: Mapped[bytes] = mapped_column(LargeBinary)
    created_ns: Mapped[int] = mapped_column(BigInteger)
    revoked_ns: Mapped[int | None] = mapped_column(BigInteger, default=None)


class Keys:
    """The keys of a run; several threads and processes may use them at once.

    Parameters
    ----------
    url
        SQLAlchemy address of the journals.
    """

    def __init__(self, url: str) -> None:
        self._database = Database(url)
        # A secret that was right stays so: scrypt once for each, not for each request.
        self._matches = functools.lru_cache(maxsize=256)(_matches)

    def add(self, name: str, role: str, time: datetime) -> tuple[AccessKey, str]:
        """Make a key; return it and its secret, which is not kept.

        Raises
        ------
        ConfigurationError
            When the role is none, or the name is empty or taken, also by a revoked key.
        """
        if role not in ROLES:
            raise ConfigurationError("role", value=role, legal=", ".join(ROLES))
        if not _NAME.fullmatch(name):
            raise ConfigurationError(
                "name of the key", value=name, legal="1 to 64 characters on one line"
            )
        secret, salt = secrets.token_urlsafe(32), secrets.token_bytes(16)
        row = _KeyRow(
            name=name, role=role, salt=salt, hash=_hash(secret, salt), created_ns=to_ns(time)
        )
        try:
            with self._database.session(writes=True) as session:
                session.add(row)
                session.flush()
                return _key(row), f"pm_{row.id}_{secret}"
        except IntegrityError as error:
            raise ConfigurationError(
                "name of the key",
                value=name,
                legal="a name that no key has had: it says who did what",
            ) from error

    def all(self) -> list[AccessKey]:
        """Return every key that was ever made, oldest first."""
        with self._database.session() as session:
            return [_key(row) for row in session.scalars(select(_KeyRow).order_by(_KeyRow.id))]

    def revoke(self, name: str, time: datetime) -> AccessKey:
        """End a key; of a revoked one nothing changes.

        Raises
        ------
        ConfigurationError
            When there is none of this name.
        """
        with self._database.session(writes=True) as session:
            row = session.scalars(select(_KeyRow).where(_KeyRow.name == name)).first()
            if row is None:
                known = ", ".join(session.scalars(select(_KeyRow.name).order_by(_KeyRow.id)))
                raise ConfigurationError("name of the key", value=name, legal=known or "none yet")
            if row.revoked_ns is None:
                row.revoked_ns = to_ns(time)
            return _key(row)

    def exist(self) -> bool:
        """Return whether any key was ever made: from then on everybody must show one."""
        with self._database.session() as session:
            return session.scalars(select(_KeyRow.id).limit(1)).first() is not None

    def holder(self, shown: str) -> AccessKey | None:
        """Return the key of a secret, None when it is none or was revoked."""
        parts = _SHOWN.fullmatch(shown)
        row = self._row(int(parts[1])) if parts else None
        if parts is None or row is None or not self._matches(parts[2], row.salt, row.hash):
            return None
        return _key(row)

    def seal(self, key_id: int, text: str, with_secret: bytes) -> tuple[AccessKey, str] | None:
        """Return a key that is in force, and a seal on `text` that ends with it; else None.

        Parameters
        ----------
        with_secret
            Of the web server: who reads the database alone cannot make a seal.
        """
        row = self._row(key_id)
        if row is None:
            return None
        sealed = hmac.new(with_secret + row.hash, f"{key_id} {text}".encode(), hashlib.sha256)
        return _key(row), sealed.hexdigest()

    def close(self) -> None:
        """Release every connection."""
        self._database.close()

    def _row(self, key_id: int) -> _KeyRow | None:
        with self._database.session() as session:
            row = session.get(_KeyRow, key_id)
            if row is None or row.revoked_ns is not None:
                return None
            session.expunge(row)
            return row


def _hash(secret: str, salt: bytes) -> bytes:
    return hashlib.scrypt(secret.encode(), salt=salt, **_COST)


def _matches(secret: str, salt: bytes, known: bytes) -> bool:
    return hmac.compare_digest(_hash(secret, salt), known)


def _key(row: _KeyRow) -> AccessKey:
    return AccessKey(
        id=row.id,
        name=row.name,
        role=row.role,  # type: ignore[arg-type]
        created=from_ns(row.created_ns),
        revoked=None if row.revoked_ns is None else from_ns(row.revoked_ns),
    )
