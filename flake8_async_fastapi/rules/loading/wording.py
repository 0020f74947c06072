"""The words that the loading rules share: who reads what, how that fails, why, and what to write."""

from __future__ import annotations

from typing import Final

from flake8_async_fastapi.domains.orm.events import Missing
from flake8_async_fastapi.engine.places import Spot
from flake8_async_fastapi.rules.wording import can_await, way

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


def message(missing: Missing) -> str:
    """The message for an attribute that cannot be read: who reads it, how that fails, why, the remedy."""
    return f"{subject(missing)}, which raises {_error(missing)}: {why(missing)}; {remedy(missing)}"


def subject(missing: Missing) -> str:
    """What is missing, and who reads it."""
    name = missing.route[-1]
    via = way(missing.chain, missing.read_at)
    if missing.use == "template":
        return f"template {missing.through if via else missing.read_at} reads {name}{via}"
    if missing.use in _READERS:
        return f"{_READERS[missing.use]} {missing.through} reads {name}{via}"
    if missing.use == "mutated":
        return f"{name} is changed{via}"
    if missing.use == "shown":
        return f"the repr of {name.partition('.')[0]} reads {name}{via}"
    return f"{name} is read{via}"


_READERS: Final = {"response": "response model", "validated": "schema"}


def _error(missing: Missing) -> str:
    if missing.cause == "detached":
        return "DetachedInstanceError"
    return "InvalidRequestError" if missing.cause == "raise" else "MissingGreenlet"


def why(missing: Missing) -> str:
    """Why an attribute is missing, and where that began."""
    path, line, text = missing.lost_at
    at = Spot(path, line)
    cause = missing.lost_by
    if cause in ("commit", "rollback"):
        return f"the {cause} at {at} expired it"
    if cause == "expire":
        return f"it was expired at {at}"
    if cause in ("server", "update"):
        return f"{text or 'an UPDATE statement'} at {at} left it to the database"
    if cause == "deferred":
        return f"{_origin(missing)} leaves it out"
    if cause == "subclass":
        return f"{_origin(missing)} loads only the columns of its base"
    if cause == "raise":
        return f"its strategy is to raise, and {_origin(missing)} does not load it"
    return f"{_origin(missing)} does not load it"


def _origin(missing: Missing) -> str:
    """Where the object was loaded or written."""
    made, path, line = missing.source
    return {
        "new": "writing the object at {}",
        "merge": "the merge at {}",
        "given": "whoever passes the object",
        "refreshed": "the refresh at {}",
    }.get(made, "the query at {}").format(Spot(path, line))


def remedy(missing: Missing) -> str:
    """What to write: an option of the query, or for an object that no query gave, a refresh."""
    cause, refresh = missing.lost_by, _refresh(missing)
    if cause == "subclass":
        return f"select {_owner(missing)}, or use selectin_polymorphic()"
    if missing.cause == "detached":
        before = "before the session closes"
        if cause == "commit":
            return f"set expire_on_commit=False, or {refresh} {before}"
        if cause in ("rollback", "expire", "server", "update") or missing.source[0] != "query":
            return f"{refresh} {before}"
        return f"add {options(missing)}, or read it {before}"
    if cause == "commit":
        return f"set expire_on_commit=False, or {refresh} first"
    if cause == "rollback":
        return f"read it before the rollback, or {refresh} first"
    if cause == "expire":
        return f"{refresh} first"
    if cause in ("server", "update"):
        return f"{refresh}, or set eager_defaults"
    if missing.source[0] != "query":
        return refresh
    return f"add {options(missing)}"


def _refresh(missing: Missing) -> str:
    """The call that loads the attribute of the object at hand."""
    session, holder = missing.session or "session", missing.holder or _owner(missing).lower()
    return can_await(missing, f'await {session}.refresh({holder}, ["{missing.route[-1].partition(".")[2]}"])')


def _owner(missing: Missing) -> str:
    return missing.route[-1].partition(".")[0]


def options(missing: Missing) -> str:
    """The loader option that loads what is missing, as the query loads what leads there; ready to paste."""
    *above, last = missing.route
    used = [*missing.strategies, *("" for _ in above)]
    steps = [f"{_LOADERS.get(how, 'selectinload')}({step})" for step, how in zip(above, used, strict=False)]
    end = "undefer" if missing.lost_by == "deferred" else "selectinload"
    return f".options({'.'.join((*steps, f'{end}({last})'))})"


_LOADERS: Final = {
    "joined": "joinedload",
    "subquery": "subqueryload",
    "immediate": "immediateload",
    "contains": "contains_eager",
}
