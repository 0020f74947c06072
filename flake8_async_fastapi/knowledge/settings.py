"""Additions to the tables from a user's configuration."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from msgspec import Struct, field

from flake8_async_fastapi.knowledge.blocking import CONFIGURED


class Settings(Struct, frozen=True):
    """Dotted names of functions: those that block (with their kind), those that run their arguments

    elsewhere, and those that are allowed to block. ``reports_brief``: brief calls are reported too.

    A name may end in ``.*`` for everything below it.
    """

    blocking: Mapping[str, str] = field(default_factory=dict)
    offloaders: frozenset[str] = frozenset()
    allowed: frozenset[str] = frozenset()
    reports_brief: bool = False

    def key(self) -> str:
        """A text that identifies the settings: a part of the key of every verdict."""
        named = " ".join(f"{name}={kind}" for name, kind in sorted(self.blocking.items()))
        brief = "brief" if self.reports_brief else ""
        return f"{named}|{' '.join(sorted(self.offloaders))}|{' '.join(sorted(self.allowed))}|{brief}"

    def names(self) -> frozenset[str]:
        """All names, without ``.*``."""
        found = {*self.blocking, *self.offloaders, *self.allowed}
        return frozenset(name.removesuffix(".*") for name in found)

    def is_offloader(self, dotted: str) -> bool:
        return _is_named(dotted, self.offloaders)

    def allows(self, dotted: str) -> bool:
        return _is_named(dotted, self.allowed)


def read_settings(
    blocking: Iterable[str], offloaders: Iterable[str], allowed: Iterable[str], *, reports_brief: bool = False
) -> Settings:
    """Settings from the texts of options; ``AFA205=app.files.load`` names the rule that reports a call.

    Raises ValueError for a text that is not a dotted name, or a rule that does not report blocking calls.
    """
    found = {}
    for text in filter(None, blocking):
        code, equals, name = text.rpartition("=")
        code = code.strip() if equals else "AFA206"
        if code not in CONFIGURED:
            raise ValueError(f"{text!r}: {code} is not one of {', '.join(CONFIGURED)}")
        found[_dotted(name)] = CONFIGURED[code]
    return Settings(
        found,
        frozenset(map(_dotted, filter(None, offloaders))),
        frozenset(map(_dotted, filter(None, allowed))),
        reports_brief,
    )


def _dotted(text: str) -> str:
    name = text.strip()
    parts = name.removesuffix(".*").split(".")
    if not all(part.isidentifier() for part in parts):
        raise ValueError(f"{text!r} is not a dotted name")
    return name


def _is_named(dotted: str, names: frozenset[str]) -> bool:
    """Whether a name, or one of those above it with ``.*``, is listed."""
    if not names:
        return False
    if dotted in names:
        return True
    owner = dotted.rpartition(".")[0]
    while owner:
        if f"{owner}.*" in names:
            return True
        owner = owner.rpartition(".")[0]
    return False
