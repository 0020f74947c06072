"""The questions that parts of the inference ask each other."""

from __future__ import annotations

import ast
from typing import Protocol

from flake8_async_fastapi.convert.names import Bound, Program
from flake8_async_fastapi.convert.texts import Source
from flake8_async_fastapi.convert.values import Value


class Answers(Protocol):
    """See the methods of ``Inference``."""

    program: Program
    running: set[object]

    def value(self, source: Source, node: ast.expr) -> Value | None: ...

    def name(self, source: Source, name: str, at: ast.AST) -> Value | None: ...

    def bound(self, bound: Bound) -> Value | None: ...

    def global_value(self, source: Source, name: str) -> Value | None: ...

    def of_library(self, source: Source, dotted: str) -> Value: ...

    def depended(self, source: Source, node: ast.Call) -> Value | None: ...
