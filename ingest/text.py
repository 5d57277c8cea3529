"""Sentences that are made deep in the house and read by people in their own language."""

from __future__ import annotations

import msgspec


class Text(msgspec.Struct, frozen=True):
    """An English sentence with named places; the page translates `template` and then fills it.

    Parameters
    ----------
    template
        English sentence with `{name}` places; the key of the translation catalogue.
    values
        What fills the places.
    """

    template: str
    values: dict[str, str | int | float] = {}

    def __str__(self) -> str:
        return self.template.format(**self.values)
