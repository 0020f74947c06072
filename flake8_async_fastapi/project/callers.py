"""Who may call a function of a file: the files near it that mention its name, and those that mention theirs.

Compared by names, so that a file may be among them that calls something else of that name.  It is
looked at in vain then.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from flake8_async_fastapi.facts import tree
from flake8_async_fastapi.facts.tree import Binding, Stmt
from flake8_async_fastapi.facts.walk import all_nodes

MOST_CALLS: Final = 4
"""Calls between the function and the files that are found."""
MOST_FILES: Final = 8
"""Files that are found for one function, the nearest first: each may have to be analysed."""


@dataclass(frozen=True, slots=True)
class FileMentions:
    """What the code of a file mentions: by function, and what it imports."""

    imports: tuple[Binding, ...]
    functions: tuple[tuple[str, frozenset[str]], ...]
    """The name of each function, and what its code mentions; an empty name for the code around them."""


def mentions_in(body: list[Stmt]) -> FileMentions:
    """What the code of a file mentions; nested functions count as parts of the outer one."""
    imports: list[Binding] = []
    functions: list[tuple[str, frozenset[str]]] = []
    around: list[object] = []
    pending: list[Stmt] = list(body)
    while pending:
        statement = pending.pop()
        if isinstance(statement, tree.ClassDef):
            pending += statement.body
        elif isinstance(statement, tree.FunctionDef):
            functions.append((statement.name, _mentioned(statement, imports)))
        else:
            around.append(statement)
    functions.append(("", _mentioned(around, imports)))
    return FileMentions(tuple(imports), tuple(functions))


def _mentioned(code: object, imports: list[Binding]) -> frozenset[str]:
    found = set()
    for node in all_nodes(code):
        if isinstance(node, tree.Name):
            found.add(node.id)
        elif isinstance(node, tree.Attr):
            found.add(node.name)
        elif isinstance(node, tree.Import):
            imports += node.bindings
    return frozenset(found)


def find_callers(
    path: str,
    name: str,
    *,
    is_anywhere: bool,
    mentioning: Callable[[str], Iterable[str]],
    mentions: Callable[[str], FileMentions],
    imported: Callable[[str], frozenset[str]],
) -> tuple[str, ...]:
    """The files with functions that may lead to a call of a function of a file.

    A caller imports something from the file of what it calls, but for what is ``is_anywhere``: a method
    of objects that come from elsewhere.  ``imported`` gives the files from which one imports.
    """
    found: dict[str, None] = {}
    seen = {(path, name)}
    level = [(path, name)]
    for _ in range(MOST_CALLS):
        following: list[tuple[str, str]] = []
        for home, called in level:
            near = (home, *(other for other in mentioning(called) if other != home))
            for other in near:
                if other != home and not is_anywhere and home not in imported(other):
                    continue
                callers = list(_callers_in(mentions(other), called))
                if not callers:
                    continue
                if len(found) == MOST_FILES and other not in found:
                    return tuple(found)
                found[other] = None
                following += [(other, caller) for caller in callers if (other, caller) not in seen]
                seen.update(following)
        level, is_anywhere = [one for one in following if one[1]], False
    return tuple(found)


def _callers_in(mentions: FileMentions, called: str) -> Iterator[str]:
    """The functions of a file that mention a name."""
    return (name for name, mentioned in mentions.functions if called in mentioned)
