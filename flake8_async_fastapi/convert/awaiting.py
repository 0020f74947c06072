"""Coroutines that converted code creates and does not await, as the analyzer finds them."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping

from flake8_async_fastapi.convert.colour import Colours, colour_callers, is_marked
from flake8_async_fastapi.convert.functions import FunctionEdits
from flake8_async_fastapi.convert.imports import Imports
from flake8_async_fastapi.convert.infer import Inference
from flake8_async_fastapi.convert.leaving import marking_edits
from flake8_async_fastapi.convert.sites import Site, Sites
from flake8_async_fastapi.convert.texts import EditError, Function, Source, apply_edits, parse
from flake8_async_fastapi.engine.events import CoroutineMisused


def await_missed(
    inference: Inference, sources: Mapping[str, Source], misused: Iterable[CoroutineMisused]
) -> dict[str, str]:
    """The texts that change when the coroutines are awaited, and their functions and callers become async."""
    finder = Sites(inference)
    seeds: dict[Function, list[Site]] = {}
    for event in misused:
        place = event.coroutine.origin
        source = sources.get(place.path)
        if source is None:
            continue
        call = _call_at(finder, source, (place.line, place.col), event.coroutine.label)
        owner = None if call is None else source.function_of(call)
        if call is not None and owner is not None and not is_marked(source, owner):
            seeds.setdefault(owner, []).append(Site("await", call))
    if not seeds:
        return {}
    colours = colour_callers(inference, list(sources.values()), seeds)
    changed = {}
    for path, source in sources.items():
        text = _changed(colours, source)
        if text is not None and text != source.text:
            changed[path] = text
    return changed


def _call_at(finder: Sites, source: Source, place: tuple[int, int], label: str) -> ast.Call | None:
    """The call at a place that makes a coroutine; all calls of a chain begin at one place."""
    found = [
        node
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Call) and (node.lineno, node.col_offset) == place
    ]
    targets = [node for node in found if isinstance(finder.target_of(source, node), ast.AsyncFunctionDef)]
    name = label.removesuffix("(...)").rpartition(".")[2]
    named = [node for node in found if getattr(node.func, "attr", getattr(node.func, "id", "")) == name]
    return next(iter([*targets, *named, *found]), None)


def _changed(colours: Colours, source: Source) -> str | None:
    imports = Imports(colours.inference.program, source)
    edits = [*FunctionEdits(colours, source, imports).awaits(), *marking_edits(colours, source)]
    try:
        text = apply_edits(source.text, [*edits, *imports.edits()])
    except EditError:
        return None
    return text if parse(source.path, text) is not None else None
