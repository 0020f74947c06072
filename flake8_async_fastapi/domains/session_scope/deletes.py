"""Deletions: ``session.delete(obj)`` runs a query only if a cascade deletes other objects too.

Source: docs/behaviour.md#transactions.
"""

from __future__ import annotations

from typing import Final

from flake8_async_fastapi.engine.frame import Context
from flake8_async_fastapi.engine.machine import classes
from flake8_async_fastapi.engine.text import path_of
from flake8_async_fastapi.engine.values import ClassValue, Instance, Value, alternatives
from flake8_async_fastapi.facts import tree
from flake8_async_fastapi.facts.walk import nodes_in

_DELETING: Final = frozenset({"all", "delete", "delete-orphan"})


def deleting_queries(ctx: Context, subject: Value | None) -> bool:
    """Whether an object's class has a relationship with a deleting cascade."""
    for alternative in alternatives(subject) if subject is not None else ():
        if isinstance(alternative, Instance):
            for base in classes.mro(ctx, alternative.cls):
                if isinstance(base, ClassValue) and _has_cascade(ctx, base):
                    return True
    return False


def _has_cascade(ctx: Context, cls: ClassValue) -> bool:
    def find() -> bool:
        return any(isinstance(node, tree.Call) and _cascades(node) for node in nodes_in(cls.node.body))

    return ctx.derive(("cascade", cls), find)


def _cascades(call: tree.Call) -> bool:
    """Whether a call defines a relationship with a deleting cascade that loads the objects it deletes."""
    if path_of(call.func).rpartition(".")[2].lower() not in ("relationship", "backref"):
        return False
    if any(keyword.name == "passive_deletes" for keyword in call.keywords):
        return False
    if any(keyword.name == "cascade_delete" for keyword in call.keywords):
        return True
    texts = (node.value for node in nodes_in(call.keywords) if isinstance(node, tree.Const))
    words = {word.strip() for text in texts if isinstance(text, str) for word in text.split(",")}
    return bool(_DELETING & words)
