"""The interpreter's knowledge, line by line, for a reader who doubts a finding."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Protocol

from flake8_async_fastapi.engine.events import Event, ReadTraced, VariableTraced
from flake8_async_fastapi.engine.values import (
    ClassValue,
    Collection,
    Const,
    Coroutine,
    DeclaredCallable,
    Folder,
    Function,
    Generator,
    Instance,
    Library,
    Manager,
    Member,
    ModuleValue,
    Object,
    OneOf,
    Partial,
    Plain,
    Super,
    Unknown,
    Value,
)


class Finding(Protocol):
    @property
    def line(self) -> int: ...
    @property
    def code(self) -> str: ...
    @property
    def message(self) -> str: ...


def trace_lines(text: str, events: Iterable[Event], findings: Sequence[Finding]) -> Iterator[str]:
    """The lines of a file that contain code, each followed by the knowledge of its paths after it."""
    believed: dict[int, dict[str, dict[str, dict[str, None]]]] = {}
    wanted: dict[int, dict[str, dict[str, None]]] = {}
    for event in events:
        if isinstance(event, ReadTraced):
            wanted.setdefault(event.line, {}).setdefault(event.reader, {})[event.route] = None
        if isinstance(event, VariableTraced):
            names = believed.setdefault(event.line, {}).setdefault(event.function, {})
            words = describe_value(event.value) + (f" [{event.loaded}]" if event.loaded else "")
            names.setdefault(event.name, {})[words] = None
    shown: dict[str, dict[str, list[str]]] = {}  # by function: a line with a def belongs to two of them
    for number, line in enumerate(text.split("\n"), 1):
        reported = [finding for finding in findings if finding.line == number]
        if number not in believed and number not in wanted and not reported:
            continue
        yield f"{number:5} | {line}"
        for function, variables in believed.get(number, {}).items():
            before = shown.get(function, {})
            now = {name: list(values) for name, values in variables.items()}
            for name, values in now.items():
                if before.get(name) != values:
                    yield f"      :     {name} = {' or '.join(values)}"
            shown[function] = now
        for reader, routes in wanted.get(number, {}).items():
            yield f"      ?     {reader} reads {', '.join(routes)}"
        for finding in reported:
            yield f"      > {finding.code} {finding.message}"


def describe_value(value: Value) -> str:
    """A value in words."""
    match value:
        case Unknown():
            return "unknown"
        case Plain(kind=kind):
            return kind
        case Const(value=constant):
            return repr(constant)
        case Library(dotted=dotted):
            return dotted
        case DeclaredCallable(is_async=is_async):
            return f"a callable that gives {'an awaitable' if is_async else 'what its annotation says'}"
        case Object(type=name, declared=declared):
            return f"{name}{' (declared)' if declared else ''}"
        case Member(receiver=receiver, name=name):
            return f"{receiver.type}.{name}"
        case ModuleValue(path=path):
            return f"module {path}"
        case Folder(dotted=dotted):
            return f"package {dotted}"
        case ClassValue():
            return f"class {value.name} ({value.path})"
        case Instance(cls=cls, exact=exact):
            return f"{cls.name}{'' if exact else ' or a subclass'} ({cls.path})"
        case Super(owner=owner):
            return f"super() of {owner.name}"
        case Function():
            return f"{'async ' if value.is_async else ''}function {value.name} ({value.path})"
        case Partial(function=function):
            return f"partial of {describe_value(function)}"
        case Coroutine(label=label):
            return f"coroutine {label}, not awaited yet"
        case Generator(item=item, is_async=is_async):
            return f"{'async ' if is_async else ''}generator of {describe_value(item)}"
        case Manager(value=entered, is_async=is_async):
            return f"{'async ' if is_async else ''}context manager giving {describe_value(entered)}"
        case Collection(kind=kind, items=None, item=item):
            return f"{kind} of {describe_value(item)}"
        case Collection(kind=kind, items=items):
            return f"{kind} of ({', '.join(describe_value(item) for item in items or ())})"
        case OneOf(values=values):
            return " or ".join(describe_value(option) for option in values)
