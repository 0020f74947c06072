"""AFA107: an event loop is started where one runs already, or for one call of a sync route."""

from __future__ import annotations

from collections.abc import Iterator

from flake8_async_fastapi.domains.blocking.events import Effect, EffectReached
from flake8_async_fastapi.engine.events import Called
from flake8_async_fastapi.engine.values import Object, Value, called_name
from flake8_async_fastapi.engine.walks import held_coroutines
from flake8_async_fastapi.knowledge import effect
from flake8_async_fastapi.knowledge.transactions import is_session_type
from flake8_async_fastapi.rules.model import Events, Finding, Rule
from flake8_async_fastapi.rules.wording import way

RULE = Rule(
    "AFA107",
    "event-loop-per-call",
    "bug",
    "asyncio.run() while a loop is running, or around an AsyncSession in a sync route",
    fixable="safe",
)


def check(events: Events) -> Iterator[Finding]:
    for reached in events.of(EffectReached):
        if reached.effect.kind == "event-loop":
            is_own = not reached.effect.chain and not reached.effect.label.startswith("alembic.")
            fix = RULE.fix(reached, "await_instead") if is_own else None
            yield RULE.at(reached, _message(reached.effect), fix=fix)
    for called in events.of(Called):
        starts = (
            called.is_route and not called.in_async and effect(called_name(called.callee)) == "event-loop"
        )
        if starts and any(map(_drives_session, called.arguments.values())):
            yield RULE.at(
                called,
                f"{called.text} uses the AsyncSession of a sync route on a new event loop, but its "
                "connections belong to another: make the route async def and await the call",
            )


def _message(effect: Effect) -> str:
    label, chain = effect.label, effect.chain
    via = way((*chain, label), effect.at) if chain else ""
    if label.startswith("alembic."):
        why = "env.py starts an event loop, but one is already running"
        remedy = f"run {chain[0] if chain else 'it'} with asyncio.to_thread()"
    else:
        why = "an event loop is already running"
        remedy = (f"make {chain[0]} async def and " if chain else "") + "await the coroutine"
    return f"{label} raises RuntimeError{via}: {why}; {remedy}"


def _drives_session(value: Value) -> bool:
    for coroutine in held_coroutines(value):
        if coroutine.family == "database":
            return True
        if coroutine.call is not None and any(map(_is_session, coroutine.call.values())):
            return True
        receiver = coroutine.function.receiver if coroutine.function is not None else None
        attributes = getattr(receiver, "attributes", None) or ()
        if any(_is_session(attribute) for _, attribute in attributes):
            return True
    return False


def _is_session(value: Value) -> bool:
    return isinstance(value, Object) and is_session_type(value.type)
