"""Judging what comes in order: from the last readings of a series, in memory, without a query.

A series is a quantity of one measuring point. Its tail is what the rules may look at when a newer
reading comes, with the flags that stand there. It answers as the database would, and is dropped
as soon as that is not certain: when anybody else has written, at a rollback, for readings that
are late or corrected, for a new voltage of the battery, and for a word of an engineer.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from ingest.quality import QualityRule, Series
from ingest.store import Row

#: From so many readings at once on, rules look them through in one go.
MANY = 24


class Judgement(NamedTuple):
    """How one quantity of an instrument is judged.

    Parameters
    ----------
    rules, arrival
        Those that look at what is stored, and those that look at the arrival alone.
    before, after
        How many readings on each side the rules look at.
    beside
        Other quantities of the row that they look at.
    interval_ns, valid_range
        As in `Series`.
    """

    instrument: str
    quantity: str
    rules: tuple[QualityRule, ...]
    arrival: tuple[QualityRule, ...]
    before: int
    after: int
    beside: tuple[str, ...]
    interval_ns: float | None
    valid_range: tuple[float, float]


class FlagChange(NamedTuple):
    """One flag of one reading that comes (`set`) or goes; times in ns."""

    set: bool
    instrument: str
    quantity: str
    node: int
    time: int
    flag: str
    moment: int


class Tail:
    """The last readings of one series, oldest first.

    Parameters
    ----------
    judgement
        How the series is judged.
    series
        Its last readings, as many as the rules look at; lists, to which later ones are added.
    held
        The flags that stand at each of them, of those that the rules set.
    """

    def __init__(
        self, judgement: Judgement, node: int, series: Series, held: list[set[str] | None]
    ) -> None:
        self._judgement, self._node = judgement, node
        self._held = held
        self._times: list[int] = list(series.times)
        self._values: list[float] = list(series.values)
        self._received: list[int] = list(series.received)
        self._sequences: list[int | None] = list(series.sequences)
        self._partner: list[float | None] = list(series.partner)
        self._beside: dict[str, list[float | None]] = {
            name: list(values) for name, values in series.beside.items()
        }
        self._series = series._replace(
            times=self._times,
            values=self._values,
            received=self._received,
            sequences=self._sequences,
            partner=self._partner,
            beside=dict(self._beside),
        )
        self._rules = [(rule, rule.name, rule.after) for rule in judgement.rules]
        #: What was read from the database is judged by all rules once more, as it would be there.
        self._was_read = True

    def take(
        self,
        rows: Sequence[Row],
        beside: dict[str, list[float | None]],
        changes: list[FlagChange],
    ) -> None:
        """Add rows that continue the series; note what flags come and go.

        Parameters
        ----------
        rows
            By moment of arrival, each moment by time.
        beside
            What each of the judgement's `beside` says in each row.
        """
        first, count = 0, len(rows)
        quantity = self._judgement.quantity
        while first < count:
            moment = rows[first].received
            end = first + 1
            while end < count and rows[end].received == moment:
                end += 1
            known = len(self._times)
            for row in rows[first:end]:
                self._times.append(row.time)
                self._values.append(float(row.values[quantity]))
                self._received.append(moment)
                self._sequences.append(row.sequence)
                self._partner.append(None)
                self._held.append(None)
            for name, values in beside.items():
                self._beside[name] += values[first:end]
            self._judge(known, moment, changes)
            first = end
        self._shorten()

    def _judge(self, known: int, moment: int, changes: list[FlagChange]) -> None:
        """Judge the readings behind the first `known`, and those whose neighbours they are."""
        judgement, series, held = self._judgement, self._series, self._held
        end = len(held)
        many = end - known >= MANY
        for rule, name, after in self._rules:
            first = known - (judgement.after if self._was_read else after)
            first = max(first, 0)
            looked_at = rule.candidates(series, first, end) if many else range(first, end)
            flagged = [index for index in looked_at if rule.holds(series, index)]
            for index in range(first, known):
                flags = held[index]
                if flags and name in flags and index not in flagged:
                    flags.discard(name)
                    changes.append(self._change(False, index, name, moment))
            for index in flagged:
                flags = held[index]
                if flags is None:
                    flags = held[index] = set()
                if name not in flags:
                    flags.add(name)
                    changes.append(self._change(True, index, name, moment))
        for rule in judgement.arrival:
            looked_at = rule.candidates(series, known, end) if many else range(known, end)
            changes += [
                self._change(True, index, rule.name, moment)
                for index in looked_at
                if rule.holds(series, index)
            ]
        self._was_read = False

    def _change(self, comes: bool, index: int, flag: str, moment: int) -> FlagChange:
        judgement = self._judgement
        return FlagChange(
            comes,
            judgement.instrument,
            judgement.quantity,
            self._node,
            self._times[index],
            flag,
            moment,
        )

    def _shorten(self) -> None:
        """Give up what no rule will look at any more, now and then."""
        needed = max(self._judgement.before + self._judgement.after, 1)
        if len(self._times) > 2 * needed + 100:
            for each in (
                self._times,
                self._values,
                self._received,
                self._sequences,
                self._partner,
                self._held,
                *self._beside.values(),
            ):
                del each[:-needed]  # type: ignore[attr-defined]
