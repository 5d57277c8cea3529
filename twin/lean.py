"""A state without what says nothing: digits that nobody means, and fields at their defaults."""

from __future__ import annotations

from datetime import datetime
from functools import cache

import msgspec

#: Significant digits of a number in a state: a micrometre of a metre of settlement, a millimetre of
#: a level. No instrument and no model here means more.
DIGITS = 6

_FORMAT = f".{DIGITS}g"


def lean(value: object) -> object:
    """Return what a struct holds as lists, dictionaries and plain values, to be encoded.

    Numbers are rounded to `DIGITS` significant digits; whole ones keep all of theirs. Fields that
    stand at their default are left out: decoding fills them in.
    """
    kind = type(value)
    if kind is str or value is None:
        return value
    if kind is float:
        return rounded(value)  # type: ignore[arg-type]
    if kind is list or kind is tuple:
        # Most lists are curves.
        return [
            rounded(each) if type(each) is float else lean(each)
            for each in value  # type: ignore[attr-defined]
        ]
    if kind is dict:
        return {key: lean(each) for key, each in value.items()}  # type: ignore[attr-defined]
    if not isinstance(value, msgspec.Struct):
        return value
    found: dict[str, object] = {}
    for name, default in _fields(kind):  # type: ignore[arg-type]
        held = getattr(value, name)
        # Most fields are one of these; a state has thousands.
        if held is default:
            continue
        of = type(held)
        if of is str or of is datetime:
            if held != default:
                found[name] = held
        elif held != default:
            found[name] = rounded(held) if of is float else lean(held)
    return found


def rounded(number: float) -> float:
    """Return a number rounded to `DIGITS` significant digits."""
    return number if number.is_integer() else float(format(number, _FORMAT))


@cache
def _fields(kind: type[msgspec.Struct]) -> tuple[tuple[str, object], ...]:
    """Return name and default of each field; a field that is required equals nothing."""
    found = []
    for field in msgspec.structs.fields(kind):
        default = field.default
        if default is msgspec.NODEFAULT and field.default_factory is not msgspec.NODEFAULT:
            default = field.default_factory()  # type: ignore[misc]
        found.append((field.name, default))
    return tuple(found)
