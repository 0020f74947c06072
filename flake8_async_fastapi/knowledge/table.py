"""The small notation in which the knowledge tables are written, and its reader.

A table maps the dotted name of a library type to a text like this one::

    bases: sqlalchemy.ext.asyncio.AsyncSession
    protocols: async-with
    async commit rollback -> None
    async execute -> sqlalchemy.engine.Result
    def add add_all -> None
    property dirty new -> object
    absent query

* ``bases``: library types whose members this one has too.
* ``protocols``: the complete list of the protocols of its instances: ``with``,
  ``async-with``, ``iter``, ``async-iter``, ``await``, ``call``; ``none`` for none of
  them.  Without the line nothing is known, and rules about protocols are silent.
* ``enter``, ``aenter``, ``item``, ``aitem``, ``await``, ``call``: the results of ``with``,
  ``async with``, ``for``, ``async for``, ``await`` and a call, as
  ``enter -> self``.  ``getitem`` is for ``value[...]``; ``any`` for all members that are
  not listed: of a TYPE, ``any -> call`` for unknown methods, or ``any -> async`` for
  coroutine functions.
* ``async NAMES -> TYPE``: coroutine functions; ``def``: plain functions;
  ``async-generator``: async generator functions (TYPE is the item);
  ``property``: attributes; ``absent``: names that users may expect and that
  do not exist.

A TYPE is a dotted name of a library type, or one of

========== ==================================================================
``?``       nothing is known of the value
``None``    the value None
``object``  a value that cannot be awaited, of which nothing else is known
``list`` … a builtin type: not awaitable, members not tracked
``self``    the object whose member it is
``cb[X]``   the return value of the callable in the first argument, else X
========== ==================================================================
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from msgspec import Struct, field

PROTOCOLS: Final = frozenset({"with", "async-with", "iter", "async-iter", "await", "call"})
MEMBER_KINDS: Final = frozenset({"async", "def", "async-generator", "property"})
RESULTS: Final = frozenset({"enter", "aenter", "item", "aitem", "await", "call", "getitem", "any"})


class Member(Struct, frozen=True):
    """One attribute of a library type: its kind, and the type of its result."""

    kind: str
    returns: str


class LibraryType(Struct, frozen=True):
    """A type of a library.

    ``protocols`` is None if they are not known.
    """

    name: str
    bases: tuple[str, ...] = ()
    protocols: frozenset[str] | None = None
    members: Mapping[str, Member] = field(default_factory=dict)
    results: Mapping[str, str] = field(default_factory=dict)
    absent: frozenset[str] = frozenset()


def read_type(name: str, text: str) -> LibraryType:
    """Read one type from its notation.

    Raises ValueError for a line that is not in the notation.
    """
    bases: tuple[str, ...] = ()
    protocols: frozenset[str] | None = None
    members: dict[str, Member] = {}
    results: dict[str, str] = {}
    absent: frozenset[str] = frozenset()
    for line in filter(None, map(str.strip, text.splitlines())):
        head, _, rest = line.partition(" ")
        if head == "bases:":
            bases = tuple(rest.split())
        elif head == "protocols:":
            protocols = frozenset(rest.split()) - {"none"}
            if not protocols <= PROTOCOLS:
                raise ValueError(f"{name}: unknown protocol in {line!r}")
        elif head == "absent":
            absent = frozenset(rest.split())
        else:
            names, arrow, returns = rest.partition("->")
            if not arrow:
                raise ValueError(f"{name}: no '->' in {line!r}")
            if head in MEMBER_KINDS:
                member = Member(head, returns.strip())
                members.update(dict.fromkeys(names.split(), member))
            elif head in RESULTS:
                results[head] = returns.strip()
            else:
                raise ValueError(f"{name}: unknown word {head!r} in {line!r}")
    return LibraryType(name, bases, protocols, members, results, absent)


def read_function(text: str) -> Member:
    """Read the notation of a module-level function: ``async -> TYPE`` or ``def -> TYPE``."""
    kind, arrow, returns = text.partition("->")
    if not arrow or kind.strip() not in MEMBER_KINDS:
        raise ValueError(f"not a function's notation: {text!r}")
    return Member(kind.strip(), returns.strip())
