"""Checks this plugin's options in configuration files: flake8's own, and the table in ``pyproject.toml``.

On the command line, argparse rejects invalid values. In a file, flake8 accepts them silently.
"""

from __future__ import annotations

import argparse
import difflib
import os
import sys
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from flake8.main.options import stage1_arg_parser
from flake8.options.config import load_config

from flake8_async_fastapi.store.pyproject import read_table

_PREFIX: Final = "afa-"
_PROGRAMS: Final = ("flake8", "flake8-async-fastapi", "flake8_async_fastapi")
_TOOL: Final = "flake8-async-fastapi"
_PATHS: Final = ("afa_root", "afa_cache_dir")


@dataclass(frozen=True, slots=True)
class Option:
    """A declared option with its ``default``, and its ``choices`` if it has a fixed set of values."""

    default: object = None
    choices: Collection[str] | None = None
    is_list: bool = False


def read_configuration(options: argparse.Namespace, declared: Mapping[str, Option]) -> None:
    """Apply the configuration files to the options, in place; ``declared`` has all options by name, such as
    ``afa-advice``.

    flake8's own file has already been read: its values are checked here, and its paths are made relative to
    it. Options that neither it nor the command line sets come from ``[tool.flake8-async-fastapi]``, where
    names have no ``afa-``. Raises ValueError for unknown options and invalid values.
    """
    chosen = _chosen_files(sys.argv)
    if chosen.isolated:
        return
    file, folder = load_config(chosen.config, chosen.append_config, isolated=False)
    for written, value in file.items("flake8") if file.has_section("flake8") else ():
        name = written.replace("_", "-")
        if name.startswith(_PREFIX):
            option = _find(name, declared, f"the configuration sets {written}")
            _check(value.strip(), option, f"the configuration sets {written} = {value}")
            _resolve(options, name, value.strip(), folder)
    found = read_table(Path.cwd(), _TOOL)
    if found is not None:
        _take_table(options, declared, *found)


def _chosen_files(argv: Sequence[str]) -> argparse.Namespace:
    """The configuration files that flake8 reads. flake8 does not expose them, so they are found again."""
    program = Path(argv[0])
    is_flake8 = program.stem in _PROGRAMS or program.parent.name in _PROGRAMS
    chosen, _ = stage1_arg_parser().parse_known_args(argv[1:] if is_flake8 else [])
    return chosen


def _take_table(
    options: argparse.Namespace, declared: Mapping[str, Option], file: Path, table: Mapping[str, object]
) -> None:
    for written, value in table.items():
        name, where = _PREFIX + written.replace("_", "-"), f"{file} sets {written}"
        option = _find(name, declared, where)
        taken: object = {True: "on", False: "off"}[value] if isinstance(value, bool) else value
        if option.is_list:
            if not isinstance(taken, list) or not all(isinstance(item, str) for item in taken):
                raise ValueError(f"{where}: it is a list of names")
        elif not isinstance(taken, str):
            raise ValueError(f"{where}: it is a text")
        else:
            _check(taken, option, f"{where} = {taken}")
        if getattr(options, _dest(name)) == option.default:
            setattr(options, _dest(name), taken)
            _resolve(options, name, taken, str(file.parent))


def _find(name: str, declared: Mapping[str, Option], where: str) -> Option:
    if name in declared:
        return declared[name]
    close = difflib.get_close_matches(name, declared, n=1)
    raise ValueError(f"{where}, which is no option{f'; did you mean {close[0]}?' if close else ''}")


def _check(value: str, option: Option, where: str) -> None:
    if option.choices is not None and value not in option.choices:
        raise ValueError(f"{where}: it is one of {', '.join(option.choices)}")


def _resolve(options: argparse.Namespace, name: str, value: object, folder: str) -> None:
    """Make a path relative to the file that names it. flake8 only does so if the path contains a
    separator.
    """
    if _dest(name) in _PATHS and getattr(options, _dest(name)) == value and value not in ("", "off"):
        setattr(options, _dest(name), os.path.join(folder, os.path.expanduser(str(value))))


def _dest(name: str) -> str:
    return name.replace("-", "_")
