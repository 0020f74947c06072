"""The contents of one module: an outline for linking, and its code.

The outline is small and read for every module; the code is decoded only for modules that the interpreter
enters.
"""

from __future__ import annotations

import functools
import re
from typing import Union

import msgspec

from flake8_async_fastapi.facts.tree import Binding, Colour, Stmt

FORMAT = 15
"""The format of encoded facts, a part of every cache key."""


class ClassOutline(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A class by its names: dotted bases as written, methods with their colour."""

    qualname: str
    bases: list[str]
    methods: dict[str, Colour]


class Outline(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """The names that a module offers to others, and those that it mentions.

    ``names`` are all names bound at module level, ``star`` the modules imported with ``*``, ``exports`` the
    text of ``__all__`` if it is a literal.
    """

    names: list[str]
    star: list[Binding]
    exports: Union[list[str], None]
    classes: list[ClassOutline]
    imports: list[str]
    """Absolute dotted names of the modules it imports, for what a project uses."""
    handed_to_run_sync: list[str]
    """Last names of the functions that are passed to a ``run_sync``."""
    registered: list[str]
    """Functions, as written, that are passed to what makes a framework call them."""
    request_scoped: list[str]
    """Those passed to a ``Depends`` without ``scope="function"``: they may end after the response."""
    includes_routers: bool
    """Whether it calls an ``include_router``."""
    backrefs: list[str]
    """The classes at module level with a ``backref`` in their bodies."""
    maps_imperatively: bool
    """Whether it calls a ``map_imperatively`` or ``mapper``."""
    session_factories: list[str]
    """What each factory of async sessions says of ``expire_on_commit``: ``True``, ``False`` or ``?``;
    ``configure`` where that is changed later, ``autoflush`` where it may be off."""
    added_to: list[str]
    """Last names of the classes to which it adds attributes at module level: ``Post.tags = ...``."""


class Mentions(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """The names that the code of a module mentions, by function, and all its imports."""

    imports: list[Binding]
    functions: list[tuple[str, list[str]]]
    """The name of each function and method, and the names and attributes in its code, nested functions
    included; an empty name for the code around them."""


class ModuleFacts(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """The facts of one file, with its code and the names that it mentions still encoded."""

    outline: Outline
    code: msgspec.Raw
    mentioned: msgspec.Raw

    def body(self) -> list[Stmt]:
        """Decode the code.

        Raises msgspec.DecodeError or ValidationError for a damaged text.
        """
        return _code_decoder().decode(self.code)

    def mentions(self) -> Mentions:
        """Decode the names that the code mentions.

        Raises msgspec.DecodeError or ValidationError for a damaged text.
        """
        return _mentions_decoder().decode(self.mentioned)


@functools.cache
def _code_decoder() -> msgspec.msgpack.Decoder[list[Stmt]]:
    return msgspec.msgpack.Decoder(list[Stmt])


@functools.cache
def _mentions_decoder() -> msgspec.msgpack.Decoder[Mentions]:
    return msgspec.msgpack.Decoder(Mentions)


@functools.cache
def _facts_decoder() -> msgspec.msgpack.Decoder[ModuleFacts]:
    return msgspec.msgpack.Decoder(ModuleFacts)


_ENCODER = msgspec.msgpack.Encoder()


def encode_mention(dotted: str) -> bytes:
    """The bytes that encoded code contains if it mentions a name, or a chain of attributes."""
    return b"".join(map(_ENCODER.encode, dotted.split(".")))


def make_facts(outline: Outline, mentions: Mentions, body: list[Stmt]) -> ModuleFacts:
    """Combine an outline, the mentioned names, and the code."""
    return ModuleFacts(outline, msgspec.Raw(_ENCODER.encode(body)), msgspec.Raw(_ENCODER.encode(mentions)))


def encode(facts: ModuleFacts) -> bytes:
    """Facts as bytes, for the cache."""
    return _ENCODER.encode(facts)


_PLACE = re.compile(rb'(?<=[A-Za-z]"),\d+,\d+')
"""The line and the column of a node in JSON, after its type; in no text, since quotes are escaped there."""


def encode_code(found: object) -> bytes:
    """Code, and what is found in it, as bytes, to compare it wherever it is in a file.

    Raises TypeError for values that have no JSON form.
    """
    return _PLACE.sub(b"", msgspec.json.encode(found, order="deterministic"))


def decode(data: bytes) -> ModuleFacts | None:
    """Facts from bytes, or None for bytes that are not facts of this format."""
    try:
        return _facts_decoder().decode(data)
    except (msgspec.DecodeError, RecursionError):
        return None
