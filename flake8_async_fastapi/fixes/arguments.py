"""Adding arguments to calls."""

from __future__ import annotations

from collections.abc import Sequence

import libcst as cst

from flake8_async_fastapi.fixes.awaiting import end_with_parentheses
from flake8_async_fastapi.fixes.code import Code
from flake8_async_fastapi.fixes.edits import Edit, insert


def add_argument(code: Code, call: cst.Call, text: str) -> Edit:
    """The edit that adds an argument after the others of a call."""
    if call.args:
        return add_value(code, [argument.value for argument in call.args], text)
    return insert(code.path, code.end(call) - 1, text)


def add_value(code: Code, values: Sequence[cst.BaseExpression], text: str) -> Edit:
    """The edit that adds a value after others, on its own line if each of them has one."""
    return insert(code.path, end_with_parentheses(code, values[-1]), f",{_space_before(code, values)}{text}")


def _space_before(code: Code, values: Sequence[cst.BaseExpression]) -> str:
    """The text before the last of some values: a space, or a line end if each value has its own line."""
    if len(values) > 1 and code.line_of(values[-1]) == code.line_of(values[-2]):
        return " "
    line = code.indent_of(values[-1])
    before = code.text[: code.start(values[-1])].rpartition("\n")[2].rpartition("\r")[2]
    is_first_on_line = before.strip("(*") == line or before.strip().rstrip("= ").isidentifier()
    return f"{code.newline}{line}" if is_first_on_line else " "
