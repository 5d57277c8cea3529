"""Read a YAML file into a checked model; an error names file, line, key, value and legal values."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any, TypeVar, get_args, get_origin

from pydantic import BaseModel, ConfigDict, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from ingest.errors import ConfigurationError


class Configured(BaseModel):
    """Base of everything that is read from a file: unknown keys are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=True)


Model = TypeVar("Model", bound=Configured)


def read_yaml(path: Path, model: type[Model], context: Any = None) -> Model:
    """Return the file's content as `model`.

    Parameters
    ----------
    path
        A YAML file.
    model
        What it must hold.
    context
        Passed to the model's validators.

    Raises
    ------
    ConfigurationError
        When the file is missing, is not YAML, has a key twice, or does not fit the model.
    """
    content = _load(path)
    try:
        return model.model_validate(_plain(content), context=context)
    except ValidationError as error:
        first = error.errors()[0]
        location = [part for part in first["loc"] if part != "[key]"]
        raise ConfigurationError(
            f"key {'.'.join(map(str, location)) or 'of the file'}",
            value=_short(first["input"]),
            legal=_legal(first["type"], first["msg"], _model_at(model, location[:-1])),
            cure=f"{error.error_count() - 1} more errors" if error.error_count() > 1 else "",
            file=path,
            line=line_of(content, location),
        ) from error


def read_plain(path: Path) -> Any:
    """Return the file's content as plain dicts, lists, strings and numbers.

    Raises
    ------
    ConfigurationError
        When the file is missing, is not YAML, or has a key twice.
    """
    return _plain(_load(path))


def line_in(path: Path, location: Iterable[str | int]) -> int | None:
    """Return the line (from 1) of the deepest key of `location` that stands in a file."""
    return line_of(_load(path), location)


def line_of(content: Any, location: Iterable[str | int]) -> int | None:
    """Return the line (from 1) of the deepest key of `location` that stands in the file."""
    line: int | None = None
    for part in location:
        marks = getattr(content, "lc", None)
        try:
            position = marks.data[part] if marks is not None else None
            content = content[part]
        except (KeyError, IndexError, TypeError):
            break
        if position is not None:
            line = position[0] + 1
    return line


def _load(path: Path) -> Any:
    try:
        content = YAML(typ="rt").load(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise ConfigurationError("file", value=str(path), cure="it does not exist") from error
    except UnicodeDecodeError as error:
        raise ConfigurationError("encoding", legal="UTF-8", file=path) from error
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise ConfigurationError(
            f"YAML: {error.problem or error.context}",
            file=path,
            line=mark.line + 1 if mark else None,
        ) from error
    except YAMLError as error:
        raise ConfigurationError(f"YAML: {error}", file=path) from error
    if not isinstance(content, dict):
        raise ConfigurationError(
            "content", value=type(content).__name__, legal="keys and values", file=path
        )
    return content


def _plain(node: Any) -> Any:
    """Strip ruamel's marked types, so that the model sees plain Python."""
    if isinstance(node, dict):
        return {_plain(key): _plain(value) for key, value in node.items()}
    if isinstance(node, list):
        return [_plain(value) for value in node]
    for plain in (bool, int, float, str):
        if isinstance(node, plain):
            return plain(node)
    return node


def _short(value: object) -> object:
    text = repr(value)
    return value if len(text) <= 80 else text[:77] + "..."


def _legal(kind: str, message: str, model: type[BaseModel] | None) -> str:
    if kind == "extra_forbidden":
        return f"one of {', '.join(model.model_fields)}" if model else "a key that is known there"
    return message.removeprefix("Value error, ")


def _model_at(model: type[BaseModel], location: Iterable[str | int]) -> type[BaseModel] | None:
    """Return the model that stands at a place of the file, None where it cannot be told."""
    found: Any = model
    for part in location:
        if isinstance(found, type) and issubclass(found, BaseModel):
            field = found.model_fields.get(str(part))
            found = field.annotation if field else None
        else:  # a container: its last argument is what it holds
            found = (get_args(found) or (None,))[-1 if get_origin(found) is dict else 0]
    return found if isinstance(found, type) and issubclass(found, BaseModel) else None
