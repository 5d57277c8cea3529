"""What can be changed at a site: every input with its name, what it is now, and its legal range."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Literal

from ingest.text import Text
from twin.plan import Plan

Kind = Literal["number", "whole", "date", "switch", "periods", "order"]

#: A change as it is kept: a number, an ISO 8601 day, on or off, days "first..last", names.
Value = float | int | str | bool | tuple[str, ...]

GROUPS: dict[str, Text] = {
    "streams": Text("Waste streams"),
    "fleet": Text("Fleet"),
    "dates": Text("Dates"),
    "tiers": Text("Tiers"),
    "drainage": Text("Drainage"),
    "rain": Text("Rain"),
}

#: Most machines of a kind, streams' most mass [thousand t/y], and the like: beyond them a number is
#: a slip of the pen (design assumption).
MOST_MACHINES, MOST_MASS, MOST_FACTOR = 200, 20_000.0, 10.0

#: Heights that a tier has at least, and at most where the site does not say for which height its
#: edge was set [m] (design assumption).
LEAST_HEIGHT, MOST_HEIGHT = 5.0, 100.0


@dataclass(frozen=True)
class Input:
    """One thing that can be changed.

    Parameters
    ----------
    key
        Its name, such as "streams.waste_rock.factor"; the part before the first dot is its group.
    subject
        Title of the stream or machine that it speaks of; empty: none.
    least, most
        Legal numbers, or days.
    now
        What it is without a change, None: nothing is set.
    names
        What an order is made of.
    """

    key: str
    kind: Kind
    title: Text
    unit: str = ""
    subject: tuple[tuple[str, str], ...] = ()
    least: float | date | None = None
    most: float | date | None = None
    now: Value | None = None
    names: tuple[str, ...] = ()

    @property
    def group(self) -> str:
        """One of `GROUPS`."""
        return self.key.partition(".")[0]

    @property
    def legal(self) -> Text:
        """What may be given, in words."""
        match self.kind:
            case "switch":
                return Text("on or off")
            case "order":
                return Text(
                    "every tier to the end, none further than the one below it: {names}; a part"
                    " first as {example}",
                    {"names": ", ".join(self.names), "example": f"{self.names[0]}:0.6"},
                )
            case "date":
                return Text("a day from {low} to {high}", self._ends)
            case "periods":
                return Text("first..last day of each pause, from {low} to {high}", self._ends)
            case "whole":
                return Text("a whole number from {low} to {high}", self._ends)
            case _:
                return Text("a number from {low} to {high}", self._ends)

    @property
    def _ends(self) -> dict[str, str | int | float]:
        return {
            name: end.isoformat() if isinstance(end, date) else end
            for name, end in (("low", self.least), ("high", self.most))
            if end is not None
        }


def inputs_of(start: Known) -> dict[str, Input]:
    """Return every input of a site, by its name, in the order in which a form shows them."""
    found: list[Input] = []
    plan = start.plan
    if plan is not None:
        found += _streams(start, plan)
        found += _fleet(start)
        deadline = plan.file.deadline.date.isoformat()
        found += [
            _date(start, "dates.start", Text("Filling goes on from")),
            _date(start, "dates.pauses", Text("Pauses"), kind="periods"),
            _date(start, "dates.deadline", Text("Deadline"), now=deadline),
            Input(
                "tiers.order",
                "order",
                Text("Order of the tiers, first filled first"),
                now=tuple(plan.tiers),
                names=tuple(plan.tiers),
            ),
            *_heights(start, plan),
        ]
    found.append(
        Input(
            "drainage.lowered_m",
            "number",
            Text("Water table lowered by"),
            "m",
            least=-20.0,
            most=60.0,
            now=0.0,
        )
    )
    if start.drains_lower_m is not None:
        found.append(Input("drainage.drains", "switch", Text("Drains"), now=False))
    found.append(
        Input(
            "rain.factor", "number", Text("Rain and melt, times"), "1", least=0.0, most=5.0, now=1.0
        )
    )
    return {each.key: each for each in found}


@dataclass(frozen=True)
class Known:
    """What the inputs of a site follow from.

    Parameters
    ----------
    machines
        Count, title and role of each machine: loaders, trucks by kind, bulldozers.
    working
        Distance [km], shift [h], shifts a day, days a year, readiness, by the inputs' names.
    drains_lower_m
        None: the site names no drains.
    tallest_m
        Height that a tier may have at most [m].
    """

    plan: Plan | None
    masses: Mapping[str, float]
    machines: tuple[tuple[str, int, tuple[tuple[str, str], ...]], ...]
    working: Mapping[str, float]
    drains_lower_m: float | None
    tier_titles: Mapping[str, tuple[tuple[str, str], ...]]
    tallest_m: float
    first_day: date
    last_day: date


_WORKING: dict[str, tuple[Kind, Text, str, float, float]] = {
    "distance_km": ("number", Text("Haul, one way"), "km", 0.1, 100.0),
    "shift_h": ("number", Text("Length of a shift"), "h", 2.0, 24.0),
    "shifts_per_day": ("whole", Text("Shifts a day"), "", 1, 4),
    "working_days": ("number", Text("Working days a year"), "d", 1.0, 366.0),
    "readiness": ("number", Text("Readiness of the trucks"), "1", 0.05, 1.0),
}


def _date(
    start: Known,
    key: str,
    title: Text,
    *,
    kind: Kind = "date",
    subject: tuple[tuple[str, str], ...] = (),
    now: Value | None = None,
) -> Input:
    return Input(
        key, kind, title, subject=subject, least=start.first_day, most=start.last_day, now=now
    )


def _streams(start: Known, plan: Plan) -> list[Input]:
    found = []
    for name, mass in start.masses.items():
        titles = plan.file.stream_titles.get(name)
        subject = tuple((str(key), text) for key, text in titles.items()) if titles else ()
        found += [
            Input(
                f"streams.{name}.mass",
                "number",
                Text("Mass a year"),
                "thousand t/y",
                subject,
                0.0,
                MOST_MASS,
                mass,
            ),
            Input(
                f"streams.{name}.factor",
                "number",
                Text("Planned mass, times"),
                "1",
                subject,
                0.0,
                MOST_FACTOR,
                1.0,
            ),
            _date(start, f"streams.{name}.since", Text("from"), subject=subject),
        ]
    return found


def _heights(start: Known, plan: Plan) -> list[Input]:
    return [
        Input(
            f"tiers.height.{name}",
            "number",
            Text("Height"),
            "m",
            start.tier_titles[name],
            LEAST_HEIGHT,
            max(start.tallest_m, tier.crest_m - tier.base_m),
            tier.crest_m - tier.base_m,
        )
        for name, tier in plan.tiers.items()
    ]


def _fleet(start: Known) -> list[Input]:
    if not start.machines:
        return []
    found = [
        Input(
            f"fleet.{key}",
            "whole",
            Text("Machines"),
            subject=title,
            least=0,
            most=MOST_MACHINES,
            now=count,
        )
        for key, count, title in start.machines
    ]
    found += [
        Input(f"fleet.{key}", kind, title, unit, (), least, most, start.working[key])
        for key, (kind, title, unit, least, most) in _WORKING.items()
    ]
    found.append(_date(start, "fleet.since", Text("from")))
    return found
