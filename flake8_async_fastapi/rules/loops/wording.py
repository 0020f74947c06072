"""How the rules about loops speak of a call in a thread."""

from __future__ import annotations

from flake8_async_fastapi.domains.threads.events import LoopUsedInThread


def used_call(event: LoopUsedInThread) -> str:
    """The call that uses the loop, with the calls that lead there and where it is."""
    chain = " -> ".join([*(f"{name}()" for name in event.chain), event.label])
    return f"{chain} ({event.place})" if event.place else chain
