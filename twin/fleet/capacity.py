"""What a whole fleet moves in a year against the plan, what limits it, and the least that does.

The plan's streams are moved in the plan's own proportion. Of all ways to share loader, trucks and
bulldozer among them, the best counts (a linear programme): so a machine more never moves less,
because it may stand still. The project's tables share the haul in proportion to the trucks' norms
and come a little below.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import lru_cache
from itertools import combinations
from typing import Any

import msgspec
import numpy as np
from scipy.optimize import Bounds, LinearConstraint, linprog, milp

from ingest.text import Text
from twin.fleet.inputs import Fleet, impossible
from twin.fleet.tables import bulldozer_use, load

#: Share of the plan from which a fleet meets it [1] (design assumption): the project goes on with
#: a loss factor of 0.93 for 0.925, and its one bulldozer moves 0.9996 of the plan unrounded.
MEETS = 0.995

#: Machines of a kind above which nobody looks for a least fleet.
MOST = 200

#: Most volume of a material that is believed [thousand m3/y].
MOST_VOLUME = 1e6

#: What the solver may be off [1].
_SOLVED = 1e-6

#: Corners of a programme up to which all of them are solved, in place of a search.
MOST_CORNERS = 500


@lru_cache(maxsize=16)
def _corners(columns: int, size: int) -> np.ndarray[Any, np.dtype[np.intp]]:
    """Return every choice of so many of the columns 1 to `columns`, each with column 0."""
    chosen = [(0, *each) for each in combinations(range(1, columns + 1), size)]
    return np.array(chosen, dtype=np.intp)


class ImpossibleFleet(ValueError):
    """A fleet or a plan that cannot be: `reason` says why."""

    def __init__(self, reason: Text) -> None:
        self.reason = reason
        super().__init__(str(reason))


class KindCapacity(msgspec.Struct, kw_only=True, frozen=True):
    """One kind of machine alone, with the others as many as it needs.

    Parameters
    ----------
    role
        "loader", "trucks" or "bulldozer".
    share
        Part of the plan that it can move in a year [1].
    yearly
        The same [thousand m3 in place].
    count
        Machines on the list [1].
    least
        Least count that meets the plan [1], with the mix of trucks as it is.
    """

    role: str
    count: int
    share: float
    yearly: float
    least: int | None


class Capacity(msgspec.Struct, kw_only=True, frozen=True):
    """What a fleet moves in a year.

    Parameters
    ----------
    planned
        What the plan asks [thousand m3/y in place].
    yearly
        What all kinds together can move [thousand m3/y in place].
    share
        `yearly / planned` [1].
    meets
        Whether `share` is `meets_from` at least.
    kinds
        Each kind alone.
    bottleneck
        The kind that moves least.
    least
        The least fleet that meets the plan: fewest machines, of these the smallest trucks. By the
        machines' names; empty when there is none.
    overload
        Largest load over payload - 1 [1]; above 0 a truck carries more than it may.
    meets_from
        `MEETS` [1].
    unit
        Of every volume here, of the material in place.
    """

    planned: float
    yearly: float
    share: float
    meets: bool
    kinds: list[KindCapacity]
    bottleneck: str
    least: dict[str, int]
    overload: float
    meets_from: float = MEETS
    unit: str = "thousand m3/y"


def capacity(fleet: Fleet, volumes: Mapping[str, float]) -> Capacity:
    """Return what a fleet moves in a year.

    Parameters
    ----------
    volumes
        What the plan gives it, by material [thousand m3/y in place].

    Raises
    ------
    ImpossibleFleet
        When the fleet cannot work as described, or the plan asks for nothing or less.
    """
    reason = impossible(fleet) or _impossible_volumes(volumes)
    if reason is not None:
        raise ImpossibleFleet(reason)
    problem = _Problem(fleet, {name: volume for name, volume in volumes.items() if volume > 0})
    planned = sum(volumes.values())
    share = problem.share()
    kinds = [
        KindCapacity(
            role=role,
            count=count,
            share=alone,
            yearly=alone * planned,
            least=_whole(count, alone),
        )
        for role, count, alone in problem.alone()
    ]
    return Capacity(
        planned=planned,
        yearly=share * planned,
        share=share,
        meets=share >= MEETS - _SOLVED,
        kinds=kinds,
        bottleneck=min(kinds, key=lambda kind: kind.share).role,
        least=problem.least(),
        overload=problem.overload,
    )


def limit(fleet: Fleet, volumes: Mapping[str, float]) -> tuple[float, str]:
    """Return the share of the plan that a fleet can move [1], and the kind that moves least.

    What `capacity` says of `share` and `bottleneck`, without the search for a least fleet.

    Raises
    ------
    ImpossibleFleet
        As `capacity` does.
    """
    reason = impossible(fleet) or _impossible_volumes(volumes)
    if reason is not None:
        raise ImpossibleFleet(reason)
    problem = _Problem(fleet, {name: volume for name, volume in volumes.items() if volume > 0})
    if problem.dozing < problem.surely():
        return problem.dozing, "bulldozer"
    return problem.share(), min(problem.alone(), key=lambda kind: kind[2])[0]


def whole(needed: float) -> int:
    """Return how many whole machines do the work of `needed` [1], within `MEETS`."""
    return max(math.ceil(needed * MEETS - _SOLVED), 0)


def _whole(count: int, share: float) -> int | None:
    return whole(count / share) if share > 0 else None


def _impossible_volumes(volumes: Mapping[str, float]) -> Text | None:
    for name, volume in volumes.items():
        if not 0 <= volume <= MOST_VOLUME:
            return Text(
                "{value:g} thousand m3 of {material} a year are impossible: 0 to a million",
                {"value": volume, "material": name},
            )
    if not any(volumes.values()):
        return Text("The plan gives the fleet nothing to move")
    return None


class _Problem:
    """Variables: the share of the plan x, and y, the part of each material in each kind of truck.

    Rows that must not be above 0 when machines are bought with the columns of counts:
    loader time, each kind's truck time, bulldozer time (machine-years).
    """

    def __init__(self, fleet: Fleet, volumes: Mapping[str, float]) -> None:
        self._fleet, self._materials = fleet, list(volumes)
        working, trucks = fleet.working, fleet.trucks
        loads = {
            (material, truck.name): load(fleet, material, truck)
            for material in volumes
            for truck in trucks
        }
        self.overload = max(each.overload for each in loads.values())
        pairs = [(material, number) for material in volumes for number in range(len(trucks))]
        self._pairs = len(pairs)
        years = working.shifts_per_day / 1000  # thousand m3 in a year of one m3 in a shift, per day
        # Machine-years that moving the whole plan's volume of a pair takes.
        loader, hauling = np.zeros(self._pairs), np.zeros((len(trucks), self._pairs))
        parts = np.zeros((len(volumes), self._pairs))
        for column, (material, number) in enumerate(pairs):
            each = loads[material, trucks[number].name]
            volume = volumes[material]
            loader[column] = volume / (
                each.loader_m3_per_shift * working.loader_days_per_year * years
            )
            hauling[number, column] = volume / (
                each.truck_m3_per_shift * working.days_per_year * years * fleet.hauling.readiness
            )
            parts[self._materials.index(material), column] = 1.0
        self._dozing = bulldozer_use(fleet, sum(volumes.values())).listed
        self._needs = np.vstack([loader, hauling])  # machines on the list, by kind
        self._parts = parts
        self._names = [fleet.loader.name, *(truck.name for truck in trucks)]
        self._counts = np.array([fleet.loader.count, *(truck.count for truck in trucks)], float)

    def share(self) -> float:
        """Return the part of the plan that all machines together move [1]."""
        return min(self._solve(self._counts), self.dozing)

    @property
    def dozing(self) -> float:
        """The part of the plan that the bulldozers move [1]."""
        return self._fleet.bulldozer.count / self._dozing

    def surely(self) -> float:
        """Return a part of the plan that loader and trucks move at least [1].

        Each material is shared among the kinds in proportion to what they can move of it: a way,
        and so not above the best one, which costs a linear programme.
        """
        hauling, counts = self._needs[1:], self._counts[1:]
        able = (counts[:, None] * (hauling > 0) / np.where(hauling > 0, hauling, 1.0)).sum(axis=0)
        whole_of = self._parts @ able  # by material
        if not whole_of.all():
            return 0.0
        needed = self._needs @ (able / (self._parts.T @ whole_of))
        used = needed > 0
        return float((self._counts[used] / needed[used]).min())

    def alone(self) -> list[tuple[str, int, float]]:
        """Return role, count and share of each kind, the others as many as it needs."""
        trucks = self._counts.copy()
        trucks[0] = np.inf
        # With trucks as it needs, the loader serves for each material the kind that suits it best.
        loader = np.where(self._parts > 0, self._needs[0], np.inf).min(axis=1).sum()
        return [
            ("loader", int(self._counts[0]), float(self._counts[0] / loader)),
            ("trucks", int(self._counts[1:].sum()), self._solve(trucks)),
            ("bulldozer", self._fleet.bulldozer.count, self.dozing),
        ]

    def _solve(self, counts: np.ndarray[Any, Any]) -> float:
        """Return the largest share of the plan for some counts: max x, parts * y = x, needs * y."""
        held = np.isfinite(counts)
        needs, kinds = self._needs[held], int(held.sum())
        rows = kinds + len(self._parts)
        if math.comb(self._pairs + kinds, rows - 1) <= MOST_CORNERS:
            return self._best_corner(needs, counts[held])
        found = linprog(
            c=[-1.0, *np.zeros(self._pairs)],
            A_ub=np.hstack([np.zeros((kinds, 1)), needs]),
            b_ub=counts[held],
            A_eq=np.hstack([-np.ones((len(self._parts), 1)), self._parts]),
            b_eq=np.zeros(len(self._parts)),
            bounds=[(0, None)] * (self._pairs + 1),
            method="highs",
        )
        if not found.success:  # pragma: no cover - x = 0 is always a way
            raise RuntimeError(found.message)
        return max(float(found.x[0]), 0.0)

    def _best_corner(self, needs: np.ndarray[Any, Any], counts: np.ndarray[Any, Any]) -> float:
        """Return the best of all corners of the programme: the largest x stands in one of them.

        For two kinds of trucks and two materials there are 35, all solved at once, in a tenth of
        the time that a solver takes to begin.
        """
        kinds, materials = len(needs), len(self._parts)
        table = np.zeros((kinds + materials, 1 + self._pairs + kinds))  # x, y, what is left
        table[:kinds, 1 : 1 + self._pairs] = needs
        table[:kinds, 1 + self._pairs :] = np.eye(kinds)
        table[kinds:, 0] = -1.0
        table[kinds:, 1 : 1 + self._pairs] = self._parts
        chosen = _corners(self._pairs + kinds, kinds + materials - 1)
        corners = np.moveaxis(table[:, chosen], 1, 0)
        solvable = np.abs(np.linalg.det(corners)) > 1e-12
        right = np.concatenate([counts, np.zeros(materials)])[:, None]
        found = np.linalg.solve(corners[solvable], right)[..., 0]
        legal = (found >= -1e-9).all(axis=1)
        return float(max(found[legal, 0].max(initial=0.0), 0.0))

    def least(self) -> dict[str, int]:
        """Return the least fleet that meets the plan: fewest machines, then least payload."""
        kinds = len(self._names)
        payload = np.array([0.0, *(truck.payload_t for truck in self._fleet.trucks)])
        # A payload is so cheap beside a machine that it only decides between equal numbers.
        price = 1 + payload / (payload.sum() * MOST * 10)
        found = milp(
            c=np.concatenate([np.zeros(self._pairs), price]),
            constraints=[
                LinearConstraint(
                    np.hstack([self._needs, -np.eye(kinds)]), -np.inf, np.zeros(kinds)
                ),
                LinearConstraint(
                    np.hstack([self._parts, np.zeros((len(self._parts), kinds))]), MEETS, MEETS
                ),
            ],
            integrality=np.concatenate([np.zeros(self._pairs), np.ones(kinds)]),
            bounds=Bounds(0, np.concatenate([np.full(self._pairs, np.inf), np.full(kinds, MOST)])),
            options={"mip_rel_gap": 0.0},
        )
        bulldozers = whole(self._dozing)
        if not found.success or bulldozers > MOST:
            return {}
        counts = [round(count) for count in found.x[self._pairs :]]
        least = dict(zip(self._names, counts, strict=True))
        return {**least, self._fleet.bulldozer.name: bulldozers}
