"""Templates that are being rendered, as data."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeAlias

from msgspec import Struct, field

from flake8_async_fastapi.engine.frame import Frame, Language
from flake8_async_fastapi.engine.places import Position
from flake8_async_fastapi.engine.values import Payload, Value
from flake8_async_fastapi.facts.tree import Stmt

Variables: TypeAlias = dict[str, Value]
Folders: TypeAlias = tuple[str | None, ...]
"""Where the names of templates begin; None stands for anywhere."""


class TemplateName(Payload, frozen=True):
    """A template by its name: ``value`` is the name, ``folders`` are the folders that it is relative to."""

    value: Value
    folders: Folders


class Rendering(Struct, eq=False):
    """One rendering: the file and place that render, and the names looked up for it so far.

    ``has_unknown_variables`` says that its context may have more names than are known, ``work_before`` how
    many steps had been counted before it.
    """

    importer: str
    folders: Folders
    has_unknown_variables: bool
    work_before: int
    reports_for: tuple[Frame, Position]
    language: Callable[[Page], Language]
    names: dict[str, str] = field(default_factory=dict)
    imports: dict[str, Value] = field(default_factory=dict)


class BlockLayer(Struct, frozen=True):
    """A block, as defined by one template of a chain of parents."""

    path: str
    body: list[Stmt]


class Page(Struct, frozen=True):
    """A template with its parents, as far as they are being rendered.

    ``blocks`` are their blocks, each from the most derived template on. ``context`` are the variables that
    blocks see; None means the variables outside of loops. ``levels`` says which layer of a block is
    running, ``active`` are the blocks and macros around.
    """

    rendering: Rendering
    blocks: Mapping[str, tuple[BlockLayer, ...]] = field(default_factory=dict)
    context: Variables | None = None
    levels: Mapping[str, int] = field(default_factory=dict)
    active: tuple[object, ...] = ()
