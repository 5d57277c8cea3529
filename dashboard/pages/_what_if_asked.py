"""What an address asks of the What-if page: changes, and saved variants beside them."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from analytics.saved_variants import SavedVariant
from dashboard.actor import current_actor
from dashboard.pages._land_asked import plain
from dashboard.view import View
from twin.what_if.changes import BadChange, Changes, read_changes
from twin.what_if.inputs import Input, Value
from twin.what_if.results import VariantResult
from twin.what_if.start import Start

#: Parameter of the address that names the saved variants beside, and what divides them.
BESIDE, DIVIDER = "beside", "~"

#: Saved variants that are shown beside at once: more columns nobody reads.
MOST_BESIDE = 4

#: Longest text of an input that an address keeps.
_LONGEST = 400


@dataclass(frozen=True)
class Asked:
    """What the address asks for, run.

    Parameters
    ----------
    start
        None: there is no state of the twin yet.
    written
        Changed inputs as they were written.
    wrong
        What cannot be made, by the input's name; "fleet" for the fleet as a whole.
    results
        The baseline first, then the variant of the address if it changes anything, then those
        beside it.
    saved
        All that are saved.
    """

    start: Start | None
    written: dict[str, str]
    wrong: dict[str, BadChange]
    changes: Changes
    results: list[VariantResult]
    saved: list[SavedVariant]
    beside: list[str]


def may_run() -> bool:
    """Return whether whoever looks may run and save variants."""
    return current_actor().may("engineer")


def asked_of(view: View) -> Asked:
    """Return what the address asks for."""
    what_if = view.queries.what_if
    start = what_if.start(view.at, view.known_at)
    saved = what_if.saved()
    if start is None:
        return Asked(None, {}, {}, Changes(), [], saved, [])
    written = {
        key: text[:_LONGEST]
        for key in start.inputs
        if (text := view.parameters.get(key, "").strip())
    }
    wrong: dict[str, BadChange] = {}
    good: dict[str, str] = {}
    for key, text in written.items():
        try:
            read_changes({key: _as_written(start.inputs[key], text)}, start.inputs)
            good[key] = _as_written(start.inputs[key], text)
        except BadChange as error:
            wrong[key] = error
    changes = Changes()
    results = [what_if.run(start, changes, "")]
    try:
        changes = read_changes(good, start.inputs)
        if changes and not wrong and may_run():
            results.append(what_if.run(start, changes, ""))
    except BadChange as error:
        wrong[error.key] = error
    names = view.parameters.get(BESIDE, "").split(DIVIDER)
    beside = []
    for variant in saved:
        if variant.name in names and len(beside) < MOST_BESIDE:
            try:
                kept = read_changes(variant.changes, start.inputs)
                results.append(what_if.run(start, kept, variant.name))
                beside.append(variant.name)
            except BadChange:
                continue  # the site has no such input any more; the list still shows it
    return Asked(start, written, wrong, changes, results, saved, beside)


def _as_written(found: Input, text: str) -> str:
    return plain(text) if found.kind in ("number", "whole") else text.strip()


def shown(value: Value | None) -> str:
    """Return a value as an address writes it, "" for none."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, tuple):
        return ", ".join(value)
    if isinstance(value, str):
        return value
    return format(Decimal(repr(value)).normalize(), "f")


def titled(view: View, found: Input) -> str:
    """Return what people call an input, with its unit."""
    unit = view.unit(found.unit)
    title = view.text(found.title)
    return f"{title}, {unit}" if unit else title


def said(view: View, start: Start | None, key: str, value: Value | list[str]) -> str:
    """Return a change in the words of the form: what is changed, and to what."""
    text = shown(tuple(value) if isinstance(value, list) else value)
    found = start.inputs.get(key) if start is not None else None
    if found is None:  # the site has no such input any more
        return f"{key} = {text}"
    if found.kind == "switch":
        text = view.t("built")
    elif isinstance(value, int | float):
        text = view.number(float(value), found.unit)
    elif found.kind == "date":
        text = view.day(text)
    subject = view.text(dict(found.subject)) if found.subject else ""
    return f"{': '.join(filter(None, (subject, titled(view, found))))} = {text}"
