"""The common wording of the loading rules: the reader, the error, the reason and the remedy."""

from __future__ import annotations

from typing import Final

from flake8_async_fastapi.domains.orm.events import Missing
from flake8_async_fastapi.engine.places import Spot
from flake8_async_fastapi.rules.model import Fix, Rule
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
    if missing.use == "encoded":
        result = f"{missing.route[-1]} is returned without a response model, so the client gets {{}}"
        return f"{result}: {why(missing)}; {remedy(missing)}"
    return f"{subject(missing)}, which raises {_error(missing)}: {why(missing)}; {remedy(missing)}"


def subject(missing: Missing) -> str:
    """The missing attribute and its reader."""
    name = missing.route[-1]
    via = way(missing.chain, missing.read_at)
    if missing.use == "template":
        return f"template {missing.through if via else missing.read_at} reads {name}{via}"
    if missing.use in _READERS:
        return f"{_READERS[missing.use]} {missing.through} reads {name}{via}"
    if missing.use == "mutated":
        return f"{name} is changed{via}"
    if missing.use == "refreshed":
        return f"{name} is refreshed{via}"
    if missing.use == "shown":
        return f"the repr of {name.partition('.')[0]} reads {name}{via}"
    return f"{name} is read{via}"


_READERS: Final = {"response": "response model", "validated": "schema"}


def _error(missing: Missing) -> str:
    if missing.use == "refreshed":
        return "InvalidRequestError"
    if missing.cause == "detached":
        return "DetachedInstanceError"
    return "InvalidRequestError" if missing.cause == "raise" else "MissingGreenlet"


def why(missing: Missing) -> str:
    """Why an attribute is missing, and where that began."""
    path, line, text = missing.lost_at
    at = Spot(path, line)
    cause = missing.lost_by
    if missing.use == "refreshed":
        did = "wrote" if missing.source[0] == "new" else "loaded"
        return f"the session that {did} it at {Spot(*missing.source[1:])} is closed"
    if cause in ("commit", "rollback"):
        return f"the {cause} at {at} expired it"
    if cause == "expire":
        return f"it was expired at {at}"
    if cause in ("server", "update"):
        return f"{text or 'an UPDATE statement'} at {at} set it in the database"
    if cause == "deferred":
        return f"{_origin(missing)} leaves it out"
    if cause == "subclass":
        return f"{_origin(missing)} loads only the columns of its base"
    if cause == "raise":
        return f"its lazy strategy is to raise, and {_origin(missing)} does not load it"
    if missing.source[0] == "new" and len(missing.route) > 1:
        written = Spot(*missing.source[1:])
        return f"loading {missing.route[-2]} of the object written at {written} does not load it"
    return f"{_origin(missing)} does not load it"


def _origin(missing: Missing) -> str:
    """Where the object was loaded or written, as far as it is known."""
    made, path, line = missing.source
    if made == "given":
        return "whoever passes the object"
    what = {"new": "writing the object", "merge": "the merge", "refreshed": "the refresh"}.get(
        made, "the query"
    )
    return f"{what} at {Spot(path, line)}" if path else what


def remedy(missing: Missing) -> str:
    """The remedy: an option of the query or, if the object does not come from a query, a refresh."""
    cause, refresh = missing.lost_by, _refresh(missing)
    if missing.use == "refreshed":
        return "fetch it by its key in this session"
    if cause == "subclass":
        return f"select {_owner(missing)}, or use selectin_polymorphic()"
    if missing.cause == "detached":
        before = "before the session closes"
        if cause == "commit":
            return f"set expire_on_commit=False, or {refresh} {before}"
        if cause in ("rollback", "expire", "server", "update") or missing.source[0] != "query":
            return f"{refresh} {before}"
        verb = "change" if missing.use == "mutated" else "read"
        return f"add {options(missing)}, or {verb} it {before}"
    if cause == "commit":
        return f"set expire_on_commit=False, or {refresh} first"
    if cause == "rollback":
        return f"read it before the rollback, or {refresh} first"
    if cause == "expire":
        return f"{refresh} first"
    if cause in ("server", "update"):
        return f"{refresh}, or set eager_defaults"
    if missing.source[0] != "query":
        is_behind = missing.source[0] == "new" and len(missing.route) > 1
        return f"select the object with {options(missing)}" if is_behind else refresh
    return f"add {options(missing)}"


def fix(rule: Rule, missing: Missing) -> Fix | None:
    """The fix for a missing attribute, in line with the remedy: the query loads it, or the object is
    refreshed.
    """
    made, path, line = missing.source
    is_safe = rule.fixable == "safe"
    if (
        missing.lost_by == "subclass"
        or missing.use == "refreshed"
        or (missing.cause == "detached" and missing.lost_by in _LOST_LATER)
    ):
        return None
    if missing.lost_by in _LOST_LATER:
        return _fix_before_read(rule, missing)
    instead = None if missing.cause == "detached" else _fix_before_read(rule, missing)
    if made == "query":
        words = tuple(word for step in _steps(missing) for word in step)
        return Fix("load_with_query", path, line, -1, words, is_safe, missing.files, instead)
    if len(missing.route) > 1 or made == "given":
        return instead
    return Fix("refresh", path, line, -1, missing.route, is_safe, (), instead)


_LOST_LATER: Final = ("commit", "rollback", "expire", "server", "update")


def _fix_before_read(rule: Rule, missing: Missing) -> Fix | None:
    """The fix that refreshes an object before it is read: all of it, where all is expired."""
    if len(missing.route) > 1:
        return None
    _, path, line = missing.source
    is_whole = missing.lost_by in ("commit", "rollback", "expire")
    attribute = "" if is_whole else missing.route[0].partition(".")[2]
    if missing.is_item:
        is_meant = missing.lost_by in _LOST_LATER and missing.session
        return rule.fix(missing, "refresh_each", attribute, missing.session) if is_meant else None
    words, files = (attribute, missing.holder, missing.session, str(line)), (path or missing.path,)
    here = missing.path, missing.line, missing.col
    return Fix("refresh_before_read", *here, words, rule.fixable == "safe", files)


def _refresh(missing: Missing) -> str:
    """The call that loads the attribute of the object."""
    session, holder = missing.session or "session", missing.holder or _owner(missing).lower()
    name = missing.route[-1].partition(".")[2]
    only = f', ["{name}"]' if name else ""
    return can_await(missing, f"await {session}.refresh({holder}{only})")


def _owner(missing: Missing) -> str:
    return missing.route[-1].partition(".")[0]


def options(missing: Missing) -> str:
    """The loader option for the missing attribute, continuing those that the query has; ready to paste."""
    return f".options({'.'.join(f'{loader}({step})' for loader, step in _steps(missing))})"


def _steps(missing: Missing) -> list[tuple[str, str]]:
    """The loaders of an option, each with the attribute that it loads."""
    *above, last = missing.route
    used = [*missing.strategies, *("" for _ in above)]
    steps = [(_LOADERS.get(how, "selectinload"), step) for step, how in zip(above, used, strict=False)]
    return [*steps, ("undefer" if missing.lost_by == "deferred" else "selectinload", last)]


_LOADERS: Final = {
    "joined": "joinedload",
    "subquery": "subqueryload",
    "immediate": "immediateload",
    "contains": "contains_eager",
}
