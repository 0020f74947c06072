"""ORM objects as text: what a ``__repr__`` reads of them, and what is known of them, in words."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from flake8_async_fastapi.domains.orm.mapping import models
from flake8_async_fastapi.domains.orm.mapping.attributes import Relationship
from flake8_async_fastapi.domains.orm.objects import reads, transitions
from flake8_async_fastapi.domains.orm.objects.instances import Held, Lost, Row, refs_in, rows_of
from flake8_async_fastapi.engine.frame import Frame
from flake8_async_fastapi.engine.machine import classes, summaries
from flake8_async_fastapi.engine.places import Place
from flake8_async_fastapi.engine.values import Arguments, Function, Instance, Ref, Value, options


def show(frame: Frame, value: Value, place: Place) -> None:
    """An object becomes text: its ``__repr__`` reads attributes."""
    for option in options(value):
        if not isinstance(option, Instance) or option.ref is None:
            continue
        row = rows_of(frame.state).get(option.ref)
        if row is None:
            continue
        for name in ("__str__", "__repr__"):
            plain = replace(option, ref=None)
            method = classes.attribute(frame.ctx, plain, name)
            if isinstance(method, Function):
                summaries.applied(frame, replace(method, receiver=option), Arguments(), place)
                break
        else:
            _generated_repr(frame, option, row, place)


def _generated_repr(frame: Frame, instance: Instance, row: Row, place: Place) -> None:
    """The ``__repr__`` of a mapped dataclass shows every attribute, but those with ``repr=False``."""
    model = models.mapped(frame.ctx, row.cls)
    if model is None or not model.is_dataclass:
        return
    for name, attribute in model.attributes.items():
        if attribute.in_repr is True:
            reads.read(frame, instance, name, place.position, "shown")


def describe(frame: Frame, value: Value) -> Iterator[str]:
    """What is known of the objects in a value, in words."""
    for ref in refs_in(value):
        yield _describe(frame, ref)


def _describe(frame: Frame, ref: Ref) -> str:
    """What is known of an object, in words: its load plan and its state."""
    row = rows_of(frame.state).get(ref)
    model = models.mapped(frame.ctx, row.cls) if row is not None else None
    if row is None or model is None:
        return ""
    held, missing = [], []
    for name, attribute in model.attributes.items():
        found = transitions.status(frame.ctx, row, name, attribute)
        if isinstance(found, Lost):
            missing.append(f"{name} ({found.cause})")
        elif isinstance(found, Held) and isinstance(attribute, Relationship):
            held.append(name)
    parts = [row.phase, *(["doubtful"] if row.doubtful else [])]
    if held:
        parts.append(f"loaded: {', '.join(held)}")
    if missing:
        parts.append(f"missing: {', '.join(missing)}")
    return ", ".join(parts)
