"""Rules of quality: flags on stored values, never deletions.

One file of `ingest/quality_rules/` is one rule. A rule sees a reading among its neighbours in time
as they are stored now, so that the flags of a history do not depend on the order in which it came:
when a reading comes late or is corrected, its neighbours are judged anew. Only `late`, which is
about the arrival itself, is judged once, when a value first comes.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, ClassVar, Literal, NamedTuple

from pydantic import ValidationError

from ingest.registry import load_family
from ingest.yaml_file import Configured

Flag = Literal[
    "out_of_range",
    "too_fast",
    "spike",
    "stuck",
    "gap",
    "late",
    "low_battery",
    "disagrees",
    "rejected",
]
#: `rejected` is set by people alone.
FLAGS: tuple[str, ...] = Flag.__args__  # type: ignore[attr-defined]

#: quantity -> rule -> its numbers; null switches a rule off, an empty mapping takes its defaults.
QualityConfiguration = dict[str, dict[str, dict[str, Any] | None]]


class Series(NamedTuple):
    """Neighbouring readings of one quantity of one measuring point, by time.

    Parameters
    ----------
    times, received
        Nanoseconds since 1970.
    values
        In the canonical unit.
    sequences
        The sender's numbers of the messages.
    beside
        What the rule's `quantities` said in the same row: a list per quantity.
    partner
        What the rule's `partner` said last before each reading, None: nothing recent.
    interval_ns
        Usual time between readings; None for instruments that report events.
    valid_range
        Of the quantity, in its canonical unit.
    """

    times: Sequence[int]
    values: Sequence[float]
    received: Sequence[int]
    sequences: Sequence[int | None]
    beside: dict[str, Sequence[float | None]]
    partner: Sequence[float | None]
    interval_ns: float | None
    valid_range: tuple[float, float]


class QualityRule(Configured):
    """One rule: when a reading of a quantity gets the flag of the rule's name."""

    name: ClassVar[str]
    #: Judged once, from what arrived alone.
    on_arrival: ClassVar[bool] = False

    @property
    def before(self) -> int:
        """How many readings before the judged one it looks at."""
        return 0

    @property
    def after(self) -> int:
        """How many readings after the judged one it looks at."""
        return 0

    @property
    def quantities(self) -> tuple[str, ...]:
        """Other quantities of the same row that it looks at."""
        return ()

    @property
    def partner(self) -> str:
        """Instrument with the same quantity that it compares with; empty: none."""
        return ""

    @property
    def partner_age_s(self) -> float:
        """How long before the reading the partner may have spoken last [s]."""
        return 0.0

    def holds(self, series: Series, index: int) -> bool:
        """Return whether the reading at `index` is flagged."""
        raise NotImplementedError

    def candidates(self, series: Series, first: int, end: int) -> Iterable[int]:
        """Return the readings of first <= index < end that may be flagged, sorted.

        A quick look over many readings: none for which `holds` is true may be missing.
        """
        return range(max(first, 0), min(end, len(series.values)))


def rules_of(*layers: QualityConfiguration) -> dict[str, tuple[QualityRule, ...]]:
    """Return the rules per quantity; a later layer replaces the rules of an earlier one by name.

    Raises
    ------
    ValueError
        With the rule, what is wrong with it, and what is legal.
    """
    family = load_family("ingest.quality_rules", QualityRule)
    merged: QualityConfiguration = {}
    for layer in layers:
        for quantity, rules in layer.items():
            merged.setdefault(quantity, {}).update(rules)
    found: dict[str, tuple[QualityRule, ...]] = {}
    for quantity, rules in merged.items():
        made = []
        for name, numbers in sorted(rules.items()):
            if name not in family:
                raise ValueError(f"{quantity}: rule {name!r}; legal: {', '.join(family)}")
            if numbers is None:
                continue
            try:
                made.append(family[name].model_validate(numbers))
            except ValidationError as error:
                first = error.errors()[0]
                key = ".".join(map(str, first["loc"]))
                legal = ", ".join(family[name].model_fields) or "nothing"
                raise ValueError(
                    f"{quantity}.{name}.{key}: {first['msg']}; keys: {legal}"
                ) from error
        if made:
            found[quantity] = tuple(made)
    return found
