"""Calibrations: from what an instrument sends (raw) to what is judged, each in force from a date.

One file of `ingest/calibrations/` is one published method. A site's file lists, per instrument,
the blocks that hold; the block in force at the reading's own time makes its value, and the hash
of that block is kept beside the value.
"""

from __future__ import annotations

import hashlib
import json
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time
from functools import cached_property
from typing import Annotated, Any, ClassVar, NamedTuple

from pydantic import (
    Field,
    GetJsonSchemaHandler,
    StringConstraints,
    ValidationError,
    field_validator,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from ingest.registry import load_family
from ingest.sentence import Sentence
from ingest.yaml_file import Configured

Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$", max_length=64)]

#: Pressure of the standard atmosphere [kPa] (ISO 2533:1975).
STANDARD_ATMOSPHERE = 101.325
#: Under this name a method that names a barometer finds its pressure beside the readings [kPa].
AIR_PRESSURE = "air_pressure"


class Surroundings(NamedTuple):
    """What a method may need beside the instrument's own readings.

    Parameters
    ----------
    air_pressure
        Of the barometer that the calibration names [kPa]; None: not known at that time.
    depths
        Of the instrument's nodes below its collar [m].
    """

    air_pressure: float | None = None
    depths: tuple[float, ...] = ()


class Calibration(Configured):
    """One calibration block of `site.yaml`.

    Parameters
    ----------
    method
        File of `ingest/calibrations/` that holds the equation.
    quantity
        What it makes; in the canonical unit.
    since
        From when it holds: a day (UTC) or a moment with its zone.
    barometer
        Instrument whose air pressure is taken off; None: no correction.
    barometer_max_age_s
        How long before the reading the barometer may have spoken last [s]; beyond it the value is
        not known.
    note
        Why it is in force (sheet number, what was replaced).
    """

    name: ClassVar[str]
    takes_barometer: ClassVar[bool] = False

    method: str
    quantity: Name
    since: date | datetime
    barometer: str | None = None
    barometer_max_age_s: float = Field(default=10_800, gt=0)
    note: Sentence = ""

    @classmethod
    def __get_pydantic_json_schema__(
        cls, core_schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        """Describe the block of any method, for editors of `site.yaml`."""
        if cls is not Calibration:
            return handler(core_schema)
        family = load_family("ingest.calibrations", cls)
        blocks = []
        for name, member in family.items():
            schema = member.model_json_schema()
            schema["properties"]["method"] = {"const": name}
            blocks.append(schema)
        return {"anyOf": blocks}

    @field_validator("since")
    @classmethod
    def _with_zone(cls, value: date | datetime) -> date | datetime:
        if isinstance(value, datetime) and value.tzinfo is None:
            raise ValueError("a day such as 2026-03-01, or a moment with its zone in quotes")
        return value

    @field_validator("barometer")
    @classmethod
    def _barometer_is_of_use(cls, value: str | None) -> str | None:
        if value is not None and not cls.takes_barometer:
            raise ValueError(f"{cls.name} takes no barometer")
        return value

    @property
    def start(self) -> datetime:
        """The first moment at which it holds."""
        if isinstance(self.since, datetime):
            return self.since.astimezone(UTC)
        return datetime.combine(self.since, time(), UTC)

    @cached_property
    def document(self) -> str:
        """The block as JSON; two blocks that say the same are one version."""
        return json.dumps(self.model_dump(mode="json"), sort_keys=True)

    @cached_property
    def version(self) -> str:
        """Hash of the block, kept beside each value that it makes."""
        return hashlib.sha256(self.document.encode()).hexdigest()[:12]

    @property
    @abstractmethod
    def inputs(self) -> tuple[str, ...]:
        """Quantities that it needs; without one of them the value is not known."""

    def value(self, reading: Mapping[str, float]) -> float:
        """Return the value of one measuring point, in the canonical unit.

        Parameters
        ----------
        reading
            Holds every quantity of `inputs`, in canonical units; with a barometer its pressure.
        """
        raise NotImplementedError(f"{self.name} works on the whole profile")

    def profile(
        self, readings: Sequence[Mapping[str, float]], surroundings: Surroundings
    ) -> list[float | None]:
        """Return a value per node; None where an input is missing."""
        if self.barometer is not None:
            if surroundings.air_pressure is None:
                return [None] * len(readings)
            air = {AIR_PRESSURE: surroundings.air_pressure}
            readings = [{**reading, **air} for reading in readings]
        return [
            self.value(reading) if all(name in reading for name in self.inputs) else None
            for reading in readings
        ]

    def check_nodes(self, count: int) -> None:
        """Raise ValueError when its lists do not fit an instrument of `count` nodes."""


def parse_calibration(block: Any) -> Calibration:
    """Return the calibration of a block of `site.yaml`.

    Raises
    ------
    ValueError
        With the key, what is wrong with it, and what is legal.
    """
    if isinstance(block, Calibration):
        return block
    family = load_family("ingest.calibrations", Calibration)  # type: ignore[type-abstract]
    method = block.get("method") if isinstance(block, dict) else None
    if method not in family:
        raise ValueError(f"method is {method!r}; legal: {', '.join(family)}")
    try:
        made: Calibration = family[method].model_validate(block)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(map(str, first["loc"]))
        legal = ""
        if first["type"] == "extra_forbidden":
            legal = f"; legal: {', '.join(family[method].model_fields)}"
        raise ValueError(f"{key} of {method}: {first['msg']}{legal}") from error
    return made


def in_force(calibrations: Sequence[Calibration], moment: datetime) -> dict[str, Calibration]:
    """Return the calibration of each quantity that holds at a time, inputs before their users."""
    held: dict[str, Calibration] = {}
    for calibration in calibrations:
        if calibration.start <= moment:
            other = held.get(calibration.quantity)
            if other is None or other.start <= calibration.start:
                held[calibration.quantity] = calibration
    ordered: dict[str, Calibration] = {}
    while held:
        ready = [
            quantity
            for quantity, calibration in held.items()
            if not any(name in held and name != quantity for name in calibration.inputs)
        ]
        for quantity in ready or list(held):  # a circle cannot be ordered: as the file has it
            ordered[quantity] = held.pop(quantity)
    return ordered
