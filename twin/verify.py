"""Published numbers beside what is computed, each subject in a file of its own.

A file of `twin/verifications/` or `analytics/verifications/` has `verifications()`, and may have
`TITLE`, a `Text`: what its subject is called on the page.
"""

from __future__ import annotations

import importlib

import msgspec

from ingest.registry import module_names
from ingest.text import Text


class Verification(msgspec.Struct, kw_only=True, frozen=True):
    """One published number beside the computed one.

    Parameters
    ----------
    tolerance
        Largest absolute difference, both ways.
    subject
        File that compares them.
    subject_title, title
        What subject and comparison are called on the page; None: by `subject` and `name`.
    """

    name: str
    source: str
    published: float
    computed: float
    tolerance: float
    ok: bool
    subject: str = ""
    subject_title: Text | None = None
    title: Text | None = None


def verification(
    name: str | Text, source: str, published: float, computed: float, tolerance: float
) -> Verification:
    """Return the comparison of two numbers; a name that is a `Text` is translated on the page."""
    return Verification(
        name=str(name),
        source=source,
        published=published,
        computed=computed,
        tolerance=tolerance,
        ok=bool(abs(computed - published) <= tolerance),
        title=name if isinstance(name, Text) else None,
    )


def collect(package: str) -> list[Verification]:
    """Return the comparisons of every file of a package, each marked with its subject."""
    found: list[Verification] = []
    for subject in module_names(package):
        module = importlib.import_module(f"{package}.{subject}")
        title = getattr(module, "TITLE", None)
        found.extend(
            msgspec.structs.replace(each, subject=subject, subject_title=title)
            for each in module.verifications()
        )
    return found


def verifications() -> list[Verification]:
    """Return every published number that the twin is pinned to: those of `twin/verifications/`."""
    return collect("twin.verifications")
