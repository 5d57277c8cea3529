"""Published numbers beside what the twin computes: `postmine verify`."""

from __future__ import annotations

import importlib

import msgspec

from ingest.registry import module_names


class Verification(msgspec.Struct, kw_only=True, frozen=True):
    """One published number beside the computed one.

    Parameters
    ----------
    tolerance
        Largest absolute difference, both ways.
    """

    name: str
    source: str
    published: float
    computed: float
    tolerance: float
    ok: bool


def verification(
    name: str, source: str, published: float, computed: float, tolerance: float
) -> Verification:
    """Return the comparison of two numbers."""
    return Verification(
        name=name,
        source=source,
        published=published,
        computed=computed,
        tolerance=tolerance,
        ok=bool(abs(computed - published) <= tolerance),
    )


def verifications() -> list[Verification]:
    """Return every published number that the twin is pinned to: those of `twin/verifications/`."""
    found = []
    for name in module_names("twin.verifications"):
        subject = importlib.import_module(f"twin.verifications.{name}")
        found.extend(subject.verifications())
    return found
