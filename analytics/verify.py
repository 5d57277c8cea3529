"""Every published number that postmine is held to: what CLI, API and page show."""

from __future__ import annotations

from twin.verify import Verification, collect


def verifications() -> list[Verification]:
    """Return the published numbers of the twin and of analytics beside the computed ones."""
    return [*collect("twin.verifications"), *collect("analytics.verifications")]
