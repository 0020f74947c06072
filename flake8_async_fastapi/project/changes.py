"""Which questions may have a new answer after some files changed. The others need not be asked again.

Invariant: if this module says that an answer is the same, it is the same.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final

from flake8_async_fastapi.facts.module import ModuleFacts, encode_mention
from flake8_async_fastapi.facts.walk import bound_names, flat
from flake8_async_fastapi.project.reads import Question
from flake8_async_fastapi.store.sources import is_setup_script


@dataclass(frozen=True)
class Changes:
    """The Python files that differ between two states of a project, with their facts in both states.

    Each file is in both mappings, with None in the state in which it does not exist or does not parse.
    """

    before: Mapping[str, ModuleFacts | None]
    now: Mapping[str, ModuleFacts | None]
    others: bool = False
    """Whether other files differ too: templates, or what says what the project needs."""
    _known: dict[Question, bool] = field(default_factory=dict, init=False, repr=False, compare=False)

    def may_change(self, question: Question) -> bool:
        """Whether a question may have a new answer. The question may come from the cache: nothing is assumed
        of it.
        """
        known = self._known.get(question)
        if known is None:
            known = self._known[question] = self._look(question)
        return known

    def _look(self, question: Question) -> bool:
        kind, *about = question or (None,)
        try:
            return kind not in _MAY_CHANGE or _MAY_CHANGE[str(kind)](self, *about)
        except (TypeError, AttributeError):
            return True

    @cached_property
    def moves(self) -> bool:
        """Whether a module was added or removed, so that imports may mean other files."""
        return any((self.before[path] is None) != (self.now[path] is None) for path in self.before)

    @cached_property
    def names(self) -> frozenset[str]:
        """The names that a changed file binds in only one of the two states."""
        found: set[str] = set()
        for path in self.before:
            found |= _names(self.before[path]) ^ _names(self.now[path])
        return frozenset(found)

    @cached_property
    def parts(self) -> frozenset[str]:
        """The parts of outlines that differ in at least one file."""
        pairs = [(self.before[path], self.now[path]) for path in self.before]
        return frozenset(
            part for part in _PARTS if any(_part(old, part) != _part(new, part) for old, new in pairs)
        )

    @cached_property
    def registers(self) -> bool:
        """Whether one of the files registers a function with a framework in either state, perhaps under an
        imported name.
        """
        return any(_part(facts, "registered") for facts in (*self.before.values(), *self.now.values()))

    @cached_property
    def calls_alike(self) -> bool:
        """Whether, in each file, the same functions mention the same names with the same meaning in both
        states.
        """
        return (
            not self.moves
            and not self.names
            and all(_mentioned(self.before[path]) == _mentioned(self.now[path]) for path in self.before)
        )

    def reorders(self, question: Question) -> bool:
        """Whether a question asks for definitions of a file whose definitions are now in another order.

        Answers do not contain line numbers, but the order of two definitions may matter.
        """
        path = question[1] if question[0] in ("binding", "setters", "view") else None
        return isinstance(path, str) and path in self._reordered

    @cached_property
    def _reordered(self) -> frozenset[str]:
        """The files that bind names of both states in another order."""
        return frozenset(
            path for path, facts in self.before.items() if _differ_in_order(facts, self.now[path])
        )

    def mentions(self, word: str) -> bool:
        """Whether one of the files mentions a word in only one of the states."""
        return self._has_code(word.encode())

    def mentions_attributes(self, dotted: str) -> bool:
        """Whether one of the files mentions a name, or a chain of attributes, in only one of the states."""
        return self._has_code(encode_mention(dotted))

    def _has_code(self, searched: bytes) -> bool:
        return any(
            (searched in _code(self.before[path])) != (searched in _code(self.now[path]))
            for path in self.before
        )


def _names(facts: ModuleFacts | None) -> set[str]:
    return set() if facts is None else set(facts.outline.names)


def _differ_in_order(before: ModuleFacts | None, now: ModuleFacts | None) -> bool:
    both = _names(before) & _names(now)
    return _in_order(before, both) != _in_order(now, both)


def _in_order(facts: ModuleFacts | None, names: set[str]) -> list[str]:
    body = facts.body() if facts is not None else []
    bound = (name for statement in flat(body) for name in bound_names(statement))
    return [name for name in bound if name in names]


def _code(facts: ModuleFacts | None) -> bytes:
    return b"" if facts is None else bytes(facts.code)


def _mentioned(facts: ModuleFacts | None) -> bytes:
    return b"" if facts is None else bytes(facts.mentioned)


_PARTS: Final = (
    "classes",
    "imports",
    "handed_to_run_sync",
    "includes_routers",
    "backrefs",
    "maps_imperatively",
    "session_factories",
    "added_to",
)


def _part(facts: ModuleFacts | None, part: str) -> Any:
    """A part of an outline; None where there is nothing of it."""
    return None if facts is None else getattr(facts.outline, part) or None


def _in_file(changes: Changes, path: str, *about: object) -> bool:
    return path in changes.before


_MAY_CHANGE: Final[Mapping[str, Callable[..., Any]]] = {
    "exists": _in_file,
    "code": _in_file,
    "placed code": _in_file,
    "view": _in_file,
    "binding": _in_file,
    "setters": _in_file,
    "binds": _in_file,
    "exports": _in_file,
    "imports of": _in_file,
    "star targets": lambda changes, path: changes.moves or path in changes.before,
    "target": lambda changes, importer, level, module, name: changes.moves or name in changes.names,
    "submodule": lambda changes, path, name: changes.moves,
    "module": lambda changes, dotted, importer: changes.moves,
    "mentioning": Changes.mentions,
    "functions mentioning": lambda changes, word: not changes.calls_alike,
    "callers": lambda changes, path, name, is_anywhere: not changes.calls_alike,
    "tests mentioning": lambda changes, dotted, folder: changes.mentions_attributes(dotted),
    "test files mentioning": lambda changes, dotted, folder: changes.mentions_attributes(dotted),
    "template": lambda changes, path: changes.others,
    "template file": lambda changes, name, importer, folder: changes.others,
    "template names": lambda changes: changes.others,
    "attributes in templates": lambda changes, path: changes.others,
    "requirements": lambda changes, path: changes.others or any(map(is_setup_script, changes.before)),
    "pytest": lambda changes, path: changes.others,
    "imported": lambda changes, dotted: "imports" in changes.parts,
    "handed to run_sync": lambda changes, name: "handed_to_run_sync" in changes.parts,
    "registrations": lambda changes, name: changes.registers,
    "request-scoped": lambda changes, name: changes.registers,
    "including routers": lambda changes: "includes_routers" in changes.parts,
    "classes named": lambda changes, name: "classes" in changes.parts,
    "backrefs": lambda changes: "backrefs" in changes.parts,
    "imperative mappings": lambda changes: "maps_imperatively" in changes.parts,
    "adding to": lambda changes, name: "added_to" in changes.parts,
    "reconfigures sessions": lambda changes: "session_factories" in changes.parts,
    "expire_on_commit": lambda changes, in_tests: "session_factories" in changes.parts,
    "autoflush": lambda changes: "session_factories" in changes.parts,
    "below": lambda changes, class_name: "classes" in changes.parts,
    "overrides": lambda changes, class_name, method, colour: "classes" in changes.parts,
}
"""For each kind whether there may be another answer; a kind that is not here is asked again always."""
