"""How the awaiting rules speak of a coroutine that nobody awaits."""

from __future__ import annotations

from dataclasses import replace

from flake8_async_fastapi.domains.threads.events import CallbackNeverAwaited
from flake8_async_fastapi.engine.events import CoroutineMisused
from flake8_async_fastapi.engine.values import Object, Value
from flake8_async_fastapi.rules.model import Events, Fix, Rule
from flake8_async_fastapi.rules.wording import can_await, way

_CONSEQUENCES = {
    "discarded": "the call does nothing",
    "forgotten": "the call does nothing",
    "attribute": "the coroutine has no .{detail}",
    "subscript": "a coroutine cannot be subscripted",
    "condition": "the coroutine is always true",
    "compared": "the coroutine equals nothing else",
    "interpolated": "the text shows the coroutine, not the result",
    "operand": "a coroutine supports no operators",
    "joined": "join() raises TypeError for a coroutine",
    "iterated": "{detail} cannot iterate a coroutine",
    "entered": "{detail} cannot enter a coroutine",
    "called": "a coroutine cannot be called",
    "unpacked": "a coroutine cannot be unpacked",
    "passed": "{detail} gets the coroutine, not the result",
    "used": "{detail} uses the coroutine as if it were the result",
    "given-back": "the function returns the coroutine, not the declared result",
    "gathered": "{detail} raises TypeError, since it gets a list instead of its items",
    "waited": "{detail} raises TypeError, since it takes tasks and no coroutines",
    "returned": "the route returns a coroutine instead of its result",
}


def one_for_each_use(events: Events) -> list[tuple[CoroutineMisused, str]]:
    """The misused coroutines, as ``Events.with_doubtful`` has them, but each only once for a kind of use.

    One ``await`` mends all attributes that are read from a coroutine, so they are one mistake.
    """
    kept: dict[tuple[object, ...], tuple[CoroutineMisused, str]] = {}
    for event, unless in events.with_doubtful(CoroutineMisused):
        key = (event.path, event.line, event.col, event.coroutine.origin, event.use, event.awaited_chain)
        best = kept.setdefault(key, (event, unless))
        if (bool(unless), event.detail) < (bool(best[1]), best[0].detail):
            kept[key] = (event, unless)
    return list(kept.values())


def unawaited(event: CoroutineMisused) -> str:
    """The message for a coroutine that is not awaited: the call, the consequence and the remedy."""
    consequence = _CONSEQUENCES[event.use].format(detail=event.detail or "a loop")
    label = event.coroutine.label
    if event.use == "gathered":
        return f"{label} is never awaited: {consequence}; write * before the list"
    if event.use == "waited":
        return f"{label} is never awaited: {consequence}; write asyncio.create_task({label})"
    if event.coroutine.made_by_await:
        return f"await {label} returns another coroutine that is never awaited: {consequence}; await it too"
    is_block = event.use == "entered" and event.coroutine.family == "database"
    remedy = f"write async with await {label}" if is_block else f"write {_awaited(event)}"
    return f"{label} is never awaited: {consequence}; {can_await(event, remedy)}"


def awaited_late(event: CoroutineMisused) -> str:
    """The message for an ``await`` before a chain that begins with a coroutine."""
    rest = f".{event.detail}" if event.use == "attribute" else "[...]"
    label, consequence = event.coroutine.label, _CONSEQUENCES[event.use].format(detail=event.detail)
    return f"{label} is not awaited before {rest} is read: {consequence}; write {_awaited(event)}"


def _awaited(event: CoroutineMisused) -> str:
    """The call with its ``await``, and with the attribute or item that is read from it directly."""
    awaited = f"await {event.coroutine.label}"
    if not event.in_chain:
        return awaited
    return f"({awaited}).{event.detail}" if event.use == "attribute" else f"({awaited})[...]"


def await_it(rule: Rule, event: CoroutineMisused) -> Fix | None:
    """The fix for a coroutine that is not awaited: await the call that makes it."""
    if event.use in ("gathered", "waited"):
        return None
    how = "twice" if event.coroutine.made_by_await else ""
    if event.awaited_chain:
        how = "chain" if _has_async_methods(event.coroutine.result) else "instead"
    plain = rule.fix(event, "insert_await", event.coroutine.label, how)
    if event.in_async:
        return plain
    around = replace(plain, words=(*plain.words, "around"), is_safe=False)
    return replace(plain, instead=around)


def _has_async_methods(value: Value) -> bool:
    """Whether the next call of a chain may have to be awaited too, as after ``stream()``."""
    return isinstance(value, Object) and ("asyncio" in value.type or value.type.startswith("aio"))


def never_run(event: CallbackNeverAwaited) -> str:
    """The message for a coroutine function passed to code that never awaits its coroutine."""
    *above, caller = filter(None, (*event.chain, event.runner))
    remedy = event.remedy or f"pass a plain function, or await the result in {caller}"
    via = way((*above, caller)) if above else ""
    return f"{caller} calls {event.text}{via} but never awaits its coroutine, so it does not run: {remedy}"
