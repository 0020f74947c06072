"""Files beside the code that give an application its settings, and the URLs of databases in them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from flake8_async_fastapi.fixes.urls import DRIVERS

_ENVIRONMENT: Final = re.compile(r"(?:\.env|env\.(?!py$)).*|.*\.env")
_COMPOSE: Final = re.compile(r"(?:docker-)?compose(?:[.-][\w.-]+)?\.ya?ml")
_URL: Final = re.compile(
    r"^[ \t]*(?P<comment>#[ \t]*)?(?:-[ \t]*|export[ \t]+)?[\"']?(?P<name>[\w.]+)[\"']?[ \t]*[=:][ \t]*"
    r"(?:[\"']|\$\{\w+:?-)*(?P<scheme>[a-z0-9]+(?:\+\w+)?)(?=://)",
    re.MULTILINE,
)


def is_environment_file(path: str) -> bool:
    """Whether a file sets variables of the environment, by its name, as ``.env.example``."""
    return _ENVIRONMENT.fullmatch(_name_of(path)) is not None


def is_compose_file(path: str) -> bool:
    """Whether a file is one of Docker Compose, by its name."""
    return _COMPOSE.fullmatch(_name_of(path)) is not None


def is_ini(path: str) -> bool:
    """Whether a file is Alembic's configuration, by its name."""
    return _name_of(path) == "alembic.ini"


def _name_of(path: str) -> str:
    return path.rpartition("/")[2]


@dataclass(frozen=True)
class SettingUrl:
    """A URL that a file gives a setting: the name of the setting, and the URL's scheme with its place.

    ``is_comment`` says that the line shows only how it could be set.
    """

    name: str
    scheme: str
    start: int
    is_comment: bool

    @property
    def end(self) -> int:
        """The end of the scheme."""
        return self.start + len(self.scheme)


def urls_of_settings(text: str) -> Iterator[SettingUrl]:
    """The URLs in a file with settings."""
    for found in _URL.finditer(text):
        yield SettingUrl(found["name"], found["scheme"], found.start("scheme"), bool(found["comment"]))


def is_option(url: SettingUrl) -> bool:
    """Whether a URL is the one in Alembic's configuration."""
    return url.name == "sqlalchemy.url" and not url.is_comment


def with_async_urls(
    text: str,
    is_wanted: Callable[[SettingUrl], bool],
    drivers: Mapping[str, tuple[str, str]] = DRIVERS,
) -> str:
    """The text of a file with settings, with async drivers in the URLs that are wanted."""
    parts, at = [], 0
    for url in urls_of_settings(text):
        if url.scheme in drivers and is_wanted(url):
            parts += [text[at : url.start], drivers[url.scheme][0]]
            at = url.end
    return "".join([*parts, text[at:]])
