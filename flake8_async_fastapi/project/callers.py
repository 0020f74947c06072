"""Possible callers of a function of a file: nearby files that mention its name, and files that mention the
names of those callers.

Names are compared, not meanings, so the result may include a file that calls something else of the same
name. Looking at such a file is wasted work, but does no harm.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final, TypeAlias

import msgspec

from flake8_async_fastapi.facts.module import Mentions, ModuleFacts

MOST_CALLS: Final = 4
"""Calls between the function and the files that are found."""
MOST_FILES: Final = 8
"""Files that are found for one function, the nearest first: each may have to be analysed."""

Mentioning: TypeAlias = Mapping[str, Sequence[str]]
"""For each name and attribute in the code of a file, the functions in which it is; an empty name for the code
around them."""


def mentions_of(facts: ModuleFacts | None) -> Mentions:
    """The names that the code of a file mentions; nothing if the file has no facts, or damaged ones."""
    try:
        return facts.mentions() if facts is not None else Mentions([], [])
    except msgspec.DecodeError:
        return Mentions([], [])


def reached(path: str, imports: Callable[[str], Iterable[str]]) -> frozenset[str]:
    """The files that a file imports from, and those whose names the imported packages re-export."""
    found: set[str] = set()
    pending = [path]
    while pending:
        new = set(imports(pending.pop())) - found
        found |= new
        pending += (one for one in new if one.endswith("__init__.py"))
    return frozenset(found)


def index_mentions(mentions: Mentions) -> Mentioning:
    """The names that a file mentions, by name."""
    found: dict[str, list[str]] = {}
    for function, words in mentions.functions:
        for word in words:
            found.setdefault(word, []).append(function)
    return found


def find_callers(
    path: str,
    name: str,
    *,
    is_anywhere: bool,
    mentioning: Callable[[str], Iterable[str]],
    mentions: Callable[[str], Mentioning],
    imported: Callable[[str], frozenset[str]],
) -> tuple[str, ...]:
    """The files and functions that may lead to a call of a function of a file.

    A caller imports something from the file that defines the function. If ``is_anywhere``, it need not: a
    method may be called on an object from elsewhere. ``imported`` returns the files that a file imports
    from.
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
                callers = mentions(other).get(called)
                if callers is None:
                    continue
                if len(found) == MOST_FILES and other not in found:
                    return tuple(found)
                found[other] = None
                following += [(other, caller) for caller in callers if (other, caller) not in seen]
                seen.update(following)
        level, is_anywhere = [one for one in following if one[1]], False
    return tuple(found)
