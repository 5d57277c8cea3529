"""What a page is: one file in `dashboard/pages/` that names its page `PAGE`."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal, NamedTuple

from dash import Dash
from dash.development.base_component import Component

from dashboard.queries import Queries
from dashboard.view import View
from ingest.registry import module_names
from ingest.text import Text


class Update(NamedTuple):
    """A property that follows the run while the page is open.

    Parameters
    ----------
    component, property
        What is replaced.
    make
        Returns its new value.
    follows
        "run": every tick and every choice in the address; "choice": choices alone, for a part that
        would lose the visitor's zoom or scrolling; "tick": ticks alone, for what lies inside such
        a part. Every component that is named here must always be on the page.
    """

    component: str
    property: str
    make: Callable[[View], Any]
    follows: Literal["run", "choice", "tick"] = "run"


@dataclass(frozen=True, kw_only=True)
class Page:
    """One page, which answers one question.

    Parameters
    ----------
    path
        Its address.
    title, question
        Its name and the question that it answers.
    icon
        One of `dashboard.icons.PATHS`.
    order
        Its place in the navigation.
    layout
        Returns everything below the heading.
    updates
        What follows the run.
    callbacks
        Registers what the page does besides, on the app that it is given; never global ones. It
        reads through the queries that it is given.
    """

    path: str
    title: Text
    question: Text
    icon: str
    order: int
    layout: Callable[[View], list[Component]]
    updates: tuple[Update, ...] = ()
    callbacks: Callable[[Dash, Queries], None] | None = None


@cache
def pages() -> tuple[Page, ...]:
    """Return every page, in the order of the navigation."""
    found = [
        importlib.import_module(f"dashboard.pages.{name}").PAGE
        for name in module_names("dashboard.pages")
    ]
    return tuple(sorted(found, key=lambda page: page.order))
