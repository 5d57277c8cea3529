"""Published numbers beside computed ones, as the command line, the API and the page give them."""

from __future__ import annotations

from functools import cache
from threading import Lock

import msgspec

from analytics.verify import verifications
from ingest.text import Text

_computing = Lock()


class Verified(msgspec.Struct, kw_only=True, frozen=True):
    """One published number beside the computed one; `tolerance` holds both ways.

    `subject` is the file that compares them, without its ending.
    """

    name: str
    source: str
    published: float
    computed: float
    tolerance: float
    ok: bool
    subject: str

    def to_dict(self) -> dict[str, str | float | bool]:
        """Return it as JSON objects have it."""
        return {name: getattr(self, name) for name in self.__struct_fields__}


class Titled(msgspec.Struct, kw_only=True, frozen=True):
    """A comparison with what it and its subject are called on the page."""

    verified: Verified
    subject_title: Text | str
    title: Text | str


def verified() -> list[Verified]:
    """Return every comparison, in the order of the subjects."""
    return [each.verified for each in titled()]


def titled() -> tuple[Titled, ...]:
    """Return every comparison with its titles; computed once in a process."""
    with _computing:  # two pages that open together compute it once
        return _titled()


@cache
def _titled() -> tuple[Titled, ...]:
    return tuple(
        Titled(
            verified=Verified(
                name=each.name,
                source=each.source,
                published=float(each.published),
                computed=float(each.computed),
                tolerance=float(each.tolerance),
                ok=each.ok,
                subject=each.subject,
            ),
            subject_title=each.subject_title or each.subject.replace("_", " "),
            title=each.title or each.name,
        )
        for each in verifications()
    )
