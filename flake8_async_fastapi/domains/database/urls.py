"""Database URLs: the known part of a text that names a database and its driver.

Other texts are not distinguished, so that there are few paths. A text that starts like a database URL is
kept, cut down to that beginning, which names the driver, and to the parameters after ``?`` that a driver
may refuse.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from typing import Final

from flake8_async_fastapi.engine.frame import Context
from flake8_async_fastapi.engine.models import CallModel, CallSite
from flake8_async_fastapi.engine.values import (
    UNKNOWN,
    Arguments,
    Collection,
    Const,
    Function,
    Plain,
    TextPrefix,
    Value,
)
from flake8_async_fastapi.facts import tree
from flake8_async_fastapi.facts.tree import Expr
from flake8_async_fastapi.facts.walk import dotted
from flake8_async_fastapi.knowledge import drivers

_BEGINNING: Final = re.compile(r"([a-z]+)(?:\+(\w+))?://")
_QUERY_PLACE: Final = 6
"""The place of ``query`` among the arguments of ``URL.create``."""
_DATABASES: Final = frozenset({*drivers.ASYNC, "postgres"})


_URL: Final = re.compile(
    r"(?:sqlite|postgres|postgresql|mysql|mariadb|oracle|mssql)(?:\+\w+(?:://)?|://)(?:\?[&=.\w-]+)?"
)
_POOLER: Final = re.compile(
    r"://(?:[^/?]*@)?(?:[^/?@]*pgbouncer[^/?@]*|(?!localhost|127\.|0\.0)[^/?@]*:6432"
    r"|[^/?@]*supabase[^/?@]*:6543)(?:[/?]|$)"
)
"""A URL of PgBouncer by the name of its host or its usual port, which others use on their own machine; or of
Supabase's pooler."""
_BEHIND_POOLER: Final = "behind_pgbouncer"
FALLBACK: Final = "async_fallback"
"""The parameter with which async drivers serve sync engines, before SQLAlchemy 2.1."""
_KEPT: Final = frozenset({*drivers.REFUSED_IN_URL, _BEHIND_POOLER, FALLBACK})
"""What is kept of such a URL, in the place of a parameter."""
_PARAMETER: Final = re.compile(r"[?&](\w+)(?:=([\w.-]*))?")


def model_text(ctx: Context, written: str) -> TextPrefix | None:
    """The part of a text that is kept if it is a database URL; None for another text."""
    return url_prefix(written)


@lru_cache
def url_prefix(written: str) -> TextPrefix | None:
    """The beginning of a database URL, or the name of a driver; None for another text."""
    if "://" in written:
        match = _BEGINNING.match(written)
        if match is not None and match[1] in _DATABASES:
            kept = [(_BEHIND_POOLER, "")] if _POOLER.search(written) else []
            written = match[0] + _refusable([*_PARAMETER.findall(written), *kept])
    return TextPrefix(written) if _URL.fullmatch(written) else None


def _refusable(parameters: Iterable[tuple[str, str]]) -> str:
    """The parameters that a driver may refuse or that change its behaviour, as the end of a URL."""
    kept = [f"{name}={text}" for name, text in parameters if name in _KEPT]
    return "?" + "&".join(kept) if kept else ""


def is_of_pooler(value: Value) -> bool:
    """Whether a URL certainly connects to PgBouncer."""
    return f"{_BEHIND_POOLER}=" in _prefix_text(value)


def parameters_of(value: Value) -> tuple[str, ...]:
    """The names of the parameters of a URL that a driver may refuse or that change its behaviour."""
    return tuple(dict.fromkeys(name for name, _ in _PARAMETER.findall(_prefix_text(value))))


def is_url(value: Value) -> bool:
    """Whether a value is the beginning of a database URL, as texts are cut down."""
    return isinstance(value, TextPrefix)


def evaluate_url_test(test: Expr, evaluate: Callable[[Expr], Value]) -> bool | None:
    """The outcome of a test of a database URL; None for other tests, and if the outcome is not known."""
    match test:
        case tree.Call(func=tree.Attr(value=tested, name="startswith"), args=[tree.Const(value=str(sought))]):
            return _begins_with(_tested_url(tested, evaluate), [sought])
        case tree.Call(func=tree.Attr(value=tested, name="startswith"), args=[tree.Display(items=items)]):
            written = [item.value for item in items if isinstance(item, tree.Const)]
            texts = [text for text in written if isinstance(text, str)]
            return _begins_with(_tested_url(tested, evaluate), texts) if len(texts) == len(items) else None
        case tree.Compare(left=tree.Const(value=str(sought)), ops=[("in" | "not in") as op], rights=[tested]):
            holds = _contains(_tested_url(tested, evaluate), sought)
            return None if holds is None else holds is (op == "in")
        case tree.Compare(left=left, ops=[("==" | "!=") as op], rights=[tree.Const(value=str(sought))]):
            name = _backend_asked(left, evaluate)
            return (name == sought) is (op == "==") if name else None
        case tree.Call(func=func, args=[given], keywords=[]) if dotted(func):
            url = _tested_url(given, evaluate)
            return _ask_function(evaluate(func), url) if is_url(url) else None
    return None


def _backend_asked(left: Expr, evaluate: Callable[[Expr], Value]) -> str:
    """The database that ``make_url(url).get_backend_name()`` names; empty if another thing is compared."""
    match left:
        case tree.Call(func=tree.Attr(name="get_backend_name"), args=[]):
            return database_and_driver(_prefix_text(_tested_url(left, evaluate)))[0]
    return ""


def _ask_function(function: Value, url: Value) -> bool | None:
    """The outcome of a function of the project that does nothing but test the URL that it gets."""
    if not isinstance(function, Function) or len(function.node.params) != 1:
        return None
    name, node = function.node.params[0].name, function.node
    if not isinstance(node, tree.FunctionDef) or not all(map(_is_text, node.body[:-1])):
        return None
    match node.body[-1]:
        case tree.Return(value=tree.Call() | tree.Compare() as test):
            return evaluate_url_test(test, lambda one: url if dotted(one) == name else UNKNOWN)
    return None


def _is_text(statement: tree.Stmt) -> bool:
    return isinstance(statement, tree.ExprStmt) and isinstance(statement.value, tree.Const)


_ALIKE: Final = frozenset({"lower", "casefold", "strip", "get_backend_name"})


def _tested_url(tested: Expr, evaluate: Callable[[Expr], Value]) -> Value:
    """The URL that a test reads, also as ``url.lower()``, ``str(url)`` or ``make_url(url).drivername``."""
    while True:
        match tested:
            case tree.Call(func=tree.Attr(value=inner, name=name), args=[]) if name in _ALIKE:
                tested = inner
            case tree.Attr(value=tree.Call() as inner, name="drivername"):
                tested = inner
            case tree.Call(func=tree.Name(id="str" | "make_url"), args=[inner]):
                tested = inner
            case _:
                return evaluate(tested) if dotted(tested) else UNKNOWN


def _begins_with(url: Value, sought: Iterable[str]) -> bool | None:
    if not is_url(url):
        return None
    known = _prefix_text(url)
    if any(known.startswith(text) for text in sought):
        return True
    return None if any(text.startswith(known) for text in sought) else False


def _contains(url: Value, sought: str) -> bool | None:
    """Whether a URL contains a text: the rest of it is not known, but no driver is named there."""
    if not is_url(url):
        return None
    known = _prefix_text(url)
    is_parameter = any(text and f"{name}=" in sought for name, text in _PARAMETER.findall(known))
    return sought in known if sought in _WORDS or is_parameter or sought in known else None


def _model_startswith(site: CallSite) -> Value | None:
    whole, sought = (site.arguments.get(place, "") for place in range(2))
    texts = sought.items or () if isinstance(sought, Collection) else (sought,)
    known = [text.value for text in texts if isinstance(text, Const) and isinstance(text.value, str)]
    holds = _begins_with(whole, known) if whole is not None and known and len(known) == len(texts) else None
    return None if holds is None else Const(holds)


def _model_backend_name(site: CallSite) -> Value | None:
    whole = site.arguments.get(0, "")
    return Const(database_and_driver(_prefix_text(whole))[0]) if whole is not None and is_url(whole) else None


_WORDS: Final = frozenset(
    word
    for kinds in (drivers.ASYNC, drivers.SYNC)
    for database, names in kinds.items()
    for name in names
    for word in (name, f"+{name}", f"{database}+{name}", f"{database}+{name}://", f"+{name}:")
) | {word for database in _DATABASES for word in (database, f"{database}://")}


def _prefix_text(value: Value) -> str:
    return str(value.value) if isinstance(value, Const) else ""


def _url_or_unknown(value: Value | None) -> Value:
    return value if value is not None and is_url(value) else UNKNOWN


def _model_default(site: CallSite) -> Value:
    """The default of a variable of the environment, which counts as its value."""
    return _url_or_unknown(site.arguments.get(1, "default"))


def _model_first_argument(site: CallSite) -> Value:
    return _url_or_unknown(site.arguments.args[0] if site.arguments.args else None)


def _model_field(site: CallSite) -> Value:
    return _url_or_unknown(site.arguments.get(0, "default"))


def _model_url_create(site: CallSite) -> Value:
    """The value of ``URL.create("postgresql+asyncpg", ...)`` and similar calls."""
    name = site.arguments.get(0, "drivername") or site.arguments.get(1_000, "scheme")
    if isinstance(name, Const) and isinstance(name.value, str):
        query = site.arguments.get(_QUERY_PLACE, "query")
        names = query.keys or () if isinstance(query, Collection) else ()
        host, port = site.arguments.get(3, "host"), site.arguments.get(4, "port")
        is_pooler = isinstance(host, Const) and _POOLER.search(f"://{host.value}:{_number(port)}")
        given = _refusable((name, "") for name in (*names, _BEHIND_POOLER if is_pooler else None) if name)
        return _url_or_unknown(url_prefix(name.value.removesuffix("://") + "://" + given))
    return UNKNOWN


def _number(value: Value | None) -> object:
    return value.value if isinstance(value, Const) else ""


def _model_set(site: CallSite) -> Value:
    if site.arguments.opaque:
        return UNKNOWN
    if site.arguments.get(1_000, "drivername"):
        return _model_url_create(site._replace(arguments=Arguments((), site.arguments.keywords)))
    found = _model_first_argument(site)
    return without_parameters(found) if site.arguments.get(1_000, "query") else found


def _model_render(site: CallSite) -> Value:
    found = _model_first_argument(site)
    return found if is_url(found) else Plain("str")


def without_parameters(url: Value) -> Value:
    """A URL whose parameters may have changed."""
    return _url_or_unknown(url_prefix(_prefix_text(url).partition("?")[0]))


def _model_replace(site: CallSite) -> Value:
    whole, old, new = (site.arguments.get(place, "") for place in range(3))
    if whole is None or not isinstance(old, Const) or not old.value or site.arguments.opaque:
        return UNKNOWN
    before = str(old.value)
    if any(before in f"?{name}=&{name}=" or name in before for name in parameters_of(whole)):
        return without_parameters(whole)
    if before not in _prefix_text(whole):
        # the text may continue after the known part, but does not name the driver there
        return _url_or_unknown(whole)
    if not isinstance(new, Const) or not isinstance(new.value, str):
        return UNKNOWN
    return _url_or_unknown(url_prefix(_prefix_text(whole).replace(before, new.value)))


CALLS: Final[Mapping[str, CallModel]] = {
    "os.getenv": _model_default,
    "os.environ.get": _model_default,
    "decouple.config": _model_default,
    "pydantic.Field": _model_field,
    "pydantic.fields.Field": _model_field,
    "builtins.str": _model_render,
    "builtins.str.startswith": _model_startswith,
    "builtins.str.get_backend_name": _model_backend_name,
    "builtins.str.replace": _model_replace,
    "builtins.str.set": _model_set,
    **dict.fromkeys(
        (
            "builtins.str.strip", "builtins.str.rstrip", "builtins.str.lower", "builtins.str.casefold",
            "builtins.str.format", "builtins.str.unicode_string",
            "builtins.str.render_as_string", "builtins.str.get_secret_value", "builtins.str.__str__",
            "sqlalchemy.make_url", "sqlalchemy.engine.make_url", "sqlalchemy.engine.url.make_url",
            "pydantic.PostgresDsn", "pydantic.MySQLDsn", "pydantic.AnyUrl", "pydantic.SecretStr",
        ),
        _model_first_argument,
    ),
    **dict.fromkeys(
        (
            "sqlalchemy.URL.create", "sqlalchemy.engine.URL.create", "sqlalchemy.engine.url.URL.create",
            "sqlalchemy.engine.URL", "sqlalchemy.engine.url.URL", "pydantic.PostgresDsn.build",
            "pydantic.MySQLDsn.build", "pydantic.AnyUrl.build", "pydantic.networks.MultiHostUrl.build",
            "pydantic_core.MultiHostUrl.build",
        ),
        _model_url_create,
    ),
}  # fmt: skip


def database_and_driver(url: str) -> tuple[str, str]:
    """The database and the driver that the beginning of a URL names; an empty text for no driver."""
    database, _, name = url.partition("://")[0].partition("+")
    return database, name


def engine_kind(url: str, *, is_21: bool | None) -> str:
    """The kind of engine a URL is for: ``async``, ``sync``, ``both``, ``none``; empty if it is not known."""
    database, name = database_and_driver(url)
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
