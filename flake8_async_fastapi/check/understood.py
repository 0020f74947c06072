"""How much of a project was understood, so that nobody takes "nothing found" for "nothing to find"."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec

from flake8_async_fastapi.analysis import Analysis
from flake8_async_fastapi.project.counts import count_imports, count_session_factories

_ROUTE: Final = re.compile(
    r"^[ \t]*@[\w.]+\.(?:get|post|put|patch|delete|head|options|trace|api_route|websocket)\(", re.MULTILINE
)
_FRAMEWORK: Final = re.compile(r"fastapi|starlette|APIRouter", re.IGNORECASE)


class Counts(msgspec.Struct, frozen=True, array_like=True):
    """How much of each thing there is in a project."""

    files: int = 0
    routes: int = 0
    factories: int = 0
    """Of async sessions."""
    imports: int = 0
    """Of the project's own modules."""
    resolved: int = 0
    """Those of them that lead to a file."""


@dataclass(frozen=True, slots=True)
class Understood:
    """A project with its root and its contents."""

    root: str
    counts: Counts


def understand(root: Path, analysis: Analysis) -> Understood:
    """Count the contents of a project that were understood; the counts are cached."""
    kept = analysis.cache.read("understood", analysis.key)
    try:
        counts = msgspec.msgpack.decode(kept or b"", type=Counts)
    except msgspec.DecodeError:
        counts = _count(root, analysis)
        analysis.cache.write("understood", analysis.key, msgspec.msgpack.encode(counts))
    return Understood(str(root), counts)


def _count(root: Path, analysis: Analysis) -> Counts:
    answers = analysis.project.answers
    texts = [source.text for source in analysis.sources.values() if _FRAMEWORK.search(source.text)]
    return Counts(
        len(analysis.sources),
        sum(len(_ROUTE.findall(text)) for text in texts),
        count_session_factories(answers),
        *count_imports(answers, root.parts),
    )
