"""Templates under way, as data."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import field
from typing import TypeAlias

from flake8_async_fastapi.engine.frame import Frame, Language
from flake8_async_fastapi.engine.places import Position
from flake8_async_fastapi.engine.values import Payload, Value
from flake8_async_fastapi.facts.tree import Stmt
from flake8_async_fastapi.records import dataclass

Variables: TypeAlias = dict[str, Value]
Folders: TypeAlias = tuple[str | None, ...]
"""Where the names of templates begin; None stands for anywhere."""


@dataclass(frozen=True, slots=True)
class TemplateName(Payload):
    """A template as its name says: ``value`` is that name, ``folders`` say where the name begins."""

    value: Value
    folders: Folders


@dataclass(eq=False, slots=True)
class Rendering:
    """One rendering: which file does it and from where, and what was looked up for it so far.

    ``has_unknown_variables`` says that its context may have more names than are known, ``work_before``
    how much work had been done before it.
    """

    importer: str
    folders: Folders
    has_unknown_variables: bool
    work_before: int
    reports_for: tuple[Frame, Position]
    language: Callable[[Page], Language]
    names: dict[str, str] = field(default_factory=dict)
    imports: dict[str, Value] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class BlockLayer:
    """A block as one template of a chain of parents defines it."""

    path: str
    body: list[Stmt]


@dataclass(frozen=True, slots=True)
class Page:
    """A template with its parents, as far as they are under way.

    ``blocks`` are their blocks, each from the most derived template on; ``context`` is
    what blocks see, None where that is the variables outside of loops; ``levels``
    says which layer of a block is running, ``active`` what this lies in.
    """

    rendering: Rendering
    blocks: Mapping[str, tuple[BlockLayer, ...]] = field(default_factory=dict)
    context: Variables | None = None
    levels: Mapping[str, int] = field(default_factory=dict)
    active: tuple[object, ...] = ()
