"""Database URLs: what is known of a text that names a database and its driver.

Texts are not told apart elsewhere, so that paths stay few.  Those that begin as a
database URL are kept, cut down to that beginning: it says which driver is used.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Final

from flake8_async_fastapi.engine.context import Frame
from flake8_async_fastapi.engine.values import (
    UNKNOWN,
    Arguments,
    Const,
    Library,
    Partial,
    Plain,
    Value,
    is_url,
)
from flake8_async_fastapi.facts import tree
from flake8_async_fastapi.facts.tree import Expr
from flake8_async_fastapi.facts.walk import dotted
from flake8_async_fastapi.knowledge import drivers

_BEGINNING: Final = re.compile(r"([a-z]+)(?:\+(\w+))?://")
_DATABASES: Final = frozenset({*drivers.ASYNC, "postgres"})


def text(written: str) -> Const:
    """A literal text; of a database URL, its beginning."""
    if "://" in written:
        match = _BEGINNING.match(written)
        if match is not None and match[1] in _DATABASES:
            return Const(match[0])
    return Const(written)


def joined(parts: Iterable[Value]) -> Value:
    """The text that begins with some parts, if that makes it a database URL."""
    known = ""
    for part in parts:
        if not isinstance(part, Const) or not isinstance(part.value, str):
            break
        known += part.value
        if is_url(text(known)):
            return text(known)
    return Plain("str")


def attribute(name: str, url: Value) -> Value:
    """A method of a text (or URL object) that is a database URL."""
    dotted_name = f"builtins.str.{name}"
    return Partial(Library(dotted_name), (url,), ()) if dotted_name in SPECIAL else UNKNOWN


def holds(test: Expr, evaluate: Callable[[Expr], Value]) -> bool | None:
    """Whether a test of a database URL comes out true; None for other tests, and where it is not known."""
    match test:
        case tree.Call(func=tree.Attr(value=tested, name="startswith"), args=[tree.Const(value=str(sought))]):
            whole = evaluate(tested) if dotted(tested) else UNKNOWN
            if not is_url(whole):
                return None
            begins = _text(whole).startswith(sought)
            return begins if begins or not sought.startswith(_text(whole)) else None
        case tree.Compare(left=tree.Const(value=str(sought)), ops=[("in" | "not in") as op], rights=[tested]):
            whole = evaluate(tested) if dotted(tested) else UNKNOWN
            if not is_url(whole):
                return None
            # what comes after the beginning is not known, but no driver is named there
            driver_like = re.fullmatch(r"[+a-z0-9:/]+", sought) is not None and sought in _WORDS
            return (sought in _text(whole)) is (op == "in") if driver_like or sought in _text(whole) else None
    return None


_WORDS: Final = frozenset(
    word
    for kinds in (drivers.ASYNC, drivers.SYNC)
    for database, names in kinds.items()
    for name in names
    for word in (name, f"+{name}", f"{database}+{name}", f"{database}+{name}://", f"+{name}:")
) | {f"{database}://" for database in _DATABASES}


def _text(value: Value) -> str:
    return str(value.value) if isinstance(value, Const) else ""


def _known(value: Value | None) -> Value:
    return value if value is not None and is_url(value) else UNKNOWN


def _default(frame: Frame, arguments: Arguments) -> Value:
    """What the environment gives where it says nothing: the default."""
    return _known(arguments.get(1, "default"))


def _first(frame: Frame, arguments: Arguments) -> Value:
    return _known(arguments.args[0] if arguments.args else None)


def _field(frame: Frame, arguments: Arguments) -> Value:
    return _known(arguments.get(0, "default"))


def _named(frame: Frame, arguments: Arguments) -> Value:
    """``URL.create("postgresql+asyncpg", ...)`` and the like."""
    name = arguments.get(0, "drivername") or arguments.get(1_000, "scheme")
    if isinstance(name, Const) and isinstance(name.value, str):
        return _known(text(name.value.removesuffix("://") + "://"))
    return UNKNOWN


def _set(frame: Frame, arguments: Arguments) -> Value:
    if arguments.opaque:
        return UNKNOWN
    return (
        _named(frame, Arguments((), arguments.keywords))
        if arguments.get(1_000, "drivername")
        else _first(frame, arguments)
    )


def _as_text(frame: Frame, arguments: Arguments) -> Value:
    found = _first(frame, arguments)
    return found if is_url(found) else Plain("str")


def _replace(frame: Frame, arguments: Arguments) -> Value:
    whole, old, new = (arguments.get(place, "") for place in range(3))
    if whole is None or not isinstance(old, Const) or not old.value or arguments.opaque:
        return UNKNOWN
    before = str(old.value)
    if before not in _text(whole):
        # the text may go on behind what is known of it, but the driver is not named there
        return _known(whole)
    if not isinstance(new, Const) or not isinstance(new.value, str):
        return UNKNOWN
    return _known(text(_text(whole).replace(before, new.value)))


SPECIAL: Final[dict[str, Callable[[Frame, Arguments], Value]]] = {
    "os.getenv": _default,
    "os.environ.get": _default,
    "decouple.config": _default,
    "pydantic.Field": _field,
    "pydantic.fields.Field": _field,
    "builtins.str": _as_text,
    "builtins.str.replace": _replace,
    "builtins.str.set": _set,
    **dict.fromkeys(
        (
            "builtins.str.strip", "builtins.str.rstrip", "builtins.str.format", "builtins.str.unicode_string",
            "builtins.str.render_as_string", "builtins.str.get_secret_value", "builtins.str.__str__",
            "sqlalchemy.make_url", "sqlalchemy.engine.make_url", "sqlalchemy.engine.url.make_url",
            "pydantic.PostgresDsn", "pydantic.MySQLDsn", "pydantic.AnyUrl", "pydantic.SecretStr",
        ),
        _first,
    ),
    **dict.fromkeys(
        (
            "sqlalchemy.URL.create", "sqlalchemy.engine.URL.create", "sqlalchemy.engine.url.URL.create",
            "sqlalchemy.engine.URL", "sqlalchemy.engine.url.URL", "pydantic.PostgresDsn.build",
            "pydantic.MySQLDsn.build", "pydantic.AnyUrl.build", "pydantic.networks.MultiHostUrl.build",
            "pydantic_core.MultiHostUrl.build",
        ),
        _named,
    ),
}  # fmt: skip


def is_rewritten(body: Iterable[object]) -> bool:
    """Whether a class has methods that may change a field that its body sets."""
    for statement in body:
        if isinstance(statement, tree.FunctionDef):
            marks = (d.func if isinstance(d, tree.Call) else d for d in statement.decorators)
            if any("validator" in dotted(mark) for mark in marks):
                return True
            if statement.name in ("__init__", "model_post_init", "__post_init__", "__new__"):
                return True
    return False


def driver(url: str) -> tuple[str, str]:
    """The database and the driver that the beginning of a URL names; no driver is an empty text."""
    database, _, name = url.partition("://")[0].partition("+")
    return database, name


def kind(url: str, *, is_21: bool | None) -> str:
    """What engines a URL is for: ``async``, ``sync``, ``both``, ``none``; empty where that is not known.

    ``is_21`` says whether SQLAlchemy is 2.1 or later, where ``postgresql://`` means psycopg.
    """
    database, name = driver(url)
    if database == "postgres":
        return "none"
    if not name:
        if database == "postgresql":
            return "" if is_21 is None else "both" if is_21 else "sync"
        return "sync" if database in drivers.DEFAULTS else ""
    if name in drivers.ASYNC[database]:
        return "async"
    if name in drivers.SYNC[database]:
        return "sync"
    if name == "psycopg":
        return "both"
    return "" if name in drivers.OTHER[database] else "none"
