"""The contents of one Jinja template, in the reduced tree of Python code.

A template is code that runs with its context as variables. Constructs that Jinja has and Python lacks are
calls of names that no Python code can have:

* ``{% block``, ``{% super``, ``{% include`` and ``{% import`` are calls whose first argument names the
target (``extract/templates.py`` lists them);

* ``{{ filter:name`` and ``{{ test:name`` are filters and tests;

* ``{{ item``, ``{{ one`` and ``{{ outer1:name`` are variables that the lowering made.
"""

from __future__ import annotations

import functools
from typing import Union

import msgspec

from flake8_async_fastapi.facts.tree import Attr, Expr, FunctionDef, Stmt
from flake8_async_fastapi.facts.walk import dotted, flat, nodes_in


class Block(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A ``{% block %}``; if it is ``scoped``, it sees the variables around its place."""

    line: int
    scoped: bool
    required: bool
    body: list[Stmt]


class TemplateFacts(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """The facts of one template.

    ``extends`` is the name of its parent as an expression, where None means no parent. ``body`` is the code
    that runs outside of blocks; if the template certainly has a parent, only the code that Jinja runs
    there.
    """

    extends: Union[Expr, None]
    body: list[Stmt]
    blocks: dict[str, Block]
    """All blocks by name, those in other blocks included."""

    def macros(self) -> dict[str, FunctionDef]:
        """The macros that other templates can import; their definitions are part of ``body``."""
        return {
            statement.name: statement for statement in flat(self.body) if isinstance(statement, FunctionDef)
        }

    def attributes_of(self, path: str) -> set[str]:
        """The attributes of a variable, or of a chain of attributes, that the template mentions."""
        code = [self.body, *(block.body for block in self.blocks.values())]
        nodes = (node for part in code for node in nodes_in(part) if isinstance(node, Attr))
        return {node.name for node in nodes if dotted(node.value) == path}


@functools.cache
def _decoder() -> msgspec.msgpack.Decoder[TemplateFacts]:
    return msgspec.msgpack.Decoder(TemplateFacts)


_ENCODER = msgspec.msgpack.Encoder()


def encode(facts: TemplateFacts) -> bytes:
    """Facts as bytes, for the cache."""
    return _ENCODER.encode(facts)


def decode(data: bytes) -> TemplateFacts | None:
    """Facts from bytes, or None for bytes that are not facts of this format."""
    try:
        return _decoder().decode(data)
    except (msgspec.DecodeError, RecursionError):
        return None
