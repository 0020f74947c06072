"""AFA405: the sync session factory is used with an async engine."""

from __future__ import annotations

from collections.abc import Iterator

from flake8_async_fastapi.domains.database.events import FactoryMade
from flake8_async_fastapi.engine.values import Library, Object
from flake8_async_fastapi.rules.model import Events, Finding, Rule

RULE = Rule(
    "AFA405",
    "sync-sessionmaker",
    "bug",
    "sessionmaker() on an async engine; if SQLAlchemy 2.0 is required, also with class_=AsyncSession",
    fixable="safe",
)

_ENGINE = "sqlalchemy.ext.asyncio.AsyncEngine"


def check(events: Events) -> Iterator[Finding]:
    for made in events.of(FactoryMade):
        callee, bind = made.callee, made.arguments.get(0, "bind")
        if not isinstance(callee, Library) or callee.dotted != "sqlalchemy.orm.sessionmaker":
            continue
        fix = RULE.fix(made, "async_factory")
        if _gives_async(made.result):
            if made.has_async_factory:
                yield RULE.advise(
                    made,
                    f"{made.text} makes async sessions: use async_sessionmaker(...), which is made for them",
                    fix,
                )
        elif isinstance(bind, Object) and bind.type == _ENGINE and _has_no_class(made):
            yield RULE.at(
                made,
                f"{made.text} makes sync sessions on an async engine, whose queries fail: "
                "use async_sessionmaker(...)",
                fix=fix,
            )


def _has_no_class(made: FactoryMade) -> bool:
    return not made.arguments.opaque and made.arguments.get(1, "class_") is None


def _gives_async(made: object) -> bool:
    return isinstance(made, Object) and made.type == "sqlalchemy.ext.asyncio.async_sessionmaker"
