"""AFA422: a statement that is a plain string, has no rows to fetch, or a condition that Python decides.

Also a row that is used as if it were the object in it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from flake8_async_fastapi.domains.database.events import StringExecuted, TextParameterMisused
from flake8_async_fastapi.domains.orm.events import StatementMisused
from flake8_async_fastapi.engine.events import Called, RowAttributeMissing
from flake8_async_fastapi.engine.values import Collection, Library, Member, Value, alternatives
from flake8_async_fastapi.knowledge import is_subtype
from flake8_async_fastapi.rules.model import Events, Finding, Rule

RULE = Rule(
    "AFA422",
    "misused-statement",
    "bug",
    "execute() of a string, rows of an UPDATE without returning(), where(column is None), a row as an object",
    since="0.3.0",
)
_REMEDIES: Final = {
    "is": "use == or .is_(...)",
    "is not": "use != or .is_not(...)",
    "in": "use .in_(...)",
    "not in": "use .not_in(...)",
    "not": "use not_(...)",
    "and": "pass several conditions, or use and_(...)",
    "or": "use or_(...)",
}


_PARAMETERS: Final = {
    "cast": "text() finds no parameter in :{0}::..., write CAST(:{0} AS ...)",
    "quoted": "the parameter :{0} stands in a literal; move it out of the quotes, or write \\: for a colon",
    "comment": "the parameter :{0} stands in a comment; write \\: for a colon",
    "list": ":{0} after IN is one value to the driver; use bindparams(bindparam({0!r}, expanding=True))",
    "null": "asyncpg cannot tell the type of :{0} from IS NULL; write CAST(:{0} AS ...) IS NULL",
}
_OBJECTS: Final = frozenset({"add", "delete", "expunge", "merge", "refresh"})
"""Methods of a session that take an object of the ORM."""
_SESSION: Final = "sqlalchemy.ext.asyncio.AsyncSession"
_NUMBERS: Final = frozenset({"builtins.float", "builtins.int"})
_SCALARS: Final = "use .scalars(), .scalar_one_or_none() or another such method of the result"


def check(events: Events) -> Iterator[Finding]:
    for executed in events.of(StringExecuted):
        yield RULE.at(executed, f"{executed.text} fails for a plain string: pass text(...)")
    for used in events.of(TextParameterMisused):
        yield RULE.at(used, f"{used.text} fails: {_PARAMETERS[used.problem].format(used.name)}")
    for found in events.of(StatementMisused):
        if found.problem == "no rows":
            yield RULE.at(found, f"{found.text} gets no rows: the statement needs .returning(...) for that")
        elif found.problem == "always true":
            remedy = "fetch a row, by first() or scalar_one_or_none(), and test that"
            yield RULE.at(found, f"{found.text} is a result, which is true also if it has no rows: {remedy}")
        elif found.problem == "read again":
            remedy = "keep what the first call returned"
            yield RULE.at(
                found, f"the result has no more rows, because an earlier call read or closed it: {remedy}"
            )
        elif found.problem == "closed":
            remedy = "read it in the block of the session"
            yield RULE.at(found, f"{found.text} cannot be read, because its session is closed: {remedy}")
        else:
            why = "is decided by Python, not by the database"
            yield RULE.at(found, f"{found.text} {why}: {_REMEDIES[found.operator]}")
    told: set[tuple[str, str]] = set()
    for read in events.of(RowAttributeMissing):
        whole = (read.function, read.text.rpartition(".")[0])
        if whole in told:
            continue
        told.add(whole)
        has = ", ".join(read.keys)
        yield RULE.at(read, f"{read.text} fails, because a row only has the attributes {has}: {_SCALARS}")
    for called in events.of(Called):
        callee = called.callee
        if isinstance(callee, Member):
            is_taken = callee.name in _OBJECTS and is_subtype(callee.receiver.type, _SESSION)
        else:
            is_taken = isinstance(callee, Library) and callee.dotted in _NUMBERS
        given = called.arguments.get(0, "instance") if is_taken else None
        if given is not None and any(map(_is_row, alternatives(given))):
            yield RULE.at(called, f"{called.text} fails for a row of a result: {_SCALARS}")


def _is_row(value: Value) -> bool:
    return isinstance(value, Collection) and value.kind == "row"
