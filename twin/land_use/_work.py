"""What a work of the guide is: named inputs with their legal values, formulas, numbered results."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import msgspec

from ingest.figure import Figure, unknown
from ingest.text import Text

SOURCE = "KuzSTU practical guide"

#: No input of a mine is larger; beyond it only overflow waits.
LARGEST = 10**12

Values = Mapping[str, float]

#: Legal values in words, by the kinds of the two bounds.
_LEGAL = {
    ("above", "below"): Text("above {low} and below {high}"),
    ("above", "high"): Text("above {low}, at most {high}"),
    ("low", "below"): Text("at least {low}, below {high}"),
    ("low", "high"): Text("from {low} to {high}"),
    ("above", ""): Text("above {low}"),
    ("low", ""): Text("at least {low}"),
}


class Refusal(msgspec.Struct, kw_only=True, frozen=True):
    """An input that cannot be used: its name, its value (None: not given), what is legal."""

    name: str
    value: float | str | None
    legal: Text

    @property
    def sentence(self) -> str:
        """What is wrong, in one English line."""
        given = "is not given" if self.value is None else f"is {_plain(self.value)}"
        return f"{self.name} {given}; legal: {self.legal}"


class InputsRefused(ValueError):
    """Inputs of a work cannot be used; `refusals` names each."""

    def __init__(self, refusals: list[Refusal]) -> None:
        self.refusals = refusals
        super().__init__("; ".join(each.sentence for each in refusals))


class Result(msgspec.Struct, kw_only=True):
    """One computed number of a work.

    Parameters
    ----------
    number
        Number of the formula in the guide.
    case
        Of what, when one formula gives several: a shape, a scheme, a component.
    """

    name: str
    number: str
    title: Text
    figure: Figure
    case: Text | None = None


@dataclass(frozen=True, kw_only=True)
class Input:
    """One input of a work; each has a bound below.

    Parameters
    ----------
    unit
        Unit in which it is given; "1" for a share or a factor.
    low, high
        Least and largest legal value.
    above, below
        Bounds that are not legal values themselves.
    default
        The guide's own constant, or the norm that it names; None: must be given.
    assumed
        Whether the default is our choice, because the guide leaves a range: a design assumption.
    """

    name: str
    title: Text
    unit: str
    low: float | None = None
    high: float | None = None
    above: float | None = None
    below: float | None = None
    default: float | None = None
    assumed: bool = False

    @property
    def legal(self) -> Text:
        """The legal values in words."""
        least = next((end for end in ("above", "low") if getattr(self, end) is not None), "")
        most = next((end for end in ("below", "high") if getattr(self, end) is not None), "")
        ends = {"low": getattr(self, least)} if least else {}
        ends |= {"high": getattr(self, most)} if most else {}
        return Text(_LEGAL[least, most].template, ends)

    def refusal(self, value: float) -> Refusal | None:
        """Return why a value cannot be used, None when it can."""
        outside = (
            not math.isfinite(value)
            or (self.low is not None and value < self.low)
            or (self.high is not None and value > self.high)
            or (self.above is not None and value <= self.above)
            or (self.below is not None and value >= self.below)
        )
        if outside:
            return Refusal(name=self.name, value=value, legal=self.legal)
        if abs(value) > LARGEST:
            return Refusal(
                name=self.name, value=value, legal=Text("at most {high}", {"high": LARGEST})
            )
        return None


@dataclass(frozen=True, kw_only=True)
class Work:
    """One practical work of the guide.

    Parameters
    ----------
    number
        Its number in the guide.
    inputs
        What it is computed from, in the guide's order.
    compute
        Returns the results of legal inputs; raises `InputsRefused` when they contradict.
    remarks
        What is restored, assumed, or wrong in the guide, each with the formula's number.
    partial
        Whether each result is computed that the given inputs allow, the others being unknown.
    """

    number: int
    title: Text
    inputs: tuple[Input, ...]
    compute: Callable[[Values], list[Result]]
    remarks: tuple[Text, ...] = ()
    partial: bool = False

    @property
    def by_name(self) -> dict[str, Input]:
        """The inputs by name."""
        return {each.name: each for each in self.inputs}

    def completed(self, values: Values) -> dict[str, float]:
        """Return the values with the guide's constants where nothing is given, in order."""
        found = {each.name: values.get(each.name, each.default) for each in self.inputs}
        return {name: float(value) for name, value in found.items() if value is not None}

    def missing(self, values: Values) -> list[str]:
        """Return the inputs that are not given and have no constant."""
        known = self.completed(values)
        return [each.name for each in self.inputs if each.name not in known]

    def refusals(self, values: Values) -> list[Refusal]:
        """Return every given input that is unknown or lies outside its legal values."""
        known = self.by_name
        names = ", ".join(known)
        unknown_names = [
            Refusal(name=name, value=value, legal=Text("one of {names}", {"names": names}))
            for name, value in values.items()
            if name not in known
        ]
        outside = [
            refusal
            for each in self.inputs
            if each.name in values and (refusal := each.refusal(values[each.name])) is not None
        ]
        return unknown_names + outside

    def results(self, values: Values) -> list[Result]:
        """Return the numbered results.

        Parameters
        ----------
        values
            Inputs by name, in the units of `inputs`; those with a constant may be left out.

        Raises
        ------
        InputsRefused
            When inputs are unknown, missing, outside their legal values, or contradict.
        """
        refused = self.refusals(values)
        if not refused and not self.partial:
            refused = [
                Refusal(name=name, value=None, legal=self.by_name[name].legal)
                for name in self.missing(values)
            ]
        if refused:
            raise InputsRefused(refused)
        return self.compute(self.completed(values))


def result(
    number: str,
    name: str,
    title: Text,
    value: float | str | None,
    unit: str,
    *,
    case: Text | None = None,
    note: Text | None = None,
) -> Result:
    """Return a result with its source; without a value `note` says why there is none."""
    source = f"{SOURCE}, {number}"
    figure = (
        unknown(unit, note or Text("Not computed"), source=source)
        if value is None
        else Figure(value=value, unit=unit, source=source, version="1", validity=note)
    )
    return Result(name=name, number=number, title=title, case=case, figure=figure)


def refuse(name: str, value: float, legal: Text) -> InputsRefused:
    """Return the error of one input that contradicts the others."""
    return InputsRefused([Refusal(name=name, value=value, legal=legal)])


def _plain(value: float | str) -> str:
    return value if isinstance(value, str) else f"{value:g}"
