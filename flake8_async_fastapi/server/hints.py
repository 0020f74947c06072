"""Inlay hints: the ORM attributes that responses read, at the lines that return the objects."""

from __future__ import annotations

from collections.abc import Iterable

from flake8_async_fastapi.engine.events import Event, ReadTraced


def find_hints(events: Iterable[Event]) -> dict[int, str]:
    """The relationships that a response model or a template reads, by the line that returns the object."""
    wanted: dict[int, dict[str, dict[str, None]]] = {}
    for event in events:
        if isinstance(event, ReadTraced) and event.is_relationship and event.reader != "code":
            wanted.setdefault(event.line, {}).setdefault(event.reader, {})[event.route] = None
    return {
        line: "; ".join(f"{reader} reads {', '.join(routes)}" for reader, routes in readers.items())
        for line, readers in wanted.items()
    }
