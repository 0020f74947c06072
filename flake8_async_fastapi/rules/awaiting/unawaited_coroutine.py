"""AFA105: a coroutine of the project or of another library that is never awaited."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from flake8_async_fastapi import knowledge
from flake8_async_fastapi.domains.threads.events import CallbackNeverAwaited
from flake8_async_fastapi.engine.events import AttributeRead
from flake8_async_fastapi.engine.values import Object
from flake8_async_fastapi.rules.awaiting.wording import await_it, never_run, one_for_each_use, unawaited
from flake8_async_fastapi.rules.model import Events, Finding, Rule
from flake8_async_fastapi.rules.wording import can_await

RULE = Rule(
    "AFA105",
    "unawaited-coroutine",
    "bug",
    "a coroutine of the project, FastAPI, httpx or asyncio is never awaited",
    fixable="safe",
)

_FUTURES: Final = frozenset({"asyncio.Future", "asyncio.tasks._GatheringFuture"})


def check(events: Events) -> Iterator[Finding]:
    for event, unless in one_for_each_use(events):
        if event.coroutine.family != "database" and not event.awaited_chain:
            yield RULE.at(event, unawaited(event), unless, await_it(RULE, event))
    for dropped in events.of(CallbackNeverAwaited):
        yield RULE.at(dropped, never_run(dropped))
    for read in events.of(AttributeRead):
        if _is_of_result(read):
            owner = read.text.removesuffix(f".{read.name}")
            remedy = can_await(read, f"write (await {owner}).{read.name}")
            yield RULE.at(read, f"{read.text} raises AttributeError: a future has no {read.name}; {remedy}")


def _is_of_result(read: AttributeRead) -> bool:
    """Whether an attribute is read that a future of this program certainly lacks; its result may have it."""
    made = read.value
    if not isinstance(made, Object) or made.type not in _FUTURES or made.declared:
        return False
    return not read.name.startswith("_") and knowledge.member(made.type, read.name) is None
