"""Saved variants of "What would happen if?": who keeps which changes from which state.

A deleted variant keeps its row, with who deleted it and when; its name may be used again.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import BigInteger, LargeBinary, String, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from analytics.database import Database, Key, Table
from ingest.clock import to_ns
from ingest.errors import PostmineError

#: Longest name of a variant.
LONGEST_NAME = 100


class NameTaken(PostmineError):
    """There is a variant of this name already."""


class UnknownVariant(LookupError):
    """There is no variant of this name."""


class SavedVariant(msgspec.Struct, frozen=True, kw_only=True):
    """One variant with everything that makes its numbers again.

    Parameters
    ----------
    author, saved
        Who saved it, and when.
    at, known_at
        State of the ground that it starts from.
    changes
        By the inputs' names.
    version
        Of the twin that ran it.
    files
        Digest of the site's files that it was run with.
    results
        Value of each measure then, by its name; None: not known.
    """

    name: str
    author: str
    saved: datetime
    at: datetime
    known_at: datetime
    changes: dict[str, Any]
    version: str
    files: str
    results: dict[str, float | str | None]
    note: str = ""
    deleted: datetime | None = None
    deleted_by: str = ""


class _VariantRow(Table):
    """`document` is the variant in JSON; the columns are for the queries."""

    __tablename__ = "what_if_variant"

    id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=True)
    site: Mapped[str] = mapped_column(String(64), index=True)
    name: Mapped[str] = mapped_column(String(LONGEST_NAME), index=True)
    saved_ns: Mapped[int] = mapped_column(BigInteger)
    deleted: Mapped[bool] = mapped_column(default=False)
    document: Mapped[bytes] = mapped_column(LargeBinary)


class SavedVariants(Database):
    """The saved variants of a run."""

    def save(self, site: str, variant: SavedVariant) -> SavedVariant:
        """Keep a variant; the same one again is kept once, and the first one is returned.

        Raises
        ------
        NameTaken
            When another one has the name.
        """
        with self.session(writes=True) as session:
            row = self._find(session, site, variant.name)
            if row is not None:
                known = _decode(row)
                if msgspec.structs.replace(known, saved=variant.saved) == variant:
                    return known
                raise NameTaken(
                    f"there is a variant {variant.name!r} by {known.author} already: give another"
                    " name, or delete it first"
                )
            session.add(
                _VariantRow(
                    site=site,
                    name=variant.name,
                    saved_ns=to_ns(variant.saved),
                    deleted=False,
                    document=msgspec.json.encode(variant),
                )
            )
        return variant

    def variants(self, site: str, *, deleted: bool = False) -> list[SavedVariant]:
        """Return the variants, last saved first.

        Parameters
        ----------
        deleted
            Whether deleted ones are told too.
        """
        query = select(_VariantRow).where(_VariantRow.site == site)
        if not deleted:
            query = query.where(_VariantRow.deleted.is_(False))
        query = query.order_by(_VariantRow.saved_ns.desc(), _VariantRow.id.desc())
        with self.session() as session:
            return [_decode(row) for row in session.scalars(query)]

    def variant(self, site: str, name: str) -> SavedVariant:
        """Return one variant.

        Raises
        ------
        UnknownVariant
            When there is none of this name.
        """
        with self.session() as session:
            return _decode(self._row(session, site, name))

    def delete(self, site: str, name: str, author: str, time: datetime) -> SavedVariant:
        """Mark a variant as deleted, by whom and when; what it was stays on record.

        Raises
        ------
        UnknownVariant
            When there is none of this name.
        """
        with self.session(writes=True) as session:
            row = self._row(session, site, name)
            gone = msgspec.structs.replace(_decode(row), deleted=time, deleted_by=author)
            row.deleted, row.document = True, msgspec.json.encode(gone)
        return gone

    def _row(self, session: Session, site: str, name: str) -> _VariantRow:
        row = self._find(session, site, name)
        if row is None:
            raise UnknownVariant(f"there is no variant {name!r}")
        return row

    @staticmethod
    def _find(session: Session, site: str, name: str) -> _VariantRow | None:
        query = select(_VariantRow).where(
            _VariantRow.site == site, _VariantRow.name == name, _VariantRow.deleted.is_(False)
        )
        return session.scalars(query).first()


def _decode(row: _VariantRow) -> SavedVariant:
    return msgspec.json.decode(row.document, type=SavedVariant)
