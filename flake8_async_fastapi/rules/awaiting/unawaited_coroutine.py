"""AFA105: a coroutine of the project or of another library that is never awaited."""

from __future__ import annotations

from collections.abc import Iterator

from flake8_async_fastapi.domains.threads.events import CallbackNeverAwaited
from flake8_async_fastapi.rules.awaiting.wording import await_it, never_run, one_for_each_use, unawaited
from flake8_async_fastapi.rules.model import Events, Finding, Rule

RULE = Rule(
    "AFA105",
    "unawaited-coroutine",
    "bug",
    "a coroutine of the project, FastAPI, httpx or asyncio is never awaited",
    fixable="safe",
)


def check(events: Events) -> Iterator[Finding]:
    for event, unless in one_for_each_use(events):
        if event.coroutine.family != "database" and not event.awaited_chain:
            yield RULE.at(event, unawaited(event), unless, await_it(RULE, event))
    for dropped in events.of(CallbackNeverAwaited):
        yield RULE.at(dropped, never_run(dropped))
