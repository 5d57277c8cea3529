"""Errors that a user can act on: each names the thing, its value, the legal values and the cure."""

from __future__ import annotations

from pathlib import Path


class PostmineError(Exception):
    """Base of every error that is shown to a user as one clear line."""


class ConfigurationError(PostmineError):
    """A site, plan, scenario or setting is wrong; the start stops.

    Parameters
    ----------
    thing
        What is wrong, in words ("instrument type", "POSTMINE_MQTT_URL").
    value
        The offending value.
    legal
        The legal values, in words.
    cure
        What to do.
    file, line
        Where it stands; the line counts from 1.
    """

    def __init__(
        self,
        thing: str,
        *,
        value: object = None,
        legal: str = "",
        cure: str = "",
        file: Path | str | None = None,
        line: int | None = None,
    ) -> None:
        self.thing, self.value, self.legal, self.cure = thing, value, legal, cure
        self.file, self.line = file, line
        where = "" if file is None else f"{file}:{line}: " if line else f"{file}: "
        parts = [f"{where}{thing}"]
        if value is not None:
            parts.append(f"is {value!r}")
        text = " ".join(parts)
        if legal:
            text += f"; legal: {legal}"
        if cure:
            text += f"; {cure}"
        super().__init__(text)


class ServiceError(PostmineError):
    """A server that we need (broker, InfluxDB, database, disk) cannot be used now.

    Its message goes into health and signs of life as it is, so it is a plain string whatever it is
    made from.
    """

    def __init__(self, message: str) -> None:
        super().__init__(str.__str__(message))
