"""What a project needs when it is async: the driver, and greenlet by the extra of SQLAlchemy."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

_LINE: Final = re.compile(r"^(?P<name>sqlalchemy)(?P<extras>\[[^\]]*\])?(?P<rest>.*)$", re.IGNORECASE)
_QUOTED: Final = re.compile(
    r"""(?P<quote>["'])(?P<name>sqlalchemy)(?P<extras>\[[^\]]*\])?(?P<rest>[^"'\n]*)(?P=quote)""",
    re.IGNORECASE,
)
_POETRY: Final = re.compile(
    r"""^(?P<name>sqlalchemy)\s*=\s*(?P<quote>["'])(?P<version>[^"']*)(?P=quote)(?P<rest>.*)$""",
    re.IGNORECASE | re.MULTILINE,
)
_SQLMODEL_LINE: Final = re.compile(r"^sqlmodel\b.*$", re.IGNORECASE)


def with_drivers(path: str, text: str, drivers: Iterable[str]) -> str:
    """The text of a requirements file or a ``pyproject.toml`` with what is missing for asyncio."""
    missing = [driver for driver in sorted(drivers) if not _names(text, driver)]
    if path.endswith("pyproject.toml"):
        return _pyproject(text, missing)
    return _list(text, missing) if path.endswith((".txt", ".in")) else text


def _names(text: str, package: str) -> bool:
    return re.search(rf"(?im)^\s*[\"']?{re.escape(package)}\b", text) is not None


def _with_extra(found: re.Match[str]) -> str:
    extras = [part.strip() for part in (found["extras"] or "[]")[1:-1].split(",") if part.strip()]
    if "asyncio" not in extras:
        extras.append("asyncio")
    return f"{found['name']}[{','.join(extras)}]{found['rest']}"


def _list(text: str, missing: list[str]) -> str:
    """A list, a requirement a line: what is new follows SQLAlchemy, in its style."""
    lines = []
    found = False
    for line in text.split("\n"):
        base = _LINE.match(line)
        model = _SQLMODEL_LINE.match(line)
        if base and not found and not base["rest"].startswith("-"):
            lines += [_with_extra(base), *missing]
            found = True
        elif model and not found and not _has_sqlalchemy(text):
            lines += [line, "sqlalchemy[asyncio]", *missing]
            found = True
        else:
            lines.append(line)
    return "\n".join(lines)


def _has_sqlalchemy(text: str) -> bool:
    return re.search(r"(?im)^\s*[\"']?sqlalchemy(?![\w-])", text) is not None


def _pyproject(text: str, missing: list[str]) -> str:
    found = _POETRY.search(text)
    if found:
        extra = f'{found["name"]} = {{ version = "{found["version"]}", extras = ["asyncio"] }}'
        added = "".join(f'\n{driver} = "*"' for driver in missing)
        return text[: found.start()] + extra + found["rest"] + added + text[found.end() :]
    quoted = _QUOTED.search(text)
    if quoted is not None:
        return _beside(text, quoted, _requirement(quoted), missing)
    model = re.search(r"""(?P<quote>["'])sqlmodel\b[^"'\n]*(?P=quote)""", text)
    return text if model is None else _beside(text, model, model[0], ["sqlalchemy[asyncio]", *missing])


def _requirement(quoted: re.Match[str]) -> str:
    return f"{quoted['quote']}{_with_extra(quoted)}{quoted['quote']}"


def _beside(text: str, found: re.Match[str], changed: str, missing: list[str]) -> str:
    """An entry of a list in TOML, and new ones behind it: on lines of their own where it is on one."""
    quote = found["quote"]
    line_start = text.rfind("\n", 0, found.start()) + 1
    before = text[line_start : found.start()]
    gap = f",\n{before}" if not before.strip() else ", "
    return (
        text[: found.start()]
        + gap.join([changed, *(f"{quote}{name}{quote}" for name in missing)])
        + text[found.end() :]
    )
