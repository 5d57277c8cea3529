"""Who asks: the person or program behind a request, and what it may do."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from typing import NamedTuple

from starlette.exceptions import HTTPException

from analytics.keys import Role, is_enough
from dashboard.questions import BadQuestion

_LONGEST_AUTHOR = 100


class Actor(NamedTuple):
    """Who asks.

    Parameters
    ----------
    name
        Of the key that was shown; "" for who is not known by name.
    """

    name: str
    role: Role

    def may(self, role: Role) -> bool:
        """Return whether they may do what `role` may."""
        return is_enough(self.role, role)

    def signs(self, given: str | None) -> str:
        """Return the author of what they change.

        Who has shown a key is its holder, whatever name is given; a name that differs (a shift at
        the key of a control room) is kept beside it.

        Raises
        ------
        BadQuestion
            When there is no name at all.
        """
        given = (given or "").strip()
        if not given and not self.name:
            raise BadQuestion("author", "", "give your name: the journal keeps it")
        if len(given) > _LONGEST_AUTHOR:
            raise BadQuestion("author", given, f"give at most {_LONGEST_AUTHOR} characters")
        if self.name and given not in ("", self.name):
            return f"{given} ({self.name})"
        return given or self.name


#: On loopback without keys: whoever sits at this machine.
LOCAL = Actor("", "engineer")
_actor: ContextVar[Actor] = ContextVar("actor", default=LOCAL)


def current_actor() -> Actor:
    """Return who asks in this request, for routes and for callbacks of pages."""
    return _actor.get()


def set_actor(actor: Actor) -> None:
    """Say who asks in this request; the web server's gate alone does."""
    _actor.set(actor)


def needs(role: Role) -> Callable[[], Awaitable[Actor]]:
    """Return a dependency of a route that changes something: it gives the actor, or answers 403."""

    async def allowed() -> Actor:
        actor = current_actor()
        if not actor.may(role):
            raise HTTPException(
                403, f"this needs the role {role}; the key that was shown has {actor.role}"
            )
        return actor

    return allowed
