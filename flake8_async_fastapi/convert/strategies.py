"""Relationships that are loaded with every object, for queries that serve any model."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from flake8_async_fastapi.convert.infer import Inference
from flake8_async_fastapi.convert.texts import Edit, Source

_STRATEGY: Final = '"selectin"'


class Strategies:
    """Makes the edits of relationships in a project."""

    def __init__(self, inference: Inference, sources: Mapping[str, Source]) -> None:
        self.inference = inference
        self.sources = sources
        self.done: set[str] = set()

    def always(self, steps: Iterable[str]) -> Iterator[tuple[str, Edit]]:
        """The edits that make relationships, as ``Post.author``, load with every object; with their files."""
        for step in sorted(set(steps) - self.done):
            self.done.add(step)
            model, _, name = step.partition(".")
            for path, source in self.sources.items():
                node = self.inference.program.definition(path, model)
                if isinstance(node, ast.ClassDef):
                    yield from ((path, edit) for edit in self._declared(source, node, name))

    def _declared(self, source: Source, node: ast.ClassDef, name: str) -> Iterator[Edit]:
        for part in node.body:
            targets = part.targets if isinstance(part, ast.Assign) else [getattr(part, "target", None)]
            value = getattr(part, "value", None)
            if isinstance(value, ast.Call) and any(getattr(target, "id", "") == name for target in targets):
                yield from self._with_strategy(source, value)

    def _with_strategy(self, source: Source, node: ast.Call) -> Iterator[Edit]:
        called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        if called == "relationship" and not any(word.arg == "lazy" for word in node.keywords):
            yield self._argument(source, node, f"lazy={_STRATEGY}")
        elif called == "Relationship":
            given = next((word.value for word in node.keywords if word.arg == "sa_relationship_kwargs"), None)
            if given is None:
                yield self._argument(source, node, f'sa_relationship_kwargs={{"lazy": {_STRATEGY}}}')
            elif isinstance(given, ast.Dict) and "lazy" not in source.code(given):
                at = source.start(given) + 1
                yield Edit(at, at, 0, f'"lazy": {_STRATEGY}{", " if given.keys else ""}')

    def _argument(self, source: Source, node: ast.Call, text: str) -> Edit:
        given = [*node.args, *(word.value for word in node.keywords)]
        if not given:
            at = source.end(node) - 1
            return Edit(at, at, 0, text)
        return source.after(max(given, key=source.end), f", {text}")
