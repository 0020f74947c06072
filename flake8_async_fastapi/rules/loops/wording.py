"""How the rules about loops speak of a call in a thread."""

from __future__ import annotations

from flake8_async_fastapi.domains.threads.events import LoopUsedInThread
from flake8_async_fastapi.rules.wording import at, way


def used_call(event: LoopUsedInThread) -> str:
    """The call that uses the loop, with the calls that lead there and where it is."""
    if event.chain:
        return f"{event.label}{way((*event.chain, event.label), event.at)}"
    return f"{event.label}{at(event.at)}"
