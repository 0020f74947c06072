"""AFA108: ``run_sync`` is not given a plain function that uses the session it is passed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from flake8_async_fastapi.domains.orm.events import RunSync
from flake8_async_fastapi.engine.values import Collection, Const, Coroutine, Function, Instance, Plain, Value
from flake8_async_fastapi.rules.model import Events, Finding, Fix, Rule

RULE = Rule(
    "AFA108",
    "misused-run-sync",
    "bug",
    "run_sync() with the result of a call, an async function, or code that uses the AsyncSession itself",
    fixable="safe",
)

_WITHOUT_CALL = "pass the function without calling it"


def check(events: Events) -> Iterator[Finding]:
    for event in events.of(RunSync):
        problem = _problem(event)
        if problem:
            yield RULE.at(event, f"{event.text} {problem}", fix=_fix(event, problem))


def _fix(event: RunSync, problem: str) -> Fix | None:
    given = event.callback
    if event.is_call and problem.endswith(_WITHOUT_CALL):
        return RULE.fix(event, "drop_call", "any")
    function = given.function if isinstance(given, Coroutine) else given
    if not isinstance(function, Function) or not function.is_async:
        return None
    call = replace(RULE.fix(event, "call_async_function", function.name), files=(function.path,))
    if isinstance(given, Coroutine):
        return call
    plain = Fix("make_sync", function.path, function.node.line, -1, (function.name,), call.is_safe)
    return replace(call, instead=plain)


def _problem(event: RunSync) -> str:
    given: Value = event.callback
    if isinstance(given, Coroutine):
        return f"gets the coroutine {given.label} instead of a function: pass a plain function"
    if isinstance(given, (Const, Plain, Collection)) or (isinstance(given, Instance) and event.is_call):
        return f"gets the result of a call instead of the function: {_WITHOUT_CALL}"
    if isinstance(given, Function) and given.is_async:
        return f"gets the async function {given.name} and never awaits it: pass a plain function"
    if isinstance(event.result, Coroutine):
        label = event.result.label
        return f"runs code that never awaits {label}: use the sync session that it passes"
    for effect in event.effects:
        if effect.kind == "async-session":
            return f"runs code that never awaits {effect.label}: use the sync session that it passes"
    return ""
