"""Moves blocking calls that are now on the event loop to a thread."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from flake8_async_fastapi.convert.imports import Imports
from flake8_async_fastapi.convert.infer import Inference
from flake8_async_fastapi.convert.sites import enclosing_comprehension, in_lambda
from flake8_async_fastapi.convert.texts import Edit, Source
from flake8_async_fastapi.domains.blocking.events import EffectReached


class BlockingEdits:
    """Makes such edits in one file."""

    def __init__(self, inference: Inference, source: Source, imports: Imports) -> None:
        self.inference = inference
        self.source = source
        self.imports = imports

    def edits(self, reached: EffectReached) -> Iterator[Edit]:
        """The edits for one blocking call; none if it cannot be moved to a thread."""
        node = self._call(reached)
        if node is None or in_lambda(self.source, node) or self._is_lazy(node):
            return
        function = self.source.function_of(node)
        if not isinstance(function, ast.AsyncFunctionDef):
            return
        if isinstance(self.source.parents[node], (ast.Await, ast.withitem)):
            return
        operand = self._is_operand(node)
        opening, closing = ("(await ", ")") if operand else ("await ", "")
        if reached.effect.label == "time.sleep" and not reached.effect.chain:
            sleep = f"{self.imports.need_module('asyncio')}.sleep"
            self.imports.replaced |= set(ast.walk(node.func))
            yield Edit(self.source.start(node), self.source.end(node.func), 0, f"{opening}{sleep}")
        else:
            run = self.imports.need("fastapi.concurrency", "run_in_threadpool")
            at = self._parenthesis(node)
            gap = ", " if node.args or node.keywords else ""
            gap = gap.rstrip() if self.source.text[at + 1] == "\n" else gap
            yield Edit(self.source.start(node), self.source.start(node), 0, f"{opening}{run}(")
            yield Edit(self.source.end(node.func), at + 1, 0, gap)
        if closing:
            yield self.source.after(node, closing)

    def _parenthesis(self, node: ast.Call) -> int:
        return self.source.text.index("(", self.source.end(node.func))

    def _call(self, reached: EffectReached) -> ast.Call | None:
        found = [
            node
            for node in ast.walk(self.source.tree)
            if isinstance(node, ast.Call) and (node.lineno, node.col_offset) == (reached.line, reached.col)
        ]
        return min(found, key=self.source.end) if found else None

    def _is_lazy(self, node: ast.expr) -> bool:
        return isinstance(enclosing_comprehension(self.source, node), ast.GeneratorExp)

    def _is_operand(self, node: ast.expr) -> bool:
        parent = self.source.parents[node]
        around = (isinstance(parent, (ast.Attribute, ast.Subscript)) and parent.value is node) or (
            isinstance(parent, ast.Call) and parent.func is node
        )
        return around and self.source.start(parent) == self.source.start(node)  # type: ignore[arg-type]
