"""What responses read of ORM objects, told at the lines that give the objects."""

from __future__ import annotations

from collections.abc import Iterable

from flake8_async_fastapi.engine.events import Event, ReadTraced


def find_hints(events: Iterable[Event]) -> dict[int, str]:
    """By line, which relationships a response model or a template reads of what is given there."""
    wanted: dict[int, dict[str, dict[str, None]]] = {}
    for event in events:
        if isinstance(event, ReadTraced) and event.is_relationship and event.reader != "code":
            wanted.setdefault(event.line, {}).setdefault(event.reader, {})[event.route] = None
    return {
        line: "; ".join(f"{reader} reads {', '.join(routes)}" for reader, routes in readers.items())
        for line, readers in wanted.items()
    }
