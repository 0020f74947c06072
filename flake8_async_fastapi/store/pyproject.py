"""The table of a tool in the nearest ``pyproject.toml`` that has one."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib


def read_table(folder: Path, tool: str) -> tuple[Path, Mapping[str, object]] | None:
    """The file and the table ``[tool.<tool>]`` of it, looked for in a folder and upward.

    Raises ValueError for a file that has the table by its text, and is no TOML.
    """
    for above in (folder, *folder.parents):
        path = above / "pyproject.toml"
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, ValueError):
            continue
        if f"[tool.{tool}]" not in text:
            continue
        try:
            table = tomllib.loads(text).get("tool", {}).get(tool)
        except tomllib.TOMLDecodeError as error:
            raise ValueError(f"{path} is no TOML: {error}") from error
        if isinstance(table, dict):
            return path, table
    return None
