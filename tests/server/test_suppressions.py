"""Where a comment is put that keeps a finding from being shown."""

from __future__ import annotations

import pytest

from flake8_async_fastapi.server.suppressions import suppress


@pytest.mark.parametrize(
    ("text", "line", "after"),
    [
        ("x = 1\n", 1, "x = 1  # noqa: AFA101\n"),
        ("x = 1  # why\n", 1, "x = 1  # why  # noqa: AFA101\n"),
        ("x = 1  # noqa: E501\n", 1, "x = 1  # noqa: E501,AFA101\n"),
        ("x = 1  # noqa:E501,W291 \n", 1, "x = 1  # noqa:E501,W291,AFA101 \n"),
        ("f(\n    1,\n)\n", 2, "f(\n    1,  # noqa: AFA101\n)\n"),
        ("f(\n    1,\n)  # noqa: E501\n", 2, "f(\n    1,  # noqa: AFA101\n)  # noqa: E501\n"),
        ('x = """a\nb\nc"""\n', 1, 'x = """a\nb\nc"""  # noqa: AFA101\n'),
        ("x = 1 + \\\n    2\n", 1, "x = 1 + \\\n    2  # noqa: AFA101\n"),
        ("y = 2\nif x:\n    f()\n", 2, "y = 2\nif x:  # noqa: AFA101\n    f()\n"),
        ("x = (1\n", 1, "x = (1  # noqa: AFA101\n"),
        ("x = 1\r\ny = 2\r\n", 1, "x = 1  # noqa: AFA101\r\ny = 2\r\n"),
    ],
)
def test_where_it_is_put(text: str, line: int, after: str) -> None:
    insertion = suppress(text, line, "AFA101")
    assert insertion is not None
    lines = text.split("\n")
    old = lines[insertion.line - 1]
    lines[insertion.line - 1] = old[: insertion.col] + insertion.text + old[insertion.col :]
    assert "\n".join(lines) == after


def test_no_line_of_that_number() -> None:
    assert suppress("x = 1\n", 7, "AFA101") is None
