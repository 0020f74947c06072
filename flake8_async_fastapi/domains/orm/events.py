"""What happens to ORM objects."""

from __future__ import annotations

from dataclasses import dataclass

from flake8_async_fastapi.engine.events import Event


@dataclass(frozen=True, slots=True)
class Missing(Event):
    """An attribute of an ORM object is read, and reading it would do I/O (or give nothing).

    ``route`` are the attributes that lead from the object that a query gave to the
    missing one, each with its class, as ``Post.author``.  ``cause`` is one of
    ``instances.CAUSES``, ``use`` is ``read``, ``mutated``, ``shown``,
    ``response``, ``validated`` or ``template``, of which ``through`` gives the name.
    ``made`` is the file and line where the object was loaded or written,
    ``lost`` those where the attribute was lost.  ``chain`` are the functions
    between the place and the read.
    """

    route: tuple[str, ...]
    cause: str
    use: str
    is_relationship: bool
    made: tuple[str, str, int]
    lost: tuple[str, int, str]
    through: str = ""
    chain: tuple[str, ...] = ()
