"""Events of ORM objects, statements, results and models."""

from __future__ import annotations

from typing import Final, Literal, TypeAlias

from flake8_async_fastapi.domains.blocking.events import Effect
from flake8_async_fastapi.engine.events import Event
from flake8_async_fastapi.engine.places import Mention, Spot
from flake8_async_fastapi.engine.values import Value

Cause: TypeAlias = Literal[
    "unloaded",  # the query did not ask for it
    "new",  # a relationship of an object that was just added
    "refreshed",  # a relationship that refresh() did not reload
    "merged",
    "raise",  # its strategy raises
    "noload",
    "commit",  # expired
    "rollback",
    "expire",
    "server",  # computed by the database in a flush
    "deferred",
    "subclass",  # a column of a subclass, read by a query of the base
    "dynamic",  # a relationship that has to be queried is used as a collection
    "write_only",
    "detached",  # any of these, after the object left the session
    "update",  # an UPDATE statement set it to an SQL expression
]
"""Why reading an attribute would do I/O, or give nothing."""


class Missing(Event, frozen=True):
    """An attribute of an ORM object is read, and reading it would cause I/O (or return nothing).

    ``route`` are the attributes that lead from an object returned by a query to the missing one, each with
    its class, as ``Post.author``. ``use`` is ``read``, ``mutated``, ``shown``, ``response``, ``validated``,
    ``template``, ``refreshed`` or ``encoded``. For the last two the last of ``route`` is the class alone: the
    whole object is out of reach, or a route without a response model returns it. ``through`` names the
    reader. ``source`` says where the object comes from, with file and line;
    ``lost_at`` in which file and line the attribute was lost, and why, if known. ``chain`` are
    the functions between the reported place and the read, which is at the line ``read_at``. ``lost_by`` is
    the cause that would apply in the session too. ``strategies`` load all attributes of the route but the
    last. ``holder`` is the variable with the object, ``session`` the one with its session; either may be
    empty. ``in_async`` is as in ``CoroutineMisused``. ``files`` are those that define the classes of the
    route; ``is_item`` says that the object at its beginning is one of many. ``field_at`` is the field of
    the schema that reads it, if that is known.
    """

    route: tuple[str, ...]
    cause: Cause
    use: str
    is_relationship: bool
    source: tuple[str, str, int]
    lost_at: tuple[str, int, str]
    through: str = ""
    chain: tuple[str, ...] = ()
    read_at: Spot = Spot("", 0)
    lost_by: Cause = "unloaded"
    strategies: tuple[str, ...] = ()
    holder: str = ""
    session: str = ""
    in_async: bool = True
    files: tuple[str, ...] = ()
    is_item: bool = False
    field_at: Spot = Spot("", 0)

    def others(self) -> tuple[Mention, ...]:
        made, path, line = self.source
        found = [
            Mention(path, line, _MADE.get(made, "this query loads the {}").format(_owner(self.route[0])))
        ]
        if self.lost_at[:2] != (path, line):
            path, line, _ = self.lost_at
            found.append(
                Mention(path, line, _LOST.get(self.lost_by, "{} is lost here").format(self.route[-1]))
            )
        if self.chain or self.read_at.path != self.path:
            found.append(self._read())
        if self.field_at != (self.path, self.line):
            found.append(Mention(*self.field_at, f"{self.route[-1]} is read for this field"))
        return tuple(mention for mention in found if mention.path)

    def within(self) -> Mention | None:
        is_elsewhere = bool(self.chain) and self.read_at != (self.path, self.line)
        return self._read() if is_elsewhere and self.use in ("read", "mutated", "shown") else None

    def _read(self) -> Mention:
        return Mention(
            *self.read_at, f"{self.route[-1]} is {'refreshed' if self.use == 'refreshed' else 'read'} here"
        )


def _owner(attribute: str) -> str:
    return attribute.partition(".")[0]


_MADE: Final = {
    "new": "the {} is written here",
    "merge": "the {} is merged here",
    "given": "the {} is given here",
    "refreshed": "the {} is refreshed here",
}
_LOST: Final = {
    "commit": "this commit expires {}",
    "rollback": "this rollback expires {}",
    "expire": "{} is expired here",
    "server": "the database computes {} here",
    "update": "this UPDATE sets {}",
}


class GivenObjectsRead(Event, frozen=True):
    """A function reads relationships of objects that it gets: whether they are loaded depends on its callers.

    ``name`` is the name of the function; ``is_method`` says that it is a method of the objects' own class.
    """

    name: str
    is_method: bool


class RunSync(Event, frozen=True):
    """A call of ``run_sync``: its argument, and the result and effects of that."""

    callback: Value
    result: Value
    effects: tuple[Effect, ...]
    is_call: bool
    text: str


class JoinedCollectionFetched(Event, frozen=True):
    """A result with a collection that a join loads (the last of ``route``) is fetched.

    ``at`` is the line of a callee in which that happens, which knows the query from its caller only; empty
    if it happens here.
    """

    route: tuple[str, ...]
    method: str
    at: Spot = Spot("", 0)

    def others(self) -> tuple[Mention, ...]:
        return (Mention(*self.at, f"{self.route[-1]} is fetched here"),) if self.at.path else ()


class OptionIgnored(Event, frozen=True):
    """A loader option that has no effect, or fails.

    ``why``: ``text`` (it names an attribute by a text, of the class ``detail`` in ``file`` if that is known),
    ``root`` (it starts at another model than the query's, ``detail``), ``present`` (it is for an object that
    is in the session, ``loaded`` there), ``locked`` (so is the object whose row ``with_for_update`` locks,
    and the column ``text`` is read and assigned after that), ``dropped`` (the statement with the option is
    dropped).
    """

    why: str
    text: str
    detail: str = ""
    file: str = ""
    loaded: Spot | None = None

    def others(self) -> tuple[Mention, ...]:
        return () if self.loaded is None else (Mention(*self.loaded, "the object is loaded here"),)


class UnknownStrategyDeclared(Event, frozen=True):
    """A ``relationship(lazy=...)`` with a strategy that does not exist."""

    strategy: str


class ValueRefused(Event, frozen=True):
    """A ``column`` gets a value that the driver refuses, or is compared with one."""

    column: str
    column_kind: str
    value_kind: str
    driver: str


class StatementMisused(Event, frozen=True):
    """A statement that is not what it seems: rows are fetched of one with ``no rows``, made at ``sent``, or a
    condition is ``decided`` by an operator of Python before the statement is made. Or the result of one is
    tested, which is ``always true``; or it is ``read again``, after all its rows were fetched; or it is a
    stream that is read after its session was ``closed``.
    """

    problem: Literal["no rows", "decided", "always true", "read again", "closed"]
    text: str
    sent: Spot = Spot("", 0)
    operator: str = ""

    def others(self) -> tuple[Mention, ...]:
        what = "makes the result" if self.problem in ("read again", "closed") else "returns no rows"
        return (Mention(*self.sent, f"this statement {what}"),) if self.sent.path else ()


class UsedBeforeFlush(Event, frozen=True):
    """An object of the class ``owner`` is used as if it had been flushed.

    ``problem`` is ``key`` (one of its ``names`` is still None), ``changed`` (a refresh discards the new
    values of ``names``), ``pending`` (it is refreshed, and the database does not have it) or ``transient``
    (it is refreshed, and no session has it). It was made or loaded at ``since``.
    """

    problem: Literal["key", "changed", "pending", "transient"]
    owner: str
    names: tuple[str, ...]
    since: Spot

    def others(self) -> tuple[Mention, ...]:
        made = "loaded" if self.problem == "changed" else "made"
        return (Mention(*self.since, f"the {self.owner} is {made} here"),) if self.since.path else ()


class ChangedInPlace(Event, frozen=True):
    """Something in the value of ``owner.name`` was changed, and the commit after that does not write it."""

    owner: str
    name: str


class ItemQueried(Event, frozen=True):
    """``text`` sends a statement for each item of the ``loop``, while one statement could fetch them all.

    ``asked`` is the class that it asks for, empty for columns; or the attribute that it loads, as
    ``Post.author``, of objects that the statement at ``query`` returned, if they came directly from it. If
    a function called by the loop sends it, ``sent`` is the place. ``is_counted``: it counts or sums rows.
    """

    text: str
    asked: str
    loop: Spot
    query: Spot | None = None
    sent: Spot | None = None
    is_counted: bool = False

    def others(self) -> tuple[Mention, ...]:
        loop = Mention(*self.loop, "this loop repeats the statement")
        sent = () if self.sent is None else (Mention(*self.sent, "this is the statement"),)
        query = () if self.query is None else (Mention(*self.query, "this query loads the objects"),)
        return (loop, *sent, *query)
