"""Changes as people write them, checked against what a site has."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from typing import Any

from ingest.text import Text
from twin.what_if.inputs import Input, Value

#: Most pauses of a variant, and most changes that anybody writes.
MOST_PAUSES, MOST_CHANGES = 40, 200

_ON, _OFF = {"on", "true", "yes", "1"}, {"off", "false", "no", "0"}


class BadChange(ValueError):
    """A change that cannot be made.

    Parameters
    ----------
    key
        Name of the input.
    value
        What was given.
    legal
        What may be given; a `refusal`: why this cannot be, in a sentence.
    """

    def __init__(self, key: str, value: object, legal: Text, *, refusal: bool = False) -> None:
        self.key, self.value, self.legal, self.refusal = key, value, legal, refusal
        super().__init__(f"{key} is {str(value)[:80]!r}; {self.cure}")

    @property
    def cure(self) -> str:
        """What may be given, or why not, in English."""
        return str(self.legal) if self.refusal else f"legal: {self.legal}"


@dataclass(frozen=True)
class Changes:
    """Checked changes; the order in which they were written is not kept.

    Parameters
    ----------
    values
        By the inputs' names, sorted; what is as it would be anyway is left out.
    """

    values: tuple[tuple[str, Value], ...] = ()
    _by_key: dict[str, Value] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_by_key", dict(self.values))

    def __bool__(self) -> bool:
        return bool(self.values)

    def get(self, key: str) -> Value | None:
        """Return a change, None where nothing is changed."""
        return self._by_key.get(key)

    def number(self, key: str, otherwise: float) -> float:
        """Return a changed number, or what it is otherwise."""
        value = self._by_key.get(key)
        return float(value) if isinstance(value, int | float) else otherwise

    def moment(self, key: str) -> datetime | None:
        """Return the start of a changed day."""
        value = self._by_key.get(key)
        return midnight(value) if isinstance(value, str) else None

    @property
    def pauses(self) -> list[tuple[datetime, datetime]]:
        """Start of the first day and end of the last day of each pause, by time."""
        found = self._by_key.get("dates.pauses", ())
        assert isinstance(found, tuple)
        return [_period(each) for each in found]

    def document(self) -> dict[str, Any]:
        """Return them as JSON holds them."""
        return {
            key: list(value) if isinstance(value, tuple) else value for key, value in self.values
        }


NOTHING = Changes()


def midnight(day: str) -> datetime:
    """Return the first moment of a day (UTC)."""
    return datetime.combine(date.fromisoformat(day), time(), UTC)


def over(changes: Changes, now: datetime) -> list[Text]:
    """Return which changed dates are over, and so do nothing."""
    found = []
    start, deadline = changes.moment("dates.start"), changes.get("dates.deadline")
    if start is not None and start <= now:
        found.append(
            Text(
                "{date}, from which filling goes on, is over: it changes nothing",
                {"date": f"{start:%Y-%m-%d}"},
            )
        )
    found += [
        Text(
            "The pause from {first} to {last} is over: it changes nothing",
            {"first": f"{first:%Y-%m-%d}", "last": f"{end - timedelta(days=1):%Y-%m-%d}"},
        )
        for first, end in changes.pauses
        if end <= now
    ]
    if isinstance(deadline, str) and midnight(deadline) + timedelta(days=1) <= now:
        found.append(
            Text(
                "The deadline {date} is over: nothing is reached by it any more", {"date": deadline}
            )
        )
    return found


def read_changes(document: Mapping[str, Any], inputs: Mapping[str, Input]) -> Changes:
    """Return changes that a document names, nested or by dotted names.

    Raises
    ------
    BadChange
        When a name is unknown or a value is not legal.
    """
    flat = _flat(document)
    if len(flat) > MOST_CHANGES:
        raise BadChange(
            "changes", len(flat), Text("at most {count} changes", {"count": MOST_CHANGES})
        )
    found: dict[str, Value] = {}
    for key, given in flat.items():
        if key not in inputs:
            raise BadChange(key, given, Text("one of {names}", {"names": _near(key, inputs)}))
        found[key] = _value(inputs[key], given)
    for key in found:
        if key.endswith(".factor") and f"{key.removesuffix('factor')}mass" in found:
            raise BadChange(key, found[key], Text("a mass or a factor of it, not both"))
    kept = {key: value for key, value in found.items() if value != inputs[key].now}
    # A day from which nothing changes says nothing.
    alone = [
        key
        for key in kept
        if key.endswith(".since")
        and not any(
            other != key and other.startswith(f"{key.removesuffix('since')}") for other in kept
        )
    ]
    return Changes(tuple(sorted((key, kept[key]) for key in kept if key not in alone)))


def read_pairs(pairs: Sequence[str]) -> dict[str, str]:
    """Return changes written as key=value.

    Raises
    ------
    BadChange
        When one is not, or a key is given twice.
    """
    found: dict[str, str] = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        key = key.strip()
        if not equals:
            raise BadChange(pair, "", Text("key=value, such as rain.factor=1.2"))
        if key in found:
            raise BadChange(key, value, Text("one value"))
        found[key] = value.strip()
    return found


def _flat(document: Mapping[str, Any], before: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in document.items():
        name = f"{before}{key}"
        parts = _flat(value, f"{name}.") if isinstance(value, Mapping) else {name: value}
        for each, given in parts.items():
            if each in found:
                raise BadChange(each, given, Text("one value"))
            found[each] = given
    return found


def _near(key: str, inputs: Mapping[str, Input]) -> str:
    group = [name for name in inputs if name.partition(".")[0] == key.partition(".")[0]]
    return ", ".join(group or inputs)


def _value(found: Input, given: Any) -> Value:
    match found.kind:
        case "number" | "whole":
            return _number(found, given)
        case "date":
            return _day(found, given)
        case "switch":
            text = str(given).strip().lower()
            if text not in _ON | _OFF:
                raise BadChange(found.key, given, found.legal)
            return text in _ON
        case "order":
            return _order(found, given)
        case _:
            return _periods(found, given)


def _number(found: Input, given: Any) -> float | int:
    try:
        value = math.nan if isinstance(given, bool) else float(given)
    except (TypeError, ValueError):
        value = math.nan
    assert isinstance(found.least, int | float)
    assert isinstance(found.most, int | float)
    whole = found.kind == "whole"
    if not found.least <= value <= found.most or (whole and value != int(value)):
        raise BadChange(found.key, given, found.legal)
    return int(value) if whole else value


def _day(found: Input, given: Any) -> str:
    if isinstance(given, datetime):
        given = given.date()
    try:
        day = given if isinstance(given, date) else date.fromisoformat(str(given).strip())
    except ValueError as error:
        raise BadChange(found.key, given, found.legal) from error
    assert isinstance(found.least, date)
    assert isinstance(found.most, date)
    if not found.least <= day <= found.most:
        raise BadChange(found.key, given, found.legal)
    return day.isoformat()


def _list(given: Any) -> list[str]:
    if isinstance(given, str):
        return [part.strip() for part in given.split(",") if part.strip()]
    return [str(part).strip() for part in given] if isinstance(given, list | tuple) else []


def step_of(text: str) -> tuple[str, float]:
    """Return the tier of a step of an order, and the share up to which it is filled then [1].

    Raises
    ------
    ValueError
        When the share is no number.
    """
    name, colon, share = text.partition(":")
    return name.strip(), float(share) if colon else 1.0


def _order(found: Input, given: Any) -> tuple[str, ...]:
    """Return the steps of a filling; no tier is filled further than the one below carries it.

    The fronts are straight: as far as the lower tier has come, so far the upper one can stand
    (design assumption, that of `twin/crater.py`).
    """
    try:
        steps = [step_of(each) for each in _list(given)]
    except ValueError as error:
        raise BadChange(found.key, given, found.legal) from error
    filled = dict.fromkeys(found.names, 0.0)
    for name, share in steps:
        if name not in filled or not filled[name] < share <= 1:
            raise BadChange(found.key, given, found.legal)
        filled[name] = share
        place = found.names.index(name)
        below = found.names[place - 1] if place else None
        if below is not None and filled[below] < share:
            reason = Text(
                "{tier} filled to {share:.0%} stands on {below}, which is filled to {under:.0%}"
                " then: a tier comes no further than the one below carries it",
                {"tier": name, "share": share, "below": below, "under": filled[below]},
            )
            raise BadChange(found.key, given, reason, refusal=True)
    if any(share < 1 for share in filled.values()):
        raise BadChange(found.key, given, found.legal)
    return tuple(name if share == 1 else f"{name}:{share:g}" for name, share in steps)


def _periods(found: Input, given: Any) -> tuple[str, ...]:
    """Return pauses by time, those that touch as one."""
    spans = []
    for text in _list(given):
        first, dots, last = text.partition("..")
        if not dots:
            raise BadChange(found.key, text, found.legal)
        span = _day(found, first), _day(found, last)
        if span[0] > span[1]:
            raise BadChange(found.key, text, found.legal)
        spans.append(span)
    if not 0 < len(spans) <= MOST_PAUSES:
        raise BadChange(found.key, given, found.legal)
    merged = [min(spans)]
    for _, (first, last) in pairwise([merged[0], *sorted(spans)]):
        before = merged[-1]
        if midnight(first) <= midnight(before[1]) + timedelta(days=1):
            merged[-1] = before[0], max(before[1], last)
        else:
            merged.append((first, last))
    return tuple(f"{first}..{last}" for first, last in merged)


def _period(text: str) -> tuple[datetime, datetime]:
    first, _, last = text.partition("..")
    return midnight(first), midnight(last) + timedelta(days=1)
