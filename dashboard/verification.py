"""Published numbers beside computed ones, as the command line, the API and the page give them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cache
from threading import Lock
from typing import IO, TypeVar

import msgspec
from rich.console import Console
from rich.markup import escape
from rich.padding import Padding
from rich.table import Table

from analytics.verify import verifications
from ingest.text import Text

T = TypeVar("T")

_computing = Lock()


class Verified(msgspec.Struct, kw_only=True, frozen=True):
    """One published number beside the computed one; `tolerance` holds both ways.

    `difference` is computed less published; `subject` is the file that compares them, without
    its ending.
    """

    name: str
    source: str
    published: float
    computed: float
    difference: float
    tolerance: float
    ok: bool
    subject: str

    def to_dict(self) -> dict[str, str | float | bool]:
        """Return it as JSON objects have it."""
        return {name: getattr(self, name) for name in self.__struct_fields__}


class Titled(msgspec.Struct, kw_only=True, frozen=True):
    """A comparison with what it and its subject are called on the page."""

    verified: Verified
    subject_title: Text | str
    title: Text | str


def verified() -> list[Verified]:
    """Return every comparison, in the order of the subjects."""
    return [each.verified for each in titled()]


def titled() -> tuple[Titled, ...]:
    """Return every comparison with its titles; computed once in a process."""
    with _computing:  # two pages that open together compute it once
        return _titled()


#: Characters of a line where the output is a file or a pipe, which have no width of their own.
_WIDTH = 150


def print_report(file: IO[str] | None = None) -> None:
    """Print every comparison: a part per subject, and in it a part per source."""
    console = Console(file=file, highlight=False)
    if not console.is_terminal:
        console.width = _WIDTH
    found = verified()
    for subject, parts in _parts(titled(), lambda each: str(each.subject_title)):
        rows = [each.verified for each in parts]
        met = sum(each.ok for each in rows)
        console.print(f"[bold]{escape(subject)}[/bold]: {met} of {len(rows)} met")
        by_source = _parts(rows, lambda each: each.source)
        for index, (source, of_source) in enumerate(by_source):
            console.print(Padding(f"[dim]{escape(source)}[/dim]", (0, 0, 0, 2), expand=False))
            console.print(_table(of_source, header=index == 0))
        console.print()
    wrong = sum(not each.ok for each in found)
    console.print(
        f"{len(found)} published numbers: "
        + (f"{wrong} NOT MET" if wrong else "all met within their tolerances")
    )


def _parts(found: Iterable[T], key: Callable[[T], str]) -> list[tuple[str, list[T]]]:
    """Return what has one key together, in the order of their first."""
    parts: dict[str, list[T]] = {}
    for each in found:
        parts.setdefault(key(each), []).append(each)
    return list(parts.items())


def _table(rows: list[Verified], *, header: bool) -> Table:
    shown = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), expand=True, show_header=header)
    shown.add_column("", width=9, no_wrap=True)
    shown.add_column("", ratio=1)
    for name in ("published", "computed", "difference", "tolerance"):
        shown.add_column(name, justify="right", width=11, no_wrap=True)
    for each in rows:
        shown.add_row(
            "  met" if each.ok else "  [bold]NOT MET[/bold]",
            escape(each.name),
            f"{each.published:.6g}",
            f"{each.computed:.6g}",
            f"{each.difference:+.2g}",
            f"{each.tolerance:.2g}",
        )
    return shown


@cache
def _titled() -> tuple[Titled, ...]:
    return tuple(
        Titled(
            verified=Verified(
                name=each.name,
                source=each.source,
                published=float(each.published),
                computed=float(each.computed),
                difference=float(each.computed - each.published),
                tolerance=float(each.tolerance),
                ok=each.ok,
                subject=each.subject,
            ),
            subject_title=each.subject_title or each.subject.replace("_", " "),
            title=each.title or each.name,
        )
        for each in verifications()
    )
