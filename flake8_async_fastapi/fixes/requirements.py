"""The requirements of an async project: the driver, and greenlet through SQLAlchemy's extra."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

_LINE: Final = re.compile(
    r"^(?P<name>sqlalchemy)(?P<extras>\[[^\]]*\])?(?!\s*=[^=])(?P<rest>.*)$", re.IGNORECASE
)
_QUOTED: Final = re.compile(
    r"""(?P<quote>["'])(?P<name>sqlalchemy)(?P<extras>\[[^\]]*\])?(?P<rest>[^"'\n]*)(?P=quote)""",
    re.IGNORECASE,
)
_KEY: Final = re.compile(
    r"^(?P<name>sqlalchemy|sqlmodel)[ \t]*=[ \t]*"
    r"""(?:(?P<version>"[^"\n]*"|'[^'\n]*')|\{(?P<table>[^}\n]*)\})""",
    re.IGNORECASE | re.MULTILINE,
)
_EXTRAS: Final = re.compile(r"""\bextras[ \t]*=[ \t]*\[(?P<names>[^\]]*)\]""")
_ITEM: Final = re.compile(
    r"^(?P<indent>[ \t]*)- +(?P<name>sqlalchemy|sqlmodel)(?P<extras>\[[^\]]*\])?(?![\w-])(?P<rest>[^\n]*)",
    re.IGNORECASE | re.MULTILINE,
)
_PYTEST_LINE: Final = re.compile(r"(?m)^(?P<indent>[ \t]*)pytest(?![\w-])(?![ \t]*=[^=])[^\n]*")
_PYTEST_ITEM: Final = re.compile(r"(?m)^(?P<indent>[ \t]*)- +pytest(?![\w-])[^\n]*")
_PYTEST_KEY: Final = re.compile(r"(?m)^pytest[ \t]*=[^\n]*")
_PYTEST_QUOTED: Final = re.compile(r"""(?P<quote>["'])pytest(?![\w-])[^"'\n]*(?P=quote)""")
_TABLE: Final = re.compile(r"(?m)^\[([^\[\]\n]+)\]")
_LISTING: Final = r"project|dependency-groups|tool\.(pdm|uv|hatch)"
"""Tables that list requirements."""
_CLIENT: Final = re.compile(r"(?i)\bhttpx2?\b|\b(?:fastapi|starlette)\[[^\]]*\b(?:all|standard|full|test)\b")
_SQLMODEL_LINE: Final = re.compile(r"^sqlmodel\b(?!\s*=[^=]).*$", re.IGNORECASE)


def with_drivers(path: str, text: str, drivers: Iterable[str]) -> str:
    """The text of a requirements file, with the missing packages for asyncio.

    A list with hashes does not change.
    """
    if "\r\n" in text:
        return with_drivers(path, text.replace("\r\n", "\n"), drivers).replace("\n", "\r\n")
    missing = [driver for driver in sorted(drivers) if not names_package(text, driver)]
    if path.endswith(("pyproject.toml", "Pipfile")):
        return _toml(text, missing)
    if path.endswith(".py"):
        return _script(text, missing)
    if path.endswith((".yml", ".yaml")):
        return _conda(text, missing)
    is_list = path.endswith((".txt", ".in", "setup.cfg"))
    return _list(text, missing) if is_list and "--hash" not in text else text


def with_client(path: str, text: str, client: str) -> str:
    """The text of a file with requirements, with the library of an async client behind pytest.

    A list with hashes stays as it is.
    """
    if "--hash" in text:
        return text
    if path.endswith((".txt", ".in", "setup.cfg")):
        return _PYTEST_LINE.sub(lambda found: f"{found[0]}\n{found['indent']}{client}", text, count=1)
    if path.endswith((".yml", ".yaml")):
        return _PYTEST_ITEM.sub(lambda found: f"{found[0]}\n{found['indent']}- {client}", text, count=1)
    for key in _PYTEST_KEY.finditer(text):
        if re.search("dependencies|packages", _table_at(text, key.start())):
            return f'{text[: key.end()]}\n{client} = "*"{text[key.end() :]}'
    for quoted in _PYTEST_QUOTED.finditer(text):
        if path.endswith(".py") or re.match(_LISTING, _table_at(text, quoted.start())):
            return _beside(text, quoted, quoted[0], [client])
    return text


def _table_at(text: str, at: int) -> str:
    """The name of the table of TOML in which a place is."""
    return next((found[1] for found in reversed([*_TABLE.finditer(text, 0, at)])), "")


def brings_client(texts: Iterable[str]) -> bool:
    """Whether one of some requirements brings httpx."""
    return any(_CLIENT.search(text) is not None for text in texts)


def names_package(text: str, package: str) -> bool:
    """Whether the text of requirements names a package, with or without an extra."""
    name = re.escape(package.partition("[")[0])
    return re.search(rf"(?im)(?:^\s*(?:- +)?|[\"']){name}(?![\w-])", text) is not None


def _with_extra(found: re.Match[str]) -> str:
    extras = [part.strip() for part in (found["extras"] or "[]")[1:-1].split(",") if part.strip()]
    if "asyncio" not in extras:
        extras.append("asyncio")
    return f"{found['name']}[{','.join(extras)}]{found['rest']}"


def _list(text: str, missing: list[str]) -> str:
    """A list, one requirement a line: new ones follow SQLAlchemy, in its style."""
    lines = []
    found = False
    for line in text.split("\n"):
        indent = line[: len(line) - len(line.lstrip())]
        base = _LINE.match(line.strip())
        model = _SQLMODEL_LINE.match(line.strip())
        if base and not found and not base["rest"].startswith("-"):
            lines += [f"{indent}{name}" for name in (_with_extra(base), *missing)]
            found = True
        elif model and not found and not _has_sqlalchemy(text):
            lines += [line, *(f"{indent}{name}" for name in ("sqlalchemy[asyncio]", *missing))]
            found = True
        else:
            lines.append(line)
    return "\n".join(lines)


def _has_sqlalchemy(text: str) -> bool:
    return re.search(r"(?im)^\s*[\"']?sqlalchemy(?![\w-])", text) is not None


def _script(text: str, missing: list[str]) -> str:
    """The arguments of ``setup()``: the list after ``install_requires``."""
    start = text.find("install_requires")
    return text if start < 0 else text[:start] + _quoted_list(text[start:], missing)


def _conda(text: str, missing: list[str]) -> str:
    """A conda environment, whose packages have no extras except for those installed by pip."""
    pip = re.search(r"(?m)^\s*- *pip:", text)
    found = _ITEM.search(text)
    if found is None:
        return text
    is_pip = pip is not None and pip.start() < found.start()
    is_alone = found["name"].lower() == "sqlalchemy"
    if is_pip:
        extra = [] if is_alone else ["sqlalchemy[asyncio]"]
        item = _with_extra(found) if is_alone else found[0].partition("- ")[2]
    else:
        extra = [] if names_package(text, "greenlet") else ["greenlet"]
        item = found[0].partition("- ")[2]
    gap = f"\n{found['indent']}- "
    return (
        text[: found.start()]
        + gap.removeprefix("\n")
        + gap.join([item, *extra, *missing])
        + text[found.end() :]
    )


def _toml(text: str, missing: list[str]) -> str:
    """A table of Poetry or Pipenv, or a list."""
    keys = {found["name"].lower(): found for found in _KEY.finditer(text)}
    found = keys.get("sqlalchemy") or keys.get("sqlmodel")
    if found:
        entry = _entry(found)
        if found["name"].lower() == "sqlmodel":
            entry = f'{found[0]}\nsqlalchemy = {{ version = "*", extras = ["asyncio"] }}'
        added = "".join(f"\n{_any_version(driver)}" for driver in missing)
        end = text.find("\n", found.end())
        rest = text[found.end() :] if end < 0 else text[found.end() : end]
        return text[: found.start()] + entry + rest + added + ("" if end < 0 else text[end:])
    return _quoted_list(text, missing)


def _any_version(package: str) -> str:
    """The entry of a table for a package, which may have an extra."""
    name, _, extra = package.removesuffix("]").partition("[")
    return f'{name} = {{ version = "*", extras = ["{extra}"] }}' if extra else f'{name} = "*"'


def _quoted_list(text: str, missing: list[str]) -> str:
    quoted = _QUOTED.search(text)
    if quoted is not None:
        return _beside(text, quoted, _requirement(quoted), missing)
    model = re.search(r"""(?P<quote>["'])sqlmodel\b[^"'\n]*(?P=quote)""", text)
    return text if model is None else _beside(text, model, model[0], ["sqlalchemy[asyncio]", *missing])


def _entry(found: re.Match[str]) -> str:
    """An entry of a table, with the extra."""
    if found["version"]:
        return f'{found["name"]} = {{ version = {found["version"]}, extras = ["asyncio"] }}'
    extras = _EXTRAS.search(found["table"])
    table = found["table"].strip()
    if extras is None:
        return f'{found["name"]} = {{ {table}, extras = ["asyncio"] }}'
    names = [name.strip() for name in extras["names"].split(",") if name.strip()]
    if not any(name.strip("'\"") == "asyncio" for name in names):
        names.append('"asyncio"')
    return found[0].replace(extras[0], f"extras = [{', '.join(names)}]")


def _requirement(quoted: re.Match[str]) -> str:
    return f"{quoted['quote']}{_with_extra(quoted)}{quoted['quote']}"


def _beside(text: str, found: re.Match[str], changed: str, missing: list[str]) -> str:
    """An entry of a list in TOML, with new ones after it, on separate lines if it has its own."""
    quote = found["quote"]
    line_start = text.rfind("\n", 0, found.start()) + 1
    before = text[line_start : found.start()]
    gap = f",\n{before}" if not before.strip() else ", "
    return (
        text[: found.start()]
        + gap.join([changed, *(f"{quote}{name}{quote}" for name in missing)])
        + text[found.end() :]
    )
