"""The analyzer's findings in converted code, and the edits that fix them.

Lazy loads that the program relied on become loader options or refreshes, and blocking calls move to a
thread.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from flake8_async_fastapi.analysis import analysis_of
from flake8_async_fastapi.convert.awaiting import await_missed
from flake8_async_fastapi.convert.blocking import BlockingEdits
from flake8_async_fastapi.convert.demands import Demand
from flake8_async_fastapi.convert.imports import Imports
from flake8_async_fastapi.convert.infer import Inference
from flake8_async_fastapi.convert.loading import LoadingEdits
from flake8_async_fastapi.convert.names import link
from flake8_async_fastapi.convert.remaining import Remaining, remaining, with_marks
from flake8_async_fastapi.convert.texts import Edit, EditError, Source, apply_edits, parse
from flake8_async_fastapi.domains.blocking.events import EffectReached
from flake8_async_fastapi.domains.orm.events import JoinedCollectionFetched, Missing
from flake8_async_fastapi.engine.events import CoroutineMisused
from flake8_async_fastapi.rules.model import Events, check_all

_MOST_ROUNDS: Final = 12
_LOOP: Final = "AFA107"
"""Alembic's commands start an event loop, as an ``env.py`` does: that works in a thread."""


def mend(texts: Mapping[str, str], beside: Mapping[str, str]) -> tuple[dict[str, str], Remaining]:
    """The texts of a converted project with all possible fixes, and what remains.

    ``beside`` are templates and requirements.
    """
    found = dict(texts)
    analysis = analysis_of({**found, **beside})
    tried: set[object] = set()
    for _ in range(_MOST_ROUNDS):
        events = {path: Events(analysis.events(path)) for path in found}
        changed = _round(found, events, tried)
        if not changed:
            break
        for path, text in changed.items():
            found[path] = text
            analysis = analysis.with_text(path, text)
    found, analysis = with_marks(analysis, found)
    return found, remaining(analysis, found)


def _round(texts: Mapping[str, str], events: Mapping[str, Events], tried: set[object]) -> dict[str, str]:
    """The texts that change in one round."""
    sources = {path: source for path, text in texts.items() if (source := parse(path, text)) is not None}
    inference = Inference(link(sources))
    misused = [event for path in texts for event in events[path].of(CoroutineMisused)]
    new = [event for event in misused if _misuse_key(event) not in tried]
    tried |= {_misuse_key(event) for event in new}
    awaited = await_missed(inference, sources, new)
    if awaited:
        return awaited
    edits: dict[str, list[Edit]] = {}
    imports = {path: Imports(inference.program, source) for path, source in sources.items()}
    loading = LoadingEdits(inference, sources, imports)
    for path, edit in _edits(loading, sources, imports, events, tried):
        edits.setdefault(path, []).append(edit)
    changed = {}
    for path, own in edits.items():
        text = _applied(sources[path], [*own, *imports[path].edits()])
        if text is not None:
            changed[path] = text
    return changed


def _misuse_key(event: CoroutineMisused) -> tuple[str, str, str]:
    return event.coroutine.origin.path, event.function, event.coroutine.label


def _edits(
    loading: LoadingEdits,
    sources: Mapping[str, Source],
    imports: Mapping[str, Imports],
    events: Mapping[str, Events],
    tried: set[object],
) -> Iterator[tuple[str, Edit]]:
    demands = [
        Demand.of(missing, is_certain=not unless)
        for path in sources
        for missing, unless in events[path].with_doubtful(Missing)
        if path in sources and missing.use not in ("refreshed", "encoded")  # as in sync code
    ]
    new = [demand for demand in dict.fromkeys(demands) if demand.key not in tried]
    tried |= {demand.key for demand in new}
    loaded = list(loading.edits(new))
    yield from loaded
    if loaded:
        return  # blocking calls are fixed after everything is loaded
    known = frozenset(tried)  # one line may stand in a function twice
    for path, source in sources.items():
        for fetched in events[path].of(JoinedCollectionFetched):
            if not fetched.at.path:
                yield from ((path, edit) for edit in loading.unique(source, fetched.line, fetched.method))
        blocking = BlockingEdits(loading.inference, source, imports[path])
        places = {
            (finding.line, finding.col)
            for finding in check_all(events[path])
            if finding.code.startswith(("AFA2", _LOOP)) and not finding.advice and finding.level == "certain"
        }
        for reached in events[path].of(EffectReached):
            if reached.effect.kind == "event-loop" and not reached.effect.label.startswith("alembic."):
                continue
            if (reached.line, reached.col) in places:
                key = (path, reached.function, source.line_text(reached.line).strip(), reached.effect.label)
                if key not in known:
                    tried.add(key)
                    yield from ((path, edit) for edit in blocking.edits(reached))


def _applied(source: Source, edits: list[Edit]) -> str | None:
    """The text after the edits; None if they conflict or break it."""
    try:
        text = apply_edits(source.text, edits)
    except EditError:
        return None
    return text if text != source.text and parse(source.path, text) is not None else None
