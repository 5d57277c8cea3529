"""Frames of LoRaWAN devices: a device is a table in `ingest/frames/`, and not a program.

Two layouts cover the devices that stand there. `decentlab_2`: a version, a device number, a word
of flags that says which groups follow, then 16-bit words, most significant byte first.
`milesight`: a chain of items, each with a channel, a type and a value of fixed length, least
significant byte first.
"""

from __future__ import annotations

import ast
import math
import operator
import struct
from collections.abc import Callable, Mapping
from functools import cache, cached_property
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, StringConstraints, field_validator, model_validator

from ingest.message import MessageError
from ingest.text import Reason, Text
from ingest.yaml_file import Configured, read_yaml

FOLDER = Path(__file__).parent / "frames"

#: The largest frame of any LoRaWAN region (RP002-1.0.4: 242 bytes of payload) with room to spare.
LARGEST_FRAME = 255

_KINDS = {"u8": "B", "i8": "b", "u16": "H", "i16": "h", "u32": "I", "i32": "i", "f32": "f"}
_OPERATORS: dict[type[ast.operator], Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Pow: operator.pow,
}
_HIGHEST_POWER = 6


class FrameChannel(Configured):
    """One measured value of a frame.

    Parameters
    ----------
    unit
        Its unit; "1" for a number without one.
    formula
        Sums, products, quotients and powers of the fields, the parameters and numbers.
    bit
        Instead of a formula: the bit of `field` [from 0].
    """

    unit: str
    formula: str | None = None
    field: str | None = None
    bit: int | None = Field(default=None, ge=0, le=31)

    @model_validator(mode="after")
    def _check(self) -> FrameChannel:
        if (self.formula is None) == (self.field is None or self.bit is None):
            raise ValueError("either formula, or field and bit")
        if self.formula is not None:
            _ = self.tree
        return self

    @cached_property
    def tree(self) -> ast.expr:
        """The formula, checked."""
        try:
            tree = ast.parse(self.formula or "", mode="eval").body
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            raise ValueError(f"formula: {error}") from error
        _names(tree)
        return tree

    @property
    def names(self) -> set[str]:
        """What the value is computed from."""
        return {self.field or ""} if self.formula is None else _names(self.tree)

    def value(self, fields: Mapping[str, float]) -> float:
        """Return the value in `unit`."""
        if self.formula is None:
            assert self.field is not None
            assert self.bit is not None
            return float(int(fields[self.field]) >> self.bit & 1)
        return float(_evaluate(self.tree, fields))


class FramePart(Configured):
    """Fields that come together, and the channels that are computed from them.

    Parameters
    ----------
    item
        For `milesight`: channel and type, four hexadecimal digits.
    fields
        Names and kinds in their order; none for a part that is passed over.
    skip
        Bytes behind the fields that are passed over.
    """

    item: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{4}$")] | None = None
    fields: dict[str, Literal["u8", "i8", "u16", "i16", "u32", "i32", "f32"]] = Field(
        default_factory=dict
    )
    skip: int = Field(default=0, ge=0, le=LARGEST_FRAME)
    channels: dict[str, FrameChannel] = Field(default_factory=dict)

    @cached_property
    def layout(self) -> str:
        """The fields as a `struct` format without its byte order."""
        return "".join(_KINDS[kind] for kind in self.fields.values())

    @cached_property
    def size(self) -> int:
        """Length in bytes."""
        return struct.calcsize(f">{self.layout}") + self.skip


class Frame(Configured):
    """The frames of one device.

    Parameters
    ----------
    title
        Maker and model.
    source
        Where the table is from.
    layout
        How parts follow each other.
    parameters
        Constants of the device that formulas use.
    """

    title: str
    source: str
    layout: Literal["decentlab_2", "milesight"]
    parameters: dict[str, float] = Field(default_factory=dict)
    parts: tuple[FramePart, ...]

    @field_validator("parts")
    @classmethod
    def _some(cls, value: tuple[FramePart, ...]) -> tuple[FramePart, ...]:
        if not value:
            raise ValueError("at least one part")
        return value

    @model_validator(mode="after")
    def _check(self) -> Frame:
        for part in self.parts:
            if (part.item is None) == (self.layout == "milesight"):
                raise ValueError("item: for milesight in each part, else in none")
            for name, channel in part.channels.items():
                unknown = channel.names - set(part.fields) - set(self.parameters)
                if unknown:
                    raise ValueError(f"{name}: no field or parameter {', '.join(sorted(unknown))}")
        return self

    @cached_property
    def channels(self) -> dict[str, FrameChannel]:
        """All channels by name."""
        return {name: each for part in self.parts for name, each in part.channels.items()}

    def decode(self, frame: bytes) -> tuple[dict[str, float | None], list[str]]:
        """Return the values by channel, and why others could not be read.

        Raises
        ------
        MessageError
            When it is no frame of this device.
        """
        if len(frame) > LARGEST_FRAME:
            raise MessageError(
                Reason(
                    Text(
                        "frame of {count} bytes; legal: up to {most}",
                        {"count": len(frame), "most": LARGEST_FRAME},
                    )
                )
            )
        if self.layout == "decentlab_2":
            return self._decentlab(frame)
        return self._milesight(frame)

    def _decentlab(self, frame: bytes) -> tuple[dict[str, float | None], list[str]]:
        if len(frame) < 5:
            raise MessageError(
                Reason(Text("frame of {count} bytes; legal: 5 and more", {"count": len(frame)}))
            )
        version, _, flags = struct.unpack_from(">BHH", frame)
        if version != 2:
            raise MessageError(
                Reason(Text("frame of protocol version {version}; legal: 2", {"version": version}))
            )
        values: dict[str, float | None] = {}
        wrong: list[str] = []
        position = 5
        for index, part in enumerate(self.parts):
            if flags >> index & 1:
                self._read(part, frame, position, ">", values, wrong)
                position += part.size
        if flags >> len(self.parts) or position != len(frame):
            wrong.append(
                Reason(
                    Text(
                        "frame does not fit {device}: flags {flags}, {count} bytes",
                        {"device": str(self.title), "flags": flags, "count": len(frame)},
                    )
                )
            )
        return values, wrong

    def _milesight(self, frame: bytes) -> tuple[dict[str, float | None], list[str]]:
        items = {part.item: part for part in self.parts}
        values: dict[str, float | None] = {}
        wrong: list[str] = []
        position = 0
        while position < len(frame):
            item = frame[position : position + 2].hex()
            part = items.get(item)
            if part is None:  # its length is not known, so neither is where the next one begins
                wrong.append(
                    Reason(
                        Text(
                            "item {item} at byte {position} is not in the table of {device}",
                            {"item": str(item), "position": position, "device": str(self.title)},
                        )
                    )
                )
                break
            self._read(part, frame, position + 2, "<", values, wrong)
            position += 2 + part.size
        if not frame:
            raise MessageError(Reason(Text("frame is empty")))
        return values, wrong

    def _read(
        self,
        part: FramePart,
        frame: bytes,
        position: int,
        order: str,
        values: dict[str, float | None],
        wrong: list[str],
    ) -> None:
        if position + part.size > len(frame):
            wrong.append(
                Reason(
                    Text(
                        "frame of {count} bytes ends within {channels}",
                        {"count": len(frame), "channels": ", ".join(part.channels)},
                    )
                )
            )
            return
        read = struct.unpack_from(order + part.layout, frame, position)
        fields = {**self.parameters, **dict(zip(part.fields, read, strict=True))}
        for name, channel in part.channels.items():
            try:
                value = channel.value(fields)
            except (ArithmeticError, ValueError, TypeError) as error:
                wrong.append(
                    Reason(Text("{channel}: {error}", {"channel": name, "error": str(error)}))
                )
                continue
            if math.isfinite(value):
                values[name] = value
            else:
                wrong.append(Reason(Text("{channel}: not a number", {"channel": name})))


@cache
def load_frames() -> dict[str, Frame]:
    """Return the tables that come with the package, by name."""
    return {path.stem: read_yaml(path, Frame) for path in sorted(FOLDER.glob("*.yaml"))}


def _names(tree: ast.expr) -> set[str]:
    """Return the names in a formula; raise ValueError for what is no arithmetic."""
    names: set[str] = set()
    for node in ast.walk(tree):
        match node:
            case ast.Name(id=name):
                names.add(name)
            case ast.Constant(value=int() | float() as value) if not isinstance(value, bool):
                pass
            case ast.BinOp(op=ast.Pow(), right=ast.Constant(value=int() as power)):
                if not 0 < power <= _HIGHEST_POWER:
                    raise ValueError(f"formula: powers are 1 to {_HIGHEST_POWER}")
            case ast.BinOp(op=ast.Add() | ast.Sub() | ast.Mult() | ast.Div()):
                pass
            case ast.UnaryOp(op=ast.USub()) | ast.USub() | ast.operator() | ast.expr_context():
                pass
            case _:
                raise ValueError("formula: legal are names, numbers, + - * / ** and brackets")
    return names


def _evaluate(tree: ast.expr, fields: Mapping[str, float]) -> float:
    if isinstance(tree, ast.Name):
        return fields[tree.id]
    if isinstance(tree, ast.Constant):
        assert isinstance(tree.value, int | float)
        return tree.value
    if isinstance(tree, ast.UnaryOp):
        return -_evaluate(tree.operand, fields)
    assert isinstance(tree, ast.BinOp)
    left, right = _evaluate(tree.left, fields), _evaluate(tree.right, fields)
    return _OPERATORS[type(tree.op)](left, right)
