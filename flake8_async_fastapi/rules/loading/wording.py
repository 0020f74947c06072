"""The words that the loading rules share."""

from __future__ import annotations

from flake8_async_fastapi.domains.orm.events import Missing

CAUSED = frozenset(
    {
        "commit",
        "rollback",
        "expire",
        "server",
        "update",
        "deferred",
        "subclass",
        "detached",
        "noload",
        "dynamic",
        "write_only",
    }
)
"""Causes with a rule of their own, whatever the use."""
WRITTEN = frozenset({"new", "refreshed", "merged"})


def subject(missing: Missing) -> str:
    """What is missing, and who reads it."""
    name = missing.route[-1]
    if missing.use in ("response", "validated", "template"):
        reader = {"response": "response model", "validated": "schema", "template": "template"}[missing.use]
        return f"{reader} {missing.through} reads {name}{_via(missing)}"
    if missing.use == "mutated":
        return f"{name} is changed{_via(missing)}"
    if missing.use == "shown":
        return f"the repr of {name.partition('.')[0]} reads {name}{_via(missing)}"
    return f"{name} is read{_via(missing)}"


def _via(missing: Missing) -> str:
    return f" ({' -> '.join(missing.chain)})" if missing.chain else ""


def place(missing: Missing, path: str, line: int) -> str:
    """A line, with its file if that is another one."""
    return f"line {line}" if path == missing.path else f"{path}:{line}"


def origin(missing: Missing) -> str:
    """Where the object was loaded or written."""
    made, path, line = missing.source
    where = place(missing, path, line)
    return {
        "new": f"the object written at {where}",
        "merge": f"the object merged at {where}",
        "given": "the function that was given the object",
        "refreshed": f"the refresh at {where}",
    }.get(made, f"the query at {where}")


def options(missing: Missing) -> str:
    """The loader option that loads what is missing, ready to paste."""
    chain = ".".join(f"selectinload({step})" for step in missing.route)
    return f".options({chain})"


def names(missing: Missing) -> str:
    """The ``attribute_names`` that load what is missing."""
    first, *rest = (step.partition(".")[2] for step in missing.route)
    return f'attribute_names=["{first}"]' if not rest else f'attribute_names=["{first}"] and load {rest[-1]}'


def remedy(missing: Missing) -> str:
    """How to have it loaded: by the query, or for an object that no query gave, by a refresh."""
    if missing.source[0] != "query":
        return f"await session.refresh(obj, {names(missing)})"
    return f"add {options(missing)}"
