"""Safety at the edge of a tier."""

from __future__ import annotations

from ingest.text import Text
from twin.geometry import sliding_prism_width
from twin.verify import Verification, verification

TITLE = Text("Safety at the edge")


def verifications() -> list[Verification]:
    """Return the comparisons of this subject."""
    return [
        verification(
            Text("Width of the sliding prism [m]"),
            "reclamation project 073/20-TX, volume 3 book 1, safety of unloading (printed as 1.3)",
            1.32,
            sliding_prism_width(36 + 50 / 60, 37 + 20 / 60, 55),
            0.005,
        )
    ]
