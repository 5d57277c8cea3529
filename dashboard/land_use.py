"""What pages and routes read of the land-use works: the site's own inputs, variants, results."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from dashboard.questions import BadQuestion, UnknownName
from ingest.figure import Figure, unknown
from ingest.site import Site
from ingest.text import Text
from twin.land_use import (
    SOURCE,
    Input,
    InputsRefused,
    Refusal,
    Result,
    Work,
    recorded_inputs,
    variants,
    works,
)


class LandInput(msgspec.Struct, kw_only=True):
    """One input of a work, and what the site has recorded of it.

    `low` and `high` are legal values, `above` and `below` are not; `default` is the guide's own
    constant, taken where nothing is given, or a design assumption in a range that the guide leaves
    (`assumed`).
    """

    name: str
    title: Text
    unit: str
    legal: Text
    low: float | None
    high: float | None
    above: float | None
    below: float | None
    default: float | None
    assumed: bool
    recorded: Figure


class LandWork(msgspec.Struct, kw_only=True):
    """One work: its inputs, and its results for what the site has recorded.

    `reason` says why there are no results, `remarks` what is restored or assumed in the formulas.
    """

    name: str
    number: int
    title: Text
    remarks: list[Text]
    inputs: list[LandInput]
    variants: list[int]
    results: list[Result]
    reason: Text | None


class LandUseAnswer(msgspec.Struct, kw_only=True):
    """The six works of the guide for a site."""

    site: str
    guide: str
    works: list[LandWork]


class LandVariant(msgspec.Struct, kw_only=True):
    """One variant of the guide; `refused` says what of it cannot be used."""

    variant: int
    inputs: dict[str, float]
    refused: list[Refusal]


class LandVariants(msgspec.Struct, kw_only=True):
    """The guide's variants of a work."""

    site: str
    work: str
    guide: str
    variants: list[LandVariant]


class LandComputed(msgspec.Struct, kw_only=True):
    """What a work gives for the inputs that were asked for."""

    site: str
    work: str
    number: int
    title: Text
    variant: int | None
    inputs: dict[str, float]
    results: list[Result]


class LandUse:
    """Answers what is asked of the land-use works of one site.

    Raises
    ------
    ConfigurationError
        When the site's files do not fit.
    """

    def __init__(self, site: Site) -> None:
        self._site = site.name
        self._recorded = recorded_inputs(site)
        self._answer = LandUseAnswer(
            site=site.name, guide=SOURCE, works=[self._describe(name) for name in works()]
        )

    def answer(self) -> LandUseAnswer:
        """Return the works with the site's own inputs and what follows from them."""
        return self._answer

    def work(self, name: str) -> Work:
        """Return a work.

        Raises
        ------
        UnknownName
            When there is none of the name.
        """
        if name not in works():
            raise UnknownName("work", name, list(works()))
        return works()[name]

    def start(self, name: str, variant: int | None) -> dict[str, float]:
        """Return the inputs that one starts from: a variant's, or those that the site has recorded.

        Raises
        ------
        UnknownName
            When there is no such work.
        BadQuestion
            When the guide has no such variant.
        """
        self.work(name)
        if variant is None:
            return dict(self._recorded[name].values)
        known = variants(name)
        if variant not in known:
            legal = f"one of {min(known)} to {max(known)}"
            raise BadQuestion("variant", variant, f"the guide has no such variant; legal: {legal}")
        return dict(known[variant])

    def compute(
        self, name: str, inputs: Mapping[str, float], variant: int | None = None
    ) -> LandComputed:
        """Return what a work gives when inputs replace those that one starts from.

        Raises
        ------
        UnknownName, BadQuestion
            As `start` does.
        InputsRefused
            When inputs are unknown, missing, outside their legal values, or contradict.
        """
        work = self.work(name)
        values = self.start(name, variant) | dict(inputs)
        results = work.results(values)
        return LandComputed(
            site=self._site,
            work=name,
            number=work.number,
            title=work.title,
            variant=variant,
            inputs=work.completed(values),
            results=results,
        )

    def variants(self, name: str) -> LandVariants:
        """Return the guide's variants of a work, with what cannot be used of them.

        Raises
        ------
        UnknownName
            When there is no such work.
        """
        work = self.work(name)
        found = []
        for number, values in variants(name).items():
            refused: list[Refusal] = []
            try:
                work.results(values)
            except InputsRefused as error:
                refused = error.refusals
            found.append(LandVariant(variant=number, inputs=values, refused=refused))
        return LandVariants(site=self._site, work=name, guide=SOURCE, variants=found)

    def _describe(self, name: str) -> LandWork:
        work, recorded = works()[name], self._recorded[name]
        missing = work.missing(recorded.values)
        results: list[Result] = []
        reason = None
        if missing and not work.partial:
            reason = Text("Not recorded: {inputs}", {"inputs": ", ".join(missing)})
        else:
            results = work.results(recorded.values)
        return LandWork(
            name=name,
            number=work.number,
            title=work.title,
            remarks=list(work.remarks),
            inputs=[
                _input(each, recorded.values.get(each.name), recorded.source)
                for each in work.inputs
            ],
            variants=list(variants(name)),
            results=results,
            reason=reason,
        )


def _input(each: Input, recorded: float | None, source: str) -> LandInput:
    return LandInput(
        name=each.name,
        title=each.title,
        unit=each.unit,
        legal=each.legal,
        low=each.low,
        high=each.high,
        above=each.above,
        below=each.below,
        default=each.default,
        assumed=each.assumed,
        recorded=unknown(each.unit, Text("Not recorded"))
        if recorded is None
        else Figure(value=recorded, unit=each.unit, source=source, quality="planned"),
    )
