"""Which mark an instrument or a zone wears on the plan and in the tables."""

from __future__ import annotations

from dashboard.palette import LEVELS
from dashboard.view import View

#: What needs a person, as against what is calm or not known.
ABNORMAL = ("advisory", "warning", "alarm")


def instrument_status(view: View) -> dict[str, str]:
    """Return by instrument the gravest level that it speaks for, else its freshness."""
    spoken = _spoken_for(view)
    return {
        name: spoken.get(name)
        or ("normal" if instrument.freshness == "current" else instrument.freshness)
        for name, instrument in view.instruments.items()
    }


def zone_status(view: View) -> dict[str, str]:
    """Return by zone the gravest level of its risks, for zones where one is abnormal."""
    found: dict[str, str] = {}
    for risk in view.assessment.risks if view.assessment else []:
        if risk.zone and risk.level in ABNORMAL:
            found[risk.zone] = graver(risk.level, found.get(risk.zone, "normal"))
    return found


def graver(one: str, other: str) -> str:
    """Return the graver of two levels."""
    return max(one, other, key=LEVELS.index)


def _spoken_for(view: View) -> dict[str, str]:
    found: dict[str, str] = {}
    for risk in view.assessment.risks if view.assessment else []:
        if risk.level not in ABNORMAL:
            continue
        for evidence in risk.evidence:
            if evidence.instrument:
                known = found.get(evidence.instrument, "normal")
                found[evidence.instrument] = graver(risk.level, known)
    return found
