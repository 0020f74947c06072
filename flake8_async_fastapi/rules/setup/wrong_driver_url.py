"""AFA404: the URL of an engine names a driver of the wrong kind, an unknown one, or a parameter that it
refuses.
"""

from __future__ import annotations

from collections.abc import Iterator

from flake8_async_fastapi.domains.database.events import EngineMade, ParametersRefused, PooledStatements
from flake8_async_fastapi.engine.events import Called
from flake8_async_fastapi.engine.values import Const, Library, Object
from flake8_async_fastapi.knowledge.drivers import NUMBERS_FOR_ASYNCPG, PACKAGES, REFUSED_IN_URL, USUAL
from flake8_async_fastapi.knowledge.sync_users import TAKE_URL
from flake8_async_fastapi.rules.model import Events, Finding, Fix, Rule

RULE = Rule(
    "AFA404",
    "wrong-driver-url",
    "bug",
    "a driver of the wrong kind or an unknown one, or parameters asyncpg does not accept, such as sslmode",
    fixable="safe",
)

_SYNC = {"sqlite": "sqlite"}
"""The drivers that Python comes with, for engines that are not async."""


def check(events: Events) -> Iterator[Finding]:
    wrapped = set(_wrapped(events))
    for made in events.of(EngineMade):
        if (made.path, made.line, made.col) in wrapped:
            continue
        database = made.url.partition("://")[0].partition("+")[0]
        if made.engine_kind == "none":
            remedy = USUAL.get("postgresql" if database == "postgres" else database, "")
            wanted = f": write {remedy}://" if remedy and made.is_async else ""
            problem = f"{made.text} gets {made.url}, which SQLAlchemy does not know, so it fails{wanted}"
            yield RULE.at(made, problem, fix=_fix(made, remedy if made.is_async else ""))
        elif made.is_async and made.engine_kind == "sync":
            yield RULE.at(
                made,
                f"{made.text} gets {made.url}, whose driver is not async, so it fails: write {USUAL[database]}://",
                fix=_fix(made, USUAL[database]),
            )
        elif not made.is_async and made.engine_kind == "async":
            yield RULE.at(
                made,
                f"{made.text} gets {made.url}, whose driver is async, so the first query fails: use a "
                "sync driver",
                fix=_fix(made, _SYNC.get(database, "")),
            )
    for called in events.of(Called):
        taken = TAKE_URL.get(called.callee.dotted) if isinstance(called.callee, Library) else None
        if taken is None:
            continue
        url = called.arguments.get(*taken)
        written = url.value if isinstance(url, Const) and isinstance(url.value, str) else ""
        if written.partition(":")[0].partition("+")[2] in PACKAGES:
            problem = f"{called.text} gets {written}, whose driver is async, so it fails"
            yield RULE.at(called, f"{problem}: pass the URL of a sync driver")
    for refused in events.of(ParametersRefused):
        instead = dict.fromkeys(filter(None, map(REFUSED_IN_URL.__getitem__, refused.parameters)))
        remedy = f"write {' and '.join(instead)}" if instead else "leave it out"
        names = " and ".join(refused.parameters)
        if NUMBERS_FOR_ASYNCPG.issuperset(refused.parameters):
            why = f"from the URL, as a string instead of a number, so {refused.driver} fails to connect"
            yield RULE.at(refused, f"{refused.text} gets {names} {why}: {remedy}")
            continue
        yield RULE.at(
            refused,
            f"{refused.text} gets {names}, which {refused.driver} does not accept, so connecting fails: "
            f"{remedy}",
            fix=RULE.fix(refused, "rename_option", "sslmode", "ssl") if names == "sslmode" else None,
        )
    for pooled in events.of(PooledStatements):
        yield RULE.advise(
            pooled,
            f"{pooled.text} connects asyncpg to PgBouncer, where its prepared statements may fail: pass "
            "statement_cache_size=0 and prepared_statement_name_func in connect_args",
        )


def _fix(made: EngineMade, driver: str) -> Fix | None:
    """The fix that writes another driver in the URL of an engine."""
    if not driver:
        return None
    written = made.url.partition("://")[0]
    where = () if made.is_async else ("here",)  # a URL that several engines share is meant for the async ones
    return RULE.fix(made, "change_driver", written, driver, *where)


def _wrapped(events: Events) -> Iterator[tuple[str, int, int]]:
    """Where engines are made that are then wrapped by hand: ``AsyncEngine(create_engine(...))``."""
    for called in events.of(Called):
        callee = called.callee
        if isinstance(callee, Library) and callee.dotted == "sqlalchemy.ext.asyncio.AsyncEngine":
            engine = called.arguments.get(0, "sync_engine")
            if isinstance(engine, Object) and engine.origin is not None:
                yield engine.origin
