"""Calls that stop the event loop, and the code that may make them."""

from __future__ import annotations


def __getattr__(name: str) -> object:
    """The ``DOMAIN``, made late as long as the engine itself imports modules of this folder."""
    if name != "DOMAIN":
        raise AttributeError(name)
    from flake8_async_fastapi.domains.blocking import blocking_calls
    from flake8_async_fastapi.engine.context import Observers
    from flake8_async_fastapi.engine.domain import Domain

    return Domain("blocking", observers=Observers(callback_ran=(blocking_calls.ran_on_loop,)))
