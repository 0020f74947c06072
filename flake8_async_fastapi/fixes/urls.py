"""The URLs of databases in texts, with the driver that works with asyncio."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final

from flake8_async_fastapi.knowledge.drivers import SYNC, USUAL


def _schemes(chosen: Mapping[str, str]) -> Iterator[tuple[str, tuple[str, str]]]:
    for database, name in USUAL.items():
        usual = chosen.get(database, name), _package(chosen.get(database, name))
        yield database, usual
        yield from ((f"{database}+{driver}", usual) for driver in SYNC[database])
        if database == "postgresql":
            yield "postgres", usual
        if database in ("mysql", "mariadb"):
            yield f"{database}+mysqlconnector", usual


def _package(scheme: str) -> str:
    driver = scheme.partition("+")[2]
    return _PACKAGES.get(driver, driver)


_PACKAGES: Final = {"psycopg": "psycopg[binary]"}
DRIVERS: Final = dict(_schemes({}))
"""The async name of a URL's scheme, and the package of the driver."""
WITH_PSYCOPG: Final = dict(_schemes({"postgresql": "postgresql+psycopg"}))
"""The same, with the driver for PostgreSQL that works with asyncio and without it."""
SCHEME: Final = "|".join(re.escape(name) for name in sorted(DRIVERS, key=len, reverse=True))
"""A pattern for such a scheme."""
_IN_TEXT: Final = re.compile(rf"(?<![\w+.-])({SCHEME})(?=://)")


def with_async_drivers(text: str) -> str:
    """A text with async drivers in its URLs."""
    return _IN_TEXT.sub(lambda found: DRIVERS[found[1]][0], text)


def drivers_in(text: str, drivers: Mapping[str, tuple[str, str]] = DRIVERS) -> set[str]:
    """The packages of the async drivers that the URLs of a text name."""
    return {
        package
        for name, package in set(drivers.values())
        if re.search(rf"{re.escape(name)}(://|[\"'])", text)
    }
