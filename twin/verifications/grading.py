"""Grading and cover of the finished fill of the Abaza crater."""

from __future__ import annotations

from ingest.site import load_site
from ingest.text import Text
from twin.grading import graded_volume, site_grading
from twin.verify import Verification, verification

TITLE = Text("Grading and cover")


def verifications() -> list[Verification]:
    """Return the comparisons of this subject.

    The 156 thousand m3 of soil that the project prints are not among them: it does not show how
    they come about, and no area and thickness that it names give them.
    """
    said = site_grading(load_site("abaza"))
    assert said is not None
    grading = said.grading
    return [
        verification(
            Text("Volume of fine grading [thousand m3]"),
            "reclamation project 073/20-TX, volume 3 book 1, section 3.2",
            17,
            graded_volume(grading.area_thousand_m2, grading.specific_m3_per_m2),
            0.5,
        )
    ]
