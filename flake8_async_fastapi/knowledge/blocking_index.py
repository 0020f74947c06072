"""Lookups in the table of blocking calls, which is read at the first lookup."""

from __future__ import annotations

from functools import cache

from msgspec import Struct, field

from flake8_async_fastapi import knowledge
from flake8_async_fastapi.knowledge.blocking import BLOCKING


class Blocking(Struct, frozen=True):
    """The kind of a blocking call, by the rule that reports it, and what to use instead."""

    kind: str
    advice: str


class _Index(Struct, frozen=True):
    """``names`` are whole dotted names; ``owners`` block with all members except those listed.

    ``below`` are prefixes of dotted names, with the last names that block; none for all.
    """

    names: dict[str, Blocking] = field(default_factory=dict)
    owners: dict[str, tuple[Blocking, frozenset[str]]] = field(default_factory=dict)
    below: dict[str, tuple[Blocking, frozenset[str]]] = field(default_factory=dict)


@cache
def _index() -> _Index:
    index = _Index()
    for kind, advice, line in BLOCKING:
        blocking = Blocking(kind, advice)
        owner, _, listed = line.partition(": ")
        words = listed.split()
        if owner.endswith(".**") or words == ["**"]:
            owner, names = owner.removesuffix(".**"), frozenset(words) - {"**"}
            before = index.below.get(owner, (blocking, frozenset()))[1]
            index.below[owner] = blocking, before | names
        elif "*" in words:
            kept = frozenset(word[1:] for word in words if word.startswith("-"))
            before = index.owners.get(owner, (blocking, frozenset()))[1]
            index.owners[owner] = blocking, before | kept
        else:
            index.names.update({f"{owner}.{word}": blocking for word in words})
    return index


@cache
def blocking_name(dotted: str) -> Blocking | None:
    """The effect of calling a library's function or class by its dotted name."""
    index = _index()
    found = index.names.get(dotted)
    if found is not None:
        return found
    owner, _, last = dotted.rpartition(".")
    if knowledge.library_type(owner) is not None:  # a method read from the class
        return blocking_member(owner, last)
    while owner:
        if owner in index.below:
            blocking, names = index.below[owner]
            return blocking if last in names or (not names and last[:1].islower()) else None
        owner = owner.rpartition(".")[0]
    return None


@cache
def blocking_member(type_name: str, name: str) -> Blocking | None:
    """The effect of calling a method of a library's type; ``name`` has dots for ``client.chat.create``."""
    index = _index()
    last = name.rpartition(".")[2]
    for owner in bases(type_name):
        found = index.names.get(f"{owner}.{last}")
        if found is not None:
            return found
        if owner in index.owners:
            blocking, kept = index.owners[owner]
            return None if last in kept or last.startswith("__") else blocking
    return None


@cache
def bases(type_name: str) -> list[str]:
    """A type's name and those of its bases, nearest first."""
    known = knowledge.library_type(type_name)
    if known is None:
        return [type_name]
    return [known.name, *(base for direct in known.bases for base in bases(direct))]
