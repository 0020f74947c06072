"""AFA410: an engine or factory gets an argument that it cannot use."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from flake8_async_fastapi.domains.database.events import EngineMade, FactoryMade, FactoryUnbound
from flake8_async_fastapi.engine.events import Called
from flake8_async_fastapi.engine.values import Const, Library, Object
from flake8_async_fastapi.knowledge.engines import NOT_OF_ENGINES, SYNC_POOLS
from flake8_async_fastapi.rules.model import Events, Finding, Rule

RULE = Rule(
    "AFA410",
    "invalid-async-engine-argument",
    "bug",
    "a pool, argument or engine that async engines and sessions do not accept",
)

_CREATE: Final = "sqlalchemy.ext.asyncio.create_async_engine"
_REFUSES_POOLS: Final = (2, 0, 28)
"""The version of SQLAlchemy that refuses them. Source: each version from 2.0.24 on, run."""


def check(events: Events) -> Iterator[Finding]:
    takes_pools = {
        (made.line, made.col)
        for made in events.of(EngineMade)
        if made.requirements.is_kept_below("sqlalchemy", _REFUSES_POOLS)
    }
    for called in events.of(Called):
        if isinstance(called.callee, Library) and called.callee.dotted == _CREATE:
            for problem in _problems(called, refuses_pools=(called.line, called.col) not in takes_pools):
                yield RULE.at(called, f"{called.text} {problem}")
    for made in events.of(FactoryMade):
        bind, commits = made.arguments.get(0, "bind"), made.arguments.get(1_000, "autocommit")
        if isinstance(made.callee, Library) and made.callee.dotted == "sqlalchemy.orm.sessionmaker":
            continue
        if isinstance(bind, Object) and bind.type == "sqlalchemy.engine.Engine" and not bind.declared:
            yield RULE.at(
                made,
                f"{made.text} gets a sync engine, so its queries fail: use create_async_engine(...)",
            )
        elif commits == Const(True):
            yield RULE.at(
                made,
                f"{made.text} gets autocommit=True, which sessions no longer accept, so it fails: "
                "leave it out",
            )
    for unbound in events.of(FactoryUnbound):
        yield RULE.at(unbound, f"{unbound.text} gets no engine, so its sessions fail: pass the engine to it")


def _problems(called: Called, *, refuses_pools: bool) -> Iterator[str]:
    for name, value in called.arguments.keywords:
        if name == "poolclass" and isinstance(value, Library) and value.dotted in SYNC_POOLS:
            if not refuses_pools:
                continue
            pool = value.dotted.rpartition(".")[2]
            remedy = "leave it out, or use AsyncAdaptedQueuePool"
            yield f"gets poolclass={pool}, which async engines refuse: {remedy}"
        elif name in NOT_OF_ENGINES:
            yield f"does not accept {name}=, so it fails: {NOT_OF_ENGINES[name]}"
