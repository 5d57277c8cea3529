"""What an address asks of the Land page: a work, where one starts from, and what is changed."""

from __future__ import annotations

from decimal import Decimal
from typing import NamedTuple

from dashboard.view import View
from twin import land_use
from twin.land_use import InputsRefused, Refusal, Result, Work

#: Longest text of an input that an address keeps.
_LONGEST = 40


class Asked(NamedTuple):
    """What the address asks for.

    Parameters
    ----------
    variant
        The variant that one starts from, None: the site's own inputs.
    start
        Inputs that one starts from, by name.
    changed
        Inputs that the visitor has changed, as they were written.
    values
        Inputs that are numbers.
    refusals
        What cannot be used.
    results
        None when inputs are missing or refused.
    """

    name: str
    work: Work
    variant: int | None
    start: dict[str, float]
    changed: dict[str, str]
    values: dict[str, float]
    refusals: list[Refusal]
    results: list[Result] | None


def chosen_work(view: View) -> str:
    """Return the name of the chosen work."""
    return view.chosen("work", list(land_use.works()))


def asked_of(view: View) -> Asked:
    """Return what the address asks for, computed."""
    name = chosen_work(view)
    work = land_use.works()[name]
    known = [str(each) for each in land_use.variants(name)]
    text = view.chosen("start", ["site", *known])
    variant = None if text == "site" else int(text)
    start = view.queries.land_use.start(name, variant)
    changed = {
        each.name: plain(view.parameters[each.name])
        for each in work.inputs
        if each.name in view.parameters
    }
    values, refusals = dict(start), []
    for key, written in changed.items():
        try:
            values[key] = float(written)
        except ValueError:
            legal = work.by_name[key].legal
            refusals.append(Refusal(name=key, value=written, legal=legal))
    refusals += work.refusals(values)
    results = None
    if not refusals and (work.partial or not work.missing(values)):
        try:
            results = work.results(values)
        except InputsRefused as error:
            refusals = error.refusals
    return Asked(name, work, variant, start, changed, values, refusals, results)


def start_text(asked: Asked, name: str) -> str:
    """Return the value that an input starts from as an address writes it, "" without one."""
    value = asked.start.get(name, asked.work.by_name[name].default)
    return "" if value is None else _digits(value)


def plain(text: str) -> str:
    """Return what was written, as a number is written in an address."""
    spaces = str.maketrans("", "", " \u00a0\u202f")
    return text.strip().translate(spaces).replace(",", ".").replace("−", "-")[:_LONGEST]


def _digits(value: float) -> str:
    """Return a number with all its digits and without an exponent."""
    return format(Decimal(repr(value)).normalize(), "f")


def sentence(view: View, refusal: Refusal) -> str:
    """Return what is wrong with an input, to stand beside it."""
    legal = view.text(refusal.legal)
    if refusal.value is None:
        return view.t("is not given; legal: {legal}", legal=legal)
    given = refusal.value
    shown = given if isinstance(given, str) else _digits(given)
    if view.language == "ru":
        shown = shown.replace(".", ",")
    return view.t("{value} cannot be used; legal: {legal}", value=shown, legal=legal)


def input_title(view: View, work: Work, name: str) -> str:
    """Return what people call an input."""
    return view.text(work.by_name[name].title)
