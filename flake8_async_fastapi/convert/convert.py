"""The conversion of a project's texts."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from flake8_async_fastapi.convert.clients import ClientEdits, application_start, stuck_clients
from flake8_async_fastapi.convert.colour import Colours, colour
from flake8_async_fastapi.convert.functions import FunctionEdits
from flake8_async_fastapi.convert.imports import Imports
from flake8_async_fastapi.convert.infer import Inference
from flake8_async_fastapi.convert.leaving import marking_edits
from flake8_async_fastapi.convert.lifespan import LifespanEdits
from flake8_async_fastapi.convert.migrations import is_environment, is_migration, migration_edits
from flake8_async_fastapi.convert.mocks import SessionMocks, stand_in_edits
from flake8_async_fastapi.convert.names import Program, link
from flake8_async_fastapi.convert.scripts import scripts_with_functions
from flake8_async_fastapi.convert.setup import SetupEdits
from flake8_async_fastapi.convert.shared_connections import shared_connection_edits
from flake8_async_fastapi.convert.tables import homes_of_tables, table_edits, tables_of_tests
from flake8_async_fastapi.convert.testing import ANYIO, TestWays, testing_edits
from flake8_async_fastapi.convert.texts import (
    Edit,
    EditError,
    Function,
    Source,
    apply_edits,
    first_line,
    parse,
)
from flake8_async_fastapi.convert.urls import url_edits
from flake8_async_fastapi.fixes.urls import DRIVERS


def convert_texts(
    texts: Mapping[str, str],
    inis: Collection[str] = (),
    ways: TestWays = ANYIO,
    drivers: Mapping[str, tuple[str, str]] = DRIVERS,
) -> dict[str, str]:
    """The new texts of the Python files that change, by path.

    ``inis`` are the texts of the ``alembic.ini`` files; ``ways`` says how to run async tests. ``drivers`` has
    the async name for each scheme of a URL.
    Raises NotConvertible.
    """
    sources = {path: source for path, text in texts.items() if (source := parse(path, text)) is not None}
    converted = [source for source in sources.values() if not is_migration(source)]
    environments = [source for source in sources.values() if is_environment(source)]
    kept: dict[Function, str] = {}
    plain_clients: dict[str, str] = {}
    moved: set[str] = set()
    while True:
        colours = colour(Inference(link(sources), plain_clients=frozenset(plain_clients)), converted, kept)
        colours.plain_clients = plain_clients
        scripts = _parsed(scripts_with_functions(colours, converted), moved)
        if scripts:
            moved |= set(scripts)
            sources |= scripts
            converted = [sources[source.path] for source in converted]
            continue
        stuck = stuck_clients(colours, converted)
        if stuck:
            plain_clients |= stuck
            continue
        elsewhere = homes_of_tables(colours, converted)
        mocks = SessionMocks(colours, converted)
        whole = _Whole(
            colours, converted, elsewhere, application_start(colours, converted), ways, mocks, drivers
        )
        found = {source.path: _applied(source, _edits(whole, source)) for source in converted}
        spoilt = [source for source in converted if found[source.path] is None]
        if not spoilt:
            found |= {source.path: _migrated(link(sources), source, inis, drivers) for source in environments}
            return {path: text for path, text in found.items() if text != texts[path] and text is not None}
        for source in spoilt:
            blamed = [node for node in _blamed(whole, source) if node not in kept]
            if not blamed:
                raise NotConvertible(source.path)
            kept |= dict.fromkeys(blamed, "its changes do not fit together")


def _parsed(texts: Mapping[str, str], known: Collection[str]) -> dict[str, Source]:
    """The files that parse, of those that are not known."""
    found = {path: parse(path, text) for path, text in texts.items() if path not in known}
    return {path: source for path, source in found.items() if source is not None}


class NotConvertible(Exception):
    """The changes of a file, with this path, conflict."""


def _migrated(
    program: Program, source: Source, inis: Collection[str], drivers: Mapping[str, tuple[str, str]]
) -> str | None:
    imports = Imports(program, source)
    edits = [*migration_edits(Inference(program), source, imports, inis, drivers)]
    return _applied(source, [*edits, *imports.edits()])


@dataclass(frozen=True)
class _Whole:
    """Knowledge about all files, for edits of one."""

    colours: Colours
    sources: list[Source]
    elsewhere: list[Source]
    """Files whose tables the application creates."""
    start: str
    """What the application does when it starts."""
    ways: TestWays
    mocks: SessionMocks
    drivers: Mapping[str, tuple[str, str]]


def _blamed(whole: _Whole, source: Source) -> Iterator[Function]:
    """The functions whose own changes produce invalid Python."""
    edits = _edits(whole, source)
    for node, home in whole.colours.homes.items():
        if home is source:
            start, end = source.line_start(first_line(node)), source.end(node)
            if _applied(source, [edit for edit in edits if start <= edit.start and edit.end <= end]) is None:
                yield node


def _edits(whole: _Whole, source: Source) -> list[Edit]:
    colours = whole.colours
    imports = Imports(colours.inference.program, source)
    edits: list[Edit] = []
    edits += FunctionEdits(colours, source, imports).edits()
    lifespan = LifespanEdits(colours, source, imports, whole.elsewhere)
    edits += lifespan.edits()
    if source in whole.elsewhere:
        edits += table_edits(colours, source)
    edits += tables_of_tests(colours, source, imports, lifespan.moved)
    edits += shared_connection_edits(colours, source, lifespan.moved)
    edits += SetupEdits(colours, source, imports).edits()
    edits += ClientEdits(colours, source, imports, whole.start, whole.ways.http).edits()
    edits += url_edits(source, whole.drivers)
    edits += stand_in_edits(colours, source, imports)
    edits += whole.mocks.edits(source, imports)
    edits += marking_edits(colours, source, lifespan.moved, whole.mocks)
    edits += testing_edits(colours, source, imports, whole.sources, whole.ways)
    edits += imports.edits()
    return edits


def _applied(source: Source, edits: list[Edit]) -> str | None:
    """The text after the edits; None if they overlap or produce invalid Python."""
    try:
        text = apply_edits(source.text, edits)
    except EditError:
        return None
    return None if parse(source.path, text) is None else text
