"""Find the members of a family: one file each, found by its name."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache
from types import ModuleType
from typing import TypeVar

from ingest.errors import ConfigurationError

Member = TypeVar("Member")


@cache
def load_family(package: str, base: type[Member]) -> dict[str, type[Member]]:
    """Return every member of a family by name, sorted.

    A member is the only subclass of `base` that its file defines; its `name` is the file's name.
    Files whose names begin with an underscore are not members.

    Parameters
    ----------
    package
        Dotted name of the family's folder, such as "analytics.indicators".
    base
        The family's base class.

    Raises
    ------
    ConfigurationError
        When a file defines no member or several, or one with another name.
    """
    family: dict[str, type[Member]] = {}
    for name in module_names(package):
        module = importlib.import_module(f"{package}.{name}")
        members = [
            value
            for value in vars(module).values()
            if isinstance(value, type)
            and issubclass(value, base)
            and value is not base
            and value.__module__ == module.__name__
        ]
        if len(members) != 1:
            raise ConfigurationError(
                f"{package}/{name}.py",
                value=[member.__name__ for member in members],
                legal=f"exactly one subclass of {base.__name__}",
            )
        found = getattr(members[0], "name", None)
        if found != name:
            raise ConfigurationError(
                f"{package}/{name}.py: name", value=found, legal=f"{name!r}, the file's name"
            )
        family[name] = members[0]
    return family


def module_names(package: str) -> list[str]:
    """Return the names of the files of a family, sorted."""
    folder: ModuleType = importlib.import_module(package)
    return sorted(
        info.name for info in pkgutil.iter_modules(folder.__path__) if info.name[0] != "_"
    )
