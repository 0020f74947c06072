"""Coroutines that ``asyncio.shield`` keeps from the cancellation of the task that waits for them.

Source: docs/behaviour.md#asyncioshield.
"""

from __future__ import annotations

from typing import Final

from flake8_async_fastapi.domains.session_scope.activity import Creation
from flake8_async_fastapi.facts import tree
from flake8_async_fastapi.facts.walk import nodes_in
from flake8_async_fastapi.knowledge.transactions import ROLLS_BACK

_ENDS: Final = ROLLS_BACK | {"remove"}


def only_ends(creation: Creation) -> bool:
    """Whether a coroutine cleans up: it closes a session or takes back what is in it."""
    if creation.function is None:
        return isinstance(creation.func, tree.Attr) and creation.func.name in _ENDS
    body = creation.function.node.body
    return any(isinstance(node, tree.Attr) and node.name in _ENDS for node in nodes_in(body))
