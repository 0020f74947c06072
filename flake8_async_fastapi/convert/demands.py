"""An attribute that is read and is not loaded, as converted code demands it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from flake8_async_fastapi.domains.orm.events import Missing

_LOADED_BY_QUERY: Final = frozenset({"unloaded", "raise", "detached", "noload"})


@dataclass(frozen=True)
class Demand:
    """An attribute that is read and is not loaded.

    ``made`` says how its object was created, ``origin`` where; ``lost`` where it was lost, ``read`` where
    it is read, and ``function`` the function around. ``holder`` is the variable with the object, ``session``
    the one with its session, if that is known. ``is_certain``: it is missing whatever other code does.
    """

    made: str
    origin: tuple[str, int]
    lost: tuple[str, int]
    read: tuple[str, int, int]
    route: tuple[str, ...]
    cause: str
    is_relationship: bool
    holder: str = ""
    session: str = ""
    function: str = ""
    is_certain: bool = True

    @classmethod
    def of(cls, missing: Missing, *, is_certain: bool) -> Demand:
        """The demand in an event."""
        made, path, line = missing.source
        return cls(
            made,
            (path, line),
            missing.lost_at[:2],
            (missing.path, missing.line, missing.col),
            missing.route,
            missing.cause,
            missing.is_relationship,
            missing.holder,
            missing.session,
            missing.function,
            is_certain,
        )

    @property
    def key(self) -> tuple[str, tuple[str, ...], str, str]:
        """The key of a demand, each of which is tried only once."""
        files = f"{self.origin[0]} {self.lost[0]} {self.read[0]}"
        return self.made, self.route, files, f"{self.origin[1]} {self.function}"

    @property
    def is_of_query(self) -> bool:
        """Whether the query that returned the object can load it."""
        return self.made == "query" and self.is_relationship and self.cause in _LOADED_BY_QUERY
