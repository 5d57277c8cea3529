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


class Reason(str):
    """A sentence as it is logged and searched for, which can still be translated."""

    text: Text

    def __new__(cls, text: Text) -> Reason:
        """Return the sentence of a text."""
        made = super().__new__(cls, str(text))
        made.text = text
        return made

    def __str__(self) -> str:
        return self  # an exception that carries it gives it back whole


def text_of(reason: str) -> Text:
    """Return the text of a reason; of one that has none, its words as they are."""
    return reason.text if isinstance(reason, Reason) else Text("{words}", {"words": reason})
