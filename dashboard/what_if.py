"""What pages, routes and the command line ask of "What would happen if?"."""

from __future__ import annotations

import hashlib
import math
import time as stopwatch
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from threading import Lock
from typing import Any

import msgspec

from analytics.saved_variants import (
    LONGEST_NAME,
    NameTaken,
    SavedVariant,
    SavedVariants,
    UnknownVariant,
)
from dashboard.questions import BadQuestion, UnknownName
from ingest.clock import Clock
from ingest.site import Site
from ingest.store import Store
from ingest.text import Text
from twin import VERSION
from twin.plan import Plan
from twin.state import TwinState
from twin.what_if.changes import BadChange, Changes, read_changes
from twin.what_if.inputs import GROUPS, Input, Value
from twin.what_if.results import VariantResult
from twin.what_if.run import run
from twin.what_if.start import Start, gather

#: Most variants of one question.
MOST_VARIANTS = 20

#: Longest note of a saved variant.
LONGEST_NOTE = 500


class WhatIfInput(msgspec.Struct, kw_only=True, frozen=True):
    """One thing that can be changed, what it is now, and what may be given."""

    key: str
    group: str
    title: Text
    subject: dict[str, str]
    unit: str
    kind: str
    now: Value | None
    legal: Text


class WhatIfAnswer(msgspec.Struct, kw_only=True, frozen=True):
    """Variants side by side: the baseline, then each in the order of the question."""

    site: str
    time: datetime
    known_at: datetime
    version: str
    baseline: VariantResult
    variants: list[VariantResult]


class WhatIfInputs(msgspec.Struct, kw_only=True, frozen=True):
    """What can be changed at a site, from one state of the ground."""

    site: str
    time: datetime
    inputs: list[WhatIfInput]


class ReRun(msgspec.Struct, kw_only=True, frozen=True):
    """A saved variant, run again from its inputs.

    `same` says whether every number is what it was when the variant was saved; `differs` names
    the measures that are not, and `note` says what has changed since.
    """

    variant: SavedVariant
    answer: WhatIfAnswer
    same: bool
    differs: list[str]
    note: Text | None = None


class WhatIf:
    """Answers what is asked of one run.

    Parameters
    ----------
    twin
        Returns a state, `at` and as known at a time.
    hold_s
        For how long one live state serves everybody [s]: the parts of a page are made one after
        the other and must speak of the same.
    """

    def __init__(
        self,
        site: Site,
        plan: Plan | None,
        store: Store,
        clock: Clock,
        journal_url: str,
        twin: Callable[[datetime | None, datetime | None], TwinState | None],
        *,
        hold_s: float = 0.0,
    ) -> None:
        self._site, self._plan, self._store, self._clock = site, plan, store, clock
        self._twin = twin
        self._journal_url = journal_url
        self._hold_s = hold_s
        self._held: tuple[float, Start | None] = (-math.inf, None)  # of the live state, and since
        self._gathering = Lock()
        self._gathered = lru_cache(maxsize=4)(self._gather)
        self._ran = lru_cache(maxsize=256)(self._run)

    # Running

    def start(self, at: datetime | None = None, known_at: datetime | None = None) -> Start | None:
        """Return what runs begin from, None while there is no state.

        Without arguments the last state of the run; with `known_at` the last one stored then; with
        `at` the ground at that time with all we know today, or knew at `known_at`.
        """
        if at is not None:
            # What is known "today" is pinned to the last state, so that a repeated question is one.
            latest = self._twin(None, None)
            known = known_at or (max(latest.time, at) if latest is not None else self._clock.now())
            return self._begin(at, known)
        since, held = self._held
        if known_at is None and held is not None and stopwatch.monotonic() - since < self._hold_s:
            return held
        state = self._twin(None, known_at)
        found = None if state is None else self._begin(state.time, state.known_at)
        if known_at is None:
            self._held = stopwatch.monotonic(), found
        return found

    def _begin(self, at: datetime, known_at: datetime) -> Start:
        with self._gathering:  # who asks for the same meanwhile waits for it
            return self._gathered(at, known_at)

    def _gather(self, at: datetime, known_at: datetime) -> Start:
        return gather(self._site, self._plan, self._store, at=at, known_at=known_at)

    def inputs(self, start: Start) -> WhatIfInputs:
        """Return what can be changed."""
        return WhatIfInputs(
            site=self._site.name,
            time=start.now,
            inputs=[_input(each) for each in start.inputs.values()],
        )

    def answer(
        self, start: Start, variants: Sequence[tuple[str, Mapping[str, Any]]]
    ) -> WhatIfAnswer:
        """Return variants side by side.

        Raises
        ------
        BadQuestion
            When a change cannot be made; it names the input.
        """
        if len(variants) > MOST_VARIANTS:
            raise BadQuestion("variants", len(variants), f"give at most {MOST_VARIANTS}")
        found = []
        for place, (name, document) in enumerate(variants):
            try:
                changes = read_changes(document, start.inputs)
                found.append(self.run(start, changes, name))
            except BadChange as error:
                raise BadQuestion(
                    f"variants.{place}.changes.{error.key}", error.value, error.cure
                ) from error
        return WhatIfAnswer(
            site=self._site.name,
            time=start.now,
            known_at=start.state.known_at,
            version=VERSION,
            baseline=self.run(start, Changes(), ""),
            variants=found,
        )

    def run(self, start: Start, changes: Changes, name: str) -> VariantResult:
        """Return what a variant comes to; the same one is run once.

        Raises
        ------
        BadChange
            When the fleet cannot work as changed.
        """
        return msgspec.structs.replace(self._ran(start, changes), name=name)

    @staticmethod
    def _run(start: Start, changes: Changes) -> VariantResult:
        return run(start, changes)

    # Saved variants

    def saved(self, *, deleted: bool = False) -> list[SavedVariant]:
        """Return the saved variants, last saved first."""
        return self._kept.variants(self._site.name, deleted=deleted)

    def save(
        self, start: Start, name: str, document: Mapping[str, Any], author: str, note: str = ""
    ) -> SavedVariant:
        """Run a variant and save it; doing it again changes nothing.

        Raises
        ------
        BadQuestion
            When it has no name, the name is taken, or a change cannot be made.
        """
        name, note = name.strip(), note.strip()
        if not 0 < len(name) <= LONGEST_NAME or "/" in name:
            raise BadQuestion("name", name, f"give 1 to {LONGEST_NAME} characters without /")
        if len(note) > LONGEST_NOTE:
            raise BadQuestion("note", note, f"give at most {LONGEST_NOTE} characters")
        result = self.answer(start, [(name, document)]).variants[0]
        variant = SavedVariant(
            name=name,
            author=author,
            saved=self._clock.now(),
            at=start.now,
            known_at=start.state.known_at,
            changes=result.changes,
            version=VERSION,
            files=self._digest(),
            results=_values(result),
            note=note,
        )
        try:
            return self._kept.save(self._site.name, variant)
        except NameTaken as error:
            raise BadQuestion("name", name, str(error)) from error

    def variant(self, name: str) -> SavedVariant:
        """Return a saved variant.

        Raises
        ------
        UnknownName
            When there is none of this name.
        """
        try:
            return self._kept.variant(self._site.name, name)
        except UnknownVariant as error:
            raise UnknownName("variant", name, [each.name for each in self.saved()]) from error

    def run_again(self, name: str) -> ReRun:
        """Run a saved variant from its inputs, and say whether the numbers are the same.

        Raises
        ------
        UnknownName
            When there is none of this name.
        """
        variant = self.variant(name)
        start = self._begin(variant.at, variant.known_at)
        answer = self.answer(start, [(variant.name, variant.changes)])
        now = _values(answer.variants[0])
        differs = [
            key
            for key in {**variant.results, **now}
            if not _same(now.get(key, ""), variant.results.get(key, ""))
        ]
        note = None
        if differs and variant.files != self._digest():
            note = Text("The site's files have changed since it was saved")
        elif differs and variant.version != VERSION:
            note = Text("It was run by version {version} of the twin", {"version": variant.version})
        elif differs:
            note = Text("Readings or flags of that time were changed since it was saved")
        return ReRun(
            variant=variant, answer=answer, same=not differs, differs=sorted(differs), note=note
        )

    def delete(self, name: str, author: str) -> SavedVariant:
        """Delete a saved variant; who did it and when stays on record.

        Raises
        ------
        UnknownName
            When there is none of this name.
        """
        self.variant(name)
        return self._kept.delete(self._site.name, name, author, self._clock.now())

    @property
    def _kept(self) -> SavedVariants:
        return _journal(self._journal_url)

    def _digest(self) -> str:
        """Return a digest of the site's files that the twin reads."""
        digest = hashlib.blake2b(digest_size=12)
        for path in sorted([*self._site.folder.glob("*.yaml"), *self._site.folder.glob("*.csv")]):
            digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
        return digest.hexdigest()


@lru_cache(maxsize=8)
def _journal(url: str) -> SavedVariants:
    return SavedVariants(url)


def _values(result: VariantResult) -> dict[str, float | str | None]:
    return {each.name: each.figure.value for each in result.measures}


def _same(one: float | str | None, other: float | str | None) -> bool:
    """Return whether two values are one but for the rounding of sums."""
    if isinstance(one, float) and isinstance(other, float):
        return math.isclose(one, other, rel_tol=1e-9, abs_tol=1e-12)
    return one == other


def _input(found: Input) -> WhatIfInput:
    assert found.group in GROUPS
    return WhatIfInput(
        key=found.key,
        group=found.group,
        title=found.title,
        subject=dict(found.subject),
        unit=found.unit,
        kind=found.kind,
        now=found.now,
        legal=found.legal,
    )
