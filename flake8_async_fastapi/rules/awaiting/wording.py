"""How the awaiting rules speak of a coroutine that nobody awaits."""

from __future__ import annotations

from flake8_async_fastapi.domains.threads.events import CallbackNeverAwaited
from flake8_async_fastapi.engine.events import CoroutineMisused
from flake8_async_fastapi.engine.values import Object, Value
from flake8_async_fastapi.rules.model import Fix, Rule

_CONSEQUENCES = {
    "discarded": "the call does nothing",
    "forgotten": "the call does nothing",
    "attribute": "it is a coroutine, which has no .{detail}",
    "subscript": "it is a coroutine, which cannot be subscripted",
    "condition": "it is a coroutine, which is always true",
    "compared": "it is a coroutine, which equals nothing else",
    "interpolated": "it is a coroutine, whose own text is shown instead of the result",
    "operand": "it is a coroutine, which has no operators",
    "iterated": "it is a coroutine, which {detail} cannot iterate",
    "entered": "it is a coroutine, which {detail} cannot enter",
    "called": "it is a coroutine, which cannot be called",
    "unpacked": "it is a coroutine, which cannot be unpacked",
    "passed": "it is a coroutine, which {detail} takes as it is",
    "used": "it is a coroutine, which {detail} uses as if it were the result",
    "given-back": "it is a coroutine, which is not what the function says that it returns",
    "returned": "the route returns a coroutine instead of its result",
}


def unawaited(event: CoroutineMisused) -> str:
    """The message for a coroutine that is not awaited: what, the consequence, the remedy."""
    consequence = _CONSEQUENCES[event.use].format(detail=event.detail or "a loop")
    label = event.coroutine.label
    if event.coroutine.made_by_await:
        return f"await {label} gives another coroutine that is never awaited: {consequence}; await it too"
    if event.use == "entered" and event.coroutine.family == "database":
        return f"{label} is never awaited: {consequence}; write async with await {label}"
    return f"{label} is never awaited: {consequence}; write await {label}"


def await_it(rule: Rule, event: CoroutineMisused) -> Fix:
    """The fix for a coroutine that is not awaited: await the call that makes it."""
    how = "twice" if event.coroutine.made_by_await else ""
    if event.awaited_chain:
        how = "chain" if _has_async_methods(event.coroutine.result) else "instead"
    return rule.fix(event, "insert_await", event.coroutine.label, how)


def _has_async_methods(value: Value) -> bool:
    """Whether what follows in a chain may have to be awaited too, as of the result of ``stream()``."""
    return isinstance(value, Object) and ("asyncio" in value.type or value.type.startswith("aio"))


def never_run(event: CallbackNeverAwaited) -> str:
    """The message for a coroutine function that is given to what never awaits its coroutine."""
    callers = [f"{name}()" for name in event.chain] + ([event.runner] if event.runner else [])
    remedy = event.remedy or "pass a plain function, or await the result there"
    caller = " -> ".join(callers)
    return f"{caller} calls {event.text} and never awaits its coroutine: it does not run; {remedy}"
