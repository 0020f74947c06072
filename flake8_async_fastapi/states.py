"""The state of a project as a text: its settings, and the digest of each file.

A verdict refers to the state in which it was made by the digest of that text.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

from flake8_async_fastapi.facts.module import ModuleFacts, decode
from flake8_async_fastapi.project.changes import Changes
from flake8_async_fastapi.store.cache import Cache
from flake8_async_fastapi.store.sources import is_settings_file, is_template

_BETWEEN: Final = "\0"
"""The one character that no path holds."""


def write_state(settings: str, files: Iterable[tuple[str, str]]) -> str:
    """A state as text, from settings and the digests of files by path."""
    return _BETWEEN.join((settings, *(f"{path} {digest}" for path, digest in files)))


def encode_state(state: str) -> bytes:
    """A state as bytes, for the cache."""
    return state.encode("utf-8", "surrogatepass")


def decode_state(data: bytes) -> str | None:
    """A state from bytes; None if they are not a state."""
    try:
        return data.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        return None


def read_changes(
    earlier: str, now: str, cache: Cache, facts_now: Callable[[str], ModuleFacts | None]
) -> Changes | None:
    """The files that differ between two states, the Python files with their facts in both.

    None if the cache no longer has the facts of the earlier texts.
    """
    before, after = _files(earlier), _files(now)
    differ = [path for path in before | after if before.get(path) != after.get(path)]
    modules = [path for path in differ if not is_template(path) and not is_settings_file(path)]
    facts: dict[str, ModuleFacts | None] = {}
    for path in modules:
        # with no text there was nothing to read, as with one that does not parse
        data = cache.read("facts", before[path]) if path in before else b""
        facts[path] = decode(data) if data else None
        if data is None or (data and facts[path] is None):
            return None
    return Changes(facts, {path: facts_now(path) for path in modules}, others=len(differ) > len(modules))


def _files(state: str) -> dict[str, str]:
    files = (line.rpartition(" ") for line in state.split(_BETWEEN)[1:])
    return {path: digest for path, _, digest in files}
